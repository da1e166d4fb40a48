package gate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
)

// PageParameter carries the sealed position of a page in the links of a search; nobody else can make one.
const PageParameter = "_page"

// search answers one page of matches, each decided whole, and what they include, decided the same way.
func (h *hearing) search(ctx context.Context, i *record.Interaction) (*Answer, error) {
	q := i.Query
	scope, traced, err := h.scope(ctx, q)
	if err != nil {
		return nil, err
	}
	after, err := h.position(i)
	if err != nil {
		return nil, err
	}
	opened, entries, err := h.openAll(ctx, i, &scope)
	if err != nil {
		return nil, err
	}
	if traced {
		opened = nil // a notice about a record nobody named would tell that what was named is there
	}
	h.within = "search" // from here on what is decided are the matches of a search
	page, err := record.Search(ctx, h.g.source, q, scope, after, h.permit)
	if errors.Is(err, record.ErrTooCostly) {
		return nil, refusal(http.StatusUnprocessableEntity, "too-costly", "Cette recherche parcourt trop de données : précisez-la.", "This search goes through too much: narrow it.")
	}
	if err != nil {
		return nil, fmt.Errorf("searching: %w", err)
	}
	seen, err := h.seen(i, slices.Concat(page.Matches, page.Included))
	if err != nil {
		return nil, err
	}
	if page.Matches, err = h.redactAll(ctx, page.Matches); err != nil {
		return nil, err
	}
	if page.Included, err = h.redactAll(ctx, page.Included); err != nil {
		return nil, err
	}
	next, err := h.next(i, page.Next)
	if err != nil {
		return nil, err
	}
	body := page.Bundle(h.g.Base, q, next, slices.Concat(i.Notices, notices(opened...)))
	if err := h.append(ctx, searched(entries, seen)...); err != nil {
		return nil, err
	}
	return &Answer{Status: http.StatusOK, Body: body}, nil
}

// openAll decides the search itself in each record it looks into and drops those that are shut: their page is the one
// of a record that has nothing. The entry of each is kept, so that a search that finds nothing is logged too.
func (h *hearing) openAll(ctx context.Context, i *record.Interaction, scope *record.Scope) ([]*policies.Decision, []audit.Entry, error) {
	var opened []*policies.Decision
	var entries []audit.Entry
	patients := scope.Patients
	scope.Patients = nil
	for _, patient := range patients {
		d, err := h.open(ctx, patient, actionSearch, i.Ref.Type)
		if err != nil {
			return nil, nil, err
		}
		entries = append(entries, decided(h.newEntry(i, patient), d))
		if d.Allow {
			scope.Patients = append(scope.Patients, patient)
			opened = append(opened, d)
		}
	}
	if len(patients) == 0 {
		e := h.newEntry(i, "")
		e.Outcome = audit.Granted
		entries = append(entries, e)
	}
	return opened, entries, nil
}

// searched leaves out the bare entry of a record from which something is shown anyway.
func searched(bare, seen []audit.Entry) []audit.Entry {
	shown := map[string]bool{}
	for _, e := range seen {
		shown[e.Patient] = true
	}
	out := seen
	for _, e := range bare {
		if !shown[e.Patient] {
			out = append(out, e)
		}
	}
	return out
}

// scope says whose records a search looks into: the one the grant is bound to, else those the query names. A grant that
// is not bound must name a patient for what belongs to records, or the resource itself, whose record is then traced:
// whose it is, and whether there is one, must not show in the answer.
func (h *hearing) scope(ctx context.Context, q *search.Query) (s record.Scope, traced bool, err error) {
	if isDirectory(q.Type) {
		s := record.Scope{Directory: true}
		if h.grant.Patient != "" { // some types are both: a Device may be the directory's or a patient's
			s.Patients = []string{h.grant.Patient}
		}
		return s, false, nil
	}
	named, any, err := h.patientsOf(ctx, q)
	if err != nil {
		return record.Scope{}, false, err
	}
	switch {
	case h.grant.Patient != "" && (!any || slices.Contains(named, h.grant.Patient)):
		return record.Scope{Patients: []string{h.grant.Patient}}, false, nil
	case h.grant.Patient != "":
		return record.Scope{}, false, nil
	case any:
		return record.Scope{Patients: named}, false, nil
	}
	if named, any, err = h.patientsOfResources(ctx, q); err != nil {
		return record.Scope{}, false, err
	}
	if !any {
		return record.Scope{}, false, refusal(http.StatusBadRequest, "required",
			"Dites de qui : ajoutez patient=… (identifiant, ou patient.identifier=INS).",
			"Say whose: add patient=… (an id, or patient.identifier=INS).")
	}
	return record.Scope{Patients: named}, true, nil
}

// maxPatients bounds how many records one search may look into.
const maxPatients = 20

// patientsOf resolves the patients that a query names, and says whether it names any. An identifier nobody has names
// nobody, and looks like a record that is shut.
func (h *hearing) patientsOf(ctx context.Context, q *search.Query) (patients []string, any bool, err error) {
	patients = q.PatientIDs()
	identifiers := q.PatientIdentifiers()
	any = len(patients)+len(identifiers) > 0
	for _, identifier := range identifiers {
		refs, err := h.g.source.Lookup(ctx, "Patient", identifier)
		if err != nil {
			return nil, any, fmt.Errorf("finding a patient: %w", err)
		}
		for _, ref := range refs {
			patients = append(patients, ref.ID)
		}
	}
	patients, err = distinct(patients)
	return patients, any, err
}

// distinct are the patients of one search, each once.
func distinct(patients []string) ([]string, error) {
	slices.Sort(patients)
	patients = slices.Compact(patients)
	if len(patients) > maxPatients {
		return nil, refusal(http.StatusBadRequest, "too-costly", "Trop de dossiers en une recherche : vingt au plus.", "Too many records in one search: twenty at most.")
	}
	return patients, nil
}

// patientsOfResources finds the records of the resources that a query names by _id or identifier.
func (h *hearing) patientsOfResources(ctx context.Context, q *search.Query) (patients []string, any bool, err error) {
	var refs []record.Ref
	for _, c := range q.Criteria {
		if c.Modifier != "" || c.Chain != nil || c.Has != nil {
			continue
		}
		for _, v := range c.Values {
			switch {
			case c.Name == "_id":
				any = true
				refs = append(refs, record.Ref{Type: q.Type, ID: v.Code})
			case c.Name == "identifier" && v.Code != "" && v.HasSystem:
				any = true
				found, err := h.g.source.Lookup(ctx, q.Type, v.System+"|"+v.Code)
				if err != nil {
					return nil, any, fmt.Errorf("finding a resource: %w", err)
				}
				refs = append(refs, found...)
			}
		}
	}
	for _, ref := range refs {
		stored, err := h.g.source.Read(ctx, ref)
		if errors.Is(err, record.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, any, fmt.Errorf("finding a resource: %w", err)
		}
		if stored.Patient != "" {
			patients = append(patients, stored.Patient)
		}
	}
	patients, err = distinct(patients)
	return patients, any, err
}

// position opens the cursor of a page: it is bound to the grant and to what is asked, so it says nothing to others.
func (h *hearing) position(i *record.Interaction) (*record.Position, error) {
	if h.page == "" {
		return nil, nil
	}
	var p record.Position
	if err := h.g.sealer.Open(h.page, &p, h.grant.ID, h.self(i)); err != nil {
		return nil, refusal(http.StatusBadRequest, "invalid",
			"Ce lien de page n'est pas le vôtre ou n'est plus valable : recommencez la recherche.",
			"This page link is not yours or is no longer valid: search again.")
	}
	return &p, nil
}

func (h *hearing) next(i *record.Interaction, p *record.Position) (string, error) {
	if p == nil {
		return "", nil
	}
	self := h.self(i)
	cursor, err := h.g.sealer.Seal(p, h.grant.ID, self)
	if err != nil {
		return "", err
	}
	separator := "?"
	if slices.Contains([]byte(self), '?') {
		separator = "&"
	}
	return h.g.Base + "/" + self + separator + PageParameter + "=" + url.QueryEscape(cursor), nil
}

// self is what a request asks, in canonical words, under the base.
func (h *hearing) self(i *record.Interaction) string {
	if i.Kind == record.KindEverything {
		return i.Ref.String() + "/$everything" + everythingQuery(i)
	}
	if self := i.Query.Self(); self != "" {
		return i.Ref.Type + "?" + self
	}
	return i.Ref.Type
}

func isDirectory(resourceType string) bool { return fhir.IsDirectory(resourceType) }

package gate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/record"
)

// scope says whose records a search looks into.
type scope struct {
	patients  []string
	beyond    []string // records that it names and that the grant is not for: never opened, their entry is written
	elsewhere bool     // it names records, and not the one that the grant is for
	named     bool     // the one who asks named the patients, or the grant does; else they were found by a resource's name
	directory bool
}

// maxPatients bounds how many records one search may name. It counts what is asked, not what is found: else the refusal
// would tell which of many guessed names exist.
const maxPatients = 20

// scope says whose records a search looks into: the one the grant is bound to, else those the query names. A grant that
// is not bound must name a patient for what belongs to records.
func (h *hearing) scope(ctx context.Context, q *search.Query) (scope, error) {
	if isDirectory(q.Type) {
		return scope{directory: true}, nil
	}
	named, any, err := h.patientsNamed(ctx, q)
	if err != nil {
		return scope{}, err
	}
	switch own := h.grant.Patient; {
	case own != "" && (!any || slices.Contains(named, own)):
		return scope{patients: []string{own}, named: true}, nil
	case own != "":
		return scope{beyond: named, elsewhere: true}, nil
	case any:
		return scope{patients: named, named: true}, nil
	}
	found, any, err := h.patientsOfResources(ctx, q)
	if err == nil && !any {
		err = refusal(http.StatusBadRequest, "required",
			"Dites de qui : ajoutez patient=… (identifiant, ou patient.identifier=INS).",
			"Say whose: add patient=… (an id, or patient.identifier=INS).")
	}
	return scope{patients: found}, err
}

func tooManyPatients() *Refusal {
	return refusal(http.StatusBadRequest, "too-costly", "Trop de dossiers en une recherche : vingt au plus.", "Too many records in one search: twenty at most.")
}

// patientsNamed resolves the patients that a query names, and says whether it names any. An identifier nobody has names
// nobody, and looks like a record that is shut.
func (h *hearing) patientsNamed(ctx context.Context, q *search.Query) (patients []string, any bool, err error) {
	patients = slices.Clone(q.PatientIDs())
	identifiers := q.PatientIdentifiers()
	if len(patients)+len(identifiers) > maxPatients {
		return nil, true, tooManyPatients()
	}
	any = len(patients)+len(identifiers) > 0
	for _, identifier := range identifiers {
		refs, err := h.source.Lookup(ctx, "Patient", identifier)
		if err != nil {
			return nil, any, fmt.Errorf("finding a patient: %w", err)
		}
		for _, ref := range refs {
			patients = append(patients, ref.ID)
		}
	}
	slices.Sort(patients)
	return slices.Compact(patients), any, nil
}

// patientsOfResources finds the records of the resources that a query names by _id or identifier.
func (h *hearing) patientsOfResources(ctx context.Context, q *search.Query) (patients []string, any bool, err error) {
	var refs []record.Ref
	asked := 0
	for _, c := range q.Criteria {
		if !names(&c) {
			continue
		}
		if asked += len(c.Values); asked > maxPatients {
			return nil, true, tooManyPatients()
		}
		for _, v := range c.Values {
			if c.Name == "_id" {
				refs = append(refs, record.Ref{Type: q.Type, ID: v.Code})
				continue
			}
			found, err := h.source.Lookup(ctx, q.Type, v.System+"|"+v.Code)
			if err != nil {
				return nil, true, fmt.Errorf("finding a resource: %w", err)
			}
			refs = append(refs, found...)
		}
	}
	return h.recordsOf(ctx, refs, asked > 0)
}

// names reports whether every match of a criterion is named by it, by _id or by a whole identifier. One name among looser
// values would open its record to those, and tell by what they find there that it exists.
func names(c *search.Criterion) bool {
	if c.Modifier != "" || c.Chain != nil || c.Has != nil || c.Name != "_id" && c.Name != "identifier" {
		return false
	}
	return c.Name == "_id" || !slices.ContainsFunc(c.Values, func(v search.Operand) bool { return v.Code == "" || !v.HasSystem })
}

// recordsOf are the records that resources are in, hidden or not.
func (h *hearing) recordsOf(ctx context.Context, refs []record.Ref, any bool) (patients []string, _ bool, err error) {
	for _, ref := range refs {
		stored, err := h.source.Read(ctx, ref)
		if errors.Is(err, record.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, true, fmt.Errorf("finding a resource: %w", err)
		}
		if stored.Patient != "" {
			patients = append(patients, stored.Patient)
		}
	}
	slices.Sort(patients)
	return slices.Compact(patients), any, nil
}

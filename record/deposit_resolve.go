package record

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// Resolve looks up what a deposit names by identifier: its patient, what must not exist yet, what it replaces, and
// people and places of the directory. A patient that is not known is ErrNotFound; what contradicts itself is a
// *Refusal.
//
// Only resources that permit lets through count as existing or as replaceable: a depositor who may not see a document
// must not learn of it by a conditional create. Replaced then holds the documents to supersede.
func (d *Deposit) Resolve(ctx context.Context, src Source, permit Permit) error {
	if err := d.resolvePatient(ctx, src); err != nil {
		return err
	}
	for k := range d.answers {
		if err := d.resolveCondition(ctx, src, permit, &d.answers[k]); err != nil {
			return err
		}
	}
	d.dropOrphans()
	if err := d.bind(ctx, src, permit); err != nil {
		return err
	}
	return d.resolveReplaced(ctx, src, permit)
}

// resolvePatient finds the one patient that the identifiers name.
func (d *Deposit) resolvePatient(ctx context.Context, src Source) error {
	found := map[string]bool{}
	for _, id := range d.Identifiers {
		refs, err := src.Lookup(ctx, "Patient", id)
		if err != nil {
			return fmt.Errorf("looking up the patient of a deposit: %w", err)
		}
		for _, r := range refs {
			found[r.ID] = true
		}
	}
	if d.Patient != "" {
		found[d.Patient] = true
	}
	switch len(found) {
	case 0:
		return fmt.Errorf("the patient of a deposit: %w", ErrNotFound)
	case 1:
		for id := range found {
			d.Patient = id
		}
		return nil
	}
	return refuse(http.StatusUnprocessableEntity, issueMultiple,
		"Les identifiants du patient mènent à plusieurs dossiers.", "The patient's identifiers lead to several records.")
}

// finder is Find, or what stands in for it.
func (d *Deposit) finder(src Source, permit Permit) func(context.Context, *search.Query, string) ([]*Stored, error) {
	if d.Find != nil {
		return d.Find
	}
	return func(ctx context.Context, q *search.Query, patient string) ([]*Stored, error) {
		page, err := Search(ctx, src, q, Scope{Patients: []string{patient}}, nil, permit)
		if err != nil {
			return nil, err
		}
		return page.Matches, nil
	}
}

// resolveCondition looks for what a conditional create must not find (FHIR R4 http.html#ccreate). One match stands in
// for the new resource, several refuse the deposit with 412.
func (d *Deposit) resolveCondition(ctx context.Context, src Source, permit Permit, a *answer) error {
	if a.ifNoneExist == nil {
		return nil
	}
	found, err := d.finder(src, permit)(ctx, a.ifNoneExist, d.Patient)
	if err != nil {
		return err
	}
	if len(found) > 1 {
		return refuse(http.StatusPreconditionFailed, issueMultiple,
			"Plusieurs ressources répondent déjà à cette condition.", "Several resources match this condition already.")
	}
	if len(found) == 0 {
		return nil
	}
	a.existed = found[0]
	old := a.ref.String()
	d.Changes = slices.DeleteFunc(d.Changes, func(c Change) bool { return c.Ref == a.ref })
	d.Documents = slices.DeleteFunc(d.Documents, func(r Ref) bool { return r == a.ref })
	return d.relinkAll(func(link string) (string, bool) { return a.existed.Ref.String(), link == old })
}

// visible finds the living resources with an identifier that are in the patient's record and may be seen.
func (d *Deposit) visible(ctx context.Context, src Source, permit Permit, resourceType, identifier string) ([]*Stored, error) {
	refs, err := src.Lookup(ctx, resourceType, identifier)
	if err != nil {
		return nil, fmt.Errorf("looking up an identifier of a deposit: %w", err)
	}
	var all []*Stored
	for _, ref := range refs {
		s, err := src.Read(ctx, ref)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("reading what has an identifier of a deposit: %w", err)
		}
		if !s.Deleted && s.Patient == d.Patient {
			all = append(all, s)
		}
	}
	return permitted(ctx, permit, all)
}

func permitted(ctx context.Context, permit Permit, all []*Stored) ([]*Stored, error) {
	if len(all) == 0 {
		return nil, nil
	}
	ok, err := permit(ctx, all)
	if err != nil {
		return nil, fmt.Errorf("deciding on what a deposit names: %w", err)
	}
	var out []*Stored
	for k, s := range all {
		if k < len(ok) && ok[k] {
			out = append(out, s)
		}
	}
	return out, nil
}

// dropOrphans takes out the bytes of documents that existed already: nothing would name them.
func (d *Deposit) dropOrphans() {
	if !slices.ContainsFunc(d.answers, func(a answer) bool { return a.existed != nil }) {
		return
	}
	named := map[Ref]bool{}
	for _, c := range d.Changes {
		if r, err := fhir.ParseResource(c.Body); err == nil {
			for _, a := range Attachments(r, d.base) {
				named[a.Ref] = true
			}
		}
	}
	d.Changes = slices.DeleteFunc(d.Changes, func(c Change) bool { return isDocumentType(c.Type) && !named[c.Ref] })
}

// bind gives every new resource the literal reference to its patient, makes absolute references to this server
// relative, and gives conditional references to the directory their literal form where exactly one resource matches; those
// of a transaction to the record must have one. The rest of the text stays as it came.
func (d *Deposit) bind(ctx context.Context, src Source, permit Permit) error {
	known := map[string]string{}
	criteria := &byCriteria{d: d, find: d.finder(src, permit), known: map[string]string{}}
	var failed error
	err := d.relinkAll(func(link string) (string, bool) {
		if own, ok := strings.CutPrefix(link, d.base+"/"); ok {
			_, literal := LocalRef(own, "")
			return own, literal
		}
		t, _, conditional := strings.Cut(link, "?")
		if !conditional || failed != nil {
			return "", false
		}
		if criteria.meant(t) {
			var literal string
			literal, failed = criteria.follow(ctx, t, link)
			return literal, failed == nil
		}
		id, ok := ConditionalIdentifier(link, t)
		switch {
		case !ok:
			return "", false
		case t == "Patient":
			return "Patient/" + d.Patient, slices.Contains(d.Identifiers, id)
		case !fhir.IsDirectory(t):
			return "", false
		}
		literal, asked := known[link]
		if !asked {
			refs, err := src.Lookup(ctx, t, id)
			if err != nil {
				failed = err
			}
			if len(refs) == 1 {
				literal = refs[0].String()
			}
			known[link] = literal
		}
		return literal, literal != ""
	})
	if err := errors.Join(err, failed); err != nil {
		return fmt.Errorf("resolving references of a deposit: %w", err)
	}
	for k := range d.Changes {
		c := &d.Changes[k]
		if c.Body, err = withPatient(c.Body, d.Patient, d.base); err != nil {
			return fmt.Errorf("binding %s to its patient: %w", c.Ref, err)
		}
	}
	return nil
}

// relinkAll rewrites links of all new resources but document Bundles, whose content is signed as it is.
func (d *Deposit) relinkAll(to func(string) (string, bool)) error {
	for k := range d.Changes {
		c := &d.Changes[k]
		if isDocumentType(c.Type) {
			continue
		}
		n, err := fhir.Parse(c.Body, fhir.Limits{})
		if err != nil {
			return err
		}
		c.Body = Relink(n, to)
	}
	return nil
}

// withPatient makes the element that names the owner logically, or through a contained Patient, a literal reference
// too, so that searches by patient find the resource. Nothing is taken away.
func withPatient(body []byte, patient, base string) ([]byte, error) {
	n, err := fhir.Parse(body, fhir.Limits{})
	if err != nil {
		return nil, err
	}
	name, o := ownerElement(n, base)
	if name == "" || o.Patient != "" || isDocumentType(n.Get("resourceType").Text()) {
		return body, nil
	}
	return n.With(name, n.Get(name).With("reference", quote("Patient/"+patient))), nil
}

// resolveReplaced finds the documents to supersede. One that is not in this record, may not be seen, or is no longer
// current is one that does not exist: 422 in each case.
func (d *Deposit) resolveReplaced(ctx context.Context, src Source, permit Permit) error {
	for k := range d.Replaces {
		found, err := d.replaced(ctx, src, permit, d.Replaces[k])
		if err != nil {
			return err
		}
		if len(found) != 1 {
			return refuse(http.StatusUnprocessableEntity, issueNotFound,
				"Le document à remplacer n'est pas dans ce dossier, ou n'y est plus en cours.",
				"The document to replace is not in this record, or is not current in it any more.")
		}
		d.Replaces[k].Ref = found[0].Ref
		if !slices.ContainsFunc(d.Replaced, func(s *Stored) bool { return s.Ref == found[0].Ref }) {
			d.Replaced = append(d.Replaced, found[0])
		}
	}
	return nil
}

func (d *Deposit) replaced(ctx context.Context, src Source, permit Permit, t Target) ([]*Stored, error) {
	var found []*Stored
	var err error
	if t.Ref != (Ref{}) {
		s, e := src.Read(ctx, t.Ref)
		if e != nil && !errors.Is(e, ErrNotFound) {
			return nil, fmt.Errorf("reading a document to replace: %w", e)
		}
		if e == nil && !s.Deleted && s.Patient == d.Patient {
			found, err = permitted(ctx, permit, []*Stored{s})
		}
	} else {
		found, err = d.visible(ctx, src, permit, "DocumentReference", t.Identifier)
	}
	return slices.DeleteFunc(found, func(s *Stored) bool { return s.Attributes.Status != "current" }), err
}

// Supersede adds to the deposit the change of each replaced document to status superseded, in the same transaction and
// at the version that was decided upon. Nothing else of these documents changes.
func (d *Deposit) Supersede() error {
	for _, s := range d.Replaced {
		r, err := s.Resource()
		if err != nil {
			return fmt.Errorf("superseding %s: %w", s.Ref, err)
		}
		version := s.Version
		d.Changes = append(d.Changes, Change{
			Ref: s.Ref, Body: r.Node().With("status", []byte(`"superseded"`)), IfVersion: &version,
		})
	}
	return nil
}

package gate

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// Delegation is one space that somebody acts for.
type Delegation struct {
	Patient string // logical id
	Name    string
	Kind    string // representative, carer, helper: Actor.Kind
	Actor   string // reference of the RelatedPerson that says so
	Until   time.Time
}

// delegateKinds are the kinds of actor that delegations make.
var delegateKinds = map[string]string{
	space.LegalRepresentative: "representative", space.Carer: "carer", space.Helper: "helper",
}

// Delegations are the live delegations of a person (Actor.ID), for the choice of whom to act for at sign-in. Whether
// one still holds is decided again at each request.
func (g *Gate) Delegations(ctx context.Context, who string) ([]Delegation, error) {
	refs, err := g.Records.Lookup(ctx, "RelatedPerson", space.PersonSystem+"|"+who)
	if err != nil {
		return nil, fmt.Errorf("finding delegations: %w", err)
	}
	var out []Delegation
	now := g.Now()
	for _, ref := range refs {
		stored, err := g.Records.Read(ctx, ref)
		if err != nil {
			return nil, fmt.Errorf("reading a delegation: %w", err)
		}
		facts, err := g.facts(ctx, stored.Patient)
		if err != nil {
			return nil, err
		}
		for _, d := range facts.Delegates {
			if d.Actor == who && d.Named == ref.String() && !now.Before(d.Since) && (d.Until.IsZero() || now.Before(d.Until)) {
				name, err := g.nameOf(ctx, stored.Patient)
				if err != nil {
					return nil, err
				}
				out = append(out, Delegation{stored.Patient, name, delegateKinds[d.Kind], d.Named, d.Until})
			}
		}
	}
	return out, nil
}

// Find finds the patient with a national identifier, for a professional who chooses whose record to open. Nobody is
// found whose record would not open: a name is not given to whoever can type a number. What is not there is logged like
// what is, so that asking takes as long.
func (g *Gate) Find(ctx context.Context, grant *Grant, identifier string) (patient, name string, found bool, err error) {
	refs, err := g.Records.Lookup(ctx, "Patient", identifier)
	if err != nil {
		return "", "", false, fmt.Errorf("finding a patient: %w", err)
	}
	if len(refs) != 1 { // a number of two persons is nobody's
		refs = nil
	}
	i := &record.Interaction{Kind: record.KindSearch, Ref: record.Ref{Type: "Patient"}, Parameters: []string{"identifier"}}
	return g.identify(ctx, grant, i, refs)
}

// Known is Find by logical id: the name of a patient whose record opens.
func (g *Gate) Known(ctx context.Context, grant *Grant, patient string) (name string, found bool, err error) {
	ref := record.Ref{Type: "Patient", ID: patient}
	_, name, found, err = g.identify(ctx, grant, &record.Interaction{Kind: record.KindRead, Ref: ref}, []record.Ref{ref})
	return name, found, err
}

// identify tells who a patient is to whom their record would open, and logs the question either way.
func (g *Gate) identify(ctx context.Context, grant *Grant, i *record.Interaction, refs []record.Ref) (patient, name string, found bool, err error) {
	return g.hear(grant).identify(ctx, i, refs)
}

func (h *hearing) identify(ctx context.Context, i *record.Interaction, refs []record.Ref) (patient, name string, found bool, err error) {
	var stored *record.Stored
	var d *policies.Decision
	if len(refs) > 0 {
		if stored, d, err = h.find(ctx, refs[0]); err != nil {
			return "", "", false, err
		}
	}
	if stored == nil || !d.Allow {
		var no *Refusal
		if err := h.refuse(ctx, i, stored, d); !errors.As(err, &no) {
			return "", "", false, err
		}
		return "", "", false, nil
	}
	entries, err := h.seen(i, []*record.Stored{stored})
	if err != nil {
		return "", "", false, err
	}
	if err := h.append(ctx, entries...); err != nil {
		return "", "", false, err
	}
	name, err = h.g.nameOf(ctx, stored.ID)
	return stored.ID, name, err == nil, err
}

// nameOf is how a patient is called.
func (g *Gate) nameOf(ctx context.Context, patient string) (string, error) {
	stored, err := g.Records.Read(ctx, record.Ref{Type: "Patient", ID: patient})
	if errors.Is(err, record.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading a name: %w", err)
	}
	r, err := stored.Resource()
	if err != nil {
		return "", err
	}
	return fhir.NameOf(r.Node()), nil
}

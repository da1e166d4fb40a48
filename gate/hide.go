package gate

import (
	"context"
	"fmt"
	"slices"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// handHides has the consents that hide a replaced document from somebody hide what replaces it too (rules.md P7), in the
// same transaction: else its author would show it again by writing it anew.
func (h *hearing) handHides(ctx context.Context, d *record.Deposit) error {
	if len(d.Replaced) == 0 {
		return nil
	}
	old := map[string]bool{}
	for _, s := range d.Replaced {
		old[s.Ref.String()] = true
	}
	for stored, err := range h.g.Records.Compartment(ctx, d.Patient, []string{"Consent"}, nil) {
		if err != nil {
			return fmt.Errorf("reading what is hidden: %w", err)
		}
		r, err := stored.Resource()
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(space.Hides(r), func(s space.Hidden) bool { return old[s.Document] }) {
			continue
		}
		provision := r.Node().Get("provision")
		for _, doc := range d.Documents {
			body := appended(provision, "data", map[string]any{"meaning": "instance", "reference": map[string]any{"reference": doc.String()}})
			if provision, err = fhir.Parse(body, fhir.Limits{}); err != nil {
				return fmt.Errorf("hiding what replaces a document: %w", err)
			}
		}
		d.Changes = append(d.Changes, record.Change{Ref: stored.Ref, Body: r.Node().With("provision", provision.Bytes()), IfVersion: &stored.Version})
	}
	return nil
}

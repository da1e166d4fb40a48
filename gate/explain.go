package gate

import (
	"context"
	"fmt"

	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
)

// Explain tells in plain words which rule decides whether a grant reads a resource, and from which facts. It is a tool
// of those who answer for the policies: it speaks of what the actor may not see, so it must never be offered to one.
func (g *Gate) Explain(ctx context.Context, grant *Grant, ref record.Ref, language string) (string, error) {
	h := g.hear(grant)
	stored, err := g.source.Read(ctx, ref)
	if err != nil {
		return "", fmt.Errorf("explaining %s: %w", ref, err)
	}
	if isBytes(stored.Type) {
		vouchers, err := record.Vouchers(ctx, g.Records, g.Base, stored.Patient, ref)
		if err != nil {
			return "", fmt.Errorf("explaining %s: %w", ref, err)
		}
		if len(vouchers) > 0 {
			stored = vouchers[0]
		}
	}
	facts, err := h.factsOf(ctx, stored.Patient)
	if err != nil {
		return "", err
	}
	in, err := h.input(facts, actionRead, nil)
	if err != nil {
		return "", err
	}
	resource, err := h.narrow(g.resource(stored.Attributes), stored)
	if err != nil {
		return "", fmt.Errorf("explaining %s: %w", ref, err)
	}
	e, err := policies.Explain(ctx, h.revision, in, resource)
	if err != nil {
		return "", fmt.Errorf("explaining %s: %w", ref, err)
	}
	return e.Text(language), nil
}

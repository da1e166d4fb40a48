package gate

import "context"

// Admits tells whether a grant may read a type at all in the record that it is bound to, by everything that is known before
// a resource is looked at: scope, label, consent, lifecycle, link, block, the person's choices. A search that is refused in
// silence finds nothing, and what works on the answer would take that for a record in which there is nothing; it asks here
// first. Nothing is read, so nothing is logged; the answer itself is never shown, since it tells what silence keeps.
func (g *Gate) Admits(ctx context.Context, grant *Grant, resourceType string) (bool, error) {
	if grant.Patient == "" {
		return false, nil
	}
	h := g.hear(grant)
	d, err := h.open(ctx, "", actionAsk, resourceType)
	if err != nil || !d.Allow {
		return false, err
	}
	d, _, err = h.admitTo(ctx, grant.Patient, resourceType)
	return err == nil && d.Allow, err
}

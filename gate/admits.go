package gate

import (
	"context"
	"errors"
	"net/http"

	"github.com/pontlevis/pontlevis/record"
)

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

// Accepts tells whether a grant may add a resource, given as it would be posted, to the record that it is bound to, and adds
// nothing: who takes back, as the person, what an app once added for them asks here whether that app may still write there. A
// refusal is in the access log as that of the deposit itself; of what is accepted nothing is, since nothing comes of it.
func (g *Gate) Accepts(ctx context.Context, grant *Grant, resourceType string, body []byte) (bool, error) {
	if grant.Patient == "" {
		return false, nil
	}
	i, _, err := g.Request(ctx, http.MethodPost, resourceType, nil, body)
	if err != nil {
		return false, err
	}
	d, err := record.ParseDeposit(i)
	if err != nil {
		return false, err
	}
	_, err = g.hear(grant).planDeposit(ctx, i, d)
	var no *Refusal
	if errors.As(err, &no) && no.Status < http.StatusInternalServerError {
		return false, nil
	}
	return err == nil, err
}

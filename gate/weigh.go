package gate

import (
	"context"
	"fmt"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
)

// Weigh tells whether a grant may make a choice of the space that it is for, given as the resource that would be posted, or
// put where it has an id, and makes nothing: a page offers what may be done, and says of the rest why not. It returns nil when the choice would be
// permitted, else the words in which it would be refused. Nothing is read for the one who asks, so nothing is logged.
func (g *Gate) Weigh(ctx context.Context, grant *Grant, body []byte) (*Refusal, error) {
	r, err := fhir.ParseResource(body)
	if err != nil {
		return nil, fmt.Errorf("weighing a choice: %w", err)
	}
	h := g.hear(grant)
	i := &record.Interaction{Kind: record.KindCreate, Ref: record.Ref{Type: r.Type()}, Resource: r}
	patient := record.OwnerOf(r, g.Base).Patient
	if patient == "" || patient != grant.Patient {
		return notYours(), nil
	}
	facts, err := h.factsFor(ctx, patient)
	if err != nil {
		return nil, err
	}
	var before *record.Stored
	if r.ID() != "" {
		var d *policies.Decision
		if before, d, err = h.find(ctx, record.Ref{Type: r.Type(), ID: r.ID()}); err != nil {
			return nil, err
		}
		if before == nil || !d.Allow {
			return nothingHere(), nil
		}
	}
	change, _, err := h.checkSpace(ctx, facts, i, before)
	if err != nil {
		return nil, err
	}
	d, err := h.change(ctx, facts, actionGovern, r.Attributes(), h.changeInput(change), parsedState{r.Stamp("", "1", h.now)})
	if err != nil {
		return nil, err
	}
	if d.Allow {
		return nil, nil
	}
	if !d.Tell {
		return notYours(), nil
	}
	return toldOf(d), nil
}

// toldOf is told without an entry of the log that it would name.
func toldOf(d *policies.Decision) *Refusal {
	no := told(d, "")
	no.Issues[0].Diagnostics = "rule " + d.Rule
	return no
}

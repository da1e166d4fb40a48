package gate

import (
	"context"
	"fmt"
	"strings"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
)

// What a reader of the access log sees of an entry: what was granted on things that they may not know of is not there
// until they may; what was refused on such a thing looks like what was refused on nothing at all.

// audit-event-outcome of what was granted, and of what was refused.
const (
	succeeded      = "0"
	outcomeRefused = "4"
)

// resources are the references of an entry to what was asked for, apart from the person whose log it is.
func entryResources(r *fhir.Resource) []fhir.Reference {
	var out []fhir.Reference
	for k, ref := range r.References() {
		if k >= maxReferencesEach {
			break
		}
		if strings.HasPrefix(ref.Path, "entity") && ref.Type != "Patient" && ref.ID != "" {
			out = append(out, ref)
		}
	}
	return out
}

// hollowEntry reports whether an entry tells only of an access to what its reader may not know of: that somebody read
// something, and nothing that one may know of, says that there is something. What is no longer there was told before.
func (h *hearing) hollowEntry(ctx context.Context, stored *record.Stored) (bool, error) {
	r, err := stored.Resource()
	if err != nil || r.Node().Get("outcome").Text() != succeeded && !fromBeyond(r) {
		return false, err
	}
	holds := false
	for _, ref := range entryResources(r.Under(h.g.Base)) {
		if ref.Type == auditEvent {
			return false, nil // reading the log is no secret, whatever stood in it
		}
		target := record.Ref{Type: ref.Type, ID: ref.ID}
		known, err := h.mayKnowOf(ctx, target)
		if err != nil || known || h.nowhere[target] {
			return false, err
		}
		holds = true
	}
	return holds, nil
}

// fromBeyond reports whether an entry is of an attempt by a grant for no record, or for another.
func fromBeyond(r *fhir.Resource) bool {
	for _, entity := range r.Node().Get("entity").Items() {
		for _, d := range entity.Get("detail").Items() {
			if d.Get("type").Text() == askedFrom {
				return true
			}
		}
	}
	return false
}

// redactEntry is an entry of the log without the references to what its reader may not know of. Who did it is told to
// whoever may read the entry. A refusal says by which rule only beside something that its reader knows of.
func (h *hearing) redactEntry(ctx context.Context, stored *record.Stored) (*record.Stored, error) {
	r, err := stored.Resource()
	if err != nil {
		return nil, err
	}
	refused := r.Node().Get("outcome").Text() != succeeded
	hidden, left := map[string]bool{}, 0
	for _, ref := range entryResources(r.Under(h.g.Base)) {
		known, err := h.mayKnow(ctx, ref)
		if err != nil {
			return nil, err
		}
		if known && !(refused && h.nowhere[record.Ref{Type: ref.Type, ID: ref.ID}]) {
			left++
			continue
		}
		hidden[linkOf(ref.URL, ref.Identifier)] = true
	}
	switch {
	case len(hidden) == 0:
		return stored, nil
	case refused && left == 0:
		return h.unexplained(ctx, stored)
	}
	return stored.WithBody(without(r.Node(), hidden)), nil
}

// unexplained is the entry of a refusal as it would be had there been nothing.
func (h *hearing) unexplained(ctx context.Context, stored *record.Stored) (*record.Stored, error) {
	e, err := h.source.log.Entry(ctx, stored.ID)
	if err != nil {
		return nil, fmt.Errorf("reading the access log: %w", err)
	}
	e.Outcome, e.Rule, e.Layer, e.Resources = audit.Refused, "default", policies.DefaultLayer, nil
	bare, err := h.source.stored(e)
	if err != nil {
		return nil, err
	}
	return stored.WithBody(bare.Body), nil
}

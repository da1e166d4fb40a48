package gate

import (
	"context"
	"fmt"
	"time"

	"github.com/pontlevis/pontlevis/audit"
)

const (
	sinceDetail = "since"        // since when an emergency access lasts, on the entry of its opening
	lookBack    = 24 * time.Hour // how far the openings before one are looked for
)

// stretch is the time of one emergency access: how often one may follow another is decided by the policies (rules.md E3).
type stretch struct {
	since  time.Time
	reason string // coded
}

// stretches are the emergency accesses that the actor opened in a record in the last day, by the access log, newest first.
func (h *hearing) stretches(ctx context.Context, patient string) (all []stretch, err error) {
	keep := func(e *audit.Entry) bool {
		return e.Interaction == interactionOf(actionOpen) && e.Outcome == audit.Granted && e.Actor.ID == h.grant.Actor.ID
	}
	q := audit.Query{Patient: patient, Since: h.now.Add(-lookBack), Limit: 1000, Keep: keep}
	for {
		page, err := h.g.Log.Select(ctx, q)
		if err != nil {
			return nil, fmt.Errorf("finding the emergency accesses before: %w", err)
		}
		for _, e := range page.Entries {
			since, err := time.Parse(time.RFC3339, e.Details[sinceDetail])
			if err != nil { // no opening of today's kind: it began when it was logged
				since = e.At.UTC().Truncate(time.Second)
			}
			all = append(all, stretch{since, e.Reason})
		}
		if q.Before = page.Next; q.Before == "" {
			return all, nil
		}
	}
}

// lengthen finds out since when the access lasts that is about to be opened: an opening while one is under way ends with
// it, unless the grant asks for more time. The accesses before are told to the policies where it is one more.
func (h *hearing) lengthen(ctx context.Context, patient string) (since time.Time, err error) {
	before, err := h.stretches(ctx, patient)
	if err != nil {
		return time.Time{}, err
	}
	life, _ := h.g.EmergencyLife()
	for _, s := range before {
		if !h.grant.Extend && h.now.Before(s.since.Add(life)) {
			return s.since, nil
		}
	}
	h.openings = make([]any, 0, len(before))
	for _, s := range before {
		h.openings = append(h.openings, map[string]any{"since": s.since.Format(time.RFC3339), "reason": s.reason})
	}
	return h.now, nil
}

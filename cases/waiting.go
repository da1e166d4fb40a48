package cases

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/store"
)

// Waiting is what waits for somebody with a part in the review, in numbers: nothing in it names a case or a person.
type Waiting struct {
	Soon    int       // cases of a reviewer that are due within the time that was asked for
	Next    time.Time // when the first of them is; zero for none
	Overdue int       // cases of a reviewer that are past their date
	Many    bool      // there are more than were counted
	Late    []Late    // for the authority: what no establishment closed in time, the most first
}

// Late is how many cases of one establishment are past their date.
type Late struct {
	Organization string // "" for those of no establishment
	Overdue      int
	Since        time.Time // the date of the oldest
}

// Awaits counts what waits for one person, whose grants are those of their work situations, within a time from now. What
// they would not be shown is not counted; looking for it is no look, and is not logged.
func (r *Register) Awaits(ctx context.Context, grants []*gate.Grant, within time.Duration) (Waiting, error) {
	var w Waiting
	counted := map[string]bool{}
	for _, g := range grants {
		if err := r.awaits(ctx, g, within, counted, &w); err != nil {
			return Waiting{}, err
		}
	}
	for _, g := range grants {
		follows, _, err := r.gate.Awaits(ctx, g, gate.Review{Step: "figures"})
		if err != nil {
			return Waiting{}, err
		}
		if follows {
			w.Late = r.late()
			break
		}
	}
	return w, nil
}

// awaits counts the queue of one work situation, as Queue would list it.
func (r *Register) awaits(ctx context.Context, g *gate.Grant, within time.Duration, counted map[string]bool, w *Waiting) error {
	now := r.now()
	var list []gate.Reviewed
	var due []time.Time
	for _, organization := range g.Actor.Organizations {
		rows, err := r.places(ctx, store.Key("queue", organization), maxQueue)
		if err != nil {
			return err
		}
		w.Many = w.Many || len(rows) == maxQueue
		for _, row := range rows {
			if row.Drill || row.Due.After(now.Add(within)) || counted[row.id] {
				continue
			}
			c, err := r.read(ctx, row.Patient, row.id)
			if err != nil {
				return err
			}
			list, due = append(list, reviewed(c, now)), append(due, c.Due)
		}
	}
	_, shown, err := r.gate.Awaits(ctx, g, gate.Review{Step: "queue", List: list})
	if err != nil {
		return err
	}
	for k, one := range list {
		switch {
		case !shown[k] || counted[one.ID]:
		case one.Overdue:
			counted[one.ID] = true
			w.Overdue++
		default:
			counted[one.ID] = true
			if w.Soon++; w.Next.IsZero() || due[k].Before(w.Next) {
				w.Next = due[k]
			}
		}
	}
	return nil
}

// late counts what is past its date, by establishment. It reads memory alone.
func (r *Register) late() []Late {
	now := r.now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	var out []Late
	for organization, open := range r.open {
		if n := overdue(open, now); n > 0 {
			first := slices.IndexFunc(open, func(one indexed) bool { return !one.Drill })
			out = append(out, Late{organization, n, open[first].Due})
		}
	}
	slices.SortFunc(out, func(a, b Late) int {
		return cmp.Or(cmp.Compare(b.Overdue, a.Overdue), strings.Compare(a.Organization, b.Organization))
	})
	return out
}

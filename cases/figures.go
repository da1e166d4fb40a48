package cases

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/store"
)

// figuresFor is the time that figures are about.
const figuresFor = 365 * 24 * time.Hour

// Figures are the cases of one establishment: those that wait, and those that were closed within a year.
type Figures struct {
	Organization string // "" for openings in no establishment
	Open         int    // emergencies that wait, and differences of apps, which belong to no establishment
	Questions    int    // questions that wait
	Overdue      int    // of both, past their date
	Closed       int
	Late         int            // of the closed ones, after their date
	Verdicts     map[string]int // of closed emergencies, by code
}

// Figures counts the cases of every establishment, for the authority. Looking is logged. Errors: a *gate.Refusal.
func (r *Register) Figures(ctx context.Context, g *gate.Grant) ([]Figures, error) {
	if _, err := r.gate.Review(ctx, g, gate.Review{Step: "figures"}); err != nil {
		return nil, err
	}
	sums := map[string]*Figures{}
	now := r.now()
	err := r.db.View(ctx, queuePartition, func(tx store.Tx) error {
		clear(sums)
		for _, row := range []string{"queue", "done"} {
			for key := range tx.Scan(store.Key(row), nil) {
				if err := sumOne(tx, sums, key, now); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	out := make([]Figures, 0, len(sums))
	for _, f := range sums {
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b Figures) int {
		if a.Overdue != b.Overdue {
			return b.Overdue - a.Overdue
		}
		return strings.Compare(a.Organization, b.Organization)
	})
	return out, nil
}

// sumOne counts one row of the queue, or of what was closed.
func sumOne(tx store.Tx, sums map[string]*Figures, key []byte, now time.Time) error {
	parts := store.KeyParts(key)
	if len(parts) != 4 {
		return nil
	}
	var row indexed
	if _, err := store.GetJSON(tx, key, &row); err != nil {
		return err
	}
	f := sums[parts[1]]
	if f == nil {
		f = &Figures{Organization: parts[1], Verdicts: map[string]int{}}
		sums[parts[1]] = f
	}
	switch {
	case parts[0] == "done" && parts[2] < stamp(now.Add(-figuresFor)):
	case parts[0] == "done":
		f.Closed++
		if row.Late {
			f.Late++
		}
		if row.Kind == Emergency {
			f.Verdicts[row.Verdict]++
		}
	default:
		if row.Kind == Question {
			f.Questions++
		} else {
			f.Open++
		}
		if !row.Drill && now.After(row.Due) {
			f.Overdue++
		}
	}
	return nil
}

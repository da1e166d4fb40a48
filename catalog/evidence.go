package catalog

import (
	"slices"
	"time"
)

// States of a criterion.
const (
	Passed        = "passed"
	Failed        = "failed"
	NotYet        = "not-yet"        // nothing was seen that tells
	NotApplicable = "not-applicable" // an app of this kind has nothing to show here
)

// Criterion is one check of the machine, and what it rests on. Those of a submitted version stay with it, and are public.
type Criterion struct {
	ID       string `json:"id"` // stable
	Title    Text   `json:"title"`
	State    string `json:"state"`
	Evidence Text   `json:"evidence"` // what was seen; where it is not enough, what to do

	At time.Time `json:"at,omitzero"` // when it was looked at
}

// told is the evidence of a version once its checks were made again: what tells nothing now leaves what was shown before.
func told(before, now []Criterion, at time.Time) []Criterion {
	out := slices.Clone(now)
	for k := range out {
		out[k].At = at
		was := slices.IndexFunc(before, func(c Criterion) bool { return c.ID == out[k].ID })
		if out[k].State == NotYet && was >= 0 && before[was].State == Passed {
			out[k] = before[was]
		}
	}
	return out
}

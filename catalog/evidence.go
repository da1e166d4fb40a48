package catalog

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
}

package policies

import (
	"context"
	"fmt"
	"log/slog"
	"sync/atomic"
)

// sampleEvery is how many decisions go by until one is taken again by OPA's evaluator.
const sampleEvery = 1024

// redecisionQueue bounds the decisions that wait to be taken again; what finds no place is counted and let go.
const redecisionQueue = 256

// redecidedPath is where a bundle may say in which contexts every decision is taken again: a list of {path, values}, where path leads to a
// string of the input.
var redecidedPath = []string{"pontlevis", "redecided", "always"}

// suspicion is one line of that list.
type suspicion struct {
	path   []string
	values []string
}

// suspicions reads the list of a bundle; one without has none.
func (r *Revision) suspicions() ([]suspicion, error) {
	found, ok := r.Data(redecidedPath...)
	if !ok {
		return nil, nil
	}
	list, ok := found.([]any)
	if !ok {
		return nil, fmt.Errorf("data.pontlevis.redecided.always must list paths of the input with values")
	}
	out := make([]suspicion, len(list))
	for i, e := range list {
		line, _ := e.(map[string]any)
		path, okPath := stringsOf(line["path"])
		values, okValues := stringsOf(line["values"])
		if !okPath || !okValues || len(line) != 2 {
			return nil, fmt.Errorf("data.pontlevis.redecided.always[%d] needs path, the names that lead to a string of the input, and values", i)
		}
		out[i] = suspicion{path, values}
	}
	return out, nil
}

// stringsOf gives a list of at least one string.
func stringsOf(v any) ([]string, bool) {
	list, _ := v.([]any)
	out := make([]string, 0, len(list))
	for _, e := range list {
		s, ok := e.(string)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, len(out) > 0
}

// redecision is a decision to be taken again.
type redecision struct {
	context *Context
	seen    *Resource
	entry   *entry
}

// redecider takes decisions again by OPA's evaluator, beside the requests: one at a time, and a goroutine only while there are any.
type redecider struct {
	rev     *Revision
	queue   chan redecision
	working atomic.Bool
}

func newRedecider(r *Revision) *redecider {
	return &redecider{rev: r, queue: make(chan redecision, redecisionQueue)}
}

// offer puts a decision in the queue, or counts that there was no place. It never waits.
func (w *redecider) offer(d redecision) {
	select {
	case w.queue <- d:
	default:
		w.rev.stats.fast.dropped.Add(1)
		return
	}
	if w.working.CompareAndSwap(false, true) {
		go w.work()
	}
}

func (w *redecider) work() {
	for {
		select {
		case d := <-w.queue:
			w.redecide(d)
			continue
		default:
		}
		w.working.Store(false)
		if len(w.queue) == 0 || !w.working.CompareAndSwap(false, true) {
			return
		}
	}
}

// redecide compares a decision with OPA's, whole.
func (w *redecider) redecide(d redecision) {
	want, err := w.rev.Reference().Evaluate(context.Background(), d.context, d.seen)
	if err != nil && (isTimeout(err) || !w.rev.fast.on()) {
		return
	}
	w.rev.stats.fast.redecided.Add(1)
	got := d.entry.decision
	if err == nil && got.Equal(want) {
		d.entry.proven.Store(true)
		return
	}
	w.rev.differs("a decision taken again", &Difference{A: want, B: got, ErrA: err})
}

// differs is what happens when the plan is caught: the alarm, and OPA's evaluator in its place. The facts are of persons: only rules are named.
func (r *Revision) differs(where string, d *Difference) {
	r.stats.fast.disagreed.Add(1)
	if r.fast.trip(where) {
		r.stats.fast.trips.Add(1)
		slog.Error("the compiled plan of the policies is not equal to OPA's evaluator, which decides from now on", "revision", r.Digest,
			"found", where, "rule", d.A.ruleOf(d.ErrA), "plan", d.B.ruleOf(d.ErrB))
	}
}

// ruleOf names the rule of a decision, or that there is none.
func (d *Decision) ruleOf(err error) string {
	switch {
	case err != nil:
		return "error: " + err.Error()
	case d == nil:
		return "none"
	}
	return d.Rule
}

package policies

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// inputTracer keeps the inputs under which the deciding modules are entered, and which bodies of rules hold in each.
type inputTracer struct {
	seen   map[string]int // by the input's text: its place among the inputs
	inputs []tracedInput
	last   *ast.Term // the input of the last event, and its place
	at     int
}

type tracedInput struct {
	value ast.Value
	held  map[string]bool // by "file:line" of the rule
}

// Enabled implements topdown.QueryTracer.
func (t *inputTracer) Enabled() bool { return true }

// Config implements topdown.QueryTracer.
func (t *inputTracer) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

// TraceEvent implements topdown.QueryTracer.
func (t *inputTracer) TraceEvent(e topdown.Event) {
	r, ok := e.Node.(*ast.Rule)
	if e.Op != topdown.EnterOp && e.Op != topdown.ExitOp || !ok || e.Input() == nil || strings.HasSuffix(r.Location.File, testSuffix) {
		return
	}
	if e.Input() != t.last {
		t.last, t.at = e.Input(), t.place(e.Input())
	}
	if e.Op == topdown.ExitOp {
		t.inputs[t.at].held[at(r.Location)] = true
	}
}

func (t *inputTracer) place(input *ast.Term) int {
	key := input.String()
	at, ok := t.seen[key]
	if !ok {
		at = len(t.inputs)
		t.seen[key] = at
		t.inputs = append(t.inputs, tracedInput{input.Value, map[string]bool{}})
	}
	return at
}

// testInputs gives the whole inputs that the bundle's tests decide about, as far as they fit the schema.
func (r *Revision) testInputs(ctx context.Context) ([]Case, error) {
	t := &inputTracer{seen: map[string]int{}}
	_, problems := r.parsed.runTests(ctx, testRun{modules: r.parsed.modules, tracer: t, serial: true})
	if err := refusal(problems); err != nil {
		return nil, fmt.Errorf("collecting the inputs of the tests: %w", err)
	}
	var out []Case
	for _, in := range t.inputs {
		if enc, err := appendTerm(nil, in.value, 0); err != nil || r.schema.check(canonical(enc), "input") != nil {
			continue
		}
		plain, err := ast.JSON(in.value)
		if m, ok := plain.(map[string]any); ok && err == nil {
			c := split(m)
			c.held = sortedKeys(in.held)
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b Case) int {
		return strings.Compare(fmt.Sprint(a.Input, a.Resource), fmt.Sprint(b.Input, b.Resource))
	})
	return out, nil
}

// scenesOf gives, for each body of a rule that holds in some seed, the seeds in which it does.
func scenesOf(seeds []Case) [][]int {
	by := map[string][]int{}
	for i, c := range seeds {
		for _, body := range c.held {
			by[body] = append(by[body], i)
		}
	}
	out := make([][]int, 0, len(by))
	for _, body := range sortedKeys(by) {
		out = append(out, by[body])
	}
	return out
}

var _ topdown.QueryTracer = (*inputTracer)(nil)

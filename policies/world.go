package policies

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// Draw gives a number from 0 to n-1; it is where a world takes its chances from: rapid in tests, any source of chance elsewhere.
type Draw func(n int) int

// Worlds makes random inputs that a bundle may meet: they fit its schema, and their values are those the rules compare with, so that
// branches are taken. Half of them begin from an input of the bundle's own tests and change a few of its facts.
type Worlds struct {
	schema  *node
	hints   map[string][]string // by the last name of a path: the strings that rules compare it with
	strings []string            // every string of the rules, and of the data as far as kept
	numbers []int               // every small whole number of both
	seeds   []Case
}

// Bounds of what is kept of a bundle's data as values to draw from.
const (
	maxMined     = 4000
	maxMinedText = 200
)

// NewWorlds mines a revision for constants, and its tests for inputs.
func NewWorlds(ctx context.Context, r *Revision) (*Worlds, error) {
	seeds, err := r.testInputs(ctx)
	if err != nil {
		return nil, err
	}
	return newWorlds(r, seeds), nil
}

func newWorlds(r *Revision, seeds []Case) *Worlds {
	w := &Worlds{schema: r.schema, hints: map[string][]string{}, seeds: seeds}
	w.mineModules(r.parsed.decisionModules())
	w.mineData(r.parsed.data)
	slices.Sort(w.strings)
	w.strings = slices.Compact(w.strings)
	slices.Sort(w.numbers)
	w.numbers = slices.Compact(w.numbers)
	return w
}

// Seeds gives the inputs of the bundle's own tests that fit its schema: vectors any evaluator can be tried on.
func (w *Worlds) Seeds() []Case { return slices.Clone(w.seeds) }

// Next makes one world.
func (w *Worlds) Next(draw Draw) Case {
	m := &maker{w: w, draw: draw, now: ordinaryNow}
	if len(w.seeds) == 0 || draw(3) == 0 {
		return split(m.value(w.schema, "input").(map[string]any))
	}
	seed := w.seeds[draw(len(w.seeds))]
	whole := maps.Clone(seed.Input)
	whole[resourceMember] = any(seed.Resource)
	m.remember(whole)
	for range draw(5) {
		whole = m.change(w.schema, "input", whole).(map[string]any)
	}
	return split(whole)
}

// Near makes a resource like another one: a few attributes are drawn anew, some of them from what stands in the facts.
func (w *Worlds) Near(c Case, draw Draw) map[string]any {
	m := &maker{w: w, draw: draw, now: ordinaryNow}
	m.remember(c.Input)
	m.remember(c.Resource)
	var resource any = c.Resource
	for range 1 + draw(3) {
		resource = m.change(w.schema.members[resourceMember], resourceMember, resource)
	}
	out, _ := resource.(map[string]any)
	return out
}

func split(whole map[string]any) Case {
	c := Case{Input: maps.Clone(whole)}
	c.Resource, _ = whole[resourceMember].(map[string]any)
	delete(c.Input, resourceMember)
	return c
}

// mineModules notes every string of the rules, and beside which attribute it stands.
func (w *Worlds) mineModules(modules map[string]*ast.Module) {
	for _, name := range sortedKeys(modules) {
		for _, r := range modules[name].Rules {
			ast.WalkExprs(r, func(e *ast.Expr) bool {
				names, texts := w.mineExpr(e)
				w.strings = append(w.strings, texts...)
				for _, n := range names {
					w.hints[n] = append(w.hints[n], texts...)
				}
				return false
			})
		}
	}
}

// mineExpr gives the last names of the references and the strings in an expression.
func (w *Worlds) mineExpr(e *ast.Expr) (names, texts []string) {
	ast.WalkTerms(e, func(t *ast.Term) bool {
		switch v := t.Value.(type) {
		case ast.String:
			texts = append(texts, string(v))
		case ast.Number:
			w.mineNumber(string(v))
		case ast.Ref:
			for _, step := range v[1:] {
				if s, ok := step.Value.(ast.String); ok && v[0].Equal(ast.InputRootDocument) {
					names = append(names, string(s))
				}
			}
			return v[0].Equal(ast.InputRootDocument) // the steps of a path are names, not values
		}
		return false
	})
	return names, texts
}

// mineNumber notes a number that a rule may count, or measure time, by.
func (w *Worlds) mineNumber(text string) {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 && n < maxMined && len(w.numbers) < maxMined {
		w.numbers = append(w.numbers, n)
	}
}

func (w *Worlds) mineData(v any) {
	if len(w.strings) > maxMined {
		return
	}
	switch v := v.(type) {
	case string:
		if len(v) <= maxMinedText {
			w.strings = append(w.strings, v)
		}
	case json.Number:
		w.mineNumber(string(v))
	case []any:
		for _, e := range v {
			w.mineData(e)
		}
	case map[string]any:
		for _, k := range sortedKeys(v) {
			w.strings = append(w.strings, k)
			w.mineData(v[k])
		}
	}
}

// inputTracer keeps the inputs under which the deciding modules are entered.
type inputTracer struct {
	seen   map[string]bool
	inputs []ast.Value
}

// Enabled implements topdown.QueryTracer.
func (t *inputTracer) Enabled() bool { return true }

// Config implements topdown.QueryTracer.
func (t *inputTracer) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

// TraceEvent implements topdown.QueryTracer.
func (t *inputTracer) TraceEvent(e topdown.Event) {
	r, ok := e.Node.(*ast.Rule)
	if e.Op != topdown.EnterOp || !ok || e.Input() == nil || strings.HasSuffix(r.Location.File, testSuffix) {
		return
	}
	if key := e.Input().String(); !t.seen[key] {
		t.seen[key] = true
		t.inputs = append(t.inputs, e.Input().Value)
	}
}

// testInputs gives the whole inputs that the bundle's tests decide about, as far as they fit the schema.
func (r *Revision) testInputs(ctx context.Context) ([]Case, error) {
	t := &inputTracer{seen: map[string]bool{}}
	_, problems := r.parsed.runTests(ctx, testRun{modules: r.parsed.modules, tracer: t, serial: true})
	if err := refusal(problems); err != nil {
		return nil, fmt.Errorf("collecting the inputs of the tests: %w", err)
	}
	var out []Case
	for _, v := range t.inputs {
		if enc, err := appendTerm(nil, v, 0); err != nil || r.schema.check(canonical(enc), "input") != nil {
			continue
		}
		plain, err := ast.JSON(v)
		if m, ok := plain.(map[string]any); ok && err == nil {
			out = append(out, split(m))
		}
	}
	slices.SortFunc(out, func(a, b Case) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return out, nil
}

var _ topdown.QueryTracer = (*inputTracer)(nil)

package policies

import (
	"context"
	"fmt"
	"maps"
	"slices"
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
	seeds   []Case
}

// Bounds of what is kept of a bundle's data as values to draw from.
const (
	maxMined     = 4000
	maxMinedText = 200
)

// instants are drawn for times: before, at and after the `now` that a world most often has.
var instants = []string{
	"2008-05-01T00:00:00Z", "2025-12-31T23:59:59Z", "2026-01-01T00:00:00Z", "2026-01-01T11:30:00Z", "2026-01-01T12:00:00Z",
	"2026-01-01T12:00:01Z", "2026-01-02T00:00:00Z", "2026-06-01T00:00:00Z", "2031-01-01T00:00:00Z",
}

// people are drawn for identities, so that the one who acts is now and then the one who wrote, is blocked or is linked.
var people = []string{"Practitioner/a", "Practitioner/b", "Patient/p", "RelatedPerson/r", "Organization/o", "urn:oid:1.2|1"}

// NewWorlds mines a revision for constants, and its tests for inputs.
func NewWorlds(ctx context.Context, r *Revision) (*Worlds, error) {
	w := &Worlds{schema: r.schema, hints: map[string][]string{}}
	w.mineModules(r.parsed.decisionModules())
	w.mineData(r.parsed.data)
	slices.Sort(w.strings)
	w.strings = slices.Compact(w.strings)
	seeds, err := r.testInputs(ctx)
	if err != nil {
		return nil, err
	}
	w.seeds = seeds
	return w, nil
}

// Seeds gives the inputs of the bundle's own tests that fit its schema: vectors any evaluator can be tried on.
func (w *Worlds) Seeds() []Case { return slices.Clone(w.seeds) }

// Next makes one world.
func (w *Worlds) Next(draw Draw) Case {
	if len(w.seeds) == 0 || draw(2) == 0 {
		return split(w.value(w.schema, "input", draw).(map[string]any))
	}
	seed := w.seeds[draw(len(w.seeds))]
	whole := maps.Clone(seed.Input)
	whole[resourceMember] = any(seed.Resource)
	for range draw(5) {
		whole = w.change(w.schema, "input", whole, draw).(map[string]any)
	}
	return split(whole)
}

func split(whole map[string]any) Case {
	c := Case{Input: maps.Clone(whole)}
	c.Resource, _ = whole[resourceMember].(map[string]any)
	delete(c.Input, resourceMember)
	return c
}

// value draws a value for a place of the schema.
func (w *Worlds) value(n *node, name string, draw Draw) any {
	if n == nil {
		return w.text(name, draw)
	}
	if len(n.enum) > 0 {
		return n.enum[draw(len(n.enum))]
	}
	switch {
	case n.members != nil:
		out := map[string]any{}
		for _, k := range sortedKeys(n.members) {
			if n.needs(k) || draw(3) > 0 {
				out[k] = w.value(n.members[k], k, draw)
			}
		}
		return out
	case n.items != nil:
		list := make([]any, draw(4))
		for i := range list {
			list[i] = w.value(n.items, name, draw)
		}
		return list
	case slices.Contains(n.types, "boolean"):
		return draw(2) == 0
	case slices.Contains(n.types, "integer"), slices.Contains(n.types, "number"):
		return draw(5)
	case slices.Contains(n.types, "object"):
		return map[string]any{}
	case slices.Contains(n.types, "array"):
		return []any{}
	}
	return w.text(name, draw)
}

// change draws one place of a value anew, or drops it where the schema allows; what is left is shared with the original.
func (w *Worlds) change(n *node, name string, v any, draw Draw) any {
	obj, isObject := v.(map[string]any)
	if n == nil || !isObject || len(n.members) == 0 || name != "input" && draw(4) == 0 {
		return w.value(n, name, draw)
	}
	keys := sortedKeys(n.members)
	k := keys[draw(len(keys))]
	out := maps.Clone(obj)
	old, has := out[k]
	switch {
	case has && !n.needs(k) && draw(3) == 0:
		delete(out, k)
	case has:
		out[k] = w.change(n.members[k], k, old, draw)
	default:
		out[k] = w.value(n.members[k], k, draw)
	}
	return out
}

func (w *Worlds) text(name string, draw Draw) string {
	if isInstant(name) {
		return instants[draw(len(instants))]
	}
	hints := w.hints[name]
	switch draw(4) {
	case 0:
		return people[draw(len(people))]
	case 1:
		if len(w.strings) > 0 {
			return w.strings[draw(len(w.strings))]
		}
	}
	if len(hints) > 0 {
		return hints[draw(len(hints))]
	}
	return people[draw(len(people))]
}

func isInstant(name string) bool {
	return slices.Contains([]string{"now", "since", "until", "expires", "date", "born"}, name)
}

// mineModules notes every string of the rules, and beside which attribute it stands.
func (w *Worlds) mineModules(modules map[string]*ast.Module) {
	for _, name := range sortedKeys(modules) {
		for _, r := range modules[name].Rules {
			ast.WalkExprs(r, func(e *ast.Expr) bool {
				names, texts := mineExpr(e)
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
func mineExpr(e *ast.Expr) (names, texts []string) {
	ast.WalkTerms(e, func(t *ast.Term) bool {
		switch v := t.Value.(type) {
		case ast.String:
			texts = append(texts, string(v))
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

func (w *Worlds) mineData(v any) {
	if len(w.strings) > maxMined {
		return
	}
	switch v := v.(type) {
	case string:
		if len(v) <= maxMinedText {
			w.strings = append(w.strings, v)
		}
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

package policies

import (
	"context"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// TestWorldsTryEveryBody measures how far random worlds reach into the bundle that ships: what is compared on them is only proved where they
// lead. A body counts when it held at least once and failed at least once. Left out are bodies without a condition, which cannot fail, and rules
// that the decision does not rest on, which are other entry points.
func TestWorldsTryEveryBody(t *testing.T) {
	t.Parallel()
	n := 3400
	if testing.Short() {
		t.Skip("NOT RUN: -short")
	}
	if more, err := strconv.Atoi(os.Getenv("PONTLEVIS_COVERAGE")); err == nil {
		n = more
	}
	r, worlds := worldsOf(t, bundles["embedded"])
	const resources = 4 // in each world: more worlds find more than more resources do
	h := newHeldTracer()
	for number := range uint64(n) {
		draw := rand.New(rand.NewPCG(number, worldStream)).IntN
		c := worlds.Next(draw)
		facts, err := NewContext(c.Input)
		if err != nil {
			t.Fatal(err)
		}
		for k := range resources {
			if k > 0 {
				c.Resource = otherResource(worlds, c, draw)
			}
			seen, err := NewResource(c.Resource)
			if err != nil {
				t.Fatal(err)
			}
			clear(h.queries)
			_, err = r.compiled.eval(context.Background(), topdown.NewCancel(), facts.Input(seen), rego.EvalQueryTracer(h), rego.EvalRuleIndexing(false), rego.EvalEarlyExit(false))
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	bodies, both := 0, 0
	needed := restsOn(r)
	for _, name := range sortedKeys(r.parsed.decisionModules()) {
		for _, first := range r.parsed.decisionModules()[name].Rules {
			for rule := first; rule != nil; rule = rule.Else {
				if rule.Default || constant(rule) || !needed[at(rule.Location)] {
					continue
				}
				bodies++
				held, failed := h.held[at(rule.Location)], h.failed[at(rule.Location)]
				if held && failed {
					both++
					continue
				}
				t.Logf("%s:%d %s: held %v, failed %v", name, rule.Location.Row, rule.Head.Ref(), held, failed)
			}
		}
	}
	share := float64(both) / float64(bodies)
	t.Logf("%d of %d bodies held and failed: %.1f %%, in %d worlds of %d resources", both, bodies, 100*share, n, resources)
	if share < 0.97 {
		t.Errorf("the worlds reach %.1f %% of the bodies", 100*share)
	}
}

// constant reports whether a body is `true`: it cannot fail.
func constant(r *ast.Rule) bool {
	return len(r.Body) == 1 && r.Body[0].String() == "true"
}

// restsOn gives the rules that the decision names, directly or through others.
func restsOn(r *Revision) map[string]bool {
	out := map[string]bool{}
	var add func(rule *ast.Rule)
	add = func(rule *ast.Rule) {
		for ; rule != nil; rule = rule.Else {
			if out[at(rule.Location)] {
				continue
			}
			out[at(rule.Location)] = true
			for other := range r.compiled.compiler.Graph.Dependencies(rule) {
				add(other.(*ast.Rule))
			}
		}
	}
	for _, rule := range r.compiled.compiler.GetRules(ast.MustParseRef(decisionQuery)) {
		add(rule)
	}
	return out
}

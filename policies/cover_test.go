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
// lead. A body counts when it held at least once and failed at least once; one that cannot fail has only to hold.
func TestWorldsTryEveryBody(t *testing.T) {
	t.Parallel()
	n := 1200
	if testing.Short() {
		t.Skip("NOT RUN: -short")
	}
	if more, err := strconv.Atoi(os.Getenv("PONTLEVIS_COVERAGE")); err == nil {
		n = more
	}
	r, worlds := worldsOf(t, bundles["embedded"])
	h := newHeldTracer()
	for number := range uint64(n) {
		draw := rand.New(rand.NewPCG(number, worldStream)).IntN
		c := worlds.Next(draw)
		facts, err := NewContext(c.Input)
		if err != nil {
			t.Fatal(err)
		}
		for k := range resourcesPerWorld {
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
	for _, name := range sortedKeys(r.parsed.decisionModules()) {
		for _, first := range r.parsed.decisionModules()[name].Rules {
			for rule := first; rule != nil; rule = rule.Else {
				if rule.Default || constant(rule) {
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
	t.Logf("%d of %d bodies held and failed: %.1f %%, in %d worlds of %d resources", both, bodies, 100*share, n, resourcesPerWorld)
	if share < 0.95 {
		t.Errorf("the worlds reach %.1f %% of the bodies", 100*share)
	}
}

// constant reports whether a body is `true`: it cannot fail.
func constant(r *ast.Rule) bool {
	return len(r.Body) == 1 && r.Body[0].String() == "true"
}

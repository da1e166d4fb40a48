package policies

import (
	"strings"
	"testing"
)

// TestEmbeddedBundlePublishes holds the bundle that ships to everything Check knows: no error, and every described rule proven by tests in
// which it holds and in which it does not.
func TestEmbeddedBundlePublishes(t *testing.T) {
	t.Parallel()
	r := Check(t.Context(), Embedded())
	var out strings.Builder
	if err := r.Write(&out); err != nil {
		t.Fatal(err)
	}
	if !r.OK() || r.Rules == 0 || r.Tests == 0 {
		t.Error(out.String())
	}
}

// TestEmbeddedRulesAreMissed removes each described rule in turn: a test of the bundle must fail.
func TestEmbeddedRulesAreMissed(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("every rule is removed in turn, which takes a while")
	}
	mutants, err := Mutants(t.Context(), Embedded())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutants {
		if !m.Killed {
			t.Errorf("%s:%d: no test fails without rule %s", m.File, m.Line, m.Rule)
		}
	}
	t.Logf("%d bodies of rules removed", len(mutants))
}

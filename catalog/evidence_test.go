package catalog

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestConnectionTestsRestOnChecks: no connection test passes without the machine's checks, nor with one that failed; they stay
// with the version, and what was shown before is not forgotten because it is not seen again.
func TestConnectionTestsRestOnChecks(t *testing.T) {
	t.Parallel()
	w, ctx := open(t), context.Background()
	w.save(example(t))
	shown := []Criterion{{ID: "manifest", State: Passed}, {ID: "pkce", State: Passed}, {ID: "leaving", State: NotYet}}
	steps := []Step{{Step: "submit", By: vendor, Evidence: shown}, {Step: "admit", By: machine}, {Step: "evaluate", By: authority}, {Step: "favour", By: authority}, {Step: "agree", By: vendor}}
	for k := range steps {
		steps[k].App = "glycare"
	}
	v, err := w.Take(ctx, steps...)
	if err != nil {
		t.Fatal(err)
	}
	test := Step{App: "glycare", Version: v.Version, Step: "test", By: machine}
	for name, evidence := range map[string][]Criterion{"none": nil, "a failure": {{ID: "manifest", State: Passed}, {ID: "redirect", State: Failed}}} {
		test.Evidence = evidence
		if _, err := w.Take(ctx, test); !errors.Is(err, ErrEvidence) {
			t.Errorf("%s: %v", name, err)
		}
	}
	test.Evidence = []Criterion{{ID: "manifest", State: Passed}, {ID: "pkce", State: NotYet}, {ID: "leaving", State: NotYet}}
	if v, err = w.Take(ctx, test); err != nil || v.State != Tested {
		t.Fatalf("%v, %+v", err, v)
	}
	got := map[string]string{}
	for _, c := range v.Evidence {
		if got[c.ID] = c.State; c.At.IsZero() {
			t.Errorf("%s does not say when", c.ID)
		}
	}
	if d := cmp.Diff(map[string]string{"manifest": Passed, "pkce": Passed, "leaving": NotYet}, got); d != "" {
		t.Error(d)
	}
}

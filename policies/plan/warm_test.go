package plan_test

import (
	"testing"

	"github.com/pontlevis/pontlevis/policies/plan"
)

// TestWarmPageAllocatesNothing asks a warm page again and again about one resource, for each input of the bundle's own tests.
func TestWarmPageAllocatesNothing(t *testing.T) {
	b, seeds := loadBundle(t), worlds(t).Seeds() // not beside other tests: allocations are counted for the whole process
	p := b.program(t, plan.Options{Vary: "resource"})
	with := 0
	for _, c := range seeds {
		q := partsOf(t, c)
		page := p.Page(q.in)
		ask := func() {
			if _, err := page.Evaluate(t.Context(), q.res); err != nil {
				t.Fatal(err)
			}
		}
		for range plan.DefaultFit + 1 {
			ask()
		}
		if n := testing.AllocsPerRun(20, ask); n > 0 {
			with++
			t.Logf("%.0f allocations: %v %v", n, q.input, q.resource)
		}
		page.Close()
	}
	if with*20 > len(seeds) {
		t.Errorf("%d of %d inputs make a warm page allocate", with, len(seeds))
	}
}

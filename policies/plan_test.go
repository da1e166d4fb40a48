package policies

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// resourcesPerWorld are decided in each context of the differential test: its own, and those of other worlds.
const resourcesPerWorld = 8

// worldStream sets the worlds of tests apart from other chances.
const worldStream = 0x706f6e746c6576

// trial compares ways to decide, world by world. The worlds follow from their number alone, so that a run goes on where another ended.
type trial struct {
	rev       *Revision
	worlds    *Worlds
	decisions int
	failures  int // of both, which agree
	rules     map[string]int
}

// world asks one context about several resources, each by OPA's evaluator on the whole resource, by the plan on the whole resource, and by
// a session twice: what it evaluates, and what its table keeps.
func (tr *trial) world(ctx context.Context, number uint64) error {
	rng := rand.New(rand.NewPCG(number, worldStream))
	draw := rng.IntN
	c := tr.worlds.Next(draw)
	s, err := tr.rev.Session(c.Input)
	if err != nil {
		return fmt.Errorf("world %d: %w", number, err)
	}
	defer s.Close()
	page := &desk{}
	defer page.close()
	fitAt := draw(resourcesPerWorld) // before that the whole plan decides, afterwards what is left of it for the page
	fitted := false
	for k := range resourcesPerWorld {
		if k > 0 {
			c.Resource = otherResource(tr.worlds, c, draw)
		}
		if k > 0 && k >= fitAt && !fitted {
			fitted = page.page != nil && tr.rev.fast.fit(ctx, page)
		}
		if err := tr.one(ctx, s, page, c.Resource); err != nil {
			return fmt.Errorf("world %d, resource %d: %w", number, k, err)
		}
	}
	return nil
}

// otherResource is one that differs a little from the last, or that of another world.
func otherResource(w *Worlds, c Case, draw Draw) map[string]any {
	if draw(3) == 0 {
		return w.Next(draw).Resource
	}
	return w.Near(c, draw)
}

func (tr *trial) one(ctx context.Context, s *Session, page *desk, resource map[string]any) error {
	r, err := NewResource(resource)
	if err != nil {
		return err
	}
	want, wantErr := tr.rev.Reference().Evaluate(ctx, s.context, r)
	for range 10 { // OPA's evaluator is bounded by the clock on the wall, which tells nothing on a starved machine
		if !errors.Is(wantErr, ErrTimeout) {
			break
		}
		want, wantErr = tr.rev.Reference().Evaluate(ctx, s.context, r)
	}
	planned, plannedErr := tr.rev.fast.decide(ctx, page, s.context, r)
	tr.decisions++
	if wantErr != nil {
		tr.failures++
	} else {
		tr.rules[want.Rule]++
	}
	if !sameAnswer(want, wantErr, planned, plannedErr) {
		return fmt.Errorf("by the plan: %w", &Difference{A: want, ErrA: wantErr, B: planned, ErrB: plannedErr})
	}
	for range 2 {
		got, gotErr := s.Decide(ctx, r)
		if gotErr != nil {
			got = nil
		}
		if !sameAnswer(want, wantErr, got, gotErr) {
			return fmt.Errorf("by a session: %w", &Difference{A: want, ErrA: wantErr, B: got, ErrB: gotErr})
		}
	}
	return nil
}

// sameAnswer reports whether two whole answers are one, or both are failures.
func sameAnswer(a *Decision, errA error, b *Decision, errB error) bool {
	if errA != nil || errB != nil {
		return errA != nil && errB != nil
	}
	return a.Equal(b)
}

// TestPlanEqualsOPA compares whole decisions on random worlds: by OPA's evaluator, by the plan on a warm page, and through the table.
func TestPlanEqualsOPA(t *testing.T) {
	t.Parallel()
	for name, open := range bundles {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, worlds := worldsOf(t, open)
			if r.fast.program == nil {
				t.Fatal(r.fast.refused)
			}
			n := 2500 // of eight decisions each
			if testing.Short() {
				n = 250
			}
			tr := &trial{rev: r, worlds: worlds, rules: map[string]int{}}
			for number := range uint64(n) {
				if err := tr.world(t.Context(), number); err != nil {
					t.Fatal(err)
				}
			}
			t.Logf("%d decisions, %d failures of both, rules %v", tr.decisions, tr.failures, tr.rules)
			if len(tr.rules) < 4 || tr.failures > tr.decisions/10 {
				t.Errorf("the worlds prove little")
			}
		})
	}
}

// TestPlanEqualsOPAAtLength runs only when PONTLEVIS_DIFFERENTIAL says how many decisions (`make differential`), from the world of number
// PONTLEVIS_DIFFERENTIAL_FROM on. It prints where it is, so that a run that was stopped goes on from there.
func TestPlanEqualsOPAAtLength(t *testing.T) {
	wanted, err := strconv.Atoi(os.Getenv("PONTLEVIS_DIFFERENTIAL"))
	if err != nil || wanted <= 0 {
		t.Skip("NOT RUN: PONTLEVIS_DIFFERENTIAL is not set to a number of decisions")
	}
	number, _ := strconv.ParseUint(os.Getenv("PONTLEVIS_DIFFERENTIAL_FROM"), 10, 64)
	r, worlds := worldsOf(t, bundles["embedded"])
	tr := &trial{rev: r, worlds: worlds, rules: map[string]int{}}
	began, differences, said := time.Now(), 0, time.Time{}
	for ; tr.decisions < wanted; number++ {
		if err := tr.world(context.Background(), number); err != nil {
			differences++
			fmt.Printf("DIFFERENCE %v\n", err)
			var d *Difference
			if !errors.As(err, &d) || differences > 20 {
				t.Fatal(err)
			}
		}
		if time.Since(said) > 20*time.Second {
			said = time.Now()
			fmt.Printf("%s next world %d, %d decisions, %d failures of both, %d rules, %d differences, %.0f a second\n", said.UTC().Format(time.TimeOnly),
				number+1, tr.decisions, tr.failures, len(tr.rules), differences, float64(tr.decisions)/time.Since(began).Seconds())
		}
	}
	fmt.Printf("done: %d decisions up to world %d, %d failures of both, %d differences, rules %v\n", tr.decisions, number, tr.failures, differences, tr.rules)
	if differences > 0 {
		t.Errorf("%d differences", differences)
	}
}

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

// leastPerWorld to mostPerWorld are decided in each context of the differential test, at least and at most: its own, and those of other worlds. The gate's
// pages have fifty and more.
const leastPerWorld, mostPerWorld = 8, 48

// worldStream sets the worlds of tests apart from other chances.
const worldStream = 0x706f6e746c6576

// trial compares ways to decide, world by world. The worlds follow from their number alone, so that a run goes on where another ended.
type trial struct {
	rev       *Revision
	worlds    *Worlds
	reads     *ruleReads
	decisions int
	failures  int // of both, which agree
	rules     map[string]int
}

// world asks one context about several resources, each by OPA's evaluator on the whole resource, by the plan on the whole resource, and by
// a session twice: what it evaluates, and what its table keeps. One of them OPA's evaluator is asked about with nothing kept from the others.
func (tr *trial) world(ctx context.Context, number uint64) error {
	rng := rand.New(rand.NewPCG(number, worldStream))
	draw := rng.IntN
	c := tr.worlds.Next(draw)
	s, err := tr.rev.Session(c.Input)
	if err != nil {
		return fmt.Errorf("world %d: %w", number, err)
	}
	defer s.Close()
	s.odd = false // every decision is taken again here and now
	ref := newSharedReference(tr.rev, tr.reads)
	page := &desk{}
	defer page.close()
	many := leastPerWorld + draw(mostPerWorld-leastPerWorld+1)
	fitAt, aloneAt := draw(many), draw(many) // before that the whole plan decides, afterwards what is left of it for the page
	fitted := false
	for k := range many {
		if k > 0 {
			c.Resource = otherResource(tr.worlds, c, draw)
		}
		if k > 0 && k >= fitAt && !fitted {
			fitted = page.page != nil && tr.rev.fast.fit(ctx, page)
		}
		if err := tr.one(ctx, ref, s, page, c.Resource, k == aloneAt); err != nil {
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

func (tr *trial) one(ctx context.Context, ref *sharedReference, s *Session, page *desk, resource map[string]any, alone bool) error {
	r, err := NewResource(resource)
	if err != nil {
		return err
	}
	want, wantErr := ref.Evaluate(ctx, s.context, r)
	if alone {
		got, gotErr := newSharedReference(tr.rev, &ruleReads{}).Evaluate(ctx, s.context, r)
		if !sameAnswer(want, wantErr, got, gotErr) {
			return fmt.Errorf("by OPA's evaluator on this resource alone: %w", &Difference{A: want, ErrA: wantErr, B: got, ErrB: gotErr})
		}
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
			n := 900 // of 28 decisions each
			if testing.Short() {
				n = 90
			}
			tr := &trial{rev: r, worlds: worlds, reads: newRuleReads(r.compiled.compiler.Modules), rules: map[string]int{}}
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
	tr := &trial{rev: r, worlds: worlds, reads: newRuleReads(r.compiled.compiler.Modules), rules: map[string]int{}}
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

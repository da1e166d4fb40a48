package plan_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"

	"github.com/pontlevis/pontlevis/policies/plan"
)

// FuzzBundle decides invented worlds with the project's bundle, by OPA's evaluator and compiled. The worlds draw their values from the
// constants of the policy and of its data, and numbers and instants from those one beside them too; the bytes say which.
func FuzzBundle(f *testing.F) {
	b, w := loadBundle(f), worlds(f)
	p := b.program(f, plan.Options{Vary: "resource"})
	f.Add([]byte("a page"), uint64(1))
	f.Add([]byte{}, uint64(2))
	f.Fuzz(func(t *testing.T, choices []byte, seed uint64) {
		draw := drawFrom(choices, seed)
		first := partsOf(t, w.Next(draw))
		page := p.Page(first.in)
		defer page.Close()
		for range 4 {
			other := partsOf(t, w.Next(draw))
			for _, q := range []parts{{first.input, other.resource, first.in, other.res}, first} {
				if diff := same(t.Context(), b, page, q); diff != "" {
					t.Fatalf("input %v\nresource %v\n%s", q.input, q.resource, diff)
				}
			}
		}
	})
}

// drawFrom takes chances from bytes, and from a generator once they are used up.
func drawFrom(choices []byte, seed uint64) func(int) int {
	rng := rand.New(rand.NewPCG(seed, 1))
	return func(n int) int {
		if len(choices) == 0 {
			return rng.IntN(n)
		}
		c := int(choices[0])
		choices = choices[1:]
		return c % n
	}
}

// FuzzValue converts values from OPA's text and back: what comes out equals what went in, and keys are equal for equal values only.
func FuzzValue(f *testing.F) {
	for _, s := range []string{`{"a": [1, 1.0, 1e3, -0], "b": {1, "x", null}}`, `{1: {true: [set()]}}`, `123456789012345678901234567890.5e-7`} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, x, y string) {
		a, okA := termOf(x)
		b, okB := termOf(y)
		if !okA || !okB {
			return
		}
		va, errA := plan.FromAST(a)
		vb, errB := plan.FromAST(b)
		if errA != nil || errB != nil {
			return
		}
		if va.AST().Compare(a) != 0 {
			t.Fatalf("%v came back as %v", a, va)
		}
		if got, want := sign(plan.Compare(va, vb)), sign(a.Compare(b)); got != want {
			t.Fatalf("comparing %v and %v: got %d, want %d", a, b, got, want)
		}
		if plan.Equal(va, vb) != (string(va.AppendKey(nil)) == string(vb.AppendKey(nil))) && !long(x) && !long(y) {
			t.Fatalf("the keys of %v and %v do not say whether they are equal", a, b)
		}
	})
}

// TestMillions decides as many invented worlds as PLAN_DECISIONS says; it is for long runs.
func TestMillions(t *testing.T) {
	want, err := strconv.Atoi(os.Getenv("PLAN_DECISIONS"))
	if err != nil {
		t.Skip("PLAN_DECISIONS says how many decisions to compare; it is not set")
	}
	b, w := loadBundle(t), worlds(t)
	p := b.program(t, plan.Options{Vary: "resource"})
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 3))
	for done := 0; done < want; {
		first := partsOf(t, w.Next(rng.IntN))
		page := p.Page(first.in)
		for range 20 {
			other := partsOf(t, w.Next(rng.IntN))
			q := parts{first.input, other.resource, first.in, other.res}
			if diff := same(t.Context(), b, page, q); diff != "" {
				t.Fatalf("input %v\nresource %v\n%s", q.input, q.resource, diff)
			}
			done++
		}
		page.Close()
	}
}

package main

import (
	"math/rand/v2"
	"testing"
)

// TestRulesAreTheSame decides random documents of random pages by every engine: the three texts say one thing.
func TestRulesAreTheSame(t *testing.T) {
	t.Parallel()
	engines, err := newEngines(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	allowed, all := 0, 0
	for range 600 {
		f, docs := draw(rng), documents(rng, 5, 4000)
		asks := make([]func(document) (bool, error), len(engines))
		for i, e := range engines {
			asks[i] = e.page(f)
		}
		for _, d := range docs {
			want, err := asks[0](d)
			if err != nil {
				t.Fatal(err)
			}
			all++
			if want {
				allowed++
			}
			for i, ask := range asks[1:] {
				if got, err := ask(d); got != want || err != nil {
					t.Fatalf("%s says %v (%v), %s says %v of %+v %v", engines[i+1].name, got, err, engines[0].name, want, f, d.asMap)
				}
			}
		}
	}
	if allowed < all/20 || allowed > all/2 {
		t.Errorf("the worlds prove little: %d of %d are allowed", allowed, all)
	}
}

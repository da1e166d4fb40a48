package policies

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/pontlevis/pontlevis/policies/plan"
)

// benchWorld gives a revision of the bundle that ships and an input of its own tests that it decides by a rule, not by failing.
func benchWorld(b *testing.B) (*Revision, *Session, Case) {
	b.Helper()
	r, err := LoadWith(b.Context(), Embedded(), LoadOptions{SkipTests: true})
	if err != nil {
		b.Fatal(err)
	}
	w, err := NewWorlds(b.Context(), r)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range w.Seeds() {
		s, err := r.Session(c.Input)
		if err != nil {
			b.Fatal(err)
		}
		if d, err := s.Decide(b.Context(), c.Resource); err == nil && d.Allow && c.Input["action"] == "read" && len(c.Resource) > 5 {
			return r, s, c
		}
	}
	b.Fatal("no test of the bundle permits a read")
	return nil, nil, Case{}
}

// page gives documents that differ in an attribute every policy of records reads; classes bounds how many kinds there are.
func page(c Case, n, classes int) []any {
	docs := make([]any, n)
	for i := range docs {
		doc := map[string]any{}
		for k, v := range c.Resource {
			doc[k] = v
		}
		doc["labels"] = []string{fmt.Sprintf("label-%d", i%classes)}
		docs[i] = doc
	}
	return docs
}

func BenchmarkSession(b *testing.B) {
	r, _, c := benchWorld(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Session(c.Input); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecisionByEvaluator(b *testing.B) {
	r, s, c := benchWorld(b)
	resource, err := NewResource(c.Resource)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := r.Reference().Evaluate(context.Background(), s.context, resource); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecisionByTable(b *testing.B) {
	_, s, c := benchWorld(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Decide(context.Background(), c.Resource); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPageOf50Cold decides a page of 50 documents of 16 classes in a context never seen, conversion of the facts included.
func BenchmarkPageOf50Cold(b *testing.B) {
	r, _, c := benchWorld(b)
	docs := page(c, 50, 16)
	b.ReportAllocs()
	for b.Loop() {
		r.table.Store(newTable())
		s, err := r.Session(c.Input)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.DecideAll(context.Background(), docs); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPageOf50Warm decides the same page again.
func BenchmarkPageOf50Warm(b *testing.B) {
	r, _, c := benchWorld(b)
	docs := page(c, 50, 16)
	b.ReportAllocs()
	for b.Loop() {
		s, err := r.Session(c.Input)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.DecideAll(context.Background(), docs); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlanOfAPage decides by the compiled plan alone documents of ten classes in one context that permits a read, warm.
func BenchmarkPlanOfAPage(b *testing.B) {
	r, s, c := benchWorld(b)
	docs := converted(b, page(c, 50, 10))
	p := NewPlanPage(r, s.context)
	defer p.Close()
	decideAll(b, p, docs)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := p.Decide(context.Background(), docs[i%len(docs)]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPlanOfAnyPage does so in 32 contexts and with resources of the bundle's tests drawn at random, all actions mixed.
func BenchmarkPlanOfAnyPage(b *testing.B) {
	r, _, _ := benchWorld(b)
	w, err := NewWorlds(b.Context(), r)
	if err != nil {
		b.Fatal(err)
	}
	seeds, rng := w.Seeds(), rand.New(rand.NewPCG(1, 2))
	pages, docs := make([]*PlanPage, 32), make([][]*Resource, 32)
	for i := range pages {
		c, err := NewContext(seeds[rng.IntN(len(seeds))].Input)
		if err != nil {
			b.Fatal(err)
		}
		pages[i] = NewPlanPage(r, c)
		defer pages[i].Close()
		drawn := make([]any, 50)
		for k := range drawn {
			drawn[k] = seeds[rng.IntN(len(seeds))].Resource
		}
		docs[i] = converted(b, drawn)
		decideAll(b, pages[i], docs[i])
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := pages[i%32].Decide(context.Background(), docs[i%32][i%50]); err != nil {
			b.Fatal(err)
		}
	}
}

func converted(b *testing.B, docs []any) []*Resource {
	b.Helper()
	out := make([]*Resource, len(docs))
	for i, d := range docs {
		var err error
		if out[i], err = NewResource(d); err != nil {
			b.Fatal(err)
		}
	}
	return out
}

// decideAll decides documents until what is left of the plan for the page serves it.
func decideAll(b *testing.B, p *PlanPage, docs []*Resource) {
	b.Helper()
	for i := range plan.DefaultFit + len(docs) {
		if _, err := p.Decide(b.Context(), docs[i%len(docs)]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoad reads, checks, compiles and tests the bundle that ships.
func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := Load(b.Context(), Embedded()); err != nil {
			b.Fatal(err)
		}
	}
}

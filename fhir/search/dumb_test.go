package search_test

import (
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// frozen is the instant of every search here, for `ap`.
var frozen = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// rounds is how often everything is drawn anew: PONTLEVIS_SEARCH_ROUNDS for a long run.
func rounds(tb testing.TB) int {
	tb.Helper()
	n, err := strconv.Atoi(os.Getenv("PONTLEVIS_SEARCH_ROUNDS"))
	if err != nil {
		return 1
	}
	return n
}

// ways lists what a parameter may be asked with: a modifier or a prefix.
func ways(p search.Served) (all [][2]string) {
	all = append(all, [2]string{"", ""})
	for _, m := range p.Modifiers {
		if m == "above" || m == "below" {
			if p.Type != "uri" {
				continue // hierarchies of codes and of resources have a reference of their own
			}
		}
		if m != "in" && m != "not-in" { // as above
			all = append(all, [2]string{m, ""})
		}
	}
	for _, prefix := range p.Prefixes {
		all = append(all, [2]string{"", string(prefix)})
	}
	if p.Type == "reference" {
		for _, t := range p.Target[:min(len(p.Target), 3)] {
			all = append(all, [2]string{t, ""})
		}
	}
	return all
}

// tally counts what was compared.
type tally struct{ compared, held, asked atomic.Int64 }

// compareType holds every parameter of a type, in every way, against the reference over some resources.
func compareType(t *testing.T, r asking, resourceType string, some []real, draws int, sum *tally) {
	t.Helper()
	for _, p := range search.ServedOf(resourceType) {
		var pool []atom
		atoms := make([][]atom, len(some))
		for i := range some {
			atoms[i] = atomsOf(p.Param, some[i].plain)
			pool = append(pool, atoms[i]...)
		}
		if strings.HasPrefix(p.Name, "_") && draws > 1 && r.IntN(4) > 0 {
			continue // the same for every type
		}
		for _, way := range ways(p) {
			for range draws {
				raw, holds, ok := r.draw(p.Param, way[0], search.Prefix(way[1]), pool)
				if !ok {
					continue
				}
				compareOne(t, resourceType, raw, holds, some, atoms, sum)
			}
		}
		compareOrder(t, p.Param, some, atoms)
	}
}

func compareOne(t *testing.T, resourceType, raw string, holds func([]atom) bool, some []real, atoms [][]atom, sum *tally) {
	t.Helper()
	name, value, _ := strings.Cut(raw, "=")
	o := search.Options{Strict: true, Base: here, Now: func() time.Time { return frozen }}
	q, _, err := search.ParseWith(resourceType, o, name+"="+url.QueryEscape(value))
	if err != nil {
		t.Errorf("%s?%s: %v", resourceType, raw, err)
		return
	}
	again, _, err := search.ParseWith(resourceType, o, q.Self())
	if err != nil || again.Self() != q.Self() {
		t.Errorf("%s?%s: self link %s is not what was asked: %v", resourceType, raw, q.Self(), err)
		return
	}
	sum.asked.Add(1)
	for i := range some {
		want := holds(atoms[i])
		got, err := q.Criteria[0].Match(some[i].Resource)
		if err != nil {
			t.Errorf("%s?%s: %v", resourceType, raw, err)
			return
		}
		sum.compared.Add(1)
		if got {
			sum.held.Add(1)
			narrows(t, &q.Criteria[0], some[i].Resource)
		}
		if got != want {
			t.Errorf("%s?%s: %t, the reference says %t of %.900s\natoms %+v", resourceType, raw, got, want, some[i].JSON(), atoms[i])
			return
		}
	}
}

// everyType lists the types that have parameters.
func everyType() []string { return fhir.Types() }

// TestEveryParameterAgainstTheReference compares every parameter of every type, with every modifier and prefix, over
// random resources.
func TestEveryParameterAgainstTheReference(t *testing.T) {
	t.Parallel()
	var sum tally
	for round := range rounds(t) {
		for n, resourceType := range everyType() {
			seed := [2]uint64{uint64(round), uint64(n)}
			r := rand.New(rand.NewPCG(seed[0], seed[1]))
			g := &generator{Rand: r}
			var some []real
			for range 6 {
				some = append(some, g.resource(t, resourceType))
			}
			compareType(t, asking{r, frozen}, resourceType, some, 2, &sum)
			if t.Failed() {
				t.Fatalf("seed %v", seed)
			}
		}
	}
	t.Logf("%d searches, %d comparisons, %d of them matches", sum.asked.Load(), sum.compared.Load(), sum.held.Load())
	if sum.asked.Load() < 5000 || sum.held.Load() < 5000 {
		t.Error("too little was compared")
	}
}

// TestRealResourcesAgainstTheReference does the same over real FHIR.
func TestRealResourcesAgainstTheReference(t *testing.T) {
	t.Parallel()
	byType := realOnes(t)
	var sum tally
	for round := range rounds(t) {
		for n, resourceType := range everyType() {
			r := rand.New(rand.NewPCG(uint64(round), uint64(n)))
			var some []real
			for range min(8, len(byType[resourceType])) {
				one := pick(r, byType[resourceType]...)
				if one.plain["contained"] != nil && len(one.JSON()) > 100_000 || unreadable(one) {
					continue
				}
				some = append(some, real{one.Under(here), exactly(t, one.JSON())})
			}
			compareType(t, asking{r, frozen}, resourceType, some, 1, &sum)
			if t.Failed() {
				t.Fatalf("seed %d %d", round, n)
			}
		}
	}
	t.Logf("%d searches, %d comparisons, %d of them matches", sum.asked.Load(), sum.compared.Load(), sum.held.Load())
	if sum.held.Load() < 2000 {
		t.Error("too little was compared")
	}
}

// unreadable tells a resource with what the reference does not read: references that are searches, letters that it
// cannot simplify.
func unreadable(one real) bool {
	body := string(one.JSON())
	return strings.Contains(body, `?identifier=`) || strings.ContainsFunc(body, func(r rune) bool {
		return r > 0x7f && !strings.ContainsRune("áàéèêëíîïñóôúûüçÁÀÉÈÊËÍÎÏÑÓÔÚÛÜÇ’œ", r)
	})
}

// compareOrder holds the order of sort keys against the order of the values, pair by pair.
func compareOrder(t *testing.T, p *fhir.Param, some []real, atoms [][]atom) {
	t.Helper()
	if p.Type == "composite" {
		return
	}
	for _, sign := range []string{"", "-"} {
		q, _, err := search.Parse(p.Resource, "_sort="+sign+p.Name, true)
		if err != nil {
			t.Errorf("%s by %s%s: %v", p.Resource, sign, p.Name, err)
			return
		}
		keys := make([]string, len(some))
		for i := range some {
			keys[i] = q.Sort[0].Key(some[i].Resource)
		}
		for i := range some {
			for j := range some {
				want := ranked(p, sign == "-", atoms[i], atoms[j])
				if got := strings.Compare(keys[i], keys[j]); got != want {
					t.Errorf("_sort=%s%s of %s: %d, the reference says %d\n%+v\n%+v", sign, p.Name, p.Resource, got, want, atoms[i], atoms[j])
					return
				}
			}
		}
	}
}

// ranked compares two resources by a parameter: by the least of their values, the greatest first when descending, what
// has none last.
func ranked(p *fhir.Param, descending bool, a, b []atom) int {
	x, y := extreme(p, descending, a), extreme(p, descending, b)
	switch {
	case x == nil && y == nil:
		return 0
	case x == nil:
		return 1
	case y == nil:
		return -1
	}
	c := rank(p, descending, *x, *y)
	if descending {
		c = -c
	}
	return c
}

func extreme(p *fhir.Param, greatest bool, all []atom) *atom {
	coded := slices.ContainsFunc(all, func(a atom) bool { return a.code != "" })
	all = slices.DeleteFunc(slices.Clone(all), func(a atom) bool {
		switch p.Type {
		case "date", "number", "quantity":
			return false
		case "token":
			return coded && a.code == "" || sortText(p, a) == ""
		}
		return sortText(p, a) == ""
	})
	if len(all) == 0 {
		return nil
	}
	best := all[0]
	for _, a := range all[1:] {
		if c := rank(p, greatest, a, best); c == 1 && greatest || c == -1 && !greatest {
			best = a
		}
	}
	return &best
}

func rank(p *fhir.Param, high bool, a, b atom) int {
	switch p.Type {
	case "date":
		return rankDate(high, a, b)
	case "number", "quantity":
		x, y := a.min, b.min
		if x == nil {
			x = a.max
		}
		if y == nil {
			y = b.max
		}
		return x.Cmp(y)
	}
	return strings.Compare(sortText(p, a), sortText(p, b))
}

func sortText(p *fhir.Param, a atom) string {
	switch p.Type {
	case "string":
		return simplified(a.text)
	case "reference":
		if a.ref.kind != "" && !a.ref.contained {
			return a.ref.kind + "/" + a.ref.id
		}
		return a.ref.url
	case "token":
		if p.Name == "_id" {
			return a.code
		}
		if a.code == "" {
			return simplified(a.text)
		}
		return strings.ToLower(a.code)
	}
	return a.code
}

// rankDate compares beginnings, or ends when what is latest comes first; an open end lies beyond every date.
func rankDate(high bool, a, b atom) int {
	x, y, known := a.low, b.low, [2]bool{a.from, b.from}
	beyond := -1
	if high {
		x, y, known, beyond = a.high, b.high, [2]bool{a.to, b.to}, 1
	}
	switch {
	case !known[0] && !known[1]:
		return 0
	case !known[0]:
		return beyond
	case !known[1]:
		return -beyond
	}
	return x.Compare(y)
}

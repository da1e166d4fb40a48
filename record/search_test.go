package record

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/fhir/search"
)

// Pages neither repeat nor skip what was there all along, whatever is written between them.
func TestPagesStayStableWhileOthersWrite(t *testing.T) {
	t.Parallel()
	for _, query := range []string{"Observation?_count=3", "Observation?_count=3&_sort=-date", "Observation?_count=3&_sort=code&_total=accurate"} {
		e := openEmbedded(t)
		dated := func(id string, day int) string {
			return fmt.Sprintf(`{"resourceType":"Observation","id":%q,"status":"final","code":{"coding":[{"code":"c%d"}]},"subject":{"reference":"Patient/p"},"effectiveDateTime":"2025-03-%02d"}`, id, day%3, day)
		}
		want := map[string]int{}
		for day := 1; day <= 20; day++ {
			id := fmt.Sprintf("k%02d", (day*7)%20)
			put(t, e, "p", dated(id, day))
			want[id] = 0
		}
		q := parseQuery(t, query)
		var after *Position
		for n := 0; ; n++ {
			page, err := Search(t.Context(), e, q, Scope{Patients: []string{"p"}}, after, allow)
			if err != nil {
				t.Fatal(err)
			}
			if len(page.Matches) < q.Count && page.Next != nil {
				t.Errorf("%s: a page of %d that is not the last", query, len(page.Matches))
			}
			for _, s := range page.Matches {
				if _, old := want[s.ID]; old {
					want[s.ID]++
				}
			}
			if after = page.Next; after == nil {
				break
			}
			put(t, e, "p", dated(fmt.Sprintf("a%02d", n), n+1))
			put(t, e, "p", dated(fmt.Sprintf("z%02d", n), 28-n))
			if n == 1 { // the very resource the cursor stands on goes away
				if _, err := e.Write(t.Context(), "p", []Change{{Ref: after.Ref, Delete: true}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		for id, times := range want {
			if times != 1 {
				t.Errorf("%s: %s came %d times", query, id, times)
			}
		}
	}
}

// Each page is decided again: what is hidden between two pages is not on the second.
func TestPagesAreDecidedAgain(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	for i := range 6 {
		put(t, e, "p", observation(fmt.Sprintf("o%d", i), "p", "c"))
	}
	hidden := map[string]bool{}
	permit := func(_ context.Context, batch []*Stored) ([]bool, error) {
		out := make([]bool, len(batch))
		for i, s := range batch {
			out[i] = !hidden[s.ID]
		}
		return out, nil
	}
	q := parseQuery(t, "Observation?_count=2")
	first, err := Search(t.Context(), e, q, Scope{Patients: []string{"p"}}, nil, permit)
	if err != nil {
		t.Fatal(err)
	}
	hidden["o2"] = true
	second, err := Search(t.Context(), e, q, Scope{Patients: []string{"p"}}, first.Next, permit)
	if err != nil {
		t.Fatal(err)
	}
	if got := []string{second.Matches[0].ID, second.Matches[1].ID}; !slices.Equal(got, []string{"o3", "o4"}) {
		t.Errorf("the second page is %v", got)
	}
}

// endless is a source with more resources than a search may look at.
type endless struct {
	Source
	yielded int
}

func (s *endless) Compartment(_ context.Context, patient string, _ []string, _ []search.Criterion) iter.Seq2[*Stored, error] {
	return func(yield func(*Stored, error) bool) {
		for {
			s.yielded++
			ref := Ref{"Observation", fmt.Sprintf("o%d", s.yielded)}
			if !yield(&Stored{Ref: ref, Version: 1, Patient: patient, Body: []byte(observation(ref.ID, patient, "c"))}, nil) {
				return
			}
		}
	}
}

func TestSearchIsBounded(t *testing.T) {
	t.Parallel()
	s := &endless{}
	deny := func(_ context.Context, batch []*Stored) ([]bool, error) { return make([]bool, len(batch)), nil }
	_, err := Search(t.Context(), s, parseQuery(t, "Observation?"), Scope{Patients: []string{"p"}}, nil, deny)
	if !errors.Is(err, ErrTooCostly) {
		t.Errorf("got %v", err)
	}
	if s.yielded > MaxExamined+1 {
		t.Errorf("looked at %d", s.yielded)
	}
}

func TestSearchHonoursItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	s := &endless{}
	deny := func(_ context.Context, batch []*Stored) ([]bool, error) {
		cancel()
		return make([]bool, len(batch)), nil
	}
	_, err := Search(ctx, s, parseQuery(t, "Observation?code=c"), Scope{Patients: []string{"p"}}, nil, deny)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if s.yielded > 3*MaxBatch {
		t.Errorf("looked at %d after the end", s.yielded)
	}
}

// A decision that does not answer for each resource lets nothing through.
func TestSearchRefusesAShortDecision(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	put(t, e, "p", observation("o", "p", "c"))
	short := func(context.Context, []*Stored) ([]bool, error) { return nil, nil }
	if page, err := Search(t.Context(), e, parseQuery(t, "Observation?"), Scope{Patients: []string{"p"}}, nil, short); err == nil {
		t.Errorf("got %v", page)
	}
	broken := errors.New("no policy")
	failing := func(context.Context, []*Stored) ([]bool, error) { return []bool{true}, broken }
	if _, err := Search(t.Context(), e, parseQuery(t, "Observation?"), Scope{Patients: []string{"p"}}, nil, failing); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestInclusionsAreBoundedAndSaySo(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	changes := []Change{{Ref: Ref{"Patient", "p"}, Body: []byte(`{"resourceType":"Patient","id":"p"}`)}}
	for i := range MaxIncluded + 1 {
		id := fmt.Sprintf("o%d", i)
		changes = append(changes, Change{Ref: Ref{"Observation", id}, Body: []byte(observation(id, "p", "c"))})
	}
	if _, err := e.Write(t.Context(), "p", changes); err != nil {
		t.Fatal(err)
	}
	q := parseQuery(t, "Patient?_revinclude=Observation:patient")
	page, err := Search(t.Context(), e, q, Scope{Patients: []string{"p"}}, nil, allow)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Included) != MaxIncluded || len(page.Notices) != 1 {
		t.Errorf("%d included, %d notices", len(page.Included), len(page.Notices))
	}
	hide := func(_ context.Context, batch []*Stored) ([]bool, error) {
		out, _ := allow(nil, batch)
		for i, s := range batch {
			out[i] = s.ID != "o7"
		}
		return out, nil
	}
	page, err = Search(t.Context(), e, q, Scope{Patients: []string{"p"}}, nil, hide)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Included) != MaxIncluded || len(page.Notices) != 0 {
		t.Errorf("with one hidden: %d included, %d notices", len(page.Included), len(page.Notices))
	}
}

// Absolute references under the server's own base are followed like relative ones.
func TestOwnAbsoluteReferences(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	e.Base = "https://own.example/fhir"
	put(t, e, "p", `{"resourceType":"Patient","id":"p","name":[{"family":"Ana"}]}`)
	put(t, e, "p", `{"resourceType":"Observation","id":"o","status":"final","code":{},"subject":{"reference":"https://own.example/fhir/Patient/p"}}`)
	put(t, e, "p", `{"resourceType":"Observation","id":"x","status":"final","code":{},"subject":{"reference":"https://else.example/fhir/Patient/p"}}`)
	for query, want := range map[string]int{"Observation?subject=Patient/p": 1, "Observation?subject:Patient.name=Ana": 1, "Patient?_has:Observation:subject:status=final": 1} {
		resourceType, raw, _ := cutQuery(query)
		q, _, err := search.ParseWith(resourceType, search.Options{Base: e.Base, Strict: true}, raw)
		if err != nil {
			t.Fatal(err)
		}
		page, err := Search(t.Context(), e, q, Scope{Patients: []string{"p"}}, nil, allow)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Matches) != want {
			t.Errorf("%s: %d matches", query, len(page.Matches))
		}
	}
	page, err := Search(t.Context(), e, parseQuery(t, "Patient?_revinclude=Observation:subject"), Scope{Patients: []string{"p"}}, nil, allow)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Included) != 1 || page.Included[0].ID != "o" {
		t.Errorf("included %v", page.Included)
	}
}

func TestEverythingSince(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	put(t, e, "", `{"resourceType":"Practitioner","id":"d"}`)
	put(t, e, "p", observation("o", "p", "c"))
	put(t, e, "p", `{"resourceType":"Patient","id":"p","generalPractitioner":[{"reference":"Practitioner/d"}]}`)
	page, err := Everything(t.Context(), e, "p", EverythingOptions{}, allow)
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Matches) != 2 || len(page.Included) != 1 || page.Next != nil {
		t.Errorf("everything: %v, %v, %v", page.Matches, page.Included, page.Next)
	}
	page, err = Everything(t.Context(), e, "p", EverythingOptions{Types: []string{"Patient"}, Since: fixedNow()}, allow)
	if err != nil || len(page.Matches) != 1 {
		t.Errorf("of one type: %v, %v", page, err)
	}
	page, err = Everything(t.Context(), e, "p", EverythingOptions{Since: fixedNow().Add(time.Hour)}, allow)
	if err != nil || len(page.Matches) != 0 {
		t.Errorf("of the future: %v, %v", page, err)
	}
}

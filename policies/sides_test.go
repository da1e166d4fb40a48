package policies

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// matchOfASearch is an input of the bundle's own tests that asks about the date of a document.
func matchOfASearch(t *testing.T, rev *Revision) Case {
	t.Helper()
	seeds, err := rev.testInputs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range seeds {
		if c.str("within") != "search" || c.Resource["type"] != "DocumentReference" {
			continue
		}
		d, err := rev.Reference().Evaluate(t.Context(), contextOf(t, c), resourceOf(t, c, "1990-01-01"))
		if err == nil && d.Rule == "M5.necessity" {
			return c
		}
	}
	t.Fatal("no test of the bundle asks about the date of a document")
	return Case{}
}

func contextOf(t *testing.T, c Case) *Context {
	t.Helper()
	facts, err := NewContext(c.Input)
	if err != nil {
		t.Fatal(err)
	}
	return facts
}

func resourceOf(t *testing.T, c Case, date string) *Resource {
	t.Helper()
	attributes := maps.Clone(c.Resource)
	attributes["date"] = date
	r, err := NewResource(attributes)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestDocumentsOfOneSideShareAClass holds that within a search the documents on one side of the bound are one class, and
// that those on the other, at the bound's own day and without a date are decided as OPA decides them.
func TestDocumentsOfOneSideShareAClass(t *testing.T) {
	t.Parallel()
	rev := load(t, Embedded())
	c := matchOfASearch(t, rev)
	facts := contextOf(t, c)
	s, err := rev.sessionIn(facts)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	bound := s.blank.sides[0].bound
	classes := map[string]int{}
	for _, date := range []string{"", "1990-01-01", "2001", "2999-01-01", "2999-06-30T10:00:00+02:00", bound, bound + "T00:00:00Z", bound[:7]} {
		r := resourceOf(t, c, date)
		classes[string(r.classOf(rev, s.blank).seen.enc)]++
		got, err := s.Decide(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		want, err := rev.Reference().Evaluate(t.Context(), facts, r)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.Rule, got.Rule); diff != "" {
			t.Errorf("%q is decided otherwise (-OPA +session):\n%s", date, diff)
		}
	}
	if len(classes) != 3 {
		t.Errorf("%d classes of dates, want those without one, before and after: %v", len(classes), classes)
	}
}

// TestSideStandsForItsDate holds a date and what stands for it to the same comparison, whatever is written in its place.
func TestSideStandsForItsDate(t *testing.T) {
	t.Parallel()
	day := func(s string) string { // OPA's substring(s, 0, 10)
		r := []rune(s)
		return string(r[:min(len(r), 10)])
	}
	rapid.Check(t, func(t *rapid.T) {
		date := rapid.OneOf(
			rapid.StringMatching(`(19|20)[0-9]{2}(-[01][0-9](-[0-3][0-9](T[0-2][0-9]:00:00Z)?)?)?`),
			rapid.StringN(0, 14, -1), rapid.Just("2024-02-29"), rapid.Just("2024-02-2é"), rapid.Just("2024-02-29x"),
		).Draw(t, "date")
		bound := (&sides{rapid.IntRange(0, maxYears).Draw(t, "years")}).bound(rapid.SampledFrom([]string{
			"2026-02-28T23:59:59Z", "2028-02-29T00:00:00Z", "1990-12-31T23:30:00-05:00", "1678-01-01T00:00:00Z", "2261-12-31T00:00:00Z",
		}).Draw(t, "now"))
		if bound == "" {
			return
		}
		shown := sideOf(date, bound)
		if (day(date) >= bound) != (day(shown) >= bound) || (date == "") != (shown == "") {
			t.Fatalf("%q is shown as %q beside %s", date, shown, bound)
		}
	})
}

package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestWhatWasGivenIsOver: for every rule and at every age, what is recorded is over exactly as it was proposed, and nothing is over that
// is proposed, or of which nobody can tell.
func TestWhatWasGivenIsOver(t *testing.T) {
	t.Parallel()
	c := calendar(t)
	today := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	overOf := func(born string, doses ...string) (over, proposed []string) {
		r, err := c.readRecord([]byte(`{"resourceType":"Patient","birthDate":"`+born+`"}`), bundle(doses...))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range c.advise(r, today, "fr").Entries {
			proposed = append(proposed, e.Thing)
		}
		return c.over(r, today), proposed
	}
	_, before := overOf("1942-02-11")
	flu := slices.IndexFunc(before, func(thing string) bool { return strings.HasPrefix(thing, "flu.") })
	if flu < 0 {
		t.Fatalf("without any dose it proposes %v", before)
	}
	if over, _ := overOf("1942-02-11"); over != nil {
		t.Errorf("without any dose %v is over", over)
	}
	over, after := overOf("1942-02-11", "J07BB02 2026-10-28")
	if !slices.Contains(over, before[flu]) || slices.Contains(after, before[flu]) {
		t.Errorf("after its dose %q is not over: %v, proposed %v", before[flu], over, after)
	}
	for year := 1930; year < 2026; year += 5 { // somebody of each age with some doses: nothing is over and proposed
		born := time.Date(year, 2, 11, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
		over, proposed := overOf(born, "J07CA01 2024-06-01", "J07BK03 2025-03-01", "J07BB02 2026-10-28", "J07BD52 2025-01-01")
		for _, thing := range proposed {
			if slices.Contains(over, thing) {
				t.Errorf("born in %d: %s is over and proposed", year, thing)
			}
		}
		if len(over) > maxOver/2 {
			t.Errorf("born in %d: %d things are over", year, len(over))
		}
	}
	if over, _ := overOf(""); cmp.Diff([]string(nil), over) != "" {
		t.Errorf("of somebody of unknown age %v is over", over)
	}
}

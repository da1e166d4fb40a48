package space_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/pontlevis/pontlevis/space"
)

// TestInputHoldsUntilItChanges: until the instant that Changes names, the same facts give the same input at every instant;
// at that instant they give another or the same, and none later is missed.
func TestInputHoldsUntilItChanges(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		day := func(name string) time.Time {
			return start.AddDate(0, 0, rapid.IntRange(0, 60).Draw(t, name))
		}
		f := &space.Facts{Patient: "p", Lifecycle: space.Lifecycle{
			State: rapid.SampledFrom([]string{space.Announced, space.Open, space.Suspended, space.Closed, space.Erasing}).Draw(t, "state"),
			Since: start, Until: rapid.SampledFrom([]time.Time{{}, day("end")}).Draw(t, "until"),
		}}
		for range rapid.IntRange(0, 3).Draw(t, "administrators") {
			f.Administrator = append(f.Administrator, space.Named{
				Actors: []string{"Practitioner/a"},
				Period: space.Period{Since: day("since"), Until: rapid.SampledFrom([]time.Time{{}, day("end")}).Draw(t, "until")},
			})
		}
		who := space.Concern{Identities: []string{"Practitioner/a"}}
		at := day("now")
		first, until := f.Input(who, at), f.Changes(at)
		if !until.IsZero() && !until.After(at) {
			t.Fatalf("at %s the input is said to have changed already, at %s", at, until)
		}
		for hour := range 24 * 70 {
			later := at.Add(time.Duration(hour) * time.Hour)
			if !until.IsZero() && !later.Before(until) {
				break
			}
			if d := cmp.Diff(first, f.Input(who, later)); d != "" {
				t.Fatalf("at %s the input is not the one of %s, which was to hold until %s\n%s", later, at, until, d)
			}
		}
	})
}

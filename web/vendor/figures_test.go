package vendor

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/catalog/usage"
	"github.com/pontlevis/pontlevis/plugins"
	"github.com/pontlevis/pontlevis/plugins/hooks"
)

// TestNothingByNumbers: what a plugin may choose, how much it writes to its error output and how long it takes to fail, carries
// nothing of a record to its publisher: other numbers are the same page.
func TestNothingByNumbers(t *testing.T) {
	t.Parallel()
	var d plugins.Diagnosis
	w := newWorld(t, func(o *Options) { o.Fares = func(string) []plugins.Diagnosis { return []plugins.Diagnosis{d} } })
	b := w.arrive("ada@courbes.example", "Courbes SAS")
	w.begin(b, presetPlugin, "mes-rappels")
	at := time.Now()
	shown := func(kilobytes int64, cpu, lived time.Duration) string {
		t.Helper()
		d = plugins.Diagnosis{
			Version: "0.1.0", State: plugins.Serves, Level: "S3", Starts: 12, Invocations: 57, Answered: 52, Stderr: kilobytes << 10,
			Last: plugins.End{At: at, Kind: "crashed", Detail: "it ended", Status: "exit status 2", CPU: cpu, Lived: lived},
		}
		return b.Get("/vendor/apps/mes-rappels/figures").Is(http.StatusOK).Text()
	}
	first := shown(37, 20*time.Millisecond, 30*time.Millisecond)
	if other := shown(38, 20*time.Millisecond, 30*time.Millisecond); other != first {
		t.Error("a KiB more on the error output is told")
	}
	if other := shown(37, 90*time.Millisecond, 80*time.Millisecond); other != first {
		t.Error("some milliseconds more are told")
	}
	if other := shown(37, 20*time.Millisecond, 4*time.Second); other == first {
		t.Error("that it took seconds is not told")
	}
	if other := shown(0, 20*time.Millisecond, 30*time.Millisecond); other == first {
		t.Error("that it wrote something is not told")
	}
}

// TestFigures: a publisher sees what its app did beside what it declared, in the steps of everybody; how its plugin fares with what
// failed in words; and another publisher sees nothing.
func TestFigures(t *testing.T) {
	t.Parallel()
	month := usage.Month{
		Persons: 47, Lines: []usage.Line{
			{Category: "Immunization", Direction: "read", Accesses: 1234, Things: 4000, Persons: 47},
			{Category: "documents", Direction: "read", Accesses: 23, Persons: 3},
		},
		Refusals: []usage.Refusal{{Kind: usage.NoConsent, Times: 68, Persons: 31}, {Kind: usage.NotSeen, Times: 2, Persons: 2}},
	}
	asked := ""
	w := newWorld(t, func(o *Options) {
		o.Used = func(_ context.Context, app, of string) (usage.Month, error) {
			if asked = of; app != "mes-rappels" || of != usage.MonthOf(time.Now()) {
				return usage.Month{}, nil
			}
			return month, nil
		}
		o.Fares = func(string) []plugins.Diagnosis {
			return []plugins.Diagnosis{{
				Version: "0.1.0", State: plugins.Serves, Level: "S3", Starts: 12, Invocations: 57, Answered: 52, Failures: 4, RestsUntil: time.Now().Add(time.Hour),
				Last: plugins.End{At: time.Now(), Kind: "deadline", Detail: "no answer in 2s", Status: "signal: killed"},
			}}
		}
		o.Feedback = func(context.Context, string) (map[string]hooks.Counts, error) {
			return map[string]hooks.Counts{"due": {Accepted: 33, Overridden: 58, Reasons: 41, By: map[string]int{"done": 21}}}, nil
		}
	})
	b, eve := w.arrive("ada@courbes.example", "Courbes SAS"), w.arrive("eve@autre.example", "Autre SAS")
	w.begin(b, presetPlugin, "mes-rappels")
	const path = "/vendor/apps/mes-rappels/figures"
	eve.Get(path).Is(http.StatusNotFound)
	w.SignIn("camille", "/oauth2/apps").Get(path).Is(http.StatusNotFound)
	b.Get(path).Is(http.StatusOK).Says(
		"acted that month: 40", "1200", "very few", "The person did not agree, or took it back", "60", "Not for whoever is in front",
		"Nobody complained", "Failures in a row 4", "Rests until", "It did not answer in time", "no answer in 2s", "signal: killed", "Calls 50",
		"Taken up 30", "Set aside 50", "done already: 20", "another reason: 20",
	).Silent("1234", ">47<", ">23<", ">57<", ">68<", ">58<", ">33<")
	before := time.Now().UTC().AddDate(0, 0, -time.Now().UTC().Day())
	b.Get(path + "?month=" + usage.MonthOf(before)).Is(http.StatusOK).Says("Nothing was refused that month").Silent("1200")
	if asked != usage.MonthOf(before) {
		t.Errorf("the month before asks for %s", asked)
	}
	for _, odd := range []string{"1999-01", "../x", "2026-13"} {
		b.Get(path + "?month=" + odd).Is(http.StatusOK).Says("1200")
	}
}

package hooks

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/plugins"
)

// logged is an access log of which every entry is read once.
type logged []audit.Entry

func (l logged) Since(_ context.Context, from int64, _ int) ([]audit.Entry, int64, error) {
	return l[from:], int64(len(l)), nil
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	apps := s.c.Apps
	s.c.Apps = func(ctx context.Context) ([]App, error) {
		all, err := apps(ctx)
		for k := range all {
			all[k].Manifest.Plugin.Schedule = &manifest.Schedule{Every: "month", Hook: "due"}
		}
		return all, err
	}
	indicator := "warning"
	s.host = func(plugins.Invocation) (*plugins.Outcome, error) {
		return &plugins.Outcome{Cards: []plugins.Card{{Summary: "Flu is due.", Indicator: indicator}}, Reads: []plugins.Asked{{Status: 200}}}, nil
	}
	entry := func(patient, action, resource, outcome string) audit.Entry {
		return audit.Entry{Patient: patient, Action: action, Resources: []string{resource}, Outcome: outcome}
	}
	schedules := NewSchedules(s.Front, logged{
		entry("camille", "C", "Consent/1", audit.Granted), entry("jeanne", "C", "Consent/2", audit.Refused), entry("lucas", "R", "Consent/3", audit.Granted),
		entry("yanis", "U", "Observation/4", audit.Granted), entry("nour", "U", "Consent/5", audit.Granted),
	})
	if err := schedules.Enlist(t.Context(), "elise"); err != nil {
		t.Fatal(err)
	}
	look := func(after time.Duration, wantRuns, wantWritten int) {
		t.Helper()
		s.now = s.now.Add(after)
		s.got, s.asked = nil, nil
		if err := schedules.Look(t.Context()); err != nil {
			t.Fatal(err)
		}
		if len(s.got) != wantRuns || len(s.asked) != wantWritten {
			t.Errorf("it ran %d times and wrote %v, want %d and %d", len(s.got), s.asked, wantRuns, wantWritten)
		}
	}
	look(0, 3, 3) // camille, elise, nour
	i := s.got[0]
	if i.Grant.Actor.ID != "Patient/camille" || i.Grant.Purpose != "PATRQT" || i.Grant.Patient != "camille" || i.Hook != "due" || len(i.Within) == 0 {
		t.Errorf("it runs as %+v", i.Grant)
	}
	if diff := cmp.Diff("rappel-vaccins POST Communication", s.asked[0]); diff != "" {
		t.Error(diff)
	}
	ran, ok, err := schedules.State(t.Context(), "rappel-vaccins")
	if err != nil || !ok || ran.People != 3 || ran.Written != 3 || !ran.At.Equal(s.now) {
		t.Errorf("state %+v, %v, %v", ran, ok, err)
	}
	look(29*24*time.Hour, 0, 0) // not due yet
	look(2*24*time.Hour, 3, 0)  // the same words are not written twice
	for _, kind := range []string{"Patient", "Immunization", "ImmunizationEvaluation", "ImmunizationRecommendation"} {
		s.refused["rappel-vaccins "+kind] = true
	}
	look(31*24*time.Hour, 0, 0) // nobody consents any more
	s.refused, indicator = map[string]bool{}, "info"
	look(31*24*time.Hour, 3, 0) // nothing that asks for something
	s.host = func(plugins.Invocation) (*plugins.Outcome, error) {
		return nil, &plugins.Failure{App: "rappel-vaccins", Kind: plugins.ErrCrashed}
	}
	look(31*24*time.Hour, 3, 0)
	if ran, _, _ := schedules.State(t.Context(), "rappel-vaccins"); ran.Failed != 3 {
		t.Errorf("a plugin that crashes: %+v", ran)
	}
	s.offline = true
	look(31*24*time.Hour, 0, 0) // recalled
}

func TestAMessageIsBounded(t *testing.T) {
	t.Parallel()
	out := &plugins.Outcome{Reads: []plugins.Asked{{Status: 200}}, Cards: []plugins.Card{{Summary: "a", Detail: strings.Repeat("é", maxMessages), Indicator: "critical"}}}
	if n := len(message(out)); n > maxMessages {
		t.Errorf("%d bytes", n)
	}
	out.Reads = nil
	if message(out) != "" {
		t.Error("what rests on no read is written")
	}
}

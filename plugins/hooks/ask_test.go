package hooks

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins"
)

// own is the grant of somebody in their own space.
func own(who string) *gate.Grant {
	return &gate.Grant{
		ID: "own-" + who, Actor: gate.Actor{Kind: "patient", ID: "Patient/" + who}, Client: gate.Client{ID: "pontlevis", Kind: "portal"},
		Scopes: []string{"patient/*.cruds"}, Patient: who, Purpose: "PATRQT", Mode: "normal",
	}
}

// meant is a stand whose plugin is for an audience.
func meant(t *testing.T, audience ...string) *stand {
	s := newStand(t)
	s.Front.c.Apps = func(ctx context.Context) ([]App, error) {
		all, err := s.apps(ctx)
		for k := range all {
			all[k].Manifest.Audience = audience
			all[k].Manifest.Plugin.Links = []string{"https://calendar.example"}
		}
		return all, err
	}
	return s
}

// TestAPersonAsks: they ask with their own rights, within the app's, and what an app that was given nothing says counts for nothing.
func TestAPersonAsks(t *testing.T) {
	t.Parallel()
	s := meant(t, manifest.AudiencePatient)
	ids, err := s.Askable(t.Context())
	if err != nil || !slices.Equal(ids, []string{"rappel-vaccins"}) {
		t.Fatalf("%v, %v", ids, err)
	}
	s.refused["rappel-vaccins Patient"] = true
	r, err := s.Front.Ask(t.Context(), own("camille"), "rappel-vaccins", "en")
	if err != nil || r.State != Answered || len(r.Cards) != 1 || len(r.Reads) != 1 || !slices.Equal(r.Links, []string{"https://calendar.example"}) {
		t.Fatalf("%+v, %v", r, err)
	}
	i := s.got[0]
	if i.Hook != "due" || i.Language != "en" || i.Grant.Actor.ID != "Patient/camille" || i.Grant.Client.ID != "pontlevis" || string(i.Context) != `{"patientId":"camille","userId":"Patient/camille"}` {
		t.Errorf("the host gets %+v", i)
	}
	if diff := cmp.Diff([]string{"patient/Immunization.rs", "patient/ImmunizationEvaluation.rs", "patient/ImmunizationRecommendation.rs"}, slices.Sorted(slices.Values(i.Within))); diff != "" {
		t.Error(diff)
	}
	s.host = func(plugins.Invocation) (*plugins.Outcome, error) {
		return &plugins.Outcome{Cards: []plugins.Card{{Summary: "all is well"}}, Page: &plugins.Page{Title: "x"}, Reads: []plugins.Asked{{Query: "Immunization", Status: http.StatusForbidden}}}, nil
	}
	if r, err := s.Front.Ask(t.Context(), own("camille"), "rappel-vaccins", "en"); err != nil || r.State != Refused || r.Cards != nil || r.Page != nil || len(r.Reads) != 1 {
		t.Errorf("of one that was given nothing: %+v, %v", r, err)
	}
}

// TestWhatBecomesOfAQuestion: each way in which there is no answer, and none in which a plugin runs that may not.
func TestWhatBecomesOfAQuestion(t *testing.T) {
	t.Parallel()
	failing := func(kind error) func(*stand) {
		return func(s *stand) {
			s.host = func(plugins.Invocation) (*plugins.Outcome, error) { return nil, &plugins.Failure{Kind: kind} }
		}
	}
	for name, one := range map[string]struct {
		change func(*stand)
		want   string
		ran    bool
	}{
		"the record does not open": {func(s *stand) { s.refused["pontlevis Patient"] = true }, Refused, false},
		"no consent": {func(s *stand) {
			s.refused["rappel-vaccins Patient"], s.refused["rappel-vaccins Immunization"] = true, true
		}, Refused, false},
		"off the air":            {func(s *stand) { s.offline = true }, Stopped, false},
		"recalled meanwhile":     {failing(plugins.ErrStopped), Stopped, true},
		"all places taken":       {failing(plugins.ErrBusy), Busy, true},
		"rests":                  {failing(plugins.ErrBroken), Busy, true},
		"crashes":                {failing(plugins.ErrCrashed), Failed, true},
		"an answer that is none": {failing(plugins.ErrAnswer), Failed, true},
		"asks already":           {func(s *stand) { s.questions.begin("Patient/camille", s.now) }, Often, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := meant(t, manifest.AudiencePatient)
			for _, kind := range []string{"ImmunizationEvaluation", "ImmunizationRecommendation"} {
				s.refused["rappel-vaccins "+kind] = true
			}
			one.change(s)
			r, err := s.Front.Ask(t.Context(), own("camille"), "rappel-vaccins", "fr")
			if err != nil || r.State != one.want || r.Cards != nil || (len(s.got) > 0) != one.ran {
				t.Errorf("%+v, %v; it ran %d times", r, err, len(s.got))
			}
		})
	}
	s := meant(t, manifest.AudienceProfessional)
	if r, err := s.Front.Ask(t.Context(), own("camille"), "rappel-vaccins", "fr"); err != nil || r.State != Stopped || len(s.got) > 0 {
		t.Errorf("of a plugin for professionals: %+v, %v", r, err)
	}
	s = meant(t, manifest.AudiencePatient)
	s.refused["broken"] = true
	if _, err := s.Front.Ask(t.Context(), own("camille"), "rappel-vaccins", "fr"); err == nil {
		t.Error("a fault of the server is told as an answer")
	}
}

// TestAFewQuestions: one at a time and ten in a minute, each person by themselves; who asked long ago is forgotten.
func TestAFewQuestions(t *testing.T) {
	t.Parallel()
	var q questions
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	for k := range mostQuestions {
		end, ok := q.begin("camille", now.Add(time.Duration(k)*time.Second))
		if !ok {
			t.Fatalf("question %d is one too many", k)
		}
		if _, ok := q.begin("camille", now); ok {
			t.Fatal("two at a time")
		}
		end()
	}
	if _, ok := q.begin("camille", now.Add(asksWithin-1)); ok {
		t.Error("more than ten in a minute")
	}
	if _, ok := q.begin("jeanne", now); !ok {
		t.Error("somebody else has to wait")
	}
	if end, ok := q.begin("camille", now.Add(asksWithin)); !ok {
		t.Error("after a minute still none")
	} else {
		end()
	}
	for k := range mostAskers {
		if end, ok := q.begin(string(rune(0x4e00+k)), now.Add(time.Hour)); ok {
			end()
		}
	}
	q.begin("last", now.Add(2*time.Hour))
	if len(q.of) != 2 { // jeanne, who asks still, and the last
		t.Errorf("%d askers are remembered", len(q.of))
	}
}

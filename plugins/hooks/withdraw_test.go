package hooks

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/plugins"
)

// over are things whose reason has ended, as a plugin says so.
func over(things ...string) (out []plugins.Thing) {
	for _, thing := range things {
		out = append(out, plugins.Thing{{System: "x", Code: thing}})
	}
	return out
}

// reminded is a stand on which flu and tetanus are in camille's agenda, left by a month's run, and answer is what it says from then on.
func reminded(t *testing.T) (s *stand, schedules *Schedules, keys map[string]string, answer *plugins.Outcome) {
	t.Helper()
	s, schedules = monthly(t, logged{}, "camille")
	s.speaks["camille"] = "fr"
	out := says("info", "fr", "flu", "tetanus")
	s.host = func(plugins.Invocation) (*plugins.Outcome, error) { c := *out; return &c, nil }
	if _, written := s.look(t, schedules, 0); len(written) != 1 {
		t.Fatalf("it left %v", written)
	}
	apps, _ := s.c.Apps(t.Context())
	keys = map[string]string{}
	for _, thing := range []string{"flu", "tetanus"} {
		keys[thing] = keyOf(apps[0], joined([]string{"x|" + thing}))
		s.agenda = append(s.agenda, keys[thing])
	}
	*out = *says("info", "fr")
	return s, schedules, keys, out
}

// deleted are the entries that writes remove, by their things.
func deleted(written []string, keys map[string]string) (things []string) {
	for thing, key := range keys {
		if slices.ContainsFunc(written, func(w string) bool {
			return strings.Contains(w, fmt.Sprintf(`{"ifMatch":"W/\"1\"","method":"DELETE","url":"Appointment/%s"}`, strings.ReplaceAll(key, ":", ".")))
		}) {
			things = append(things, thing)
		}
	}
	return things
}

// TestWhatIsOverIsTakenBack: what an app left is taken back when it says that its reason has ended, once, and may be left anew.
func TestWhatIsOverIsTakenBack(t *testing.T) {
	t.Parallel()
	s, schedules, keys, answer := reminded(t)
	if _, written := s.look(t, schedules, month); len(written) > 0 {
		t.Fatalf("of what it no longer proposes: %v", written)
	}
	answer.Withdrawn = over("flu", "measles")
	_, written := s.look(t, schedules, month)
	if got := deleted(written, keys); len(written) != 1 || !slices.Equal(got, []string{"flu"}) {
		t.Fatalf("it took back %v: %v", got, written)
	}
	want := []string{"schedule GET ", "rappel-vaccins would POST Appointment", "schedule POST "}
	asked := s.asked
	for _, one := range want {
		k := slices.IndexFunc(asked, func(a string) bool { return strings.HasPrefix(a, one) })
		if k < 0 {
			t.Fatalf("the gate was asked %v, want %v in this order", s.asked, want)
		}
		asked = asked[k+1:]
	}
	if turns, err := schedules.Of(t.Context(), "camille"); err != nil || turns[0].Withdrew != 1 || turns[0].Wrote != 0 {
		t.Errorf("camille is told %+v, %v", turns, err)
	}
	s.agenda = []string{keys["tetanus"]}
	if _, written := s.look(t, schedules, month); len(written) > 0 {
		t.Errorf("it takes back twice: %v", written)
	}
	*answer = *says("info", "fr", "flu", "tetanus")
	if _, written := s.look(t, schedules, month); len(written) != 1 || !strings.Contains(written[0], "flu in fr") || strings.Contains(written[0], "tetanus in fr") {
		t.Errorf("due again, it leaves %v", written)
	}
}

// TestWhatIsNotTakenBack: what was changed or removed by the person, what is proposed in the same answer, what only one of two
// languages says, what an app says that read nothing or that may no longer write there, and what fails on the way.
func TestWhatIsNotTakenBack(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(s *stand, answer *plugins.Outcome, keys map[string]string){
		"changed":      func(s *stand, _ *plugins.Outcome, keys map[string]string) { s.changed = []string{keys["flu"]} },
		"removed":      func(s *stand, _ *plugins.Outcome, keys map[string]string) { s.agenda = []string{keys["tetanus"]} },
		"read nothing": func(_ *stand, a *plugins.Outcome, _ map[string]string) { a.Reads = []plugins.Asked{{Status: 403}} },
		"may not write": func(s *stand, _ *plugins.Outcome, _ map[string]string) {
			s.refused["rappel-vaccins Appointment"] = true
		},
		"may not be looked at": func(s *stand, _ *plugins.Outcome, _ map[string]string) { s.refused["schedule Appointment"] = true },
		"changed meanwhile":    func(s *stand, _ *plugins.Outcome, _ map[string]string) { s.refused["schedule DELETE"] = true },
		"proposed as well":     func(_ *stand, a *plugins.Outcome, _ map[string]string) { a.Cards = says("info", "fr", "flu").Cards },
		"of another system": func(_ *stand, a *plugins.Outcome, _ map[string]string) {
			a.Withdrawn = []plugins.Thing{{{System: "y", Code: "flu"}}}
		},
		"with a code more": func(_ *stand, a *plugins.Outcome, _ map[string]string) {
			a.Withdrawn = []plugins.Thing{{{System: "x", Code: "flu"}, {System: "x", Code: "2"}}}
		},
		"in one language alone": func(s *stand, a *plugins.Outcome, _ map[string]string) {
			s.speaks["camille"] = ""
			s.host = func(i plugins.Invocation) (*plugins.Outcome, error) {
				c := *a
				if i.Language == "en" {
					c.Withdrawn = nil
				}
				return &c, nil
			}
		},
		"a failure": func(s *stand, _ *plugins.Outcome, _ map[string]string) {
			s.host = func(plugins.Invocation) (*plugins.Outcome, error) {
				return nil, &plugins.Failure{Kind: plugins.ErrCrashed}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, schedules, keys, answer := reminded(t)
			answer.Withdrawn = over("flu")
			change(s, answer, keys)
			if _, written := s.look(t, schedules, month); len(deleted(written, keys)) > 0 {
				t.Errorf("it took back %v", written)
			}
			s.refused, s.agenda = map[string]bool{}, nil // the person removed it
			s.host = func(plugins.Invocation) (*plugins.Outcome, error) { return says("info", "fr", "flu"), nil }
			if _, written := s.look(t, schedules, month); len(written) > 0 { // it is remembered
				t.Errorf("it was left anew: %v", written)
			}
		})
	}
}

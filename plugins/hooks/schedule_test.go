package hooks

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins"
)

// logged is an access log of which every entry is read once.
type logged []audit.Entry

func (l logged) Since(_ context.Context, from int64, _ int) ([]audit.Entry, int64, error) {
	return l[from:], int64(len(l)), nil
}

// monthly is a stand whose plugin runs each month, and its schedules for the people who agreed.
func monthly(t *testing.T, log Log, people ...string) (*stand, *Schedules) {
	t.Helper()
	s := newStand(t)
	apps := s.c.Apps
	s.c.Apps = func(ctx context.Context) ([]App, error) {
		all, err := apps(ctx)
		for k := range all {
			all[k].Manifest.Plugin.Schedule = &manifest.Schedule{Every: "month", Hook: "due"}
		}
		return all, err
	}
	if err := Enlist(t.Context(), s.c.DB, s.now, people...); err != nil {
		t.Fatal(err)
	}
	return s, NewSchedules(s.Front, log)
}

// look runs what is due after a while, and gives for whom the plugin ran and how often something was written.
func (s *stand) look(t *testing.T, schedules *Schedules, after time.Duration) (ran []string, written []string) {
	t.Helper()
	s.now = s.now.Add(after)
	s.got, s.asked, s.written = nil, nil, nil
	if err := schedules.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, i := range s.got {
		ran = append(ran, i.Grant.Patient)
	}
	return ran, s.written
}

const month = 31 * 24 * time.Hour

// says is an answer of a plugin: one card, with a proposal for each thing.
func says(indicator, language string, things ...string) *plugins.Outcome {
	card := plugins.Card{Summary: "Flu is due, in " + language, Indicator: indicator}
	for _, thing := range things {
		resource, _ := json.Marshal(object{
			"resourceType": "Appointment", "status": "proposed", "description": thing + " in " + language, "comment": "why in " + language,
			"requestedPeriod": []any{object{"start": "2026-12-01T00:00:00Z"}}, "reasonCode": []any{object{"coding": []any{object{"system": "x", "code": thing}}}},
		})
		card.Suggestions = append(card.Suggestions, plugins.Suggestion{Label: thing, Actions: []plugins.Action{{Type: "create", Description: thing, Resource: resource}}})
	}
	return &plugins.Outcome{Version: "1.2.0", Cards: []plugins.Card{card}, Reads: []plugins.Asked{{Status: 200}}}
}

func TestSchedules(t *testing.T) {
	t.Parallel()
	entry := func(patient, action, resource, outcome string) audit.Entry {
		return audit.Entry{Patient: patient, Action: action, Resources: []string{resource}, Outcome: outcome}
	}
	s, schedules := monthly(t, logged{
		entry("camille", "C", "Consent/1", audit.Granted), entry("jeanne", "C", "Consent/2", audit.Refused), entry("lucas", "R", "Consent/3", audit.Granted),
		entry("yanis", "U", "Observation/4", audit.Granted), entry("nour", "U", "Consent/5", audit.Granted),
	}, "elise")
	for _, who := range []string{"camille", "elise", "nour"} {
		s.speaks[who] = "fr"
	}
	indicator := "warning"
	s.host = func(i plugins.Invocation) (*plugins.Outcome, error) { return says(indicator, i.Language), nil }
	look := func(what string, after time.Duration, wantRuns, wantWritten int) {
		t.Helper()
		if ran, written := s.look(t, schedules, after); len(ran) != wantRuns || len(written) != wantWritten {
			t.Errorf("%s: it ran for %v and wrote %v, want %d and %d", what, ran, written, wantRuns, wantWritten)
		}
	}
	look("at first", 0, 3, 3) // camille, elise, nour
	i := s.got[0]
	if i.Grant.Actor.ID != "Patient/camille" || i.Grant.Purpose != "PATRQT" || i.Grant.Patient != "camille" || i.Hook != "due" || len(i.Within) == 0 || i.Language != "fr" {
		t.Errorf("it runs as %+v in %s", i.Grant, i.Language)
	}
	all, err := schedules.All(t.Context())
	if ran := all["rappel-vaccins"]; err != nil || ran.People != 3 || ran.Written != 3 || !ran.At.Equal(s.now) {
		t.Errorf("state %+v, %v", all, err)
	}
	look("two days before a month", month-3*24*time.Hour, 0, 0)
	look("a month later, the same words", 3*24*time.Hour, 3, 0)
	for _, kind := range []string{"Patient", "Immunization", "ImmunizationEvaluation", "ImmunizationRecommendation"} {
		s.refused["rappel-vaccins "+kind] = true
	}
	look("nobody consents any more", month, 0, 0)
	s.refused, indicator = map[string]bool{}, "info"
	look("nothing that asks for something", month, 3, 0)
	s.host = func(plugins.Invocation) (*plugins.Outcome, error) {
		return nil, &plugins.Failure{App: "rappel-vaccins", Kind: plugins.ErrCrashed}
	}
	look("it crashes", month, 3, 0)
	if all, _ := schedules.All(t.Context()); all["rappel-vaccins"].Failed != 3 {
		t.Errorf("a plugin that crashes: %+v", all)
	}
	look("it crashes the day after", 25*time.Hour, 3, 0)
	s.offline = true
	look("recalled", month, 0, 0)
}

// TestAConsentSettles: its entry is in the log before the consent is in force, so who was refused right after comes again, and
// who was refused later waits until their next turn.
func TestAConsentSettles(t *testing.T) {
	t.Parallel()
	s, schedules := monthly(t, logged{{Patient: "camille", Action: "C", Resources: []string{"Consent/1"}, Outcome: audit.Granted}})
	s.speaks["camille"] = "fr"
	s.host = func(i plugins.Invocation) (*plugins.Outcome, error) { return says("info", i.Language), nil }
	consents := func(yes bool) {
		for _, kind := range []string{"Patient", "Immunization", "ImmunizationEvaluation", "ImmunizationRecommendation"} {
			s.refused["rappel-vaccins "+kind] = !yes
		}
	}
	look := func(what string, after time.Duration, want int) {
		t.Helper()
		if ran, _ := s.look(t, schedules, after); len(ran) != want {
			t.Errorf("%s: it ran for %v, want %d", what, ran, want)
		}
	}
	consents(false)
	look("before it is in force", 0, 0)
	look("and still", settles, 0)
	consents(true)
	look("once it was refused for good", settles, 0)
	look("at the next turn", month, 1)

	s, schedules = monthly(t, logged{{Patient: "camille", Action: "C", Resources: []string{"Consent/1"}, Outcome: audit.Granted}})
	s.speaks["camille"] = "fr"
	s.host = func(i plugins.Invocation) (*plugins.Outcome, error) { return says("info", i.Language), nil }
	consents(false)
	look("before it is in force", 0, 0)
	consents(true)
	look("a moment later", settles/2, 1)
	look("and no more", settles, 0)
}

// TestWhatAScheduleLeaves: each thing comes to the agenda once, in the person's language, whatever becomes of it there.
func TestWhatAScheduleLeaves(t *testing.T) {
	t.Parallel()
	s, schedules := monthly(t, logged{}, "camille", "elise")
	s.speaks["elise"] = "en"
	things := []string{"flu", "tetanus"}
	s.host = func(i plugins.Invocation) (*plugins.Outcome, error) {
		return says("warning", i.Language, things...), nil
	}
	ran, written := s.look(t, schedules, 0)
	if diff := cmp.Diff([]string{"camille", "camille", "elise"}, ran); diff != "" {
		t.Errorf("both languages where none is known, one where it is: %s", diff)
	}
	if len(written) != 2 {
		t.Fatalf("it wrote %d times: %v", len(written), written)
	}
	for k, want := range []string{`"description":"flu in fr / flu in en"`, `"description":"flu in en"`} {
		for _, also := range []string{want, `"assigner":{"display":"rappel-vaccins 1.2.0"}`, `"comment":"why in `, `"resourceType":"Communication"`, `"sender":`} {
			if !strings.Contains(written[k], also) {
				t.Errorf("what was written lacks %s: %s", also, written[k])
			}
		}
	}
	if !strings.Contains(strings.Join(s.asked, "\n"), "schedule GET Appointment?patient=camille") {
		t.Errorf("it did not look at the agenda as the person: %v", s.asked)
	}
	if _, written := s.look(t, schedules, month); len(written) > 0 { // both removed theirs meanwhile: s.agenda is empty
		t.Errorf("it came back: %v", written)
	}
	things = append(things, "zoster")
	if _, written := s.look(t, schedules, month); len(written) != 2 || strings.Contains(written[0], "flu in") || !strings.Contains(written[0], "zoster in") {
		t.Errorf("a new thing: %v", written)
	}
	turns, err := schedules.Of(t.Context(), "camille")
	if err != nil || len(turns) != 1 || turns[0].Wrote != 1 || turns[0].Version != "1.2.0" || !turns[0].Last.Equal(s.now) || !turns[0].Next.Equal(s.now.Add(30*24*time.Hour)) {
		t.Errorf("camille is told %+v, %v", turns, err)
	}
}

// TestAScheduleLeavesWhatItMay: who lets an app write into the agenda and not leave messages gets the one, and the reverse.
func TestAScheduleLeavesWhatItMay(t *testing.T) {
	t.Parallel()
	for refused, kept := range map[string]string{"Appointment": "Communication", "Communication": "Appointment"} {
		s, schedules := monthly(t, logged{}, "camille")
		s.speaks["camille"], s.refused["rappel-vaccins "+refused] = "fr", true
		s.host = func(i plugins.Invocation) (*plugins.Outcome, error) { return says("warning", i.Language, "flu"), nil }
		if _, written := s.look(t, schedules, 0); len(written) != 1 || !strings.Contains(written[0], `"resourceType":"`+kept+`"`) {
			t.Errorf("without the right to write %s: %v", refused, written)
		}
	}
}

// TestOff: what a person turned off does not run, and does as soon as they turn it on again.
func TestOff(t *testing.T) {
	t.Parallel()
	s, schedules := monthly(t, logged{}, "camille")
	s.speaks["camille"], s.off["camille"] = "fr", true
	if ran, _ := s.look(t, schedules, 0); len(ran) > 0 {
		t.Errorf("it ran for %v", ran)
	}
	s.off = map[string]bool{}
	if ran, _ := s.look(t, schedules, time.Hour); len(ran) > 0 {
		t.Errorf("it ran for %v though nobody changed anything", ran)
	}
	if err := Enlist(t.Context(), s.c.DB, s.now, "camille"); err != nil { // as the entry of the changed consent does
		t.Fatal(err)
	}
	if ran, _ := s.look(t, schedules, time.Hour); len(ran) != 1 {
		t.Errorf("after it was turned on again it ran for %v", ran)
	}
}

// TestOneRunAtATime: two nodes over one store never run an app for one person at once, and between them run it once.
func TestOneRunAtATime(t *testing.T) {
	t.Parallel()
	people := make([]string, 12)
	for k := range people {
		people[k] = fmt.Sprintf("person-%02d", k)
	}
	s, one := monthly(t, logged{}, people...)
	for _, who := range people {
		s.speaks[who] = "fr"
	}
	var mu sync.Mutex
	inside, most := map[string]int{}, 0
	s.host = func(i plugins.Invocation) (*plugins.Outcome, error) {
		mu.Lock()
		inside[i.Grant.Patient]++
		most = max(most, inside[i.Grant.Patient])
		mu.Unlock()
		time.Sleep(time.Millisecond)
		mu.Lock()
		inside[i.Grant.Patient]--
		mu.Unlock()
		return says("info", i.Language, "flu"), nil
	}
	var nodes sync.WaitGroup
	for _, node := range []*Schedules{one, NewSchedules(s.Front, logged{}), NewSchedules(s.Front, logged{})} {
		nodes.Go(func() {
			if err := node.Look(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	nodes.Wait()
	if most != 1 || len(s.got) != len(people) || len(s.written) != len(people) {
		t.Errorf("%d at once, %d runs and %d writes for %d people", most, len(s.got), len(s.written), len(people))
	}
}

// TestARestartInTheMiddle: a turn whose process died is somebody else's once its claim is over, and what it wrote before it
// died is not written again.
func TestARestartInTheMiddle(t *testing.T) {
	t.Parallel()
	s, before := monthly(t, logged{}, "camille")
	s.speaks["camille"] = "fr"
	var wrote atomic.Pointer[string]
	ctx, die := context.WithCancel(t.Context())
	s.host = func(i plugins.Invocation) (*plugins.Outcome, error) {
		out := says("info", i.Language, "flu")
		if app, err := s.apps(t.Context()); wrote.Load() == nil && err == nil {
			key := proposals(app[0], []*plugins.Outcome{out})[0].key
			wrote.Store(&key)
			die()
			return nil, ctx.Err()
		}
		return out, nil
	}
	if err := before.Look(ctx); err == nil {
		t.Fatal("the process did not die")
	}
	s.agenda = []string{*wrote.Load()} // it was written, and not noted
	after := NewSchedules(s.Front, logged{})
	if ran, _ := s.look(t, after, claimed-time.Second); len(ran) > 0 {
		t.Errorf("it runs while another may: %v", ran)
	}
	ran, written := s.look(t, after, 2*time.Second)
	if len(ran) != 1 || len(written) > 0 {
		t.Errorf("after the claim it ran for %v and wrote %v", ran, written)
	}
	s.agenda = nil // the person removed it
	if _, written := s.look(t, after, month); len(written) > 0 {
		t.Errorf("it came back: %v", written)
	}
}

// TestALostTurnWritesNothing: who held a turn for too long finds it taken, and leaves nothing.
func TestALostTurnWritesNothing(t *testing.T) {
	t.Parallel()
	s, schedules := monthly(t, logged{}, "camille")
	s.speaks["camille"] = "fr"
	s.host = func(i plugins.Invocation) (*plugins.Outcome, error) {
		s.now = s.now.Add(claimed + time.Second)
		return says("info", i.Language, "flu"), nil
	}
	if _, written := s.look(t, schedules, 0); len(written) > 0 {
		t.Errorf("it wrote %v", written)
	}
}

func TestAMessageIsBounded(t *testing.T) {
	t.Parallel()
	out := &plugins.Outcome{Cards: []plugins.Card{{Summary: "a", Detail: strings.Repeat("é", maxMessage), Indicator: "critical"}}}
	if n := len(message([]*plugins.Outcome{out})); n > maxMessage || n < maxMessage-8 {
		t.Errorf("%d bytes", n)
	}
}

// TestWhatRestsOnNoReadIsNotLeft: a plugin that was given nothing has nothing to say.
func TestWhatRestsOnNoReadIsNotLeft(t *testing.T) {
	t.Parallel()
	s, schedules := monthly(t, logged{}, "camille")
	s.host = func(i plugins.Invocation) (*plugins.Outcome, error) {
		out := says("critical", i.Language, "flu")
		out.Reads = []plugins.Asked{{Status: 404}}
		return out, nil
	}
	if _, written := s.look(t, schedules, 0); len(written) > 0 {
		t.Errorf("it wrote %v", written)
	}
}

// TestWhatIsNoEntryIsNotLeft: an app leaves proposals with a date in the agenda, and nothing else.
func TestWhatIsNoEntryIsNotLeft(t *testing.T) {
	t.Parallel()
	app := App{Manifest: &manifest.Manifest{ID: "a"}}
	for _, bad := range []plugins.Action{
		{Type: "update", Resource: []byte(`{"resourceType":"Appointment","status":"proposed","description":"d","start":"2026-12-01T00:00:00Z"}`)},
		{Type: "create", Resource: []byte(`{"resourceType":"Appointment","status":"booked","description":"d","start":"2026-12-01T00:00:00Z"}`)},
		{Type: "create", Resource: []byte(`{"resourceType":"Appointment","status":"proposed","description":"d"}`)},
		{Type: "create", Resource: []byte(`{"resourceType":"Appointment","status":"proposed","start":"2026-12-01T00:00:00Z"}`)},
		{Type: "create", Resource: []byte(`{"resourceType":"Appointment","status":"proposed","description":"` + strings.Repeat("a", longestText+1) + `","start":"2026-12-01T00:00:00Z"}`)},
		{Type: "create", Resource: []byte(`{"resourceType":"Appointment","status":"proposed","description":"d","comment":"` + strings.Repeat("a", longestWhy+1) + `","start":"2026-12-01T00:00:00Z"}`)},
		{Type: "create", Resource: []byte(`{"resourceType":"Communication","status":"completed"}`)}, {Type: "create", Resource: []byte(`{`)},
	} {
		if p := proposed(app, "1", bad); p != nil {
			t.Errorf("%s is an entry", bad.Resource)
		}
	}
}

// TestEverybodyHasATurn: a look that cannot run an app for all begins after the last one of the look before, whoever is due again.
func TestEverybodyHasATurn(t *testing.T) {
	t.Parallel()
	s, schedules := monthly(t, logged{}, "ada", "bob", "eve", "kim", "zoe")
	apps, err := schedules.scheduled(t.Context())
	if err != nil || len(apps) == 0 {
		t.Fatal(err)
	}
	var all []string
	for range 5 {
		s.now = s.now.Add(month) // everybody is due again
		before, left := len(s.got), 2
		if err := schedules.lookAt(t.Context(), apps[0], &left, 2); err != nil {
			t.Fatal(err)
		}
		for _, i := range s.got[before:] {
			if n := len(all); n == 0 || all[n-1] != i.Grant.Patient { // once in each language
				all = append(all, i.Grant.Patient)
			}
		}
	}
	if diff := cmp.Diff([]string{"ada", "bob", "eve", "kim", "zoe", "ada", "bob", "eve", "kim", "zoe"}, all); diff != "" {
		t.Error(diff)
	}
}

// labelled keeps under which label something was written.
type labelled struct {
	*stand
	under []gate.Label
}

func (l *labelled) Ask(ctx context.Context, g *gate.Grant, method, target string, h http.Header, body []byte) (*gate.Answer, error) {
	if method == http.MethodPost {
		l.under = append(l.under, g.Client.Label)
	}
	return l.stand.Ask(ctx, g, method, target, h, body)
}

// TestALookGoesByTheLabelOfTheMoment: a look takes long. What an app may no more, and one that was stopped, it leaves nothing by
// in the rest of it.
func TestALookGoesByTheLabelOfTheMoment(t *testing.T) {
	t.Parallel()
	s, schedules := monthly(t, logged{}, "ada", "bob", "eve")
	told := &labelled{stand: s}
	s.c.Gate = told
	for _, who := range []string{"ada", "bob", "eve"} {
		s.speaks[who] = "fr"
	}
	apps, directions := s.c.Apps, []string{"read", "write"}
	s.c.Apps = func(ctx context.Context) ([]App, error) {
		all, err := apps(ctx)
		for k := range all {
			all[k].Label.Directions = directions
		}
		return all, err
	}
	s.host = func(i plugins.Invocation) (*plugins.Outcome, error) {
		switch i.Grant.Patient {
		case "ada":
			directions = []string{"read"}
		case "bob":
			s.offline = true
		}
		return says("info", i.Language, "flu"), nil
	}
	ran, written := s.look(t, schedules, 0)
	if len(ran) != 2 || len(written) != 1 || len(told.under) != 1 || !slices.Equal(told.under[0].Directions, []string{"read"}) {
		t.Errorf("it ran for %v and wrote %d times, under %+v", ran, len(written), told.under)
	}
}

// TestAClockThatWasAhead: what was noted while the clock was a year ahead holds nobody's turn for a year.
func TestAClockThatWasAhead(t *testing.T) {
	t.Parallel()
	s, schedules := monthly(t, logged{}, "ada", "bob")
	s.host = func(i plugins.Invocation) (*plugins.Outcome, error) { return says("info", i.Language), nil }
	for _, who := range []string{"ada", "bob"} {
		s.speaks[who] = "fr"
	}
	const year = 365 * 24 * time.Hour
	if ran, _ := s.look(t, schedules, year); len(ran) != 2 {
		t.Fatalf("it ran for %v", ran)
	}
	s.now = s.now.Add(month)
	apps, err := schedules.scheduled(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, ours, err := schedules.claim(t.Context(), apps[0], "bob"); err != nil || !ours { // and its process dies
		t.Fatal(err)
	}
	if ran, _ := s.look(t, schedules, -year); len(ran) != 2 {
		t.Errorf("set right, it runs for %v", ran)
	}
	if ran, _ := s.look(t, schedules, 2*time.Hour); len(ran) > 0 {
		t.Errorf("and again for %v", ran)
	}
}

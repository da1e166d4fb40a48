package sharing_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins/hooks"
	"github.com/pontlevis/pontlevis/test/pages"
	"github.com/pontlevis/pontlevis/web/sharing"
)

// turns are the schedules of everybody.
type turns []hooks.Turn

func (s turns) Of(context.Context, string) ([]hooks.Turn, error) { return s, nil }

// scheduled is a world in which the vaccine reminders run each month, and have left one entry in camille's agenda.
func scheduled(t *testing.T) (w *pages.World, entry string) {
	t.Helper()
	w = pages.New(t)
	last := w.Desk.Now().Add(-24 * time.Hour)
	p, err := sharing.New(w.Desk, turns{{
		App: "rappel-vaccins", Every: "month", Last: last, Outcome: hooks.TurnRan, Version: "1.4.0", Wrote: 1, Withdrew: 2, Next: last.Add(30 * 24 * time.Hour),
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	p.Mount(w.Mux)
	answer, err := w.Gate.Ask(t.Context(), reminding(), http.MethodPost, "Appointment", nil, jsonOf(left(1, "Vaccin : tétanos / Vaccine: tetanus")))
	if err != nil {
		t.Fatal(err)
	}
	_, entry, _ = strings.Cut(answer.Location, "Appointment/")
	entry, _, _ = strings.Cut(entry, "/")
	return w, entry
}

// reminding is what the vaccine reminders may do while they run for camille.
func reminding() *gate.Grant {
	now := time.Now()
	return &gate.Grant{
		ID: "schedule-rappel-vaccins", Scopes: []string{"patient/Appointment.cud"}, Patient: "camille", Purpose: "PATRQT", Mode: "normal", Via: []string{"schedule"},
		Actor: gate.Actor{Kind: "patient", ID: "Patient/camille", Identities: []string{"Patient/camille"}},
		Client: gate.Client{ID: "rappel-vaccins", Kind: "plugin", Category: "health", Label: gate.Label{
			Status: "online", Exchange: true, Purposes: []string{"PATRQT"}, Categories: []string{"Appointment"}, Directions: []string{"write"}, Expires: now.Add(time.Hour),
		}},
		Since: now.Add(-time.Minute), Until: now.Add(time.Hour),
	}
}

// left is an entry that they leave in the agenda.
func left(number int, words string) map[string]any {
	return map[string]any{
		"resourceType": "Appointment", "status": "proposed", "description": words, "comment": "by the calendar",
		"requestedPeriod": []any{map[string]any{"start": time.Now().UTC().Format(time.RFC3339)}},
		"identifier":      []any{map[string]any{"system": hooks.LeftSystem, "value": "rappel-vaccins:" + strconv.Itoa(number), "assigner": map[string]any{"display": "rappel-vaccins 1.4.0"}}},
		"participant":     []any{map[string]any{"actor": map[string]any{"reference": "Patient/camille"}, "status": "needs-action"}},
	}
}

// TestWhatRunsByItself: the page of apps says when an app ran for the person and what it left; they turn it off, and it stays
// connected.
func TestWhatRunsByItself(t *testing.T) {
	t.Parallel()
	w, _ := scheduled(t)
	off := func(want bool) {
		t.Helper()
		if got, _, err := w.Gate.Unasked(t.Context(), "camille", "rappel-vaccins"); err != nil || got != want {
			t.Errorf("it is off: %v (%v), want %v", got, err, want)
		}
	}
	b := w.SignIn("camille", "/space")
	p := b.Get("/space/apps").Is(http.StatusOK).Says("It runs by itself each month", "Last time:", "version 1.4.0", "Next time:", "In your agenda by it: 1", "Vaccine: tetanus", "no longer to be planned: 2")
	if n := strings.Count(p.Raw, `value="only-asked"`); n != 1 {
		t.Errorf("%d apps run by themselves", n)
	}
	off(false)
	p = p.Does("only-asked", "client", "rappel-vaccins").Is(http.StatusOK).Says("no longer runs by itself. It stays connected", "You turned this off").Silent("Next time:")
	off(true)
	if other, _, _ := w.Gate.Unasked(t.Context(), "camille", "interactions"); other {
		t.Error("another app is off as well")
	}
	p = p.Does("unasked").Is(http.StatusOK).Says("runs by itself again", "Next time:")
	off(false)
	p.Submit("input[value=only-asked]", "client", "nobody").Is(http.StatusNotFound)
}

// TestAgenda: an entry that an app left is in the agenda with its source, and is removed by whom it is for.
func TestAgenda(t *testing.T) {
	t.Parallel()
	w, entry := scheduled(t)
	b := w.SignIn("camille", "/space")
	p := b.Get("/space/agenda").Is(http.StatusOK).Says("Détartrage", "Dr Minh Lam", "Vaccine: tetanus", "by the calendar", "Left by", "version 1.4.0", "to plan, from")
	if n := strings.Count(p.Raw, `value="remove-entry"`); n != 1 {
		t.Errorf("%d entries can be removed", n)
	}
	again := p
	p.Does("remove-entry").Is(http.StatusOK).Says("The entry is removed", "Détartrage").Silent("Vaccine: tetanus")
	again.Does("remove-entry").Is(http.StatusOK).Says("The entry is removed")
	again.Submit("input[value=remove-entry]", "entry", "camille-dentist").Is(http.StatusNotFound)
	b.Get("/space/agenda?done=remove-entry&entry=camille-dentist").Is(http.StatusOK).Silent("The entry is removed")
	b.Get("/space/apps").Says("It has left nothing in your agenda")
	if entry == "" {
		t.Error("the entry has no id")
	}
}

// TestAgendaOfAnother: a representative sees the agenda of whom they act for, a stranger that of nobody.
func TestAgendaOfAnother(t *testing.T) {
	t.Parallel()
	w, _ := scheduled(t)
	w.SignIn("karim", "/space").Get("/space/agenda?for=lucas").Is(http.StatusOK).Says("My agenda").Silent("Détartrage")
	w.SignIn("yanis", "/space").Get("/space/agenda?for=camille").Is(http.StatusNotFound)
}

// TestMuchInTheAgenda: of more than a page holds, what came last is shown.
func TestMuchInTheAgenda(t *testing.T) {
	t.Parallel()
	w, _ := scheduled(t)
	const each = 70
	for round := range 4 {
		var entries []any
		for k := range each {
			entries = append(entries, map[string]any{
				"request": map[string]any{"method": "POST", "url": "Appointment"}, "resource": left(2+round*each+k, fmt.Sprintf("Round %d, entry %d.", round, k)),
			})
		}
		if _, err := w.Gate.Ask(t.Context(), reminding(), http.MethodPost, "", nil, jsonOf(map[string]any{
			"resourceType": "Bundle", "type": "transaction", "entry": entries,
		})); err != nil {
			t.Fatal(err)
		}
	}
	page := w.SignIn("camille", "/space/agenda").Get("/space/agenda").Is(http.StatusOK).Says("Only some of your agenda").Silent("tetanus")
	for k := range each {
		page.Says(fmt.Sprintf("Round 3, entry %d.", k), fmt.Sprintf("Round 2, entry %d.", k))
	}
}

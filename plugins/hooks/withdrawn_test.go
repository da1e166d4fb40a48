package hooks_test

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/demo"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins"
	"github.com/pontlevis/pontlevis/plugins/hooks"
	"github.com/pontlevis/pontlevis/test/clock"
	"github.com/pontlevis/pontlevis/test/pages"
)

type object = map[string]any

// runs is a host on which a plugin says what it is told to.
type runs struct{ says plugins.Outcome }

func (r *runs) Invoke(context.Context, plugins.Invocation) (*plugins.Outcome, error) {
	said := r.says
	return &said, nil
}

// season is a world whose clock goes on by months, in which the vaccine reminders run for camille.
type season struct {
	*pages.World
	*clock.Clock
	host      runs
	schedules *hooks.Schedules
}

func newSeason(t *testing.T) *season {
	t.Helper()
	s := &season{Clock: clock.New(time.Now())}
	s.World = pages.New(t, func(c *gate.Config) { c.Now = s.Now })
	m, err := demo.PluginManifest("rappel-vaccins", manifest.Artifact{})
	if err != nil {
		t.Fatal(err)
	}
	app := hooks.App{Manifest: m, Label: gate.Label{
		Status: "online", Exchange: true, Purposes: m.Purposes, Categories: m.Categories(), Directions: m.Directions(), Expires: s.Now().AddDate(1, 0, 0),
	}}
	front, err := hooks.New(hooks.Config{
		Apps: func(context.Context) ([]hooks.App, error) { return []hooks.App{app}, nil },
		App:  func(context.Context, string) (*hooks.App, error) { return &app, nil }, Callers: callers{}, Gate: s.Gate, Host: &s.host, DB: s.DB,
		Key: bytes.Repeat([]byte{7}, 32), Issuer: s.URL, FHIR: s.URL + "/fhir", Now: s.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.schedules = hooks.NewSchedules(front, s.Entries)
	if err := hooks.Enlist(t.Context(), s.DB, s.Now(), "camille"); err != nil {
		t.Fatal(err)
	}
	return s
}

type callers struct{ hooks.Callers }

// month runs what is due a month later.
func (s *season) month() {
	s.Helper()
	s.Advance(31 * 24 * time.Hour)
	if err := s.schedules.Look(s.Context()); err != nil {
		s.Fatal(err)
	}
}

func proposed(thing string) []plugins.Card {
	resource, _ := json.Marshal(object{
		"resourceType": "Appointment", "status": "proposed", "description": thing, "requestedPeriod": []any{object{"start": "2027-01-01T00:00:00Z"}},
		"reasonCode":  []any{object{"coding": []any{object{"system": "urn:x", "code": thing}}}},
		"participant": []any{object{"actor": object{"reference": "Patient/camille"}, "status": "needs-action"}},
	})
	return []plugins.Card{{Summary: thing, Indicator: "info", Suggestions: []plugins.Suggestion{{Actions: []plugins.Action{{Type: "create", Resource: resource}}}}}}
}

func (s *season) ask(method, target string, body any) *fhir.Node {
	s.Helper()
	header := http.Header{}
	raw, _ := json.Marshal(body)
	if body == nil {
		raw = nil
	}
	if method == http.MethodPatch {
		header.Set("Content-Type", "application/json-patch+json")
	}
	camille := &gate.Grant{
		ID: "own-camille", Actor: gate.Actor{Kind: "patient", ID: "Patient/camille", Identities: []string{"Patient/camille"}}, Client: gate.Client{ID: "pontlevis", Kind: "portal"},
		Scopes: []string{"patient/*.cruds"}, Patient: "camille", Purpose: "PATRQT", Mode: "normal", Since: s.Now(), Until: s.Now().Add(time.Hour),
	}
	a, err := s.Gate.Ask(s.Context(), camille, method, target, header, raw)
	if err != nil {
		s.Fatal(method, target, err)
	}
	if len(a.Body) == 0 {
		return nil
	}
	n, err := fhir.Parse(a.Body, fhir.Limits{})
	if err != nil {
		s.Fatal(err)
	}
	return n
}

// left are the ids of what the app left in camille's agenda.
func (s *season) left() (ids []string) {
	s.Helper()
	for _, e := range s.ask(http.MethodGet, "Appointment?patient=camille&identifier="+url.QueryEscape(hooks.LeftSystem+"|"), nil).Get("entry").Items() {
		ids = append(ids, e.At("resource", "id").Text())
	}
	return ids
}

// TestTakenBackThroughTheGate: what an app left and says is over goes from the real record by one write that the access log has, and
// comes anew when it is due again; not where the person changed it, or no longer lets the app write.
func TestTakenBackThroughTheGate(t *testing.T) {
	t.Parallel()
	s := newSeason(t)
	read := []plugins.Asked{{Query: "Immunization", Status: http.StatusOK}}
	flu := []plugins.Thing{{{System: "urn:x", Code: "flu"}}}
	due := plugins.Outcome{Version: "1.0.0", Cards: proposed("flu"), Reads: read}
	over := plugins.Outcome{Version: "1.0.0", Reads: read, Withdrawn: flu}
	step := func(what string, says plugins.Outcome, want int) []string {
		t.Helper()
		s.host.says = says
		s.month()
		ids := s.left()
		if len(ids) != want {
			t.Fatalf("%s: %d entries are in the agenda, want %d", what, len(ids), want)
		}
		return ids
	}
	first := step("due", due, 1)[0]
	step("it says nothing", plugins.Outcome{Version: "1.0.0", Reads: read}, 1)
	step("it says so and read nothing", plugins.Outcome{Version: "1.0.0", Withdrawn: flu}, 1)
	step("over", over, 0)
	page, err := s.Entries.Select(t.Context(), audit.Query{Patient: "camille", Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	logged := 0
	for _, e := range page.Entries {
		if e.Action == "D" && strings.Join(e.Resources, " ") == "Appointment/"+first && e.Client == "schedule" && e.Details["via"] == "rappel-vaccins" && e.Outcome == audit.Granted {
			logged++
		}
	}
	if logged != 1 {
		t.Errorf("the access log has %d entries of it", logged)
	}
	second := step("due again", due, 1)[0]
	s.ask(http.MethodPatch, "Appointment/"+second, []any{object{"op": "add", "path": "/meta/security", "value": []any{object{"system": "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument", "code": "MASQUE_PS"}}}})
	step("the person changed it", over, 1)
	s.ask(http.MethodDelete, "Appointment/"+second, nil)
	step("the person removed it", over, 0)
	step("and it does not come back", due, 0)

	other := plugins.Outcome{Version: "1.0.0", Cards: proposed("tetanus"), Reads: read}
	step("another thing", other, 1)
	notes := s.ask(http.MethodGet, "Consent/camille-app-rappel-vaccins-notes", nil)
	s.ask(http.MethodPut, "Consent/camille-app-rappel-vaccins-notes", json.RawMessage(notes.With("status", []byte(`"inactive"`))))
	over.Withdrawn = []plugins.Thing{{{System: "urn:x", Code: "tetanus"}}}
	step("it may no longer write there", over, 1)
}

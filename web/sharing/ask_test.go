package sharing_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/demo"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins"
	"github.com/pontlevis/pontlevis/plugins/hooks"
	"github.com/pontlevis/pontlevis/test/pages"
	"github.com/pontlevis/pontlevis/web/sharing"
)

// asker answers everybody alike, and keeps for whom it was asked.
type asker struct {
	reply *hooks.Reply
	asked []string
}

func (*asker) Askable(context.Context) ([]string, error) {
	return []string{"rappel-vaccins", "nobody-agreed"}, nil
}

func (a *asker) Ask(_ context.Context, g *gate.Grant, app, language string) (*hooks.Reply, error) {
	a.asked = append(a.asked, g.Actor.ID+" for "+g.Patient+" through "+g.Client.ID+" asks "+app+" in "+language)
	return a.reply, nil
}

// asking is a world in which the vaccine reminders run.
func asking(t *testing.T) (*pages.World, *asker) {
	t.Helper()
	w, a := pages.New(t), &asker{reply: &hooks.Reply{State: hooks.Answered}}
	p, err := sharing.New(w.Desk, nil, a)
	if err != nil {
		t.Fatal(err)
	}
	p.Mount(w.Mux)
	return w, a
}

// TestAskingAnApp: whoever agreed that an app reads for themselves asks it, and is shown all that it says and where that came
// from, nothing of which leads or draws anything but what its host gives.
func TestAskingAnApp(t *testing.T) {
	t.Parallel()
	w, a := asking(t)
	const given = "https://calendar.example/2025"
	a.reply = &hooks.Reply{
		State: hooks.Answered, Version: "1.4.0", Level: "S2", Links: []string{given},
		Reads: []plugins.Asked{{Query: "Immunization?_count=100", Status: 200}, {Query: "1", Status: 200}, {Query: "Patient/~", Status: 403}},
		Cards: []plugins.Card{{
			Summary: "Two are due <script>", Indicator: "warning", Source: plugins.Source{Label: "Vaccine reminders", Topic: &plugins.Coding{Display: "isolation S2"}},
			Detail:      "# Due\n\n- **tetanus** since [2020](" + given + "), [not here](https://evil.example/?q=1)\n- https://evil.example/2\n\n<b onclick=x>bold</b> ![seen](https://evil.example/3.png)\n\n<script>alert(1)</script>",
			Suggestions: []plugins.Suggestion{{Label: "An entry of the agenda"}},
			Links:       []plugins.Link{{Label: "The calendar", URL: given, Type: "absolute"}, {Label: "Elsewhere", URL: "https://evil.example/4", Type: "absolute"}, {Label: "Its other half", URL: given, Type: "smart"}},
		}},
		Page: &plugins.Page{Title: "In numbers", Figures: []plugins.Figure{{Label: "Doses", Value: 12.5, Unit: "{dose}", At: "2026-11-22"}, {Label: "Years", Value: 1e300, At: "2025"}}},
	}
	b := w.SignIn("camille", "/space")
	p := b.Get("/space/apps").Is(http.StatusOK).Says("Ask it now")
	if n := strings.Count(p.Raw, `action="/space/apps/ask"`); n != 1 {
		t.Errorf("%d apps can be asked", n)
	}
	p = p.Submit("button[value=ask]").Is(http.StatusOK).Says(
		"What rappel-vaccins says", "Two are due <script>", "To be noted", "tetanus", "since 2020", "not here", "An entry of the agenda", "Nothing is done about it here",
		"isolation S2", "In numbers", "12.5 dose", "22 November 2026", "1e+300", "1.4.0", "S2: as S1", "Vaccinations: given 2 times", "Identity: once not given", "The calendar",
	).Silent("Elsewhere", "Its other half", "alert(1)")
	for _, not := range []string{"evil.example/3", `href="https://evil`, "<script", "onclick", "<img"} {
		if strings.Contains(p.Raw, not) {
			t.Errorf("the page holds %q: %s", not, p.Raw)
		}
	}
	if !strings.Contains(p.Raw, `<a href="`+given+`" rel="noopener noreferrer">2020</a>`) || !strings.Contains(p.Raw, "<h3>Due</h3>") {
		t.Errorf("the detail is not written as it was meant: %s", p.Raw)
	}
	if want := []string{"Patient/camille for camille through pontlevis asks rappel-vaccins in en"}; !slices.Equal(a.asked, want) {
		t.Errorf("asked were %q", a.asked)
	}
	b.Get("/space/apps/ask").Is(http.StatusOK).Says("My apps") // what was answered is not kept
}

// TestWhatBecomesOfAQuestion: each way in which there is no answer is told in a line.
func TestWhatBecomesOfAQuestion(t *testing.T) {
	t.Parallel()
	w, a := asking(t)
	b := w.SignIn("camille", "/space")
	for state, want := range map[string]struct {
		status int
		says   string
	}{
		hooks.Answered: {200, "has nothing to say"}, hooks.Refused: {403, "could read nothing here"}, hooks.Stopped: {403, "does not run here"},
		hooks.Busy: {503, "Try again in a moment"}, hooks.Often: {429, "Try again in a minute"}, hooks.Failed: {503, "Do not take this silence"},
	} {
		a.reply = &hooks.Reply{State: state}
		b.Get("/space/apps").Submit("button[value=ask]").Is(want.status).Says(want.says, "Ask it again")
	}
}

// TestWhoAsks: an app that the person did not agree with is not asked, nor by a form without its token, nor by a stranger.
func TestWhoAsks(t *testing.T) {
	t.Parallel()
	w, a := asking(t)
	b := w.SignIn("camille", "/space")
	p := b.Get("/space/apps")
	p.Submit("button[value=ask]", "client", "nobody-agreed").Is(http.StatusNotFound)
	p.Submit("button[value=ask]", "csrf", "guessed").Is(http.StatusForbidden)
	w.SignIn("yanis", "/space").Get("/space").Is(http.StatusOK)
	p.Submit("button[value=ask]", "for", "jeanne").Is(http.StatusNotFound)
	if a.asked != nil {
		t.Errorf("asked were %q", a.asked)
	}
	p.Does("disconnect", "client", "rappel-vaccins").Is(http.StatusOK)
	p.Submit("button[value=ask]").Is(http.StatusNotFound)
	if a.asked != nil {
		t.Errorf("a disconnected app is asked: %q", a.asked)
	}
}

// host notes what it is asked, and has read something.
type host struct{ got []plugins.Invocation }

func (h *host) Invoke(_ context.Context, i plugins.Invocation) (*plugins.Outcome, error) {
	h.got = append(h.got, i)
	return &plugins.Outcome{Version: "1.0.0", Level: "S2", Reads: []plugins.Asked{{Query: "Immunization", Status: 200}}}, nil
}

// TestWhoIsAnswered: through the real gate an app is asked for somebody by whom they let it read for, and by those who act for them,
// with the rights of the one who asks and within the app's own.
func TestWhoIsAnswered(t *testing.T) {
	t.Parallel()
	w, h := pages.New(t), &host{}
	m, err := demo.PluginManifest("rappel-vaccins", manifest.Artifact{})
	if err != nil {
		t.Fatal(err)
	}
	app := hooks.App{Manifest: m, Label: gate.Label{Status: "online", Exchange: true, Purposes: m.Purposes, Categories: m.Categories(), Directions: m.Directions(), Expires: time.Now().Add(time.Hour)}}
	front, err := hooks.New(hooks.Config{
		Apps: func(context.Context) ([]hooks.App, error) { return []hooks.App{app}, nil },
		App:  func(context.Context, string) (*hooks.App, error) { return &app, nil }, Callers: struct{ hooks.Callers }{}, Gate: w.Gate, Host: h, DB: w.DB,
		Key: make([]byte, 32), Issuer: w.URL, FHIR: w.URL + "/fhir",
	})
	if err != nil {
		t.Fatal(err)
	}
	p, err := sharing.New(w.Desk, nil, front)
	if err != nil {
		t.Fatal(err)
	}
	p.Mount(w.Mux)
	agrees := func(who string, categories ...string) {
		t.Helper()
		own := &gate.Grant{
			ID: "own-" + who, Actor: gate.Actor{Kind: "patient", ID: "Patient/" + who, Identities: []string{"Patient/" + who}}, Client: gate.Client{ID: "pontlevis", Kind: "portal"},
			Scopes: []string{"patient/*.cruds"}, Patient: who, Purpose: "PATRQT", Mode: "normal", Since: time.Now().Add(-time.Minute), Until: time.Now().Add(time.Hour),
		}
		if err := w.Gate.Agree(t.Context(), own, gate.Agreement{Client: "rappel-vaccins", Purpose: "PATRQT", Categories: categories, Directions: []string{"read"}}); err != nil {
			t.Fatal(err)
		}
	}
	agrees("lucas", "vaccinations")
	agrees("jeanne", "vaccinations", "demographics")
	const immunizations = "patient/Appointment.cud patient/Communication.cud patient/Immunization.rs patient/ImmunizationEvaluation.rs patient/ImmunizationRecommendation.rs"
	for _, one := range []struct{ who, whom, actor, kind, within string }{
		{"camille", "camille", "Patient/camille", "patient", immunizations + " patient/Patient.rs"},
		{"karim", "lucas", "RelatedPerson/karim-for-lucas", "representative", immunizations},
	} {
		h.got = nil
		w.SignIn(one.who, "/space").Get("/space/apps?for="+one.whom).Is(http.StatusOK).Does("ask", "client", "rappel-vaccins").Is(http.StatusOK).Says("has nothing to say", "S2: as S1")
		if len(h.got) != 1 {
			t.Errorf("%s for %s: it ran %d times", one.who, one.whom, len(h.got))
			continue
		}
		i := h.got[0]
		slices.Sort(i.Within)
		if within := strings.Join(i.Within, " "); i.Grant.Actor.Kind != one.kind || i.Grant.Actor.ID != one.actor || i.Grant.Patient != one.whom || within != one.within {
			t.Errorf("%s for %s: as %+v for %s within %s", one.who, one.whom, i.Grant.Actor, i.Grant.Patient, within)
		}
	}
	h.got = nil // a carer is not shown the person's choices, and asks none of their apps
	sofia := w.SignIn("sofia", "/space")
	sofia.Get("/space/apps?for=jeanne").Is(http.StatusOK).Silent("Ask it now")
	forged := w.SignIn("camille", "/space").Get("/space/apps").Value("input[name=csrf]")
	sofia.Send(http.MethodPost, "/space/apps/ask", url.Values{"csrf": {forged}, "for": {"jeanne"}, "client": {"rappel-vaccins"}}).Is(http.StatusForbidden)
	own := sofia.Get("/space/accept").Value("input[name=csrf]")
	sofia.Send(http.MethodPost, "/space/apps/ask", url.Values{"csrf": {own}, "for": {"jeanne"}, "client": {"rappel-vaccins"}}).Is(http.StatusNotFound)
	if len(h.got) > 0 {
		t.Errorf("a carer was answered: %+v", h.got)
	}
}

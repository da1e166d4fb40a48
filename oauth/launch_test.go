package oauth_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/scope"
)

// opener mints the token of whoever opens apps.
func (w *world) opener(person, patient string) string {
	w.t.Helper()
	m := oauth.MintRequest{Person: person, Patient: patient, Client: "portal", Scope: scope.Launches + " patient/*.rs"}
	if person == "" {
		m.Client, m.Scope = "backend-lab", scope.Launches
	}
	token, _, err := w.server.Mint(w.t.Context(), m)
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

func (w *world) launch(token, body string) reply {
	w.t.Helper()
	r, err := http.NewRequest("POST", w.url+"/oauth2/launch", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	return w.send(r)
}

// launched makes a launch and gives its value.
func (w *world) launched(token, body string) string {
	w.t.Helper()
	a := w.launch(token, body)
	if a.status != http.StatusCreated || a.text("launch") == "" || a.json["expires_in"] != 300.0 {
		w.t.Fatalf("launch: %d %s", a.status, a.raw)
	}
	return a.text("launch")
}

const ehrScope = "launch openid fhirUser patient/*.rs"

// An app that a professional opens from a record gets that record, the stay and all that the launch says, in the token
// response, at each refresh and in the introspection.
func TestLaunchFromARecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := w.launch(w.opener("dr-roux", "camille"), `{"client_id":"glycare","encounter":"stay-1","intent":"reconcile-medications","need_patient_banner":false,
		"fhirContext":[{"reference":"Observation/sugar"},{"canonical":"https://x.example/Questionnaire/q|1","role":"https://x.example/role"},{"identifier":{"system":"urn:x","value":"1"},"type":"ImagingStudy"}]}`)
	target, err := url.Parse(made.text("launch_url"))
	if err != nil || target.Host != "app.example" || target.Query().Get("from") != "ehr" || target.Query().Get("iss") != w.url+"/fhir" || target.Query().Get("launch") != made.text("launch") {
		t.Fatalf("launch URL %s", made.raw)
	}
	b := w.newBrowser()
	p := b.signIn(b.authorize("scope", ehrScope+" offline_access", "launch", made.text("launch")), "dr.roux")
	if !strings.Contains(p.body, "Camille Durand") || strings.Contains(p.body, `name="ins"`) {
		t.Fatalf("the page is not the consent for camille: %s", p.body)
	}
	p = b.submit(p, "decision", "allow")
	if p.location == nil || p.location.Query().Get("code") == "" {
		t.Fatalf("%d %v %s", p.status, p.location, p.body)
	}
	check := func(where string, r reply) {
		t.Helper()
		if r.text("patient") != "camille" || r.text("encounter") != "stay-1" || r.text("intent") != "reconcile-medications" || r.json["need_patient_banner"] != false || r.json["tenant"] != nil {
			t.Errorf("%s: %s", where, r.raw)
		}
		want := []any{map[string]any{"reference": "Observation/sugar"}, map[string]any{"canonical": "https://x.example/Questionnaire/q|1", "role": "https://x.example/role"},
			map[string]any{"identifier": map[string]any{"system": "urn:x", "value": "1"}, "type": "ImagingStudy"}}
		if d := cmp.Diff(want, r.json["fhirContext"]); d != "" {
			t.Errorf("%s (-want +got):\n%s", where, d)
		}
		style, err := http.NewRequest("GET", r.text("smart_style_url"), nil)
		if err != nil {
			t.Fatal(err)
		}
		if s := w.send(style); s.status != 200 || s.text("color_background") == "" || s.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: style %d %s", where, s.status, s.raw)
		}
	}
	r := w.redeem(p.location.Query().Get("code"))
	check("token response", r)
	check("refresh", w.refresh(r.text("refresh_token")))
	check("introspection", w.post("/oauth2/introspect", url.Values{"token": {r.text("access_token")}}, "resource:"+w.secret))
	if g, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token"))); err != nil || g.Patient != "camille" || g.Actor.ID != "Practitioner/dr-roux" {
		t.Errorf("grant %+v, %v", g, err)
	}
}

// A launch is used once, for minutes, by the app and the person it was made for.
func TestLaunchIsBound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own := w.opener("dr-roux", "camille")
	refused := func(name, code, launch string, changes ...string) {
		t.Helper()
		p := w.newBrowser().authorize(append([]string{"scope", ehrScope, "launch", launch}, changes...)...)
		if p.location == nil || p.location.Query().Get("error") != code {
			t.Errorf("%s: %d %v, want %s", name, p.status, p.location, code)
		}
	}
	l := w.launched(own, `{"client_id":"glycare"}`)
	refused("another app", "invalid_request", l, "client_id", "rival")
	refused("made up", "invalid_request", "abc")
	refused("changed", "invalid_request", l[:len(l)-1]+"x")
	refused("without the scope", "invalid_scope", l, "scope", "patient/*.rs")
	b := w.newBrowser()
	if p := b.signIn(b.authorize("scope", ehrScope, "launch", l), "camille"); p.location == nil || p.location.Query().Get("error") != "access_denied" {
		t.Errorf("another person: %d %v", p.status, p.location)
	}
	first, second := w.newBrowser(), w.newBrowser() // the same launch on two screens
	p, q := first.signIn(first.authorize("scope", ehrScope, "launch", l), "dr.roux"), second.signIn(second.authorize("scope", ehrScope, "launch", l), "dr.roux")
	if p = first.submit(p, "decision", "allow"); p.location == nil || p.location.Query().Get("code") == "" {
		t.Fatalf("%d %v", p.status, p.location)
	}
	if q = second.submit(q, "decision", "allow"); q.location == nil || q.location.Query().Get("error") != "invalid_request" {
		t.Errorf("used again: %d %v", q.status, q.location)
	}
	refused("used", "invalid_request", l)
	late := w.launched(own, `{}`)
	w.clock.Advance(5*time.Minute + time.Second)
	refused("late", "invalid_request", late)
}

// Of many answers to requests with one launch, one gives a grant.
func TestLaunchRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.launched(w.opener("camille", "camille"), `{}`)
	b := w.newBrowser()
	p := b.signIn(b.authorize("scope", ehrScope, "launch", l), "camille")
	pages := []page{p}
	for range 19 {
		pages = append(pages, b.authorize("scope", ehrScope, "launch", l))
	}
	var codes atomic.Int32
	var all sync.WaitGroup
	for _, p := range pages {
		all.Go(func() {
			if done := b.submit(p, "decision", "allow", "patient", "camille"); done.location != nil && done.location.Query().Get("code") != "" {
				codes.Add(1)
			}
		})
	}
	all.Wait()
	if codes.Load() != 1 {
		t.Errorf("%d codes", codes.Load())
	}
}

// A system of an EHR makes launches for whoever is in front of it; whom that person may not open is not opened by it.
func TestLaunchByASystem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ehr := w.opener("", "")
	for name, tt := range map[string]struct{ body, login, want string }{
		"a patient the professional may open":  {`{"patient":"camille"}`, "dr.roux", ""},
		"one who does not open":                {`{"patient":"nobody"}`, "dr.roux", "access_denied"},
		"for a user":                           {`{"patient":"camille","user":"Practitioner/dr-roux"}`, "dr.roux", ""},
		"for another user":                     {`{"patient":"camille","user":"Practitioner/dr-lam"}`, "dr.roux", "access_denied"},
		"the space of somebody they represent": {`{"patient":"lucas"}`, "camille", ""},
		"the space of a stranger":              {`{"patient":"nora"}`, "camille", "access_denied"},
	} {
		b := w.newBrowser()
		p := b.signIn(b.authorize("scope", ehrScope, "launch", w.launched(ehr, tt.body)), tt.login)
		var asked struct{ Patient string }
		_ = json.Unmarshal([]byte(tt.body), &asked)
		if tt.want == "" {
			other := map[string]string{"camille": "lucas", "lucas": "camille"}[asked.Patient]
			if q := b.submit(p, "decision", "allow", "patient", other); tt.login == "camille" && q.location != nil {
				t.Errorf("%s: %s could be chosen: %v", name, other, q.location)
			} else if tt.login == "camille" {
				p = b.submit(p, "decision", "allow", "patient", asked.Patient)
			} else {
				p = q // a professional chooses nobody on this page
			}
		}
		switch {
		case p.location == nil:
			t.Errorf("%s: %d %s", name, p.status, p.body)
		case p.location.Query().Get("error") != tt.want:
			t.Errorf("%s: %v", name, p.location)
		case tt.want == "":
			if r := w.redeem(p.location.Query().Get("code")); r.text("patient") != asked.Patient {
				t.Errorf("%s: %s", name, r.raw)
			}
		}
	}
}

func TestLaunchRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	own, ehr := w.opener("dr-roux", "camille"), w.opener("", "")
	plain, _, err := w.server.Mint(t.Context(), oauth.MintRequest{Person: "dr-roux", Patient: "camille", Client: "portal", Scope: "patient/*.rs"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		token, body string
		status      int
	}{
		{"nonsense", `{}`, 401}, {plain, `{}`, 403}, {own, `[]`, 400}, {own, `{"tenant":"x"}`, 400}, {own, `{}{}`, 400}, {own, `{"patient":"lucas"}`, 400},
		{own, `{"user":"Practitioner/dr-lam"}`, 400}, {own, `{"client_id":"nobody"}`, 400}, {own, `{"client_id":"resource"}`, 400}, {own, `{"encounter":"a b"}`, 400},
		{ehr, `{"patient":"../x"}`, 400}, {ehr, `{"user":"dr"}`, 400}, {ehr, `{"intent":"` + strings.Repeat("x", 300) + `"}`, 400},
		{ehr, `{"fhirContext":[{}]}`, 400}, {ehr, `{"fhirContext":[{"reference":"https://x/Observation/1"}]}`, 400}, {ehr, `{"fhirContext":[{"reference":"Patient/x"}]}`, 400},
		{ehr, `{"fhirContext":[{"reference":"Encounter/x","role":"launch"}]}`, 400}, {ehr, `{"fhirContext":[{"identifier":{"value":"1"},"type":"Patient"}]}`, 400},
		{ehr, `{"fhirContext":[{"reference":"Observation/1","type":"Patient"}]}`, 400}, {ehr, `{"fhirContext":[{"identifier":{}}]}`, 400},
		{ehr, `{"fhirContext":[{"reference":"Patient/x","role":"https://x.example/sibling"}]}`, 201}, {ehr, `{}`, 201},
	} {
		if a := w.launch(tt.token, tt.body); a.status != tt.status {
			t.Errorf("%s: %d %s", tt.body, a.status, a.raw)
		}
	}
	// Without a launch there is no launch context, and no encounter is promised.
	if r := w.tokens("scope", ehrScope+" launch/encounter"); r.text("scope") != "openid fhirUser patient/*.rs" || r.json["encounter"] != nil {
		t.Errorf("standalone: %s", r.raw)
	}
	// An app that asks for no record is not told whose it could be.
	if r := w.tokens("scope", "openid fhirUser"); r.json["patient"] != nil {
		t.Errorf("no patient was asked for: %s", r.raw)
	}
}

package oauth_test

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/pontlevis/pontlevis/oauth"
)

// Attacks on the authorization request and its answer.

// sentTo asks for a code at an address that the app did not register, at the authorization endpoint and by pushing.
func sentTo(uri string) func(*world) {
	return func(w *world) {
		p := w.newBrowser().authorize("redirect_uri", uri)
		if p.status != 400 || p.location != nil || strings.Contains(p.body, `name="password"`) {
			w.t.Errorf("status %d, location %v", p.status, p.location)
		}
		if r := w.post("/oauth2/par", w.request("redirect_uri", uri), ""); r.status != 400 || r.text("request_uri") != "" {
			w.t.Errorf("pushed: %d %s", r.status, r.raw)
		}
	}
}

// refusesRequest asks with one parameter changed: the app is told the error, and nothing else goes through the browser.
func refusesRequest(code, name, value string) func(*world) {
	return func(w *world) {
		p := w.newBrowser().authorize(name, value)
		if p.location == nil || p.location.Query().Get("error") != code || p.location.Query().Has("code") || p.location.Fragment != "" ||
			!strings.HasPrefix(p.location.String(), redirectURI+"?") {
			w.t.Errorf("status %d, location %v, want the error %s", p.status, p.location, code)
		}
		if r := w.post("/oauth2/par", w.request(name, value), ""); r.status != 400 || r.text("request_uri") != "" {
			w.t.Errorf("pushed: %d %s", r.status, r.raw)
		}
	}
}

// answer leads camille to the end and returns where the browser was sent.
func (b *browser) answer(decision string, changes ...string) page {
	b.w.t.Helper()
	p := b.submit(b.signIn(b.authorize(changes...), "camille"), "decision", decision, "patient", "camille")
	if p.location == nil {
		b.w.t.Fatalf("no answer: %d %s", p.status, p.body)
	}
	return p
}

func seeOther(w *world) {
	for _, p := range []page{w.newBrowser().answer("allow"), w.newBrowser().authorize("response_type", "token")} {
		if p.status != http.StatusSeeOther && p.status != http.StatusFound {
			w.t.Errorf("status %d", p.status)
		}
	}
}

func noState(w *world) {
	if q := w.newBrowser().answer("allow", "state", "").location.Query(); !q.Has("code") || q.Has("state") {
		w.t.Errorf("answer %v", q)
	}
}

func answersNameTheIssuer(w *world) {
	for _, p := range []page{w.newBrowser().answer("allow"), w.newBrowser().answer("refuse"), w.newBrowser().authorize("response_type", "token")} {
		if p.location.Query().Get("iss") != w.url {
			w.t.Errorf("answer %v", p.location)
		}
	}
}

func stateComesBack(w *world) {
	const state = "a&code=planted#x\r\nX-Injected: y"
	p := w.newBrowser().answer("allow", "state", state)
	if q := p.location.Query(); q.Get("state") != state || len(q["code"]) != 1 || q.Get("code") == "planted" || p.location.Fragment != "" {
		w.t.Errorf("answer %v", p.location)
	}
	if p.header.Get("X-Injected") != "" || strings.Contains(w.log.String(), "\nX-Injected") {
		w.t.Error("the state made a line of its own")
	}
}

func markup(w *world) {
	const script = `"><script>alert(1)</script>`
	for _, name := range []string{"client_id", "state", "redirect_uri", "scope", "login_hint"} {
		if p := w.newBrowser().authorize(name, script); strings.Contains(p.body, "<script") {
			w.t.Errorf("%s: the page holds the markup", name)
		}
	}
}

func registeredAddress(w *world) {
	for _, uri := range []string{
		"javascript:alert(1)", "data:text/html,x", "http://app.example/cb", "https://app.example/#f", "//app.example", "myapp:/cb",
		"https://u@app.example/", "https:///x",
	} {
		err := w.server.PutClient(w.t.Context(), oauth.Client{ID: "x", Kind: "smart", AuthMethod: oauth.AuthNone, RedirectURIs: []string{uri}})
		if err == nil {
			w.t.Errorf("%q was registered", uri)
		}
	}
	native := oauth.Client{ID: "x", Kind: "smart", AuthMethod: oauth.AuthNone, RedirectURIs: []string{"com.example.app:/cb"}}
	if err := w.server.PutClient(w.t.Context(), native); err != nil {
		w.t.Errorf("a native app's scheme: %v", err)
	}
}

func postedAndQueried(w *world) {
	b := w.newBrowser()
	if p := b.post("/oauth2/authorize?prompt=none", w.request()); p.status != 400 || p.location != nil {
		w.t.Errorf("parameters in body and query: %d", p.status)
	}
	if p := b.post("/oauth2/authorize", w.request()); !strings.Contains(p.body, `name="password"`) {
		w.t.Errorf("a good request by POST: %d %s", p.status, p.body)
	}
}

func duplicateAsked(w *world) {
	p := w.newBrowser().get("/oauth2/authorize?" + w.request().Encode() + "&client_id=rival")
	if p.status != 400 || p.location != nil {
		w.t.Errorf("%d %v", p.status, p.location)
	}
}

func disorderedScope(w *world) {
	r := w.tokens("scope", "launch/patient patient/Patient.rs patient/Observation.srd patient/Observation.rr")
	if got := r.text("scope"); got != "launch/patient patient/Patient.rs" {
		w.t.Errorf("granted %q", got)
	}
}

func issuerWithPath(w *world) {
	s, err := oauth.New(oauth.Config{
		DB: w.db, Issuer: "https://gate.example/one", FHIR: "https://gate.example/one/fhir", Apps: w.apps, Relations: relations{}, Pages: noPages{},
		Secret: []byte(strings.Repeat("k", 32)),
	})
	if err == nil {
		_ = s.Close()
		w.t.Error("an issuer with a path was opened")
	}
}

// noPages are pages that nobody asks for.
type noPages struct{ oauth.Pages }

// refuses is the answer of an endpoint for programs that gave nothing.
func (r reply) refuses(status int, code string) bool {
	return r.status == status && r.text("error") == code && r.text("access_token") == "" && r.text("request_uri") == ""
}

// pairs is a form of names and values; "" leaves a name out.
func pairs(names ...string) url.Values {
	form := url.Values{}
	for i := 0; i < len(names); i += 2 {
		if form.Del(names[i]); names[i+1] != "" {
			form.Set(names[i], names[i+1])
		}
	}
	return form
}

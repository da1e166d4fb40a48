package oauth_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/oauth"
)

// Attacks on the person at the browser.

func refusing(w *world) {
	b := w.newBrowser()
	for _, p := range []page{b.authorize(), b.signIn(b.authorize(), "camille")} {
		got := b.submit(p, "step", "consent", "decision", "refuse")
		if got.location == nil {
			w.t.Fatalf("%d %s", got.status, got.body)
		}
		if q := got.location.Query(); q.Get("error") != "access_denied" || q.Get("state") != "s-1" || q.Has("code") {
			w.t.Errorf("answer %v", got.location)
		}
	}
}

func framing(w *world) {
	b := w.newBrowser()
	signIn := b.authorize()
	for name, p := range map[string]page{"sign-in": signIn, "consent": b.signIn(signIn, "camille"), "problem": b.get("/oauth2/continue?tx=x"), "device": b.get("/oauth2/device")} {
		if !strings.Contains(p.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || p.header.Get("X-Frame-Options") != "DENY" {
			w.t.Errorf("%s may be framed: %v", name, p.header)
		}
	}
}

func cookiesOfTheBrowser(w *world) {
	b := w.newBrowser()
	p := b.authorize()
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	p = b.signIn(p, "camille")
	if len(p.header.Values("Set-Cookie")) < 2 {
		w.t.Fatalf("no cookies: %v", p.header)
	}
	for _, c := range p.header.Values("Set-Cookie") {
		if !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") || !strings.Contains(c, "Path=/") || strings.Contains(c, "Domain=") {
			w.t.Errorf("cookie %q", c)
		}
	}
}

// forged posts camille's consent with fields changed and headers added.
func forged(w *world, b *browser, p page, fields, headers map[string]string) page {
	form := url.Values{"decision": {"allow"}, "patient": {"camille"}}
	for k, v := range p.hidden {
		form[k] = v
	}
	for k, v := range fields {
		form.Set(k, v)
	}
	r, err := http.NewRequest("POST", w.url+"/oauth2/continue", strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for k, v := range headers {
		r.Header.Set(k, v)
	}
	return b.do(r)
}

// forgedForm posts without what only the page knows.
func forgedForm(fields map[string]string) func(*world) {
	return func(w *world) {
		b := w.newBrowser()
		p := b.signIn(b.authorize(), "camille")
		for _, change := range []map[string]string{fields, {"csrf": strings.Repeat("A", 43)}, {"tx": strings.Repeat("a", 26)}} {
			if got := forged(w, b, p, change, nil); got.status != 403 || got.location != nil {
				w.t.Errorf("%v: %d %v", change, got.status, got.location)
			}
		}
	}
}

func crossSiteForm(w *world) {
	b := w.newBrowser()
	p := b.signIn(b.authorize(), "camille")
	for _, h := range []map[string]string{{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {"Origin": "null"}} {
		if got := forged(w, b, p, nil, h); got.status != 403 || got.location != nil {
			w.t.Errorf("%v: %d %v", h, got.status, got.location)
		}
	}
	if got := forged(w, b, p, nil, map[string]string{"Sec-Fetch-Site": "same-origin"}); got.location == nil || !got.location.Query().Has("code") {
		w.t.Errorf("the honest form: %d %v", got.status, got.location)
	}
	r, _ := http.NewRequest("POST", w.url+"/oauth2/sign-out", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if got := w.send(r); got.status != 403 {
		w.t.Errorf("another site signs the person out: %d", got.status)
	}
}

func foreignTransaction(w *world) {
	attacker, victim := w.newBrowser(), w.newBrowser()
	victim.signIn(victim.authorize(), "camille")
	tx := attacker.authorize().hidden.Get("tx")
	if p := victim.get("/oauth2/continue?tx=" + tx); p.status != 403 {
		w.t.Errorf("%d %s", p.status, p.body)
	}
}

func sessionFixation(w *world) {
	b, u := w.newBrowser(), w.address()
	planted := strings.Repeat("a", 26) + "." + strings.Repeat("b", 43)
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: "pontlevis_session", Value: planted, Path: "/"}})
	if p := b.signIn(b.authorize(), "camille"); p.status != 200 {
		w.t.Fatal(p.status)
	}
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == "pontlevis_session" && c.Value == planted {
			w.t.Error("the planted session was kept")
		}
	}
	w.clock.Advance(time.Second)
	stolen := b.client.Jar.Cookies(u) // signing in again ends what was there before
	b.signIn(b.authorize("prompt", "login"), "camille")
	thief := w.newBrowser()
	thief.client.Jar.SetCookies(u, stolen)
	if got := thief.authorize(); !strings.Contains(got.body, `name="password"`) {
		w.t.Error("the earlier session outlives a new sign-in")
	}
}

func (w *world) address() *url.URL {
	u, err := url.Parse(w.url)
	if err != nil {
		w.t.Fatal(err)
	}
	return u
}

// cookieTossing looks at a server on https.
func cookieTossing(w *world) {
	s := newWorld(w.t, func(_ *world, c *oauth.Config) {
		c.Issuer, c.FHIR = "https://gate.example", "https://gate.example/fhir"
	})
	rec := newRecorder()
	r, _ := http.NewRequest("GET", "/oauth2/authorize?"+s.request("aud", "https://gate.example/fhir").Encode(), nil)
	s.server.Handler().ServeHTTP(rec, r)
	cookies := rec.header.Values("Set-Cookie")
	if len(cookies) == 0 {
		w.t.Fatalf("no cookie: %v %s", rec.header, rec.body.String())
	}
	for _, c := range cookies {
		if !strings.HasPrefix(c, "__Host-") || !strings.Contains(c, "Secure") || strings.Contains(c, "Domain=") {
			w.t.Errorf("cookie %q", c)
		}
	}
}

func answeringTwice(first, second string) func(*world) {
	return func(w *world) {
		b := w.newBrowser()
		p := b.signIn(b.authorize(), "camille")
		if got := b.submit(p, "decision", first, "patient", "camille"); got.location == nil {
			w.t.Fatal(got.status)
		}
		if got := b.submit(p, "decision", second, "patient", "camille"); got.status != 400 || got.location != nil {
			w.t.Errorf("%s after %s: %d %v", second, first, got.status, got.location)
		}
	}
}

func patientNotOffered(w *world) {
	b := w.newBrowser()
	p := b.signIn(b.authorize(), "camille")
	if got := b.submit(p, "decision", "allow", "patient", "jeanne"); got.location != nil || got.status != http.StatusUnprocessableEntity {
		w.t.Errorf("%d %v", got.status, got.location)
	}
	b = w.newBrowser()
	p = b.signIn(b.authorize(), "dr.roux") // a professional skips the choice of a patient
	if got := b.submit(p, "step", "consent", "decision", "allow", "patient", "jeanne"); got.location != nil {
		w.t.Errorf("skipped the choice: %v", got.location)
	}
	b = w.newBrowser()
	if got := b.signIn(b.authorize(), "sofia"); got.status != 403 {
		w.t.Errorf("somebody who acts for nobody: %d", got.status)
	}
}

func guessedPasswords(w *world) {
	owner := w.newBrowser()
	owner.signIn(owner.authorize(), "camille")
	owner.submit(owner.authorize(), "step", "switch")

	b := w.newBrowser()
	p := b.authorize()
	unknown := b.submit(p, "login", "nobody-at-all", "password", "x")
	wrong := b.submit(p, "login", "camille", "password", "x")
	if unknown.status != 422 || wrong.status != 422 ||
		strings.ReplaceAll(unknown.body, "nobody-at-all", "L") != strings.ReplaceAll(wrong.body, `value="camille"`, `value="L"`) {
		w.t.Error("the answer tells whether the login exists")
	}
	throttled := 0
	for range 10 {
		if got := b.submit(p, "login", "camille", "password", "x"); got.status == 429 && got.header.Get("Retry-After") != "" {
			throttled++
		}
	}
	if throttled != 6 { // five failures are free, one of them was used above
		w.t.Errorf("%d of 10 guesses were slowed", throttled)
	}
	if got := b.signIn(p, "camille"); got.status != 429 {
		w.t.Errorf("a right guess passes the throttle: %d", got.status)
	}
	if got := owner.signIn(owner.authorize(), "camille"); got.status != 200 || !strings.Contains(got.body, "Lucas") {
		w.t.Errorf("the owner is locked out: %d", got.status)
	}
	w.clock.Advance(31 * time.Second)
	if got := b.signIn(p, "camille"); got.status != 200 {
		w.t.Errorf("the wait does not end: %d", got.status)
	}
}

func disabledAccount(w *world) {
	b := w.newBrowser()
	p := b.signIn(b.authorize(), "karim")
	karim, err := w.server.Person(w.t.Context(), "karim")
	if err != nil {
		w.t.Fatal(err)
	}
	disabled := *karim
	disabled.Disabled = true
	if err := w.server.PutPerson(w.t.Context(), disabled); err != nil {
		w.t.Fatal(err)
	}
	if got := b.submit(p, "decision", "allow", "patient", "lucas"); got.location != nil {
		w.t.Errorf("the open session went on: %v", got.location)
	}
	if got := w.newBrowser(); got.signIn(got.authorize(), "karim").status != 422 {
		w.t.Error("a disabled account signed in")
	}
}

// asksPassword tells whether the browser has to sign in for a request.
func (b *browser) asksPassword(changes ...string) bool {
	return strings.Contains(b.authorize(changes...).body, `name="password"`)
}

func freshSignIn(w *world) {
	b := w.newBrowser()
	b.code()
	w.clock.Advance(10 * time.Minute)
	if b.asksPassword() || b.asksPassword("max_age", "3600") {
		w.t.Error("a live session is asked again without need")
	}
	if !b.asksPassword("max_age", "0") || !b.asksPassword("prompt", "login") || !b.asksPassword("max_age", "60") {
		w.t.Error("max_age or prompt=login is not honoured")
	}
}

func leftBrowser(w *world) {
	b := w.newBrowser()
	b.code()
	w.clock.Advance(31 * time.Minute)
	if !b.asksPassword() {
		w.t.Error("an idle session goes on")
	}
}

// misleading is a catalogue whose apps have names that read as others.
type misleading struct{ *catalogue }

func (m misleading) App(ctx context.Context, client string) (oauth.App, bool, error) {
	app, found, err := m.catalogue.App(ctx, client)
	app.FR.Name, app.EN.Name, app.Publisher = "Gly\u202ecare", "Gly\u202ecare", "Min\u202eistère"
	return app, found, err
}

func misleadingName(w *world) {
	w = newWorld(w.t, func(w *world, c *oauth.Config) { c.Apps = misleading{w.apps} })
	b := w.newBrowser()
	p := b.authorize()
	for _, body := range []string{p.body, b.signIn(p, "camille").body} {
		if !strings.Contains(body, "care") || strings.Contains(body, "\u202e") {
			w.t.Error("the page shows the mark, or no name")
		}
	}
}

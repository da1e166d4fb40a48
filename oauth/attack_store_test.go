package oauth_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/oauth"
)

// Attacks on what is kept, and with input that is none.

// stolenStore reads a backup: no token, code, secret, password, cookie or private key is in it.
func stolenStore(w *world) {
	b := w.newBrowser()
	code := b.code()
	r := w.redeem(code)
	reference := w.push()
	w.refresh(r.text("refresh_token"))
	secrets := []string{code, r.text("access_token"), r.text("refresh_token"), reference[len(reference)-52:], w.secret, password, "PRIVATE KEY"}
	for _, c := range b.client.Jar.Cookies(w.address()) {
		secrets = append(secrets, c.Value)
	}
	backup := w.backup()
	for i, s := range secrets {
		if strings.Contains(backup, s) {
			w.t.Errorf("the store holds secret %d", i)
		}
	}
	if !strings.Contains(backup, fmt.Sprintf("%q", "glycare")) {
		w.t.Error("the backup does not show the rows: the test sees nothing")
	}
}

func (w *world) backup() string {
	w.t.Helper()
	var out strings.Builder
	if err := w.db.Backup(w.t.Context(), &out); err != nil {
		w.t.Fatal(err)
	}
	return out.String()
}

func hugeParameters(w *world) {
	for name, value := range map[string]string{"state": strings.Repeat("x", 3000), "nonce": strings.Repeat("x", 600)} {
		p := w.newBrowser().authorize(name, value)
		if p.location == nil || p.location.Query().Get("error") != "invalid_request" {
			w.t.Errorf("%s: %d %v", name, p.status, p.location)
		}
	}
}

func brokenParameters(w *world) {
	const kind, good = "application/x-www-form-urlencoded", "grant_type=client_credentials"
	for name, body := range map[string]string{
		"10 000 parameters": good + strings.Repeat("&a=", 9000), "a broken escape": "grant_type=%zz", "no text": good + "&scope=%ff", "a long value": good + "&x=" + strings.Repeat("a", 9<<10),
	} {
		r, err := http.NewRequest("POST", w.url+"/oauth2/token", strings.NewReader(body))
		if err != nil {
			w.t.Fatal(err)
		}
		r.Header.Set("Content-Type", kind)
		r.SetBasicAuth("backend-lab", w.secret)
		if got := w.send(r); !got.refuses(400, "invalid_request") {
			w.t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
}

func takenLogin(w *world) {
	err := w.server.PutPerson(w.t.Context(), oauth.Person{Key: "thief", Login: " CAMILLE ", Kind: "patient", Reference: "Patient/x", PasswordHash: passwordHash()})
	if err == nil {
		w.t.Error("a login was taken over")
	}
	if p, err := w.server.Person(w.t.Context(), "camille"); err != nil || p.Login != "camille" {
		w.t.Errorf("its owner: %v %v", p, err)
	}
}

func silentSignIn(w *world) {
	b := w.newBrowser()
	ask := func(prompt string) string {
		p := b.authorize("prompt", prompt)
		if p.location == nil || p.location.Query().Has("code") {
			return fmt.Sprintf("status %d %v", p.status, p.location)
		}
		return p.location.Query().Get("error")
	}
	if got := ask("none"); got != "login_required" {
		w.t.Errorf("nobody signed in: %s", got)
	}
	b.signIn(b.authorize(), "camille")
	if got := ask("none"); got != "consent_required" {
		w.t.Errorf("signed in: %s", got)
	}
	if got := ask("none login"); got != "invalid_request" {
		w.t.Errorf("none with another: %s", got)
	}
}

// oldClock sets the clock back: what was used stays used.
func oldClock(w *world) {
	code := w.newBrowser().code()
	if r := w.redeem(code); r.status != 200 {
		w.t.Fatal(r.raw)
	}
	s := newSigner(w.t, w, "lab-key")
	assertion := s.sign(assertionOf(w, "lab-key"), nil)
	if r := w.assert(assertion); r.status != 200 {
		w.t.Fatal(r.raw)
	}
	for _, d := range []time.Duration{-30 * time.Second, time.Minute, -20 * time.Second} {
		w.clock.Advance(d)
		if _, err := w.server.Sweep(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
		if r := w.redeem(code); !r.refuses(400, "invalid_grant") {
			w.t.Errorf("the code: %d %s", r.status, r.raw)
		}
		if r := w.assert(assertion); !r.refuses(401, "invalid_client") {
			w.t.Errorf("the assertion: %d %s", r.status, r.raw)
		}
	}
}

// silentLog goes through flows and refusals of each kind, and looks for what was secret in them.
func silentLog(w *world) {
	w.settle()
	p := w.newProver()
	b := w.newBrowser()
	code := b.finish(b.come(w.push())).location.Query().Get("code")
	r := p.token(codeForm(code), "")
	p.token(codeForm(code), "") // each is tried once more, because refusals are logged too
	w.refresh(r.text("refresh_token"))
	w.refresh(flip(r.text("refresh_token")))
	s := newSigner(w.t, w, "lab-key")
	assertion := s.sign(assertionOf(w, "lab-key"), nil)
	w.assert(assertion)
	w.assert(assertion)
	w.introspect(r.text("access_token"), "resource:"+w.secret)
	w.introspect("x", "resource:"+flip(w.secret))
	w.revokes("glycare", "token", r.text("access_token"))
	for _, scheme := range []string{"Bearer ", "DPoP "} {
		ask, err := http.NewRequest("GET", w.url+"/oauth2/userinfo", nil)
		if err != nil {
			w.t.Fatal(err)
		}
		ask.Header.Set("Authorization", scheme+r.text("access_token"))
		w.send(ask)
	}
	thief := w.newBrowser()
	thief.submit(thief.authorize(), "login", "camille", "password", "wrong "+password)
	w.silent()
	seen := w.witness.kinds()
	for _, kind := range []string{
		"DPoP", "access_token", "client_assertion", "code", "code_verifier", "cookie pontlevis_session", "csrf", "password",
		"refresh_token", "request_uri", "secret",
	} {
		if !slices.Contains(seen, kind) {
			w.t.Errorf("no %s was seen among %v", kind, seen)
		}
	}
	if !strings.Contains(w.log.String(), "authorization server refused") {
		w.t.Error("the log is empty: the test sees nothing")
	}
}

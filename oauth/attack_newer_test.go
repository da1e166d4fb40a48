package oauth_test

import (
	"net/http"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/oauth"
)

// Attacks on devices, exchanges, launches, registrations, second factors, providers elsewhere and signing out.

// agreedDevice is a workstation whose code camille has agreed to on a phone.
func agreedDevice(w *world) (*world, reply) {
	w = deviceWorld(w.t)
	d := w.beginDevice(deviceScope)
	phone := w.newBrowser()
	phone.submit(phone.signIn(phone.typeCode(d.text("user_code")), "camille"), "decision", "allow", "patient", "camille")
	w.clock.Advance(6 * time.Second)
	return w, d
}

func deviceTwice(w *world) {
	w, d := agreedDevice(w)
	first := w.poll(d)
	if first.status != 200 {
		w.t.Fatalf("%d %s", first.status, first.raw)
	}
	w.clock.Advance(6 * time.Second)
	if r := w.poll(d); !r.refuses(400, "invalid_grant") || w.alive(first.text("access_token")) {
		w.t.Errorf("%d %s, alive %v", r.status, r.raw, w.alive(first.text("access_token")))
	}
}

func foreignDevice(w *world) {
	w, d := agreedDevice(w)
	w.apps.set("other-station", "online")
	if err := w.server.PutClient(w.t.Context(), oauth.Client{
		ID: "other-station", Kind: "smart", Name: "Autre", AuthMethod: oauth.AuthBasic, SecretHash: w.server.HashSecret(w.secret),
		GrantTypes: []string{deviceGrant}, Scopes: []string{"patient/*.rs"},
	}); err != nil {
		w.t.Fatal(err)
	}
	r := w.post("/oauth2/token", pairs("grant_type", deviceGrant, "device_code", d.text("device_code")), "other-station:"+w.secret)
	if !r.refuses(400, "invalid_grant") {
		w.t.Errorf("%d %s", r.status, r.raw)
	}
	if r := w.poll(d); r.status != 200 {
		w.t.Errorf("the owner: %d %s", r.status, r.raw)
	}
}

func secondBrowserOfADevice(w *world) {
	w = deviceWorld(w.t)
	d := w.beginDevice(deviceScope)
	phone, thief := w.newBrowser(), w.newBrowser()
	phone.typeCode(d.text("user_code"))
	if p := thief.typeCode(d.text("user_code")); p.status != http.StatusUnprocessableEntity {
		w.t.Errorf("%d", p.status)
	}
}

func guessedUserCodes(w *world) {
	b := w.newBrowser()
	for range 5 {
		b.typeCode("BCDF-GHJK")
	}
	if p := b.typeCode("BCDF-GHJL"); p.status != http.StatusTooManyRequests || p.header.Get("Retry-After") == "" {
		w.t.Errorf("%d", p.status)
	}
}

func widerExchange(w *world) {
	exchangers(w.t, w, "plugin-a")
	subject := w.tokens("scope", "launch/patient patient/Condition.rs").text("access_token")
	for _, scope := range []string{"patient/Observation.rs", "user/Observation.rs", "patient/Condition.cruds"} {
		if r := w.exchange("plugin-a", subject, "scope", scope); !r.refuses(400, "invalid_scope") {
			w.t.Errorf("%s: %d %s", scope, r.status, r.raw)
		}
	}
}

func exchangeOfAStolenToken(w *world) {
	exchangers(w.t, w, "plugin-a")
	p := w.settle().newProver()
	if r := w.exchange("plugin-a", w.boundToken(p)); !r.refuses(400, "invalid_request") {
		w.t.Errorf("%d %s", r.status, r.raw)
	}
}

func idTokenAsAccess(w *world) {
	token := w.tokens().text("id_token")
	if r := w.introspect(token, "resource:"+w.secret); r.raw != `{"active":false}` {
		w.t.Errorf("%d %s", r.status, r.raw)
	}
	w.refusedEverywhere("id_token", token)
}

func foreignLaunch(w *world) {
	l := w.launched(w.opener("dr-roux", "camille"), `{"client_id":"glycare"}`)
	p := w.newBrowser().authorize("scope", ehrScope, "launch", l, "client_id", "rival")
	if p.location == nil || p.location.Query().Get("error") != "invalid_request" {
		w.t.Errorf("%d %v", p.status, p.location)
	}
}

func registrationUninvited(w *world) {
	o := newOffice(w.t)
	if r := o.ask("POST", "", "", app()); r.status != 401 || r.text("client_id") != "" {
		o.t.Errorf("%d %s", r.status, r.raw)
	}
}

func foreignRegistration(w *world) {
	o := newOffice(w.t)
	mine, theirs := o.ask("POST", "", initialToken, app()), o.ask("POST", "", initialToken, app())
	uri, token := theirs.text("registration_client_uri"), mine.text("registration_access_token")
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		if r := o.ask(method, uri, token, app("client_id", theirs.text("client_id"))); r.status != 401 {
			o.t.Errorf("%s: %d %s", method, r.status, r.raw)
		}
	}
}

func leavingElsewhere(w *world) {
	w.app(oauth.Client{ID: "leaver", PostLogoutRedirectURIs: []string{afterLogout}})
	hint := w.tokens().text("id_token")
	for _, uri := range []string{"https://evil.example/", afterLogout, afterLogout + "/more"} {
		if p := w.newBrowser().leave("id_token_hint", hint, "post_logout_redirect_uri", uri); p.location != nil || p.status != 400 {
			w.t.Errorf("%s: %d %v", uri, p.status, p.location)
		}
	}
}

func leavingUnasked(w *world) {
	b := w.newBrowser()
	b.code()
	b.leave("client_id", "glycare")
	if b.asksPassword() {
		w.t.Error("a link signed the person out")
	}
}

func foreignCallback(w *world) {
	f := newFederated(w.t)
	attacker, victim := f.newBrowser(), f.newBrowser()
	victim.authorize()
	back := attacker.toElsewhere(attacker.authorize(), "persons").RequestURI()
	if p := victim.get(back); p.status != http.StatusForbidden {
		f.t.Errorf("%d", p.status)
	}
}

func callbackTwice(w *world) {
	f := newFederated(w.t)
	b := f.newBrowser()
	back := b.toElsewhere(b.authorize(), "persons").RequestURI()
	if p := b.get(back); p.status != http.StatusOK {
		f.t.Fatalf("%d %s", p.status, p.body)
	}
	if p := b.get(back); p.status != http.StatusBadRequest || !strings.Contains(p.body, "Déjà répondu") {
		f.t.Errorf("again: %d", p.status)
	}
}

func oneTimeCodeTwice(w *world) {
	w.withCodes("camille")
	for i, want := range []bool{true, false} {
		b := w.newBrowser()
		p := b.submit(b.signIn(b.authorize(), "camille"), "code", w.otp(0))
		if in := strings.Contains(p.body, "Glycare SAS") && p.status == http.StatusOK; in != want {
			w.t.Errorf("use %d: let in %v", i+1, in)
		}
	}
}

func passkeyTwice(w *world) {
	w = newWorldAt(w.t, "localhost")
	d := w.withPasskey("camille")
	b := w.newBrowser()
	p := b.authorize()
	first, second := d.get(w.t, p), d.get(w.t, p)
	if got := b.submit(p, "step", "passkey", "credential", first); !strings.Contains(got.body, "Glycare SAS") {
		w.t.Fatalf("%d", got.status)
	}
	b.post("/oauth2/sign-out", nil)
	if got := b.submit(p, "step", "passkey", "credential", second); got.status != http.StatusUnprocessableEntity {
		w.t.Errorf("%d", got.status)
	}
}

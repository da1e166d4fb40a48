package oauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// TestNothingNewBeginsOnAnOldLabel: while the labels of apps have not been confirmed for too long no sign-in, no pushed
// request, no device, no exchange and no registration begins, and each is told so; what runs goes on, and systems get their tokens.
func TestNothingNewBeginsOnAnOldLabel(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	exchangers(t, o.world, "plugin-a")
	running := o.tokens()
	b := o.newBrowser()
	begun := b.signIn(b.authorize(), "camille")
	registered := o.ask("POST", "", initialToken, app())
	code := o.newBrowser().code()
	o.apps.wait(true)

	if r := o.redeem(code); r.status != http.StatusOK {
		t.Errorf("the code of a sign-in that was over before: %d %s", r.status, r.raw)
	}
	told := func(name string, p page) {
		t.Helper()
		if p.status != http.StatusServiceUnavailable || p.location != nil || !strings.Contains(p.body, "temporarily_unavailable") || !strings.Contains(p.body, "Pas de nouvelle connexion") {
			t.Errorf("%s: %d %v %s", name, p.status, p.location, p.body)
		}
	}
	told("a sign-in", o.newBrowser().authorize())
	told("a sign-in that was begun", b.submit(begun, "decision", "allow", "patient", "camille"))
	refused := func(name string, r reply) {
		t.Helper()
		if r.status != http.StatusServiceUnavailable || r.text("error") != "temporarily_unavailable" || r.header.Get("Retry-After") != "300" || !strings.Contains(r.text("error_description"), "label") {
			t.Errorf("%s: %d %v %s", name, r.status, r.header, r.raw)
		}
	}
	refused("a pushed request", o.post("/oauth2/par", o.request(), ""))
	refused("an exchange", o.exchange("plugin-a", running.text("access_token")))
	refused("a registration", o.ask("POST", "", initialToken, app()))

	if r := o.refresh(running.text("refresh_token")); r.status != http.StatusOK || !o.alive(r.text("access_token")) {
		t.Errorf("what runs: %d %s", r.status, r.raw)
	}
	if r := o.ask("GET", registered.text("registration_client_uri"), registered.text("registration_access_token"), nil); r.status != http.StatusOK {
		t.Errorf("a client that is there: %d %s", r.status, r.raw)
	}
	system := url.Values{"grant_type": {"client_credentials"}, "scope": {"system/Binary.c"}}
	if r := o.post("/oauth2/token", system, "backend-lab:"+o.secret); r.status != http.StatusOK {
		t.Errorf("a system: %d %s", r.status, r.raw)
	}
	o.apps.wait(false)
	if p := o.newBrowser().authorize(); p.status != http.StatusOK {
		t.Errorf("once the labels are seen again: %d %s", p.status, p.body)
	}
}

// TestNoDeviceBeginsOnAnOldLabel: nor is the code of one that began before taken up.
func TestNoDeviceBeginsOnAnOldLabel(t *testing.T) {
	t.Parallel()
	w := deviceWorld(t)
	d := w.beginDevice(deviceScope)
	w.apps.wait(true)
	if r := w.post("/oauth2/device", url.Values{"scope": {deviceScope}}, "workstation:"+w.secret); r.status != http.StatusServiceUnavailable || r.text("error") != "temporarily_unavailable" {
		t.Errorf("a device: %d %s", r.status, r.raw)
	}
	if p := w.newBrowser().typeCode(d.text("user_code")); p.status != http.StatusServiceUnavailable || !strings.Contains(p.body, "temporarily_unavailable") {
		t.Errorf("the code of a device: %d %s", p.status, p.body)
	}
}

package oauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/oauth"
)

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// deviceWorld is a world with a shared workstation.
func deviceWorld(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	w.apps.set("workstation", "online")
	err := w.server.PutClient(t.Context(), oauth.Client{
		ID: "workstation", Kind: "smart", Name: "Poste de soins", AuthMethod: oauth.AuthBasic, SecretHash: w.server.HashSecret(w.secret),
		GrantTypes: []string{deviceGrant, "refresh_token"}, Scopes: []string{"openid", "fhirUser", "online_access", "launch/patient", "patient/*.rs"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) beginDevice(scope string) reply {
	w.t.Helper()
	r := w.post("/oauth2/device", url.Values{"scope": {scope}}, "workstation:"+w.secret)
	if r.status != http.StatusOK {
		w.t.Fatalf("beginning a device: %d %s", r.status, r.raw)
	}
	return r
}

func (w *world) poll(device reply) reply {
	return w.post("/oauth2/token", url.Values{"grant_type": {deviceGrant}, "device_code": {device.text("device_code")}}, "workstation:"+w.secret)
}

// typeCode types a user code on the page and returns what follows.
func (b *browser) typeCode(code string) page {
	p := b.get("/oauth2/device")
	form := url.Values{"csrf": p.hidden["csrf"], "tx": p.hidden["tx"], "user_code": {code}}
	return b.post("/oauth2/device/code", form)
}

const deviceScope = "openid fhirUser online_access launch/patient patient/*.rs"

// TestDeviceFlow signs in a workstation with a phone, from the code to tokens that the gate accepts and refresh (RFC 8628).
func TestDeviceFlow(t *testing.T) {
	t.Parallel()
	w := deviceWorld(t)
	d := w.beginDevice(deviceScope)
	if d.text("verification_uri") != w.url+"/oauth2/device" || !strings.HasSuffix(d.text("verification_uri_complete"), "?user_code="+d.text("user_code")) ||
		d.json["expires_in"] != 600.0 || d.json["interval"] != 5.0 {
		t.Errorf("device answer %s", d.raw)
	}
	if r := w.poll(d); r.text("error") != "authorization_pending" {
		t.Errorf("before anybody answered: %s", r.raw)
	}
	phone := w.newBrowser()
	if p := phone.get(strings.TrimPrefix(d.text("verification_uri_complete"), w.url)); !strings.Contains(p.body, d.text("user_code")) ||
		strings.Contains(p.body, "password") {
		t.Errorf("the page of the complete link does not ask to compare the code: %s", p.body)
	}
	p := phone.signIn(phone.typeCode(strings.ToLower(d.text("user_code"))), "camille")
	if !strings.Contains(p.body, d.text("user_code")) || !strings.Contains(p.body, "personne ne doit") && !strings.Contains(p.body, "Personne ne doit") {
		t.Errorf("the consent page does not warn of a code that somebody sent: %s", p.body)
	}
	p = phone.submit(p, "decision", "allow", "patient", "camille")
	if p.status != http.StatusOK || p.location != nil || !strings.Contains(p.body, "connecté") {
		t.Fatalf("after agreeing: %d %v %s", p.status, p.location, p.body)
	}
	w.clock.Advance(6 * time.Second)
	r := w.poll(d)
	if r.status != http.StatusOK || r.text("patient") != "camille" || r.text("id_token") == "" || !w.alive(r.text("access_token")) {
		t.Fatalf("after the person agreed: %d %s", r.status, r.raw)
	}
	checkSigned(t, w, r.text("id_token"), "workstation")
	fresh := w.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.text("refresh_token")}}, "workstation:"+w.secret)
	if fresh.status != http.StatusOK || !w.alive(fresh.text("access_token")) {
		t.Errorf("refreshing: %d %s", fresh.status, fresh.raw)
	}
	w.clock.Advance(6 * time.Second)
	if r := w.poll(d); r.text("error") != "invalid_grant" || !w.told("code_replay") {
		t.Errorf("a device code is redeemed twice: %s", r.raw)
	}
	if w.alive(fresh.text("access_token")) {
		t.Error("the tokens of a replayed device code live")
	}
}

// TestDeviceAnswers holds each answer of RFC 8628 §3.5.
func TestDeviceAnswers(t *testing.T) {
	t.Parallel()
	w := deviceWorld(t)
	denied := w.beginDevice(deviceScope)
	phone := w.newBrowser()
	p := phone.typeCode(denied.text("user_code"))
	if p = phone.submit(p, "step", "consent", "decision", "refuse"); p.status != http.StatusOK || p.location != nil {
		t.Errorf("refusing: %d %v", p.status, p.location)
	}
	if r := w.poll(denied); r.text("error") != "access_denied" {
		t.Errorf("after a refusal: %s", r.raw)
	}
	if p := phone.typeCode(denied.text("user_code")); p.status != http.StatusUnprocessableEntity {
		t.Errorf("a code that was answered is taken again: %d", p.status)
	}
	d := w.beginDevice(deviceScope)
	for _, want := range []struct {
		wait  time.Duration
		error string
	}{
		{0, "authorization_pending"}, {4 * time.Second, "slow_down"}, {9 * time.Second, "slow_down"}, {15 * time.Second, "authorization_pending"},
		{14 * time.Second, "slow_down"}, {20 * time.Second, "authorization_pending"},
	} {
		w.clock.Advance(want.wait)
		if r := w.poll(d); r.status != http.StatusBadRequest || r.text("error") != want.error {
			t.Errorf("polled after %v: %s, want %s", want.wait, r.raw, want.error)
		}
	}
	w.clock.Advance(10 * time.Minute)
	if r := w.poll(d); r.text("error") != "expired_token" {
		t.Errorf("too late: %s", r.raw)
	}
	if p := phone.typeCode(d.text("user_code")); p.status != http.StatusUnprocessableEntity {
		t.Errorf("an expired user code is taken: %d", p.status)
	}
}

// TestDeviceAttacks holds what a stranger may not do with either code.
func TestDeviceAttacks(t *testing.T) {
	t.Parallel()
	w := deviceWorld(t)
	d := w.beginDevice(deviceScope)
	form := url.Values{"grant_type": {deviceGrant}, "device_code": {d.text("device_code")}}
	if r := w.post("/oauth2/token", form, "glycare-pro:"+w.secret); r.text("error") != "unauthorized_client" {
		t.Errorf("a client without the grant polls: %s", r.raw)
	}
	err := w.server.PutClient(t.Context(), oauth.Client{
		ID: "rival", Kind: "smart", Name: "Rival", AuthMethod: oauth.AuthNone, GrantTypes: []string{deviceGrant}, Scopes: []string{"patient/*.rs"},
	})
	if err != nil {
		t.Fatal(err)
	}
	form.Set("client_id", "rival")
	if r := w.post("/oauth2/token", form, ""); r.text("error") != "invalid_grant" {
		t.Errorf("another client polls with the code: %s", r.raw)
	}
	form.Set("device_code", d.text("device_code")[:80]+"abcd")
	if r := w.post("/oauth2/token", form, ""); r.text("error") != "invalid_grant" {
		t.Errorf("a forged device code: %s", r.raw)
	}
	for name, basic := range map[string]string{"no client": "", "wrong secret": "workstation:x", "no grant": "glycare-pro:" + w.secret} {
		if r := w.post("/oauth2/device", url.Values{"scope": {deviceScope}}, basic); r.status < 400 {
			t.Errorf("%s begins a device: %s", name, r.raw)
		}
	}
	if r := w.post("/oauth2/device", url.Values{"scope": {"system/*.rs"}}, "workstation:"+w.secret); r.text("error") != "invalid_scope" {
		t.Errorf("scopes outside the registration: %s", r.raw)
	}
	phone, thief := w.newBrowser(), w.newBrowser()
	p := phone.typeCode(d.text("user_code"))
	if p.status != http.StatusOK || !strings.Contains(p.body, `name="password"`) {
		t.Fatalf("the first browser is not led to sign in: %d", p.status)
	}
	if q := thief.typeCode(d.text("user_code")); q.status != http.StatusUnprocessableEntity {
		t.Errorf("a second browser takes the code over: %d", q.status)
	}
	if q := phone.typeCode(d.text("user_code")); q.status != http.StatusOK {
		t.Errorf("the first browser cannot go on: %d", q.status)
	}
	for name, change := range map[string][2]string{"no token": {"csrf", ""}, "foreign token": {"csrf", "x"}} {
		if q := phone.post("/oauth2/device/code", url.Values{change[0]: {change[1]}, "user_code": {d.text("user_code")}}); q.status != http.StatusForbidden {
			t.Errorf("%s: the form is taken: %d", name, q.status)
		}
	}
}

// TestDeviceGuesses holds that user codes cannot be guessed: attempts are bounded for one browser, and for one network
// whatever the browser.
func TestDeviceGuesses(t *testing.T) {
	t.Parallel()
	w := deviceWorld(t)
	guesser := w.newBrowser()
	for i := range 6 {
		p := guesser.typeCode("BCDF-GHJK")
		if want := map[bool]int{true: http.StatusUnprocessableEntity, false: http.StatusTooManyRequests}[i < 5]; p.status != want {
			t.Errorf("guess %d in one browser: status %d, want %d", i+1, p.status, want)
		}
	}
	refused := 0
	for range 20 {
		if p := w.newBrowser().typeCode("not a code"); p.status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused == 0 {
		t.Error("fresh browsers of one network may guess without end")
	}
	seen := map[string]bool{}
	for range 20 {
		w.clock.Advance(time.Minute)
		code := w.beginDevice("patient/*.rs").text("user_code")
		if seen[code] || len(code) != 9 || strings.Trim(code, "BCDFGHJKLMNPQRSTVWXZ-") != "" {
			t.Errorf("user code %q", code)
		}
		seen[code] = true
	}
}

// TestRaceDevice lets 100 polls race once the person has agreed: one gets tokens, and no other ever does.
func TestRaceDevice(t *testing.T) {
	t.Parallel()
	w := deviceWorld(t)
	d := w.beginDevice(deviceScope)
	phone := w.newBrowser()
	p := phone.signIn(phone.typeCode(d.text("user_code")), "camille")
	phone.submit(p, "decision", "allow", "patient", "camille")
	counts, _ := together(func(int) reply { return w.poll(d) })
	if counts[200] != 1 || counts[400] != crowd-1 {
		t.Errorf("answers by status: %v", counts)
	}
}

// checkSigned verifies an id_token against the published keys and looks whom it is for.
func checkSigned(t *testing.T, w *world, raw, client string) map[string]any {
	t.Helper()
	claims := verified(t, w, raw)
	if claims["aud"] != client || claims["iss"] != w.url || claims["at_hash"] == nil || claims["sub"] == "" {
		t.Errorf("id_token %v", claims)
	}
	return claims
}

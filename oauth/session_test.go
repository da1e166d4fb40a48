package oauth_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/gate"
)

// sessionCookie is the value of the browser's session cookie.
func (b *browser) sessionCookie() string {
	u, _ := url.Parse(b.w.url)
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == "pontlevis_session" {
			return c.Value
		}
	}
	return ""
}

// The cookie of before a sign-in opens nothing after it (session fixation), not even when the same person signs in again;
// the session's own id stays, so that apps see one session.
func TestSignInChangesTheCookie(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	b.code()
	first := b.sessionCookie()
	w.clock.Advance(time.Minute)
	b.signIn(b.authorize("prompt", "login"), "camille")
	second := b.sessionCookie()
	if first == "" || first == second || first[:26] != second[:26] {
		t.Fatalf("cookies %q and %q", first, second)
	}
	if b.with(first).authorize().signedIn() || !b.with(second).authorize().signedIn() {
		t.Error("the old cookie still opens the session, or the new one does not")
	}
	w.clock.Advance(time.Minute)
	b.signIn(b.authorize("prompt", "login"), "karim")
	if third := b.sessionCookie(); third[:26] == second[:26] || b.with(second).authorize().signedIn() {
		t.Error("somebody else's sign-in goes on with the session of the one before")
	}
}

func (p page) signedIn() bool {
	return p.status == http.StatusOK && !strings.Contains(p.body, `name="password"`)
}

// with is another browser with this session cookie.
func (b *browser) with(session string) *browser {
	other := b.w.newBrowser()
	u, _ := url.Parse(b.w.url)
	other.client.Jar.SetCookies(u, []*http.Cookie{{Name: "pontlevis_session", Value: session, Path: "/"}})
	return other
}

// Signing out ends online access at its next refresh, and leaves what was given for longer.
func TestSignOutEndsOnlineAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	online := w.redeem(b.code("scope", "launch/patient online_access patient/*.rs"))
	offline := w.redeem(b.code("scope", "launch/patient offline_access patient/*.rs"))
	if p := b.post("/oauth2/sign-out", nil); p.status != http.StatusOK {
		t.Fatalf("sign-out: %d", p.status)
	}
	if got := w.refresh(online.text("refresh_token")); got.status != 400 || got.text("error") != "invalid_grant" {
		t.Errorf("online access after the sign-out: %d %s", got.status, got.raw)
	}
	if got := w.refresh(offline.text("refresh_token")); got.status != 200 {
		t.Errorf("offline access after the sign-out: %d %s", got.status, got.raw)
	}
}

// A session ends when it is not used, and at last in any case.
func TestSessionEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	idle, used := w.newBrowser(), w.newBrowser()
	idle.code()
	used.code()
	for range 15 {
		w.clock.Advance(29 * time.Minute)
		if !used.authorize().signedIn() {
			t.Fatal("a session in use ended")
		}
	}
	if idle.authorize().signedIn() {
		t.Error("an idle session goes on")
	}
	w.clock.Advance(29 * time.Minute)
	used.authorize()
	w.clock.Advance(29 * time.Minute)
	if used.authorize().signedIn() {
		t.Error("a session goes on after eight hours")
	}
}

// The id_token and the grant say how and when the person signed in, and in which session.
func TestProofIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	r := w.redeem(b.code())
	claims := claimsOf(t, r.text("id_token"))
	if claims["acr"] != "eidas1" || claims["sid"] != b.sessionCookie()[:26] || len(claims["amr"].([]any)) != 1 || claims["amr"].([]any)[0] != "pwd" {
		t.Errorf("claims %v", claims)
	}
	g, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token")))
	if err != nil || g.ACR != "eidas1" || len(g.AMR) != 1 {
		t.Errorf("grant %+v, %v", g, err)
	}
}

// claimsOf reads a JWT without verifying it: checkIDToken does that.
func claimsOf(t *testing.T, raw string) map[string]any {
	t.Helper()
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		t.Fatalf("no JWT: %q", raw)
	}
	plain, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]any{}
	if err := json.Unmarshal(plain, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

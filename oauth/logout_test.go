package oauth_test

import (
	"crypto/x509"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/jwks"
)

const afterLogout = "https://app.example/bye"

// app registers an app of a test.
func (w *world) app(c oauth.Client) {
	w.t.Helper()
	w.apps.set(c.ID, "online")
	c.Kind, c.RedirectURIs = "smart", []string{redirectURI}
	if c.AuthMethod == "" {
		c.AuthMethod = oauth.AuthNone
	}
	if c.Scopes == nil {
		c.Scopes = []string{"openid", "fhirUser", "launch/patient", "online_access", "offline_access", "patient/*.rs"}
	}
	if err := w.server.PutClient(w.t.Context(), c); err != nil {
		w.t.Fatal(err)
	}
}

// leave asks the end_session endpoint; changes are pairs.
func (b *browser) leave(pairs ...string) page {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Set(pairs[i], pairs[i+1])
	}
	return b.get("/oauth2/end-session?" + q.Encode())
}

func (b *browser) signedIn(t *testing.T) bool {
	t.Helper()
	return !strings.Contains(b.authorize().body, `name="password"`)
}

const onlineScope = "openid launch/patient online_access patient/*.rs"

// TestLogout signs somebody out at the request of an app that shows their id_token, also long after it has expired
// (OpenID Connect RP-Initiated Logout 1.0): what rested on the session is dead at the next request.
func TestLogout(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.app(oauth.Client{ID: "leaver", PostLogoutRedirectURIs: []string{afterLogout}})
	b := w.newBrowser()
	online := w.redeem(b.code("client_id", "leaver", "scope", onlineScope), "client_id", "leaver")
	once := w.redeem(b.code("client_id", "leaver", "scope", "launch/patient patient/*.rs"), "client_id", "leaver")
	offline := w.redeem(b.code("client_id", "leaver", "scope", "launch/patient offline_access patient/*.rs"), "client_id", "leaver")
	w.clock.Advance(14 * time.Minute)
	p := b.leave("id_token_hint", online.text("id_token"), "post_logout_redirect_uri", afterLogout, "state", "s&1")
	if p.status != http.StatusSeeOther || p.location.String() != afterLogout+"?state=s%261" {
		t.Fatalf("%d %v %s", p.status, p.location, p.body)
	}
	if b.signedIn(t) {
		t.Error("the session goes on")
	}
	if w.alive(online.text("access_token")) || w.alive(once.text("access_token")) {
		t.Error("access that rested on the session lives")
	}
	if !w.alive(offline.text("access_token")) {
		t.Error("offline access ends with the session")
	}
	if r := w.refresh(online.text("refresh_token"), "client_id", "leaver"); r.text("error") != "invalid_grant" {
		t.Errorf("online access is refreshed: %s", r.raw)
	}
	if !w.told("signed_out") {
		t.Error("the log is not told")
	}
}

// TestLogoutAsks lets the person decide where no hint proves who asks, or another session is meant.
func TestLogoutAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.app(oauth.Client{ID: "leaver", PostLogoutRedirectURIs: []string{afterLogout}})
	b, other := w.newBrowser(), w.newBrowser()
	b.code("client_id", "leaver")
	foreign := w.redeem(other.code("client_id", "leaver", "scope", onlineScope), "client_id", "leaver")
	for name, p := range map[string]page{
		"no hint": b.leave("client_id", "leaver", "post_logout_redirect_uri", afterLogout, "state", "x"), "nothing": b.leave(),
		"a hint of another session": b.leave("id_token_hint", foreign.text("id_token")),
	} {
		if p.status != http.StatusOK || p.hidden.Get("csrf") == "" || !b.signedIn(t) {
			t.Errorf("%s: %d, signed in %v", name, p.status, b.signedIn(t))
		}
	}
	p := b.leave("client_id", "leaver", "post_logout_redirect_uri", afterLogout, "state", "x")
	if q := b.post("/oauth2/end-session/confirm", url.Values{"csrf": {"forged"}}); q.status != http.StatusForbidden || !b.signedIn(t) {
		t.Errorf("a forged answer: %d", q.status)
	}
	if p = b.post("/oauth2/end-session/confirm", p.hidden); p.location == nil || p.location.String() != afterLogout+"?state=x" || b.signedIn(t) {
		t.Errorf("after the answer: %d %v", p.status, p.location)
	}
	if !w.alive(foreign.text("access_token")) {
		t.Error("another session was ended")
	}
}

// TestLogoutAttacks holds O05 of the attack table and the hints that do not count: nobody is sent to an address that the
// client did not register, and nobody is signed out.
func TestLogoutAttacks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.app(oauth.Client{ID: "leaver", PostLogoutRedirectURIs: []string{afterLogout}})
	b := w.newBrowser()
	r := w.redeem(b.code("client_id", "leaver", "scope", onlineScope), "client_id", "leaver")
	hint := r.text("id_token")
	for name, pairs := range map[string][]string{
		"unregistered address":       {"id_token_hint", hint, "post_logout_redirect_uri", "https://evil.example/bye"},
		"longer address":             {"id_token_hint", hint, "post_logout_redirect_uri", afterLogout + "/x"},
		"address of nobody":          {"post_logout_redirect_uri", afterLogout},
		"address of another":         {"client_id", "glycare", "post_logout_redirect_uri", afterLogout},
		"hint of another":            {"id_token_hint", hint, "client_id", "glycare"},
		"forged hint":                {"id_token_hint", hint[:len(hint)-4] + "AAAA"},
		"an access token as hint":    {"id_token_hint", r.text("access_token")},
		"an unsigned hint":           {"id_token_hint", "eyJhbGciOiJub25lIn0." + strings.Split(hint, ".")[1] + "."},
		"unregistered, without hint": {"client_id", "leaver", "post_logout_redirect_uri", redirectURI},
	} {
		if p := b.leave(pairs...); p.status != http.StatusBadRequest || p.location != nil || !b.signedIn(t) {
			t.Errorf("%s: %d, location %v", name, p.status, p.location)
		}
	}
}

// TestLogoutAfterIdle ends a session whose browser was idle for so long that its row is gone.
func TestLogoutAfterIdle(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.app(oauth.Client{ID: "leaver"})
	r := w.redeem(w.newBrowser().code("client_id", "leaver", "scope", onlineScope), "client_id", "leaver")
	w.clock.Advance(2 * time.Hour)
	if _, err := w.server.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	fresh := w.refresh(r.text("refresh_token"), "client_id", "leaver")
	if fresh.status != http.StatusOK {
		t.Fatalf("online access ended with idleness: %s", fresh.raw)
	}
	w.newBrowser().leave("id_token_hint", r.text("id_token"))
	if w.alive(fresh.text("access_token")) {
		t.Error("online access outlives its session")
	}
}

// heard is an app that is told by the back channel.
type heard struct {
	*httptest.Server
	tokens chan string
	fails  atomic.Int32 // how many notices it still answers with 500
}

func newHeard(t *testing.T) *heard {
	h := &heard{tokens: make(chan string, 16)}
	h.Server = httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if h.fails.Add(-1) >= 0 {
			rw.WriteHeader(http.StatusInternalServerError)
			return
		}
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		h.tokens <- form.Get("logout_token")
	}))
	t.Cleanup(h.Close)
	return h
}

func (h *heard) token(t *testing.T) string {
	t.Helper()
	select {
	case token := <-h.tokens:
		return token
	case <-time.After(10 * time.Second):
		t.Fatal("the app was not told")
		return ""
	}
}

func told(h *heard) func(*world, *oauth.Config) {
	return func(_ *world, c *oauth.Config) {
		roots := x509.NewCertPool()
		roots.AddCert(h.Certificate())
		c.Remote = jwks.Options{Loopback: true, Roots: roots}
		c.LogoutWaits = []time.Duration{0, time.Millisecond, time.Millisecond}
	}
}

// TestBackchannel tells an app that a session has ended, again when it fails at first (OpenID Connect Back-Channel Logout
// 1.0 §2.4, §2.5); an app of another session is told nothing.
func TestBackchannel(t *testing.T) {
	t.Parallel()
	h := newHeard(t)
	h.fails.Store(2)
	w := newWorld(t, told(h))
	w.app(oauth.Client{ID: "listener", BackchannelLogoutURI: h.URL + "/logout", IDTokenAlg: "ES256"})
	b := w.newBrowser()
	id := verified(t, w, w.redeem(b.code("client_id", "listener"), "client_id", "listener").text("id_token"))
	w.newBrowser().code("client_id", "listener") // another session
	if p := b.post("/oauth2/sign-out", nil); p.status != http.StatusOK {
		t.Fatalf("signing out: %d", p.status)
	}
	raw := h.token(t)
	claims := verified(t, w, raw)
	if typ := headerOf(t, raw)["typ"]; typ != "logout+jwt" || headerOf(t, raw)["alg"] != "ES256" {
		t.Errorf("header %v", headerOf(t, raw))
	}
	events, _ := claims["events"].(map[string]any)
	if claims["aud"] != "listener" || claims["iss"] != w.url || claims["sub"] != id["sub"] || claims["sid"] != id["sid"] || claims["jti"] == "" ||
		claims["nonce"] != nil || events["http://schemas.openid.net/event/backchannel-logout"] == nil {
		t.Errorf("logout token %v", claims)
	}
	select {
	case again := <-h.tokens:
		t.Errorf("told twice, or of another session: %s", again)
	case <-time.After(50 * time.Millisecond):
	}
	if p := b.leave("id_token_hint", raw); p.status != http.StatusBadRequest {
		t.Errorf("a logout token is taken for an id_token: %d", p.status)
	}
}

// TestBackchannelGuard never reaches an address that is not public.
func TestBackchannelGuard(t *testing.T) {
	t.Parallel()
	h := newHeard(t)
	w := newWorld(t, told(h), func(_ *world, c *oauth.Config) { c.Remote.Loopback = false })
	w.app(oauth.Client{ID: "listener", BackchannelLogoutURI: h.URL + "/logout"})
	b := w.newBrowser()
	b.code("client_id", "listener")
	b.post("/oauth2/sign-out", nil)
	deadline := time.Now().Add(10 * time.Second)
	for !strings.Contains(w.log.String(), "not a public one") {
		if time.Now().After(deadline) {
			t.Fatalf("no refusal was logged: %s", w.log.String())
		}
		time.Sleep(5 * time.Millisecond)
	}
	if len(h.tokens) > 0 {
		t.Error("a loopback address was told")
	}
}

package oauth_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/oauth"
)

// TestSwitchAsksTheProviderAgain: who says "this is not me" is not brought back by the provider's own session.
func TestSwitchAsksTheProviderAgain(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	b := f.newBrowser()
	p := b.get(b.toElsewhere(b.authorize(), "persons").RequestURI())
	p = b.submit(p, "step", "switch")
	if !strings.Contains(p.body, `name="password"`) {
		t.Fatalf("no sign-in page: %d %s", p.status, p.body)
	}
	p = b.get("/oauth2/upstream/persons?tx=" + p.hidden.Get("tx"))
	if q := p.location.Query(); q.Get("prompt") != "login" {
		t.Errorf("asked of the provider: %v", q)
	}
}

// TestStepUpOfASessionFromElsewhere: the provider that vouched for somebody is offered where an app asks for more, and an app
// that asks for what it cannot show is told.
func TestStepUpOfASessionFromElsewhere(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	f.persons.token["acr"] = "eidas1"
	b := f.newBrowser()
	if p := b.get(b.toElsewhere(b.authorize(), "persons").RequestURI()); !strings.Contains(p.body, `value="allow"`) {
		t.Fatalf("%d %s", p.status, p.body)
	}
	p := b.authorize("acr_values", "eidas2")
	if !strings.Contains(p.body, "/oauth2/upstream/persons") {
		t.Fatalf("the provider is not offered: %d %s", p.status, p.body)
	}
	back := b.toElsewhere(p, "persons").RequestURI()
	if refused := b.get(back); refused.status != http.StatusForbidden || !strings.Contains(refused.body, "pas assez forte") {
		t.Fatalf("a provider that shows no more: %d %s", refused.status, refused.body)
	}
	f.persons.token["acr"] = "eidas2"
	p = b.get(b.toElsewhere(p, "persons").RequestURI())
	if g := f.granted(b.submit(p, "decision", "allow")); g.ACR != "eidas2" {
		t.Errorf("acr %q", g.ACR)
	}
	if p := b.authorize("acr_values", "eidas3"); p.location == nil || p.location.Query().Get("error") != "unmet_authentication_requirements" {
		t.Errorf("what nobody can show: %d %v", p.status, p.location)
	}
}

// TestLogoutLeadsThroughTheProvider: an app that signs somebody out gets them back after the provider has done so too.
func TestLogoutLeadsThroughTheProvider(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	f.app(oauth.Client{ID: "leaver", PostLogoutRedirectURIs: []string{afterLogout}})
	b := f.newBrowser()
	p := b.get(b.toElsewhere(b.authorize("client_id", "leaver"), "persons").RequestURI())
	p = b.submit(p, "decision", "allow")
	token := f.redeem(p.location.Query().Get("code"), "client_id", "leaver").text("id_token")
	p = b.leave("id_token_hint", token, "post_logout_redirect_uri", afterLogout, "state", "s-9")
	_, address, _ := strings.Cut(p.header.Get("Refresh"), "url=")
	u, err := url.Parse(address)
	if err != nil || !strings.HasPrefix(address, f.persons.server.URL+"/end?") {
		t.Fatalf("the page leads to %q: %d %s", address, p.status, p.body)
	}
	state := u.Query().Get("state")
	if strings.Contains(state, "app.example") {
		t.Errorf("the provider is told where the person goes: %s", state)
	}
	p = b.get("/oauth2/signed-out?state=" + state)
	if p.location == nil || p.location.String() != afterLogout+"?state=s-9" {
		t.Fatalf("back from the provider: %d %v", p.status, p.location)
	}
	for _, forged := range []string{"", "x", state[:len(state)-2], "aHR0cHM6Ly9ldmlsLmV4YW1wbGU", strings.Repeat("a", 20000)} {
		if p := b.get("/oauth2/signed-out?state=" + forged); p.location != nil || p.status != http.StatusOK {
			t.Errorf("state %.20q leads to %v", forged, p.location)
		}
	}
	f.clock.Advance(11 * time.Minute)
	if p := b.get("/oauth2/signed-out?state=" + state); p.location != nil {
		t.Errorf("an old address still leads to %v", p.location)
	}
}

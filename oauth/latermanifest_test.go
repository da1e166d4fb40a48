package oauth_test

import (
	"crypto/elliptic"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/jwks"
)

// No code goes to an address that a later version of the app dropped, whether the request is pushed or not; the others stay.
func TestDroppedAddress(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const dropped = "https://old.example/cb"
	glycare := o.shelf.apps["glycare"]
	const bye = "https://old.example/bye"
	glycare.RedirectURIs, glycare.PostLogoutRedirectURIs = []string{redirectURI, dropped}, []string{bye}
	o.shelf.apps["glycare"] = glycare
	r := o.ask("POST", "", initialToken, body{"software_id": "glycare"})
	if r.status != 201 || !strings.Contains(r.raw, dropped) {
		t.Fatalf("registering: %d %s", r.status, r.raw)
	}
	id := r.text("client_id")
	asks := func(uri string) (page, pushed int) {
		request := o.request("client_id", id, "redirect_uri", uri)
		return o.newBrowser().get("/oauth2/authorize?" + request.Encode()).status, o.post("/oauth2/par", request, "").status
	}
	for _, uri := range []string{redirectURI, dropped} {
		if page, pushed := asks(uri); page != 200 || pushed != 201 {
			t.Errorf("%s before: %d, %d", uri, page, pushed)
		}
	}
	o.apps.set("glycare", "online")
	if p := o.newBrowser().leave("client_id", id, "post_logout_redirect_uri", bye); p.status != 303 {
		t.Errorf("leaving for %s before: %d", bye, p.status)
	}
	glycare.RedirectURIs, glycare.PostLogoutRedirectURIs = []string{redirectURI}, nil
	o.shelf.apps["glycare"] = glycare
	if p := o.newBrowser().leave("client_id", id, "post_logout_redirect_uri", bye); p.status != 400 {
		t.Errorf("leaving for %s, which was dropped: %d", bye, p.status)
	}
	if page, pushed := asks(dropped); page != 400 || pushed != 400 {
		t.Errorf("the dropped one: %d, %d", page, pushed)
	}
	if page, pushed := asks(redirectURI); page != 200 || pushed != 201 {
		t.Errorf("the other: %d, %d", page, pushed)
	}
}

// What a later manifest drops besides, a client that registered before has no more: a grant, and a weaker way to prove who it is.
func TestDroppedGrantAndMethod(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const device = "urn:ietf:params:oauth:grant-type:device_code"
	set := func(method string, grants ...string) {
		glycare := o.shelf.apps["glycare"]
		glycare.AuthMethod, glycare.GrantTypes = method, grants
		o.shelf.apps["glycare"] = glycare
	}
	set("client_secret_basic", "authorization_code", "refresh_token", device)
	r := o.ask("POST", "", initialToken, body{"software_id": "glycare"})
	if r.status != 201 {
		t.Fatalf("registering: %d %s", r.status, r.raw)
	}
	id, secret := r.text("client_id"), r.text("client_secret")
	begins := func() reply {
		return o.post("/oauth2/device", url.Values{"scope": {"openid launch/patient patient/*.rs"}}, id+":"+secret)
	}
	refreshes := func() reply {
		return o.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"none"}}, id+":"+secret)
	}
	if r := begins(); r.status != 200 {
		t.Fatalf("a device: %d %s", r.status, r.raw)
	}
	if r := refreshes(); r.text("error") != "invalid_grant" {
		t.Fatalf("a refresh: %d %s", r.status, r.raw)
	}
	set("client_secret_basic", "authorization_code", "refresh_token")
	if r := begins(); r.text("error") != "unauthorized_client" {
		t.Errorf("a device, which the manifest dropped: %d %s", r.status, r.raw)
	}
	if r := refreshes(); r.text("error") != "invalid_grant" {
		t.Errorf("a refresh, which it has still: %d %s", r.status, r.raw)
	}
	set("private_key_jwt", "authorization_code", "refresh_token")
	if r := refreshes(); r.status != 401 || r.text("error") != "invalid_client" {
		t.Errorf("with a secret, where the manifest wants a key: %d %s", r.status, r.raw)
	}
	set("client_secret_basic", device)
	if r := refreshes(); r.text("error") != "unauthorized_client" {
		t.Errorf("a refresh, of an app for devices alone: %d %s", r.status, r.raw)
	}
}

// The clients of whoever had drafted an app under an id are nobody's once the id is another publisher's: they have no address, no
// key, no grant and no secret there.
func TestClientsOfWhoHadTheIDBefore(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	const device = "urn:ietf:params:oauth:grant-type:device_code"
	glycare := o.shelf.apps["glycare"]
	glycare.AuthMethod, glycare.GrantTypes = "client_secret_basic", []string{"authorization_code", "refresh_token", device}
	o.shelf.apps["glycare"] = glycare
	r := o.ask("POST", "", initialToken, body{"software_id": "glycare"})
	if r.status != 201 {
		t.Fatalf("registering: %d %s", r.status, r.raw)
	}
	id, basic := r.text("client_id"), r.text("client_id")+":"+r.text("client_secret")
	uri, manage := r.text("registration_client_uri"), r.text("registration_access_token")
	begins := func(basic string) reply {
		return o.post("/oauth2/device", url.Values{"scope": {"openid launch/patient patient/*.rs"}}, basic)
	}
	if r := begins(basic); r.status != 200 {
		t.Fatalf("a device: %d %s", r.status, r.raw)
	}
	o.clock.Advance(time.Minute)
	glycare.Since = o.clock.Now()
	o.shelf.apps["glycare"] = glycare
	if r := begins(basic); r.status != 401 {
		t.Errorf("a device of whoever had the id before: %d %s", r.status, r.raw)
	}
	if p := o.newBrowser().authorize("client_id", id); p.status != 400 {
		t.Errorf("a sign-in: %d", p.status)
	}
	if r := o.ask("GET", uri, manage, nil); r.status != 401 {
		t.Errorf("managing it: %d %s", r.status, r.raw)
	}
	r = o.ask("POST", "", initialToken, body{"software_id": "glycare"})
	if r := begins(r.text("client_id") + ":" + r.text("client_secret")); r.status != 200 {
		t.Errorf("a device of who has it now: %d %s", r.status, r.raw)
	}
}

// What a later manifest reads or writes no more, the tokens of before do neither, whatever the label says of the rest; nor does
// introspection tell of it, or a new request get it.
func TestDroppedScope(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	r := o.ask("POST", "", initialToken, body{"software_id": "glycare"})
	if r.status != 201 {
		t.Fatalf("registering: %d %s", r.status, r.raw)
	}
	id := r.text("client_id")
	const wide = "openid offline_access launch/patient patient/DocumentReference.cruds patient/Observation.cruds"
	got := o.redeem(o.newBrowser().code("client_id", id, "scope", wide), "client_id", id)
	if got.status != 200 {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	rights := func(token string) string {
		t.Helper()
		g, err := o.server.Authenticate(t.Context(), gate.Bearer(token))
		if err != nil {
			t.Fatal(err)
		}
		told := o.post("/oauth2/introspect", url.Values{"token": {token}}, "resource:"+o.secret)
		if !slices.Equal(slices.Sorted(slices.Values(strings.Fields(told.text("scope")))), slices.Sorted(slices.Values(g.Scopes))) {
			t.Errorf("introspection tells %q, the gate is given %q", told.text("scope"), g.Scopes)
		}
		return strings.Join(g.Scopes, " ")
	}
	if all := rights(got.text("access_token")); !strings.Contains(all, "patient/DocumentReference.cruds") {
		t.Fatalf("before: %s", all)
	}
	now := []string{"openid", "offline_access", "launch/patient", "patient/DocumentReference.rs", "patient/Observation.cruds"}
	o.apps.narrow(now...)
	glycare := o.shelf.apps["glycare"]
	glycare.Scopes = now
	o.shelf.apps["glycare"] = glycare
	const left = "openid offline_access launch/patient patient/DocumentReference.rs patient/Observation.cruds"
	if all := rights(got.text("access_token")); all != left {
		t.Errorf("a token of before: %s", all)
	}
	again := o.refresh(got.text("refresh_token"), "client_id", id)
	if all := rights(again.text("access_token")); all != left {
		t.Errorf("refreshed: %s", all)
	}
	anew := o.redeem(o.newBrowser().code("client_id", id, "scope", wide), "client_id", id)
	if anew.status != 200 || strings.Contains(anew.text("scope"), "DocumentReference.c") || rights(anew.text("access_token")) != left {
		t.Errorf("asked anew: %d %s", anew.status, anew.raw)
	}
}

// A copy of a statement alone brings no secret for what has no address: the device flow and exchanges are the bearer's.
func TestStatementOfWhatHasNoAddress(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	exchange := "urn:ietf:params:oauth:grant-type:token-exchange"
	o.shelf.apps["module"] = oauth.Software{Name: "Module", Kind: "smart", AuthMethod: "client_secret_basic", GrantTypes: []string{exchange}, Scopes: []string{"user/*.rs"}}
	raw := o.statement("software_id", "module", "redirect_uris", nil, "grant_types", []string{exchange})
	if r := o.ask("POST", "", "", body{"software_statement": raw}); r.status != 401 || r.text("client_secret") != "" {
		t.Errorf("with a copy alone: %d %s", r.status, r.raw)
	}
	if r := o.ask("POST", "", initialToken, body{"software_statement": raw}); r.status != 201 || r.text("client_secret") == "" {
		t.Errorf("with a token beside it: %d %s", r.status, r.raw)
	}
}

// What was granted before a recall stays over when the app has another label.
func TestNothingComesBackAfterARecall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out := w.tokens()
	if !w.alive(out.text("access_token")) {
		t.Fatal("the token is dead from the start")
	}
	w.clock.Advance(time.Second)
	w.apps.cutOff("glycare", w.clock.Now())
	if w.alive(out.text("access_token")) {
		t.Error("an access token of before lives under the next label")
	}
	if r := w.refresh(out.text("refresh_token")); r.status != 400 || r.text("error") != "invalid_grant" {
		t.Errorf("a refresh token of before: %d %s", r.status, r.raw)
	}
	w.clock.Advance(time.Second)
	if again := w.tokens(); !w.alive(again.text("access_token")) {
		t.Error("the next label gives nothing")
	}
}

// A system whose manifest publishes its keys elsewhere by now says so in the header of what it signs, and is believed; the former
// place is named in vain.
func TestKeysMovedElsewhere(t *testing.T) {
	t.Parallel()
	var all *shelf
	w := newWorld(t, func(w *world, c *oauth.Config) {
		all = newShelf(w)
		c.Remote, c.Registration = jwks.Options{Loopback: true}, &oauth.Registration{Catalogue: all, Tokens: []string{initialToken}}
	})
	o := office{world: w, shelf: all}
	o.apps.set("dpi", "online")
	key := ecKey(t, elliptic.P384())
	before, after := publish(t, keySet(t, key.Public())), publish(t, keySet(t, key.Public()))
	at := func(p *published) {
		dpi := o.shelf.apps["dpi"]
		dpi.JWKSURI = p.http.URL
		o.shelf.apps["dpi"] = dpi
	}
	at(before)
	r := o.ask("POST", "", initialToken, body{"software_id": "dpi", "jwks_uri": before.http.URL})
	if r.status != 201 {
		t.Fatalf("registering: %d %s", r.status, r.raw)
	}
	named := func(p *published) reply {
		return o.assert(signed(t, jose.ES384, key, assertionOf(o.world, r.text("client_id")), "jku", p.http.URL))
	}
	if r := named(before); r.status != 200 {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	at(after)
	if r := named(after); r.status != 200 {
		t.Errorf("where the keys are now: %d %s", r.status, r.raw)
	}
	if r := named(before); r.status != 401 {
		t.Errorf("where they were: %d %s", r.status, r.raw)
	}
}

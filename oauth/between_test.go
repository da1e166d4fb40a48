package oauth_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/account"
)

// What falls between two parts of the server: each test is a way in which one part's rule could be got around by another.

const firstStage = `[{"type":"break_glass","patient":"Patient/camille","reason":"unconscious","stage":1}]`

// secondStage opens camille's record to its second stage and returns the token answer.
func secondStage(w *world) reply {
	w.t.Helper()
	b := w.newBrowser()
	for _, stage := range []string{glass, `[{"type":"break_glass","patient":"Patient/camille","reason":"unconscious","stage":2}]`} {
		p := b.submit(b.emergency(stage, "scope", "online_access patient/*.rs"), "decision", "allow")
		if p.location == nil {
			w.t.Fatalf("opening: %d %s", p.status, p.body)
		}
		if !strings.Contains(stage, "identifier") {
			return w.redeem(p.location.Query().Get("code"))
		}
	}
	return reply{}
}

// An emergency token of the first stage gives, by token exchange, none of the second, whatever its grant has.
func TestExchangeKeepsTheStage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	exchangers(t, w, "plugin-a", "plugin-b")
	whole := secondStage(w)
	narrow := w.refresh(whole.text("refresh_token"), "authorization_details", firstStage)
	stage := func(name string, r reply, want int) {
		t.Helper()
		g, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token")))
		if err != nil || g.Stage != want || g.Mode != "bris_de_glace" {
			t.Errorf("%s: %s, %+v, %v, want stage %d", name, r.raw, g, err, want)
		}
	}
	derived := w.exchange("plugin-a", narrow.text("access_token"))
	stage("of a narrowed token", derived, 1)
	stage("of that one again", w.exchange("plugin-b", derived.text("access_token")), 1)
	stage("asked so", w.exchange("plugin-a", whole.text("access_token"), "authorization_details", firstStage), 1)
	stage("of the whole", w.exchange("plugin-a", whole.text("access_token")), 2)
	if got := detailsIn(t, derived); len(got) != 1 || got[0]["stage"] != 1.0 {
		t.Errorf("the answer says %v", got)
	}
}

// A JWT for another server says what its subject's token was narrowed to (RFC 9396 §9.1).
func TestJWTSaysTheDetails(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w *world, c *oauth.Config) { c.Resources = []string{"https://other.example/fhir"} })
	exchangers(t, w, "plugin-a")
	r := w.exchange("plugin-a", secondStage(w).text("access_token"), "requested_token_type", jwtType, "resource", "https://other.example/fhir", "authorization_details", firstStage)
	told := w.post("/oauth2/introspect", url.Values{"token": {r.text("access_token")}}, "resource:"+w.secret)
	for name, r := range map[string]reply{"answer": r, "introspection": told} {
		if got := detailsIn(t, r); len(got) != 1 || got[0]["stage"] != 1.0 {
			t.Errorf("%s: %s", name, r.raw)
		}
	}
}

// Many hold a copy of a software's statement: it opens no grant in the software's name whose tokens come to whoever
// registered rather than to the software's addresses.
func TestStatementOpensNoDeviceFlow(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	key := json.RawMessage(keySet(t, ecKey(t, o.authority.Curve).Public()))
	glycare := o.shelf.apps["glycare"] // its manifest has them all: a copy of the statement is not the manifest's publisher
	glycare.GrantTypes = []string{"authorization_code", "refresh_token", deviceGrant, exchangeGrant}
	o.shelf.apps["glycare"] = glycare
	for name, b := range map[string]body{
		"device beside code":   app("token_endpoint_auth_method", "none", "grant_types", []string{"authorization_code", "refresh_token", deviceGrant}),
		"exchange beside code": app("token_endpoint_auth_method", "private_key_jwt", "jwks", key, "grant_types", []string{"authorization_code", exchangeGrant}),
		"device alone":         app("token_endpoint_auth_method", "none", "redirect_uris", nil, "grant_types", []string{deviceGrant}),
	} {
		b["software_statement"] = o.statement()
		r := o.ask("POST", "", "", b)
		if r.status == http.StatusCreated && (strings.Contains(r.raw, deviceGrant) || strings.Contains(r.raw, exchangeGrant)) {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
	said := o.statement("grant_types", []string{"authorization_code", deviceGrant})
	if r := o.ask("POST", "", "", app("token_endpoint_auth_method", "none", "software_statement", said)); r.status != http.StatusCreated || !strings.Contains(r.raw, deviceGrant) {
		t.Errorf("a statement that says so: %d %s", r.status, r.raw)
	}
}

// An app that was given a label as an app does not become a system by an update (RFC 7592), and none gives itself the
// scope that opens apps.
func TestUpdateKeepsTheKind(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	r := o.ask("POST", "", initialToken, app("scope", "openid patient/*.rs urn:pontlevis:launch"))
	if r.status != http.StatusCreated || strings.Contains(r.text("scope"), "urn:pontlevis:launch") {
		t.Errorf("registered for launches: %s", r.raw)
	}
	b := body{"client_id": r.text("client_id"), "grant_types": []string{"client_credentials"}, "token_endpoint_auth_method": "private_key_jwt",
		"jwks": json.RawMessage(keySet(t, ecKey(t, o.authority.Curve).Public())), "scope": "system/*.cruds"}
	if r := o.ask("PUT", r.text("registration_client_uri"), r.text("registration_access_token"), b); r.status != http.StatusBadRequest || r.text("error") != "invalid_client_metadata" {
		t.Errorf("an app that becomes a system: %d %s", r.status, r.raw)
	}
}

// Whoever gets in again by the letter ends what rested on the sessions of before, not those sessions alone.
func TestEnrolmentEndsOnlineAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	thief := w.tokens("scope", onlineScope)
	code := account.NewEnrolmentCode()
	if _, err := w.server.PutEnrolment(t.Context(), "camille", code); err != nil {
		t.Fatal(err)
	}
	b := w.newBrowser()
	p := b.submit(b.authorize(), "step", "enrol", "login", "camille", "code", code)
	if p = b.submit(p, "new-password", "Nouveau-pont!26", "new-password-again", "Nouveau-pont!26"); p.status != http.StatusOK {
		t.Fatalf("%d %s", p.status, p.body)
	}
	if w.alive(thief.text("access_token")) {
		t.Error("access that rested on a session of before lives")
	}
	if r := w.refresh(thief.text("refresh_token")); r.text("error") != "invalid_grant" {
		t.Errorf("and is refreshed: %s", r.raw)
	}
}

// A letter's code is one factor: it adds no passkey, which is two, to an account that asks a second one.
func TestEnrolmentIsOneFactor(t *testing.T) {
	t.Parallel()
	w := newWorldAt(t, "localhost")
	if err := w.server.PutCodes(t.Context(), "karim", codeKey); err != nil {
		t.Fatal(err)
	}
	code := account.NewEnrolmentCode()
	if _, err := w.server.PutEnrolment(t.Context(), "karim", code); err != nil {
		t.Fatal(err)
	}
	plain := account.NewEnrolmentCode()
	if _, err := w.server.PutEnrolment(t.Context(), "camille", plain); err != nil {
		t.Fatal(err)
	}
	b, other, d := w.newBrowser(), w.newBrowser(), w.newDevice()
	open := other.submit(other.authorize(), "step", "enrol", "login", "camille", "code", plain) // a page that offers a passkey
	if !strings.Contains(open.body, `value="new-passkey"`) {
		t.Fatalf("%d %s", open.status, open.body)
	}
	p := b.submit(b.authorize(), "step", "enrol", "login", "karim", "code", code)
	if strings.Contains(p.body, `value="new-passkey"`) {
		t.Error("the page offers a passkey")
		p = b.submit(p, "step", "new-passkey", "credential", d.create(t, p))
	} else {
		p = b.submit(p, "step", "new-passkey", "credential", "{}")
	}
	if strings.Contains(p.body, "Glycare SAS") || b.sessionCookie() != "" {
		t.Fatalf("the letter alone signs in: %d", p.status)
	}
	p = b.submit(b.authorize(), "step", "enrol", "login", "karim", "code", code)
	p = b.submit(p, "step", "new-password", "new-password", "Nouveau-pont!26", "new-password-again", "Nouveau-pont!26")
	if !strings.Contains(p.body, `value="code"`) || b.sessionCookie() != "" {
		t.Errorf("the password by letter: %d %s", p.status, p.body)
	}
}

// What an app that was recalled still holds is nothing to other servers either, and it asks nothing of others' tokens.
func TestIntrospectionAsksTheLabel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.tokens()
	ask := func(token string) reply {
		return w.post("/oauth2/introspect", url.Values{"token": {token}}, "resource:"+w.secret)
	}
	if got := ask(r.text("access_token")); got.json["active"] != true {
		t.Fatal(got.raw)
	}
	w.apps.set("glycare", "recalled")
	for _, name := range []string{"access_token", "refresh_token"} {
		if got := ask(r.text(name)); got.raw != `{"active":false}` {
			t.Errorf("%s of an app that was recalled: %s", name, got.raw)
		}
	}
	w.apps.set("glycare", "online")
	w.apps.set("resource", "recalled")
	if got := ask(r.text("access_token")); got.status != http.StatusBadRequest || got.text("error") != "unauthorized_client" {
		t.Errorf("asked by a server that was recalled: %d %s", got.status, got.raw)
	}
}

// The end of a session leads to no address of a client that has been stopped.
func TestLogoutLeadsToNoStoppedApp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.app(oauth.Client{ID: "leaver", PostLogoutRedirectURIs: []string{afterLogout}})
	hint := w.tokensOf("leaver").text("id_token")
	w.apps.set("leaver", "recalled")
	for name, pairs := range map[string][]string{
		"named": {"client_id", "leaver", "post_logout_redirect_uri", afterLogout}, "with a hint": {"id_token_hint", hint, "post_logout_redirect_uri", afterLogout},
	} {
		if p := w.newBrowser().leave(pairs...); p.location != nil || p.status != http.StatusOK {
			t.Errorf("%s: %d %v", name, p.status, p.location)
		}
	}
}

func (w *world) tokensOf(client string) reply {
	return w.redeem(w.newBrowser().code("client_id", client), "client_id", client)
}

// relationsUntil are relations that end at a time.
type relationsUntil struct {
	relations
	until *time.Time
}

func (r relationsUntil) ActsFor(ctx context.Context, p *oauth.Person) ([]oauth.Relation, error) {
	all, err := r.relations.ActsFor(ctx, p)
	for i := range all {
		all[i].Until = *r.until
	}
	return all, err
}

// A device's grant ends with the relation in which it was given, as any other's.
func TestDeviceEndsWithTheRelation(t *testing.T) {
	t.Parallel()
	var until time.Time
	w := newWorld(t, func(_ *world, c *oauth.Config) { c.Relations = relationsUntil{until: &until} })
	w.apps.set("workstation", "online")
	err := w.server.PutClient(t.Context(), oauth.Client{ID: "workstation", Kind: "smart", Name: "Poste", AuthMethod: oauth.AuthBasic,
		SecretHash: w.server.HashSecret(w.secret), GrantTypes: []string{deviceGrant}, Scopes: []string{"launch/patient", "patient/*.rs"}})
	if err != nil {
		t.Fatal(err)
	}
	until = w.clock.Now().Add(3 * time.Minute)
	d := w.beginDevice("launch/patient patient/*.rs")
	b := w.newBrowser()
	p := b.signIn(b.typeCode(d.text("user_code")), "karim")
	b.submit(p, "decision", "allow", "patient", "lucas")
	w.clock.Advance(10 * time.Second)
	r := w.poll(d)
	if r.status != http.StatusOK || !w.alive(r.text("access_token")) {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	w.clock.Advance(3 * time.Minute)
	if w.alive(r.text("access_token")) {
		t.Error("the token outlives the relation")
	}
}

// What the device flow cannot ask of a person is refused rather than left out, and a client asks by the grants that it has.
func TestGrantsOfTheRequest(t *testing.T) {
	t.Parallel()
	w := deviceWorld(t)
	for _, details := range []string{`[{"type":"payment"}]`, `[{"type":"purpose","purpose":"HRESCH"}]`, `[{"type":"break_glass","reason":"unconscious"}]`, `x`} {
		form := url.Values{"scope": {deviceScope}, "authorization_details": {details}}
		if r := w.post("/oauth2/device", form, "workstation:"+w.secret); r.status != http.StatusBadRequest || r.text("error") != "invalid_authorization_details" {
			t.Errorf("details %s by device: %d %s", details, r.status, r.raw)
		}
	}
	w.app(oauth.Client{ID: "only-device", GrantTypes: []string{deviceGrant}})
	if p := w.newBrowser().authorize("client_id", "only-device"); p.location == nil || p.location.Query().Get("error") != "unauthorized_client" {
		t.Errorf("a code for a client of the device flow: %d %v", p.status, p.location)
	}
}

// Nobody fills the store with requests that wait for somebody: each network has its pace.
func TestAttackPendingFlood(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	push := func() reply { return w.post("/oauth2/par", w.request(), "") }
	flood := func(name string, one func() int) {
		t.Helper()
		last := 0
		for range 700 {
			if last = one(); last == http.StatusTooManyRequests {
				return
			}
		}
		t.Errorf("%s: never told to wait, last %d", name, last)
	}
	flood("pushed", func() int { return push().status })
	w.clock.Advance(time.Hour)
	if r := push(); r.status != http.StatusCreated {
		t.Errorf("an hour later: %d %s", r.status, r.raw)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	flood("our own page", func() int {
		r, _ := http.NewRequest("GET", w.url+"/oauth2/sessions", nil)
		return w.sendBy(client, r).status
	})
}

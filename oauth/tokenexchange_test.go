package oauth_test

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
)

const (
	exchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange"
	accessType    = "urn:ietf:params:oauth:token-type:access_token"
	jwtType       = "urn:ietf:params:oauth:token-type:jwt"
)

// exchangers are systems that may act for others.
func exchangers(t testing.TB, w *world, ids ...string) {
	t.Helper()
	for _, id := range ids {
		w.apps.set(id, "online")
		err := w.server.PutClient(t.Context(), oauth.Client{
			ID: id, Kind: "plugin", Name: id, AuthMethod: oauth.AuthBasic, SecretHash: w.server.HashSecret(w.secret),
			GrantTypes: []string{exchangeGrant}, Scopes: []string{"patient/Observation.rs", "patient/Condition.r", "user/Observation.rs", "openid"},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// exchange asks for a token in the place of another; changes are pairs of name and value, "" removing the name.
func (w *world) exchange(client, subject string, changes ...string) reply {
	form := url.Values{"grant_type": {exchangeGrant}, "subject_token": {subject}, "subject_token_type": {accessType}}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == "" {
			form.Del(changes[i])
		} else {
			form.Set(changes[i], changes[i+1])
		}
	}
	return w.post("/oauth2/token", form, client+":"+w.secret)
}

// TestExchange lets a plugin act for a person: for the same patient, with less, for less time, and the grant names both.
func TestExchange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	exchangers(t, w, "plugin-a")
	subject := w.tokens().text("access_token")
	w.clock.Advance(12 * time.Minute)
	r := w.exchange("plugin-a", subject)
	if r.status != http.StatusOK || r.text("issued_token_type") != accessType || r.text("token_type") != "Bearer" || r.text("patient") != "camille" ||
		r.text("scope") != "patient/Observation.rs patient/Condition.r" || r.json["refresh_token"] != nil || r.json["id_token"] != nil {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	if life, _ := r.json["expires_in"].(float64); life < 170 || life > 180 {
		t.Errorf("it lives %v seconds, the subject's token 180", r.json["expires_in"])
	}
	g, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token")))
	if err != nil {
		t.Fatal(err)
	}
	if g.Actor.ID != "Patient/camille" || g.Client.ID != "glycare" || !slices.Equal(g.Via, []string{"plugin-a"}) || g.Patient != "camille" || g.Purpose != "PATRQT" {
		t.Errorf("the grant: %+v", g)
	}
	seen := w.post("/oauth2/introspect", url.Values{"token": {r.text("access_token")}}, "resource:"+w.secret)
	if d := cmp.Diff(map[string]any{"sub": "plugin-a"}, seen.json["act"]); d != "" || seen.text("client_id") != "plugin-a" || seen.text("sub") == "" {
		t.Errorf("introspection: %s", seen.raw)
	}
	narrower := w.exchange("plugin-a", subject, "scope", "patient/Observation.r")
	if narrower.text("scope") != "patient/Observation.r" || !w.told("token_exchange") {
		t.Errorf("asking for less: %s", narrower.raw)
	}
}

// TestExchangeRefusals holds what is never exchanged, and that nothing is ever widened.
func TestExchangeRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	exchangers(t, w, "plugin-a", "plugin-b", "plugin-c", "plugin-d")
	own := w.tokens()
	system := w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, "backend-lab:"+w.secret).text("access_token")
	derived := w.exchange("plugin-a", own.text("access_token")).text("access_token")
	deeper := w.exchange("plugin-c", w.exchange("plugin-b", derived).text("access_token")).text("access_token")
	if !w.alive(deeper) {
		t.Fatal("a chain of three is refused")
	}
	for name, tt := range map[string]struct {
		client, subject, want string
		changes               []string
	}{
		"a client without permission":   {"glycare-pro", own.text("access_token"), "unauthorized_client", nil},
		"a wider scope":                 {"plugin-a", own.text("access_token"), "invalid_scope", []string{"scope", "patient/Observation.cruds"}},
		"a scope beyond the client's":   {"plugin-a", own.text("access_token"), "invalid_scope", []string{"scope", "patient/Immunization.rs"}},
		"wider than a derived token":    {"plugin-b", w.exchange("plugin-a", own.text("access_token"), "scope", "patient/Condition.r").text("access_token"), "invalid_scope", []string{"scope", "patient/Observation.rs"}},
		"a refresh token":               {"plugin-a", own.text("refresh_token"), "invalid_request", nil},
		"an id_token":                   {"plugin-a", own.text("id_token"), "invalid_request", nil},
		"an id_token as a JWT":          {"plugin-a", own.text("id_token"), "invalid_request", []string{"subject_token_type", jwtType}},
		"a system's own token":          {"plugin-a", system, "invalid_request", nil},
		"its own token":                 {"plugin-a", derived, "invalid_request", nil},
		"a fourth in the chain":         {"plugin-d", deeper, "invalid_request", nil},
		"no token":                      {"plugin-a", "", "invalid_request", []string{"subject_token", ""}},
		"no type":                       {"plugin-a", own.text("access_token"), "invalid_request", []string{"subject_token_type", ""}},
		"an unknown type":               {"plugin-a", own.text("access_token"), "invalid_request", []string{"subject_token_type", "urn:x"}},
		"another audience":              {"plugin-a", own.text("access_token"), "invalid_target", []string{"audience", "https://other.example"}},
		"a refresh token asked for":     {"plugin-a", own.text("access_token"), "invalid_request", []string{"requested_token_type", "urn:ietf:params:oauth:token-type:refresh_token"}},
		"an actor of another client":    {"plugin-a", own.text("access_token"), "invalid_request", []string{"actor_token", system, "actor_token_type", accessType}},
		"an actor that is a person":     {"plugin-a", own.text("access_token"), "invalid_request", []string{"actor_token", derived, "actor_token_type", accessType}},
		"an actor without its type":     {"plugin-a", own.text("access_token"), "invalid_request", []string{"actor_token", system}},
		"a JWT for the FHIR endpoint":   {"plugin-a", own.text("access_token"), "invalid_target", []string{"requested_token_type", jwtType}},
		"a foreign token, unconfigured": {"plugin-a", "of-another-provider", "invalid_request", []string{"scope", "user/Observation.rs"}},
	} {
		if r := w.exchange(tt.client, tt.subject, tt.changes...); r.status != http.StatusBadRequest || r.text("error") != tt.want {
			t.Errorf("%s: %d %s, want %s", name, r.status, r.raw, tt.want)
		}
	}
}

// TestExchangeDies ends, one by one, what a derived grant rests on: it is dead at the next request.
func TestExchangeDies(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(t *testing.T, w *world, grant string){
		"the subject's grant": func(t *testing.T, w *world, grant string) {
			if err := w.server.RevokeGrant(t.Context(), grant); err != nil {
				t.Error(err)
			}
		},
		"all of the patient": func(t *testing.T, w *world, _ string) {
			if err := w.server.RevokeAll(t.Context(), "camille", ""); err != nil {
				t.Error(err)
			}
		},
		"the app of the patient": func(t *testing.T, w *world, _ string) {
			if err := w.server.RevokeAll(t.Context(), "camille", "glycare"); err != nil {
				t.Error(err)
			}
		},
		"the plugin of the patient": func(t *testing.T, w *world, _ string) {
			if err := w.server.RevokeAll(t.Context(), "camille", "plugin-a"); err != nil {
				t.Error(err)
			}
		},
		"the app's label":    func(_ *testing.T, w *world, _ string) { w.apps.set("glycare", "recalled") },
		"the plugin's label": func(_ *testing.T, w *world, _ string) { w.apps.set("plugin-a", "suspended") },
		"the person": func(t *testing.T, w *world, _ string) {
			p, err := w.server.Person(t.Context(), "camille")
			if err != nil {
				t.Fatal(err)
			}
			gone := *p
			gone.Disabled = true
			if err := w.server.PutPerson(t.Context(), gone); err != nil {
				t.Error(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			exchangers(t, w, "plugin-a", "plugin-b")
			subject := w.tokens().text("access_token")
			derived := w.exchange("plugin-a", subject).text("access_token")
			deeper := w.exchange("plugin-b", derived).text("access_token")
			if !w.alive(derived) || !w.alive(deeper) {
				t.Fatal("the derived tokens do not live")
			}
			g, err := w.server.Authenticate(t.Context(), gate.Bearer(subject))
			if err != nil {
				t.Fatal(err)
			}
			end(t, w, g.ID)
			if w.alive(derived) || w.alive(deeper) {
				t.Error("a derived token lives on")
			}
			if r := w.exchange("plugin-b", derived); r.status != http.StatusBadRequest {
				t.Errorf("a dead token is exchanged: %d %s", r.status, r.raw)
			}
			seen := w.post("/oauth2/introspect", url.Values{"token": {deeper}}, "resource:"+w.secret)
			if seen.raw != `{"active":false}` {
				t.Errorf("introspection of a dead token: %s", seen.raw)
			}
		})
	}
}

// pscStub is an OpenID Provider elsewhere that knows one token.
type pscStub struct{ now func() time.Time }

func (p pscStub) Subject(_ context.Context, token, kind string) (oauth.Subject, error) {
	switch token {
	case "psc-roux":
		return oauth.Subject{Person: "dr-roux", Auth: p.now().Add(-time.Minute), ACR: "eidas1", AMR: []string{"sc"}, Expires: p.now().Add(2 * time.Minute)}, nil
	case "psc-camille": // no professional
		return oauth.Subject{Person: "camille", Expires: p.now().Add(time.Minute)}, nil
	case "psc-late":
		return oauth.Subject{Person: "dr-roux", Expires: p.now()}, nil
	case "psc-down":
		return oauth.Subject{}, errors.New("the provider does not answer")
	}
	return oauth.Subject{}, oauth.ErrSubject
}

// TestExchangeOfAProfessional takes the token of an OpenID Provider elsewhere in exchange (ANS, API REST Pro Santé Connectée).
func TestExchangeOfAProfessional(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(w *world, c *oauth.Config) { c.Subjects = pscStub{w.clock.Now} })
	exchangers(t, w, "plugin-a")
	ask := func(token, scope string) reply {
		return w.exchange("plugin-a", token, "subject_token_type", jwtType, "scope", scope)
	}
	r := ask("psc-roux", "user/Observation.rs patient/Observation.rs")
	if r.status != http.StatusOK || r.text("scope") != "user/Observation.rs" || r.json["expires_in"] != 120.0 || r.json["patient"] != nil {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	g, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token")))
	if err != nil || g.Actor.Kind != "professional" || g.Actor.ID != "Practitioner/dr-roux" || g.Client.ID != "plugin-a" || g.ACR != "eidas1" || g.Patient != "" {
		t.Fatalf("%v %+v", err, g)
	}
	for token, want := range map[string]string{
		"psc-unknown": "invalid_request", "psc-camille": "invalid_request", "psc-late": "invalid_request", "psc-down": "temporarily_unavailable",
	} {
		if r := ask(token, "user/Observation.rs"); r.text("error") != want {
			t.Errorf("%s: %s", token, r.raw)
		}
	}
	for _, scope := range []string{"", "patient/Observation.rs", "user/Immunization.rs"} {
		if r := ask("psc-roux", scope); r.text("error") != "invalid_scope" {
			t.Errorf("scope %q: %s", scope, r.raw)
		}
	}
}

// TestAccessJWT gives a JWT access token for another resource server (RFC 9068): typed, short, for that audience alone,
// and no key to the FHIR endpoint.
func TestAccessJWT(t *testing.T) {
	t.Parallel()
	const imaging = "https://imaging.example/api"
	w := newWorld(t, func(_ *world, c *oauth.Config) { c.Resources = []string{imaging} })
	exchangers(t, w, "plugin-a", "plugin-b")
	subject := w.tokens().text("access_token")
	r := w.exchange("plugin-a", subject, "requested_token_type", jwtType, "resource", imaging)
	if r.status != http.StatusOK || r.text("issued_token_type") != jwtType || r.json["expires_in"] != 300.0 {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	token := r.text("access_token")
	claims := verified(t, w, token)
	for name, want := range map[string]any{
		"iss": w.url, "aud": imaging, "client_id": "plugin-a", "scope": "patient/Observation.rs patient/Condition.r", "patient": "camille", "act": map[string]any{"sub": "plugin-a"},
	} {
		if d := cmp.Diff(want, claims[name]); d != "" {
			t.Errorf("claim %s: %s", name, d)
		}
	}
	if w.alive(token) {
		t.Error("the FHIR endpoint takes a JWT")
	}
	if r := w.exchange("plugin-b", token, "subject_token_type", jwtType); r.status != http.StatusBadRequest {
		t.Errorf("a JWT for another server is exchanged: %s", r.raw)
	}
	if r := w.exchange("plugin-a", subject, "resource", imaging); r.text("error") != "invalid_request" {
		t.Errorf("an opaque token for another server: %s", r.raw)
	}
	ask := func() reply { return w.post("/oauth2/introspect", url.Values{"token": {token}}, "resource:"+w.secret) }
	if seen := ask(); seen.json["active"] != true || seen.text("aud") != imaging || seen.text("client_id") != "plugin-a" {
		t.Errorf("introspection: %s", seen.raw)
	}
	if r := w.post("/oauth2/revoke", url.Values{"token": {token}}, "plugin-b:"+w.secret); r.status != http.StatusOK || ask().json["active"] != true {
		t.Error("another client revokes a JWT")
	}
	if r := w.post("/oauth2/revoke", url.Values{"token": {token}}, "plugin-a:"+w.secret); r.status != http.StatusOK || ask().json["active"] == true {
		t.Error("a revoked JWT is told as active")
	}
	forged := token[:strings.LastIndexByte(token, '.')+1] + strings.Repeat("A", 86)
	if seen := w.post("/oauth2/introspect", url.Values{"token": {forged}}, "resource:"+w.secret); seen.raw != `{"active":false}` {
		t.Errorf("a forged JWT: %s", seen.raw)
	}
}

// TestIntrospectByBearer lets a resource server introspect with a token of its own, and nobody else (SMART 2.2, R282-R283).
func TestIntrospectByBearer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	person := w.tokens().text("access_token")
	system := func(client string) string {
		return w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, client+":"+w.secret).text("access_token")
	}
	ask := func(bearer string) reply {
		r, err := http.NewRequest("POST", w.url+"/oauth2/introspect", strings.NewReader("token="+person))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Authorization", "Bearer "+bearer)
		return w.send(r)
	}
	if r := ask(system("resource")); r.json["active"] != true || r.text("client_id") != "glycare" || r.text("patient") != "camille" ||
		r.text("iss") != w.url || r.text("sub") == "" || r.text("fhirUser") == "" || r.json["need_patient_banner"] != true {
		t.Errorf("a resource server: %d %s", r.status, r.raw)
	}
	for name, tt := range map[string]struct {
		bearer string
		status int
	}{
		"a system that is no resource server": {system("backend-lab"), 403}, "the person's own token": {person, 403}, "nothing known": {"x", 401},
	} {
		if r := ask(tt.bearer); r.status != tt.status || r.json["active"] != nil {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
}

package oauth_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/keyring"
)

func TestFlowOfAPerson(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()

	p := b.authorize()
	if p.status != 200 || !strings.Contains(p.body, `name="password"`) {
		t.Fatalf("no sign-in page: %d %s", p.status, p.body)
	}
	p = b.signIn(p, "camille")
	if !strings.Contains(p.body, "Lucas") || !strings.Contains(p.body, "Glycare SAS") {
		t.Fatalf("the consent page names neither whom it may be for nor the publisher: %s", p.body)
	}
	p = b.submit(p, "decision", "allow", "patient", "camille")
	q := p.location.Query()
	if p.status != http.StatusSeeOther || q.Get("state") != "s-1" || q.Get("iss") != w.url || q.Has("scope") {
		t.Fatalf("status %d, location %v", p.status, p.location)
	}

	r := w.redeem(q.Get("code"))
	if r.status != 200 || r.text("token_type") != "Bearer" || r.text("patient") != "camille" || r.json["need_patient_banner"] != true {
		t.Fatalf("token answer: %d %s", r.status, r.raw)
	}
	if r.text("scope") != "openid fhirUser launch/patient offline_access patient/*.rs" || r.json["expires_in"] != 900.0 {
		t.Errorf("scope and lifetime: %s", r.raw)
	}
	if r.header.Get("Cache-Control") != "no-store" || r.header.Get("Pragma") != "no-cache" {
		t.Errorf("a cache may keep the answer: %v", r.header)
	}
	checkIDToken(t, w, r.text("id_token"))

	g, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token")))
	if err != nil {
		t.Fatal(err)
	}
	want := &gate.Grant{
		Actor:  gate.Actor{Kind: "patient", ID: "Patient/camille", Name: "Camille Durand", Identities: []string{"Patient/camille"}},
		Client: gate.Client{ID: "glycare", Kind: "smart", Category: "health", Label: gate.Label{Status: "online", Exchange: true, Purposes: []string{"PATRQT", "TREAT", "FAMRQT"}}},
		Scopes: []string{"openid", "fhirUser", "launch/patient", "offline_access", "patient/*.rs"}, Patient: "camille", Purpose: "PATRQT", Mode: "normal",
		ACR: "eidas1", AMR: []string{"pwd"},
	}
	if since := w.clock.Now().Sub(g.Auth); since < 0 || since > time.Minute {
		t.Errorf("signed in %v ago", since)
	}
	if d := cmp.Diff(want, g, cmpopts.IgnoreFields(gate.Grant{}, "ID", "Since", "Until", "Auth")); d != "" {
		t.Errorf("grant (-want +got):\n%s", d)
	}
}

func checkIDToken(t testing.TB, w *world, raw string) {
	t.Helper()
	claims := verified(t, w, raw)
	for name, want := range map[string]any{"iss": w.url, "aud": "glycare", "nonce": "n-1", "fhirUser": w.url + "/fhir/Patient/camille"} {
		if claims[name] != want {
			t.Errorf("id_token %s = %v, want %v", name, claims[name], want)
		}
	}
	for _, name := range []string{"sub", "exp", "iat", "auth_time", "at_hash", "jti"} {
		if claims[name] == nil {
			t.Errorf("id_token lacks %s", name)
		}
	}
	if sub := claims["sub"]; sub == "camille" {
		t.Errorf("sub tells the key of the account")
	}
}

// verified checks a token's signature against the published keys and returns its claims.
func verified(t testing.TB, w *world, raw string) (claims map[string]any) {
	t.Helper()
	r, _ := http.NewRequest("GET", w.url+"/oauth2/jwks", nil)
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(w.send(r).raw), &set); err != nil || len(set.Keys) != len(keyring.Algorithms) {
		t.Fatalf("jwks of %d keys: %v", len(set.Keys), err)
	}
	signed, err := jose.ParseSignedCompact(raw, keyring.Algorithms)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := signed.Verify(set.Key(signed.Signatures[0].Protected.KeyID)[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestActingForAChild(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	p := b.submit(b.signIn(b.authorize(), "camille"), "decision", "allow", "patient", "lucas")
	r := w.redeem(p.location.Query().Get("code"))
	g, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token")))
	if err != nil {
		t.Fatal(err)
	}
	if g.Actor.Kind != "representative" || g.Actor.ID != "RelatedPerson/camille-lucas" || g.Patient != "lucas" {
		t.Errorf("actor %+v for %q", g.Actor, g.Patient)
	}
	if d := cmp.Diff([]string{"RelatedPerson/camille-lucas", "Patient/camille"}, g.Actor.Identities); d != "" {
		t.Errorf("identities (-want +got):\n%s", d)
	}
}

func TestProfessionalChoosesAPatient(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, field, value, want string }{
		{"from the list", "patient", "camille", "camille"},
		{"by INS with spaces", "ins", "1 80 02 75 123 456 78", "camille"},
		{"unknown INS", "ins", "180027512345600", ""},
		{"malformed INS", "ins", "12 <b>", ""},
		{"not on the list", "patient", "nour", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			b := w.newBrowser()
			p := b.signIn(b.authorize(), "dr.roux")
			if !strings.Contains(p.body, `name="ins"`) {
				t.Fatalf("no page to choose a patient: %s", p.body)
			}
			p = b.submit(p, c.field, c.value)
			if c.want == "" {
				if p.status != http.StatusUnprocessableEntity {
					t.Fatalf("status %d", p.status)
				}
				return
			}
			p = b.submit(p, "decision", "allow")
			r := w.redeem(p.location.Query().Get("code"))
			g, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token")))
			if err != nil || g.Patient != c.want || g.Purpose != "TREAT" || g.Actor.Profession == "" || r.text("patient") != c.want {
				t.Errorf("grant %+v, %v", g, err)
			}
		})
	}
}

func TestProfessionalWithoutPatientScopesNeedsNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	p := b.submit(b.signIn(b.authorize("scope", "openid user/*.rs"), "dr.roux"), "decision", "allow")
	r := w.redeem(p.location.Query().Get("code"))
	if r.status != 200 || r.json["patient"] != nil || r.json["refresh_token"] != nil {
		t.Errorf("%d %s", r.status, r.raw)
	}
}

func TestNativeAppMayUseAnyLoopbackPort(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	redirect := "http://127.0.0.1:49152/native"
	code := w.newBrowser().code("redirect_uri", redirect)
	if r := w.redeem(code, "redirect_uri", redirect); r.status != 200 {
		t.Errorf("%d %s", r.status, r.raw)
	}
}

// Such an app in a browser's page calls from an origin with that port.
func TestPagesOfAnyLoopbackPortMayCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for origin, known := range map[string]bool{
		"http://127.0.0.1:49152": true, "http://127.0.0.1": true, "https://127.0.0.1:49152": false, "http://127.0.0.1.evil.example:49152": false, "http://[::1]:49152": false,
		"http://127.0.0.1:49152/": false, "http://somebody@127.0.0.1:49152": false, "https://app.example:8443": false,
	} {
		if got := w.server.OriginRegistered(t.Context(), origin); got != known {
			t.Errorf("%s: %t", origin, got)
		}
	}
}

func TestRefreshOfAPublicClientNeedsNoName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.tokens().text("refresh_token")
	second := w.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first}}, "")
	if second.status != 200 || second.text("refresh_token") == first {
		t.Fatalf("%d %s", second.status, second.raw)
	}
	for name, token := range map[string]string{"none": "", "tampered": first[:len(first)-1] + "!", "an access token": second.text("access_token")} {
		r := w.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}, "")
		if !r.refuses(401, "invalid_client") {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
}

func TestRefreshRotatesAndNarrows(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.tokens()
	second := w.refresh(first.text("refresh_token"), "scope", "patient/Observation.rs")
	if second.status != 200 || second.text("scope") != "patient/Observation.rs" || second.text("refresh_token") == first.text("refresh_token") {
		t.Fatalf("%d %s", second.status, second.raw)
	}
	g, err := w.server.Authenticate(t.Context(), gate.Bearer(second.text("access_token")))
	if err != nil || cmp.Diff([]string{"patient/Observation.rs"}, g.Scopes) != "" {
		t.Errorf("scopes %v, %v", g, err)
	}
	third := w.refresh(second.text("refresh_token"))
	if third.text("scope") != first.text("scope") {
		t.Errorf("the full scope does not return: %s", third.raw)
	}
	if third.text("id_token") == "" {
		t.Error("a refresh with openid gives no id_token")
	}
	if !w.alive(first.text("access_token")) {
		t.Error("a rotation ended the earlier access token")
	}
}

func TestLostAnswerIsRepeatedWithinTheGrace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.tokens().text("refresh_token")
	second := w.refresh(first)
	again := w.refresh(first)
	if again.status != 200 || again.raw != second.raw {
		t.Fatalf("the same question got another answer: %d %s", again.status, again.raw)
	}
	w.clock.Advance(15 * time.Second)
	if r := w.refresh(first); r.raw != second.raw {
		t.Errorf("still within the grace: %d", r.status)
	}
	w.clock.Advance(6 * time.Second) // 21 s after the rotation: asking again has not renewed the window
	if r := w.refresh(first); r.status != 400 || r.text("error") != "invalid_grant" {
		t.Errorf("after the grace: %d %s", r.status, r.raw)
	}
	if w.alive(second.text("access_token")) || !w.told("refresh_reuse") {
		t.Error("reuse after the grace did not end the family")
	}
}

func TestBackendGetsATokenOfItsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"system/DocumentReference.c system/Patient.rs"}}, "backend-lab:"+w.secret)
	if r.status != 200 || r.text("scope") != "system/DocumentReference.c" || r.json["expires_in"] != 300.0 || r.json["refresh_token"] != nil {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	g, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token")))
	if err != nil || g.Actor.Kind != "system" || g.Actor.ID != "Organization/labo" || g.Client.Kind != "backend" {
		t.Errorf("%+v %v", g, err)
	}
	w.clock.Advance(301 * time.Second)
	if w.alive(r.text("access_token")) {
		t.Error("a back-end's token outlives five minutes")
	}
}

func TestMint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		name string
		m    oauth.MintRequest
		kind string
		id   string
		err  bool
	}{
		{"holder", oauth.MintRequest{Person: "camille", Client: "portal"}, "patient", "Patient/camille", false},
		{"representative", oauth.MintRequest{Person: "karim", Patient: "lucas", Client: "portal"}, "representative", "RelatedPerson/karim", false},
		{"stranger", oauth.MintRequest{Person: "sofia", Patient: "lucas", Client: "portal"}, "", "", true},
		{"professional", oauth.MintRequest{Person: "dr-roux", Patient: "camille", Client: "portal", Mode: "bris_de_glace", Purpose: "TREAT", Reason: "urgence", Stage: 2}, "professional", "Practitioner/dr-roux", false},
		{"imported patient", oauth.MintRequest{Person: "patient:abc", Client: "portal"}, "patient", "Patient/abc", false},
		{"system", oauth.MintRequest{Client: "backend-lab"}, "system", "Organization/labo", false},
		{"unknown", oauth.MintRequest{Person: "nobody", Client: "portal"}, "", "", true},
		{"unknown client", oauth.MintRequest{Person: "camille", Client: "nothing"}, "", "", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			token, expires, err := w.server.Mint(t.Context(), c.m)
			if c.err != (err != nil) {
				t.Fatalf("error %v", err)
			}
			if c.err {
				return
			}
			g, err := w.server.Authenticate(t.Context(), gate.Bearer(token))
			if err != nil || g.Actor.Kind != c.kind || g.Actor.ID != c.id || !g.Until.Equal(expires) || g.Stage != c.m.Stage || g.Reason != c.m.Reason {
				t.Errorf("%+v %v", g, err)
			}
		})
	}
}

func TestEveryEndingHoldsAtTheNextRequest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		end  func(w *world, r reply) error
	}{
		{"revocation of the access token", func(w *world, r reply) error { return w.revoke(r.text("access_token")) }},
		{"revocation of the refresh token", func(w *world, r reply) error { return w.revoke(r.text("refresh_token")) }},
		{"RevokeGrant", func(w *world, r reply) error {
			g, err := w.server.Authenticate(w.t.Context(), gate.Bearer(r.text("access_token")))
			if err != nil {
				return err
			}
			return w.server.RevokeGrant(w.t.Context(), g.ID)
		}},
		{"RevokeAll of patient and app", func(w *world, r reply) error { return w.server.RevokeAll(w.t.Context(), "camille", "glycare") }},
		{"RevokeAll of the patient", func(w *world, r reply) error { return w.server.RevokeAll(w.t.Context(), "camille", "") }},
		{"the client is disabled", func(w *world, r reply) error {
			return w.server.PutClient(w.t.Context(), oauth.Client{ID: "glycare", Kind: "smart", AuthMethod: oauth.AuthNone, Disabled: true})
		}},
		{"the person is disabled", func(w *world, r reply) error {
			return w.server.PutPerson(w.t.Context(), oauth.Person{Key: "camille", Login: "camille", Kind: "patient", Reference: "Patient/camille", Disabled: true})
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			r := w.tokens()
			if !w.alive(r.text("access_token")) {
				t.Fatal("the token does not work to begin with")
			}
			if err := c.end(w, r); err != nil {
				t.Fatal(err)
			}
			var refused *gate.TokenError
			if _, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token"))); !errors.As(err, &refused) || refused.Code != "invalid_token" {
				t.Errorf("the token is still accepted: %v", err)
			}
			if c.name != "revocation of the access token" {
				if got := w.refresh(r.text("refresh_token")); got.status == 200 {
					t.Error("the refresh token is still accepted")
				}
			}
		})
	}
}

func (w *world) revoke(token string) error {
	if r := w.post("/oauth2/revoke", url.Values{"token": {token}, "client_id": {"glycare"}}, ""); r.status != 200 {
		return errors.New(r.raw)
	}
	return nil
}

func TestRevokeAllSparesLaterGrantsAndOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other, _, err := w.server.Mint(t.Context(), oauth.MintRequest{Person: "camille", Client: "portal"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.server.RevokeAll(t.Context(), "camille", "glycare"); err != nil {
		t.Fatal(err)
	}
	if !w.alive(other) {
		t.Error("ending one app ended another")
	}
	if r := w.tokens(); !w.alive(r.text("access_token")) {
		t.Error("a grant given after the ending is dead")
	}
}

// TestAgreedAnew: who still holds a token of before reads nothing again because the app was connected again.
func TestAgreedAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.tokens().text("access_token")
	if second := w.tokens().text("access_token"); !w.alive(first) || !w.alive(second) {
		t.Error("another sign-in to an app that is connected ends one of before")
	}
	w.mu.Lock()
	w.anew = true
	w.mu.Unlock()
	if again := w.tokens().text("access_token"); w.alive(first) || !w.alive(again) {
		t.Errorf("connected anew: the token of before is alive: %v, the new one: %v", w.alive(first), w.alive(again))
	}
}

func TestDiscoveryAgrees(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/fhir/.well-known/smart-configuration"} {
		r, _ := http.NewRequest("GET", w.url+path, nil)
		r.Header.Set("Accept", "application/fhir+xml")
		r.Header.Set("Origin", "https://anywhere.example")
		got := w.send(r)
		if got.status != 200 || got.text("issuer") != w.url || got.header.Get("Content-Type") != "application/json" || got.header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d %v %s", path, got.status, got.header, got.raw)
		}
		for _, name := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri", "introspection_endpoint", "revocation_endpoint"} {
			if !strings.HasPrefix(got.text(name), w.url+"/oauth2/") {
				t.Errorf("%s: %s = %q", path, name, got.text(name))
			}
		}
	}
	for _, path := range []string{"/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/fhir"} {
		r, _ := http.NewRequest("GET", w.url+path, nil)
		if got := w.send(r); got.text("resource") != w.url+"/fhir" {
			t.Errorf("%s: %s", path, got.raw)
		}
	}
}

func TestUserinfo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.tokens()
	ask := func(header string) reply {
		req, _ := http.NewRequest("GET", w.url+"/oauth2/userinfo", nil)
		if header != "" {
			req.Header.Set("Authorization", header)
		}
		return w.send(req)
	}
	if got := ask("bearer " + r.text("access_token")); got.status != 200 || got.text("fhirUser") != w.url+"/fhir/Patient/camille" {
		t.Errorf("%d %s", got.status, got.raw)
	}
	for _, header := range []string{"", "Bearer", "Bearer " + r.text("id_token"), "Bearer " + r.text("refresh_token")} {
		if got := ask(header); got.status != 401 || !strings.Contains(got.header.Get("WWW-Authenticate"), "resource_metadata") {
			t.Errorf("%.20q: %d %v", header, got.status, got.header)
		}
	}
}

// headerOf reads the protected header of a token.
func headerOf(t *testing.T, raw string) (header map[string]any) {
	t.Helper()
	first, _, _ := strings.Cut(raw, ".")
	plain, err := base64.RawURLEncoding.DecodeString(first)
	if err == nil {
		err = json.Unmarshal(plain, &header)
	}
	if err != nil {
		t.Fatal(err)
	}
	return header
}

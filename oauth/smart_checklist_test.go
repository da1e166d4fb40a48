package oauth_test

import (
	"crypto"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/jwks"
)

// TestSMARTChecklist holds the requirements of SMART App Launch 2.2 one row at a time, each named by the numbers that the
// Inferno kit gives its clauses. What a FHIR endpoint answers for (R123, R130, R370 and the person's own rights) is held in
// gate/smart_test.go.
func TestSMARTChecklist(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]func(t *testing.T, w *world){
		"R14,15,31 PKCE with S256 from everyone":       smartPKCE,
		"R48,49 authorize by GET and POST":             smartAuthorizePost,
		"R96 the audience is the FHIR base":            smartAudience,
		"R57–59 return address and state":              smartReturn,
		"R74–78,110–114 token response":                smartTokenResponse,
		"R86,87 no-store":                              smartNoStore,
		"R58,91 short lives":                           smartLives,
		"R77,94,95 expired token":                      smartExpired,
		"R100–104,109 refresh":                         smartRefresh,
		"R16,17 CORS":                                  smartCORS,
		"R129 grammar of scopes":                       smartGrammar,
		"R126–128 v1 scopes":                           smartV1,
		"R370 narrowed by a search":                    smartNarrowed,
		"R119,144 never more than is registered":       smartWithin,
		"R164,165 a patient for patient scopes":        smartPatient,
		"R168–190 launch context":                      smartContext,
		"R198–210 identity":                            smartIdentity,
		"R372–394 configuration":                       smartConfiguration,
		"R387–392,438,439 what else is said":           smartMetadata,
		"R348,352–371 capabilities":                    smartCapabilities,
		"R285–297,310 asymmetric clients":              smartAsymmetric,
		"R335–340 assertions":                          smartAssertions,
		"R341,342 key sets are kept as they say":       smartKeySets,
		"R240–262,344 backend services":                smartBackend,
		"R271–283 introspection":                       smartIntrospection,
		"R395–437 brands":                              smartBrands,
		"IHE IUA ITI-71 parameters of a token request": smartIUA,
		"R99,101,102 online and offline access":        smartLasting,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, func(_ *world, c *oauth.Config) { c.Remote, c.Brands = jwks.Options{Loopback: true}, exampleBrands() })
			row(t, w)
		})
	}
}

// refused says that an authorization request goes back to the app with an error.
func (w *world) refused(what, code string, changes ...string) {
	w.t.Helper()
	if p := w.newBrowser().authorize(changes...); p.location == nil || p.location.Query().Get("error") != code {
		w.t.Errorf("%s: %d %v, want %s", what, p.status, p.location, code)
	}
}

func (w *world) published(path string, header ...string) reply {
	w.t.Helper()
	r, err := http.NewRequest("GET", w.url+path, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return w.send(r)
}

const wellKnown = "/fhir/.well-known/smart-configuration"

func smartPKCE(t *testing.T, w *world) {
	w.refused("plain", "invalid_request", "code_challenge_method", "plain")
	w.refused("none", "invalid_request", "code_challenge", "")
	code := w.newBrowser().code()
	if r := w.redeem(code, "code_verifier", ""); r.status != 400 || r.text("error") != "invalid_grant" {
		t.Errorf("without a verifier: %d %s", r.status, r.raw)
	}
	if r := w.redeem(w.newBrowser().code(), "code_verifier", strings.Repeat("w", 50)); r.status != 400 || r.text("error") != "invalid_grant" {
		t.Errorf("with another: %d %s", r.status, r.raw)
	}
	if got := w.published(wellKnown).json["code_challenge_methods_supported"]; !cmp.Equal(got, []any{"S256"}) {
		t.Errorf("methods %v", got)
	}
}

func smartAuthorizePost(t *testing.T, w *world) {
	for method, p := range map[string]page{"GET": w.newBrowser().authorize(), "POST": w.newBrowser().post("/oauth2/authorize", w.request())} {
		if p.status != 200 || !strings.Contains(p.body, `name="password"`) {
			t.Errorf("%s: %d", method, p.status)
		}
	}
}

func smartAudience(t *testing.T, w *world) {
	w.refused("none", "invalid_request", "aud", "")
	w.refused("another", "invalid_target", "aud", "https://other.example/fhir")
	if p := w.newBrowser().authorize("aud", "", "resource", w.url+"/fhir"); p.status != 200 {
		t.Errorf("resource as a synonym: %d", p.status)
	}
}

func smartReturn(t *testing.T, w *world) {
	for _, bad := range []string{"", redirectURI + "/", "https://other.example/callback"} {
		if p := w.newBrowser().authorize("redirect_uri", bad); p.status != 400 || p.location != nil {
			t.Errorf("%q: %d %v", bad, p.status, p.location)
		}
	}
	const state = "aZ09-._~ /?:@!$&'()*+,;=é"
	b := w.newBrowser()
	p := b.submit(b.signIn(b.authorize("state", state), "camille"), "decision", "allow", "patient", "camille")
	if p.location == nil || p.location.Query().Get("state") != state {
		t.Errorf("state %v", p.location)
	}
}

func smartTokenResponse(t *testing.T, w *world) {
	first := w.tokens()
	for what, r := range map[string]reply{"code": first, "refresh": w.refresh(first.text("refresh_token"))} {
		expires, number := r.json["expires_in"].(float64)
		if r.status != 200 || r.text("access_token") == "" || !strings.EqualFold(r.text("token_type"), "Bearer") || r.text("scope") == "" || !number || expires <= 0 {
			t.Errorf("%s: %s", what, r.raw)
		}
	}
}

func smartNoStore(t *testing.T, w *world) {
	first := w.tokens()
	for what, r := range map[string]reply{"code": first, "refresh": w.refresh(first.text("refresh_token")), "error": w.redeem("x")} {
		if r.header.Get("Cache-Control") != "no-store" || r.header.Get("Pragma") != "no-cache" {
			t.Errorf("%s: %v", what, r.header)
		}
	}
}

func smartLives(t *testing.T, w *world) {
	if r := w.tokens(); r.json["expires_in"].(float64) > 3600 {
		t.Errorf("%v", r.json["expires_in"])
	}
	code := w.newBrowser().code()
	w.clock.Advance(time.Minute + time.Second)
	if r := w.redeem(code); r.status != 400 || r.text("error") != "invalid_grant" {
		t.Errorf("a code of a minute ago: %d %s", r.status, r.raw)
	}
}

func smartExpired(t *testing.T, w *world) {
	r := w.tokens("scope", "patient/Observation.rs")
	g, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token")))
	if err != nil || !slices.Equal(g.Scopes, []string{"patient/Observation.rs"}) {
		t.Errorf("the resource server sees %v, %v", g, err)
	}
	w.clock.Advance(time.Duration(r.json["expires_in"].(float64)+1) * time.Second)
	if w.alive(r.text("access_token")) {
		t.Error("accepted after expires_in")
	}
}

func smartRefresh(t *testing.T, w *world) {
	first := w.tokens()
	foreign := w.post("/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first.text("refresh_token")}, "client_id": {"rival"}}, "")
	if foreign.status != 400 || foreign.text("error") != "invalid_grant" {
		t.Errorf("another client: %d %s", foreign.status, foreign.raw)
	}
	if r := w.refresh(first.text("refresh_token"), "scope", first.text("scope")+" user/*.cruds"); r.status != 400 || r.text("error") != "invalid_scope" {
		t.Errorf("more: %d %s", r.status, r.raw)
	}
	less := w.refresh(first.text("refresh_token"), "scope", "patient/Condition.rs")
	if less.text("scope") != "patient/Condition.rs" {
		t.Errorf("less: %s", less.raw)
	}
	if again := w.refresh(less.text("refresh_token")); again.text("scope") != first.text("scope") || again.text("patient") != first.text("patient") {
		t.Errorf("no scope asked: %s", again.raw)
	}
}

func smartLasting(t *testing.T, w *world) {
	for scopes, lasts := range map[string]bool{"patient/*.rs": false, "patient/*.rs online_access": true, "patient/*.rs offline_access": true} {
		if r := w.tokens("scope", scopes); (r.text("refresh_token") != "") != lasts {
			t.Errorf("%s: %s", scopes, r.raw)
		}
	}
	offline, online := w.tokens("scope", "patient/*.rs offline_access"), w.tokens("scope", "patient/*.rs online_access")
	w.clock.Advance(24 * time.Hour) // no browser session lasts as long
	if r := w.refresh(offline.text("refresh_token")); r.status != 200 {
		t.Errorf("offline, a day later: %s", r.raw)
	}
	if r := w.refresh(online.text("refresh_token")); r.status != 400 {
		t.Errorf("online, after the session: %s", r.raw)
	}
}

func smartCORS(t *testing.T, w *world) {
	if got := w.published(wellKnown, "Origin", "https://anybody.example").header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("configuration: %q", got)
	}
	for origin, want := range map[string]string{"https://app.example": "https://app.example", "https://evil.example": ""} {
		r, _ := http.NewRequest("OPTIONS", w.url+"/oauth2/token", nil)
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
		if got := w.send(r).header.Get("Access-Control-Allow-Origin"); got != want {
			t.Errorf("token endpoint, %s: %q", origin, got)
		}
	}
}

func smartGrammar(t *testing.T, w *world) {
	for asked, want := range map[string]string{
		"patient/Observation.cruds": "patient/Observation.cruds", "patient/Observation.crs": "patient/Observation.crs", "patient/*.rs": "patient/*.rs",
		"patient/Observation.dus": "", "patient/Observation.srd": "", "patient/Observation.rr": "", "patient/Observation.": "", "patient/observation.rs": "", "Patient/Observation.rs": "", "practitioner/Observation.rs": "",
	} {
		r := w.tokens("scope", "openid launch/patient user/Condition.r "+asked)
		if got := strings.TrimSpace(strings.TrimPrefix(r.text("scope"), "openid launch/patient user/Condition.r")); got != want {
			t.Errorf("%s: granted %q, want %q", asked, got, want)
		}
	}
}

func smartV1(t *testing.T, w *world) {
	for asked, opens := range map[string]string{"patient/Observation.read": "patient/Observation.rs", "patient/Observation.write": "patient/Observation.cud", "patient/Observation.*": "patient/Observation.cruds"} {
		r := w.tokens("scope", asked)
		if r.text("scope") != asked {
			t.Errorf("%s: granted as %q", asked, r.text("scope"))
		}
		if g, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token"))); err != nil || !slices.Equal(g.Scopes, []string{opens}) {
			t.Errorf("%s opens %v, %v", asked, g, err)
		}
	}
}

func smartNarrowed(t *testing.T, w *world) {
	const vital = "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs"
	r := w.tokens("scope", vital+" offline_access")
	if r.text("scope") != vital+" offline_access" {
		t.Errorf("granted %q", r.text("scope"))
	}
	if again := w.refresh(r.text("refresh_token"), "scope", vital); again.text("scope") != vital {
		t.Errorf("refreshed %s", again.raw)
	}
	if in := w.post("/oauth2/introspect", url.Values{"token": {r.text("access_token")}}, "resource:"+w.secret); in.text("scope") != vital+" offline_access" {
		t.Errorf("introspected %s", in.raw)
	}
	g, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token")))
	if err != nil || !slices.Contains(g.Scopes, vital) {
		t.Errorf("the gate sees %v, %v", g, err)
	}
	second := w.tokens("scope", vital+" offline_access")
	if wide := w.refresh(second.text("refresh_token"), "scope", "patient/Observation.rs"); wide.text("error") != "invalid_scope" {
		t.Errorf("without its search: %s", wide.raw)
	}
	for _, experimental := range []string{"code:in=http://x.example/set", "patient.birthdate=1990", "_filter=code", "code:not=x", "_has:Provenance:target:agent=x"} {
		w.refused(experimental, "invalid_scope", "scope", "patient/Observation.rs?"+experimental)
	}
}

func smartWithin(t *testing.T, w *world) {
	if r := w.tokens("scope", "patient/*.cruds user/*.rs"); r.text("scope") != "patient/*.rs patient/Observation.cruds user/*.rs" {
		t.Errorf("granted %q", r.text("scope"))
	}
	w.refused("nothing that is registered", "invalid_scope", "scope", "system/*.rs")
}

func smartPatient(t *testing.T, w *world) {
	for _, scopes := range []string{"patient/Observation.rs", "patient/Observation.read", "launch/patient"} {
		if r := w.tokens("scope", scopes); r.text("patient") != "camille" {
			t.Errorf("%s: %s", scopes, r.raw)
		}
	}
	b := w.newBrowser()
	if p := b.signIn(b.authorize("scope", "patient/Observation.rs"), "dr.roux"); !strings.Contains(p.body, `name="ins"`) {
		t.Errorf("a professional chooses no patient: %s", p.body)
	}
}

func smartContext(t *testing.T, w *world) {
	launch := w.launched(w.opener("camille", "camille"), `{"encounter":"stay-1","fhirContext":[{"reference":"ImagingStudy/1"}],"intent":"order-review","need_patient_banner":false}`)
	b := w.newBrowser()
	p := b.submit(b.signIn(b.authorize("scope", ehrScope, "launch", launch), "camille"), "decision", "allow")
	r := w.redeem(p.location.Query().Get("code"))
	want := map[string]any{"patient": "camille", "encounter": "stay-1", "fhirContext": []any{map[string]any{"reference": "ImagingStudy/1"}}, "intent": "order-review", "need_patient_banner": false}
	for name, value := range want {
		if d := cmp.Diff(value, r.json[name]); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	if alone := w.tokens(); alone.json["need_patient_banner"] != true || alone.json["fhirContext"] != nil || alone.json["encounter"] != nil {
		t.Errorf("standalone: %s", alone.raw)
	}
	if style := w.published(strings.TrimPrefix(r.text("smart_style_url"), w.url)); style.status != 200 || style.text("color_text") == "" {
		t.Errorf("style: %d %s", style.status, style.raw)
	}
}

func smartIdentity(t *testing.T, w *world) {
	r := w.tokens("scope", "openid fhirUser patient/*.rs")
	claims := verified(t, w, r.text("id_token"))
	if claims["fhirUser"] != w.url+"/fhir/Patient/camille" || claims["aud"] != "glycare" || claims["iss"] != w.url {
		t.Errorf("claims %v", claims)
	}
	signed, err := jose.ParseSignedCompact(r.text("id_token"), []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		t.Fatalf("not by RS256: %v", err)
	}
	var set struct{ Keys []map[string]any }
	_ = json.Unmarshal([]byte(w.published("/oauth2/jwks").raw), &set)
	i := slices.IndexFunc(set.Keys, func(k map[string]any) bool { return k["kid"] == signed.Signatures[0].Protected.KeyID })
	if i < 0 || set.Keys[i]["kty"] != "RSA" || set.Keys[i]["n"] == nil || set.Keys[i]["d"] != nil {
		t.Errorf("published keys %v", set.Keys)
	}
	if none := w.tokens("scope", "patient/*.rs"); none.json["id_token"] != nil {
		t.Error("an id_token that was not asked for")
	}
}

func smartConfiguration(t *testing.T, w *world) {
	for _, accept := range []string{"", "text/html", "application/fhir+json"} {
		r := w.published(wellKnown, "Accept", accept)
		if r.status != 200 || r.header.Get("Content-Type") != "application/json" {
			t.Fatalf("Accept %q: %d %s", accept, r.status, r.header.Get("Content-Type"))
		}
		for _, name := range []string{"issuer", "jwks_uri", "authorization_endpoint", "token_endpoint", "introspection_endpoint", "revocation_endpoint"} {
			if u, err := url.Parse(r.text(name)); err != nil || !u.IsAbs() {
				t.Errorf("%s is %q", name, r.text(name))
			}
		}
		for _, name := range []string{"capabilities", "grant_types_supported", "code_challenge_methods_supported"} {
			if list, ok := r.json[name].([]any); !ok || len(list) == 0 {
				t.Errorf("%s is %v", name, r.json[name])
			}
		}
		if r.text("issuer") != w.url || w.published("/oauth2/jwks").status != 200 {
			t.Errorf("issuer %q", r.text("issuer"))
		}
	}
}

func smartMetadata(t *testing.T, w *world) {
	r := w.published(wellKnown)
	scopes, _ := r.json["scopes_supported"].([]any)
	for _, s := range []string{"openid", "fhirUser", "launch", "launch/patient", "offline_access"} {
		if !slices.Contains(scopes, any(s)) {
			t.Errorf("scopes_supported lacks %s", s)
		}
	}
	if got := r.json["response_types_supported"]; !cmp.Equal(got, []any{"code"}) {
		t.Errorf("response types %v", got)
	}
	if r.json["associated_endpoints"] != nil {
		t.Error("a promise without the feature")
	}
	if b := w.newBrowser(); r.text("management_endpoint") != w.url+"/oauth2/apps" || !strings.Contains(b.signIn(b.get("/oauth2/apps"), "camille").body, `id="today"`) {
		t.Errorf("management_endpoint %q does not lead to the person's apps", r.text("management_endpoint"))
	}
	if r.text("user_access_brand_bundle") != w.url+"/oauth2/brands" || !cmp.Equal(r.json["user_access_brand_identifier"], any(map[string]any{"system": "urn:ietf:rfc:3986", "value": "https://space.example"})) {
		t.Errorf("brands %s", r.raw)
	}
	bare := newWorld(t).published(wellKnown)
	if bare.json["user_access_brand_bundle"] != nil || bare.json["user_access_brand_identifier"] != nil {
		t.Error("brands are promised where none are published")
	}
}

// smartCapabilities names, for each capability, the row that holds it; one that no row holds fails.
func smartCapabilities(t *testing.T, w *world) {
	held := map[string]string{
		"launch-ehr": "R168–190", "launch-standalone": "R164,165", "authorize-post": "R48,49", "client-public": "R14,15,31", "sso-openid-connect": "R198–210",
		"client-confidential-symmetric": "below", "client-confidential-asymmetric": "R285–297,310", "context-banner": "R168–190", "context-style": "R168–190",
		"context-ehr-patient": "R168–190", "context-ehr-encounter": "R168–190", "context-standalone-patient": "R164,165", "permission-offline": "R99,101,102",
		"permission-online": "R99,101,102", "permission-patient": "R77,94,95", "permission-user": "R119,144", "permission-v1": "R126–128", "permission-v2": "R129, R370",
	}
	list, _ := w.published(wellKnown).json["capabilities"].([]any)
	said := map[string]bool{}
	for _, c := range list {
		said[c.(string)] = true
		if held[c.(string)] == "" {
			t.Errorf("%s is promised and no row holds it", c)
		}
	}
	for _, c := range []string{"launch-standalone", "client-public", "context-standalone-patient", "permission-patient"} { // R348
		if !said[c] {
			t.Errorf("Patient Access for Standalone Apps needs %s", c)
		}
	}
	b := w.newBrowser()
	code := b.code("client_id", "glycare-pro")
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {verifier}}
	if r := w.post("/oauth2/token", form, "glycare-pro:"+w.secret); r.status != 200 {
		t.Errorf("client-confidential-symmetric: %s", r.raw)
	}
}

func smartAsymmetric(t *testing.T, w *world) {
	r := w.published(wellKnown)
	methods, _ := r.json["token_endpoint_auth_methods_supported"].([]any)
	algorithms, _ := r.json["token_endpoint_auth_signing_alg_values_supported"].([]any)
	if !slices.Contains(methods, any("private_key_jwt")) || !slices.Contains(algorithms, any("RS384")) || !slices.Contains(algorithms, any("ES384")) {
		t.Errorf("methods %v, algorithms %v", methods, algorithms)
	}
	key := ecKey(t, elliptic.P384())
	for id, c := range map[string]oauth.Client{
		"by-value": {JWKS: keySet(t, key.Public())}, "by-url": {JWKSURI: publish(t, keySet(t, key.Public())).http.URL},
	} {
		c.ID, c.Kind, c.AuthMethod, c.Scopes = id, "backend", oauth.AuthKeyJWT, []string{"system/*.rs"}
		if err := w.server.PutClient(t.Context(), c); err != nil {
			t.Fatal(err)
		}
		if r := w.proves(signed(t, jose.ES384, key, assertionOf(w, id))); r.status != 200 {
			t.Errorf("%s: %d %s", id, r.status, r.raw)
		}
	}
}

func smartAssertions(t *testing.T, w *world) {
	s := newSigner(t, w, "dpi")
	once := s.sign(assertionOf(w, "dpi"), nil)
	if r := w.assert(once); r.status != 200 {
		t.Errorf("good: %d %s", r.status, r.raw)
	}
	for name, assertion := range map[string]string{
		"again":              once,
		"another audience":   s.sign(assertionOf(w, "dpi", "aud", "https://other.example"), nil),
		"another subject":    s.sign(assertionOf(w, "dpi", "sub", "backend-lab"), nil),
		"ten minutes":        s.sign(assertionOf(w, "dpi", "exp", w.clock.Now().Add(10*time.Minute).Unix()), nil),
		"over":               s.sign(assertionOf(w, "dpi", "exp", w.clock.Now().Add(-time.Minute).Unix()), nil),
		"no jti":             s.sign(assertionOf(w, "dpi", "jti", nil), nil),
		"another kid":        s.sign(assertionOf(w, "dpi"), map[jose.HeaderKey]any{"kid": "k9"}),
		"a URL of elsewhere": s.sign(assertionOf(w, "dpi"), map[jose.HeaderKey]any{"jku": "https://other.example/jwks"}),
	} {
		if r := w.assert(assertion); r.text("error") != "invalid_client" {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
}

func smartKeySets(t *testing.T, w *world) {
	key := ecKey(t, elliptic.P384())
	p := publish(t, keySet(t, key.Public())) // max-age=600
	err := w.server.PutClient(t.Context(), oauth.Client{ID: "dpi", Kind: "backend", AuthMethod: oauth.AuthKeyJWT, JWKSURI: p.http.URL, Scopes: []string{"system/*.rs"}})
	if err != nil {
		t.Fatal(err)
	}
	by := func(k crypto.Signer) int { return w.proves(signed(t, jose.ES384, k, assertionOf(w, "dpi"))).status }
	if by(key) != 200 || by(key) != 200 || p.fetches.Load() != 1 {
		t.Errorf("fetched %d times", p.fetches.Load())
	}
	p.set(http.StatusOK, keySet(t, ecKey(t, elliptic.P384()).Public()))
	w.clock.Advance(10*time.Minute + time.Second)
	if code := by(key); code != 401 {
		t.Errorf("a withdrawn key, past the age of its set: %d", code)
	}
}

func smartBackend(t *testing.T, w *world) {
	s := newSigner(t, w, "dpi")
	r := w.assert(s.sign(assertionOf(w, "dpi"), nil), "scope", "system/Patient.rs system/Observation.cruds")
	if r.text("token_type") != "Bearer" && r.text("token_type") != "bearer" || r.json["expires_in"].(float64) > 300 || r.text("scope") != "system/Patient.rs system/Observation.rs" || r.json["refresh_token"] != nil {
		t.Errorf("%s", r.raw)
	}
	if r := w.assert(s.sign(assertionOf(w, "dpi"), nil), "scope", "patient/*.rs"); r.text("error") != "invalid_scope" {
		t.Errorf("a patient's: %s", r.raw)
	}
	if err := w.server.PutClient(t.Context(), oauth.Client{ID: "weak", Kind: "backend", Profile: oauth.ProfileBackend, AuthMethod: oauth.AuthBasic, SecretHash: w.server.HashSecret(w.secret), Scopes: []string{"system/*.rs"}}); err == nil {
		t.Error("a shared secret was taken for a backend service")
	}
}

func smartIntrospection(t *testing.T, w *world) {
	r := w.tokens()
	in := w.post("/oauth2/introspect", url.Values{"token": {r.text("access_token")}}, "resource:"+w.secret)
	for name, want := range map[string]any{
		"active": true, "scope": r.text("scope"), "client_id": "glycare", "patient": "camille", "need_patient_banner": true, "smart_style_url": r.text("smart_style_url"),
		"iss": w.url, "fhirUser": w.url + "/fhir/Patient/camille", "sub": verified(t, w, r.text("id_token"))["sub"],
	} {
		if in.json[name] != want {
			t.Errorf("%s is %v, want %v", name, in.json[name], want)
		}
	}
	if left := in.json["exp"].(float64) - float64(w.clock.Now().Unix()); left > r.json["expires_in"].(float64) || left < r.json["expires_in"].(float64)-5 {
		t.Errorf("exp in %v s, expires_in %v", left, r.json["expires_in"])
	}
	if none := w.post("/oauth2/introspect", url.Values{"token": {"x"}}, "resource:"+w.secret); strings.TrimSpace(none.raw) != `{"active":false}` {
		t.Errorf("unknown: %s", none.raw)
	}
}

func smartIUA(t *testing.T, w *world) {
	for kind, want := range map[string]string{
		"urn:ietf:params:oauth:token-type:access_token": "", "urn:ietf:params:oauth:token-type:access-token": "",
		"urn:ietf:params:oauth:token-type:jwt": "invalid_request", "urn:ietf:params:oauth:token-type:saml2": "invalid_request", "jwt": "invalid_request",
	} {
		r := w.redeem(w.newBrowser().code(), "requested_token_type", kind)
		if r.text("error") != want || (r.text("access_token") == "") != (want != "") {
			t.Errorf("%s: %d %s", kind, r.status, r.raw)
		}
	}
	if r := w.redeem(w.newBrowser().code(), "resource", w.url+"/fhir"); r.status != 200 {
		t.Errorf("resource: %s", r.raw)
	}
	if r := w.redeem(w.newBrowser().code(), "resource", "https://other.example/fhir"); r.text("error") != "invalid_target" {
		t.Errorf("another resource: %s", r.raw)
	}
	// Claims in the scope, as a national extension of IUA writes them, are not granted, and the answer says so.
	if r := w.tokens("scope", "patient/*.rs purpose_of_use=urn:oid:2.16.756.5.30.1.127.3.10.5|EMER person_id=1"); r.text("scope") != "patient/*.rs" {
		t.Errorf("claims: %s", r.raw)
	}
}

const brandBundle = `{"resourceType":"Bundle","type":"collection","timestamp":"2026-01-01T00:00:00Z","entry":[
 {"fullUrl":"https://space.example/Organization/space","resource":{"resourceType":"Organization","id":"space","name":"Espace","identifier":[{"system":"urn:ietf:rfc:3986","value":"https://space.example"}],
  "address":[{"_city":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"asked-unknown"}]}}],
  "endpoint":[{"reference":"Endpoint/fhir"}]}},
 {"fullUrl":"https://space.example/Endpoint/fhir","resource":{"resourceType":"Endpoint","id":"fhir","status":"active"}}]}`

func exampleBrands() *oauth.Brands {
	return &oauth.Brands{Bundle: json.RawMessage(brandBundle), Primary: "urn:ietf:rfc:3986|https://space.example"}
}

func smartBrands(t *testing.T, w *world) {
	r := w.published("/oauth2/brands", "Origin", "https://anybody.example")
	tag := r.header.Get("ETag")
	if r.status != 200 || r.raw != brandBundle || r.header.Get("Access-Control-Allow-Origin") != "*" || !strings.HasPrefix(tag, `W/"`) || r.header.Get("Content-Type") != "application/fhir+json" {
		t.Errorf("%d %v %s", r.status, r.header, r.raw)
	}
	if again := w.published("/oauth2/brands", "If-None-Match", `"x", `+tag); again.status != 304 || again.raw != "" {
		t.Errorf("known already: %d", again.status)
	}
	for name, b := range map[string]*oauth.Brands{
		"no bundle":             {Bundle: json.RawMessage(`{"resourceType":"Bundle","type":"searchset"}`), Primary: "urn:ietf:rfc:3986|x"},
		"no timestamp":          {Bundle: json.RawMessage(strings.Replace(brandBundle, `"timestamp":"2026-01-01T00:00:00Z",`, "", 1)), Primary: exampleBrands().Primary},
		"primary of nobody":     {Bundle: json.RawMessage(brandBundle), Primary: "urn:ietf:rfc:3986|https://other.example"},
		"primary no identifier": {Bundle: json.RawMessage(brandBundle), Primary: "space"},
		"a secret absence":      {Bundle: json.RawMessage(strings.Replace(brandBundle, "asked-unknown", "masked", 1)), Primary: exampleBrands().Primary},
		"a person in it":        {Bundle: json.RawMessage(strings.Replace(brandBundle, `"resourceType":"Endpoint"`, `"resourceType":"Patient"`, 1)), Primary: exampleBrands().Primary},
		"not JSON":              {Bundle: json.RawMessage(`{`), Primary: exampleBrands().Primary},
	} {
		_, err := oauth.New(oauth.Config{DB: w.db, Issuer: w.url, FHIR: w.url + "/fhir", Apps: w.apps, Relations: relations{}, Pages: noPages{}, Secret: []byte(base64.StdEncoding.EncodeToString(make([]byte, 30))), Brands: b})
		if err == nil {
			t.Errorf("%s: published", name)
		}
	}
}

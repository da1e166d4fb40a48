package oauth_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web"
)

const initialToken = "initial-access-token-of-the-operator"

// office is a world in which clients may register.
type office struct {
	*world
	authority *ecdsa.PrivateKey // signs software statements
	shelf     *shelf
}

// shelf is a catalogue of apps whose clients may register.
type shelf struct {
	labels *catalogue
	apps   map[string]oauth.Software
}

func (s *shelf) Software(ctx context.Context, id string) (*oauth.Software, bool, error) {
	w, ok := s.apps[id]
	app, _, err := s.labels.App(ctx, id)
	w.ID, w.Version, w.Status, w.Waits = id, "1.2.3", app.Label.Status, app.Waits
	return &w, ok, err
}

// newShelf has an app that is not labelled yet, one that is, and a system.
func newShelf(w *world) *shelf {
	wide := []string{"openid", "fhirUser", "profile", "offline_access", "online_access", "launch", "launch/patient", "patient/*.cruds", "user/*.rs"}
	return &shelf{w.apps, map[string]oauth.Software{
		"nouvelle": {
			Name: "Nouvelle", Kind: "smart", AuthMethod: "none", RedirectURIs: []string{"https://new.example/cb"},
			Scopes: []string{"openid", "fhirUser", "launch/patient", "patient/*.rs"},
		},
		"glycare": {Name: "Glycare", Kind: "smart", AuthMethod: "none", RedirectURIs: []string{redirectURI}, Scopes: wide},
		"dpi":     {Name: "Dossier", Kind: "backend", AuthMethod: "private_key_jwt", Scopes: []string{"system/*.rs"}},
	}}
}

func newOffice(t testing.TB) office {
	key := ecKey(t, elliptic.P256())
	var trust jose.JSONWebKeySet
	if err := json.Unmarshal(keySet(t, key.Public()), &trust); err != nil {
		t.Fatal(err)
	}
	var all *shelf
	w := newWorld(t, func(w *world, c *oauth.Config) {
		all = newShelf(w)
		c.Registration = &oauth.Registration{
			Catalogue: all, Tokens: []string{"another-initial-token-of-somebody", initialToken}, Trust: &trust, Issuer: "https://catalogue.example",
		}
	})
	return office{w, key, all}
}

type body = map[string]any

// ask sends JSON to the registration endpoint, or to a client's own address when path begins with http.
func (o office) ask(method, path, bearer string, b body) reply {
	o.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = o.url + "/oauth2/register" + path
	}
	raw, err := json.Marshal(b)
	if err != nil {
		o.t.Fatal(err)
	}
	r, err := http.NewRequest(method, path, bytes.NewReader(raw))
	if err != nil {
		o.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if bearer != "" {
		r.Header.Set("Authorization", "Bearer "+bearer)
	}
	o.clock.Advance(time.Minute) // the pace of registrations is its own test
	return o.send(r)
}

// app is a good registration of an app, changed by pairs of name and value; nil removes the name.
func app(changes ...any) body {
	b := body{
		"software_id": "nouvelle", "redirect_uris": []string{"https://new.example/cb"}, "client_name": "Nouvelle", "token_endpoint_auth_method": "client_secret_basic",
		"scope": "openid fhirUser launch/patient patient/*.rs patient/Observation.cud user/*.rs system/*.rs nonsense",
	}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == nil {
			delete(b, changes[i].(string))
		} else {
			b[changes[i].(string)] = changes[i+1]
		}
	}
	return b
}

// statement is a software statement of the catalogue for glycare.
func (o office) statement(changes ...any) string {
	o.t.Helper()
	claims := body{
		"iss": "https://catalogue.example", "software_id": "glycare", "iat": o.clock.Now().Unix(), "exp": o.clock.Now().Add(24 * time.Hour).Unix(),
		"redirect_uris": []string{redirectURI}, "client_name": "Glycare",
	}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == nil {
			delete(claims, changes[i].(string))
		} else {
			claims[changes[i].(string)] = changes[i+1]
		}
	}
	return signed(o.t, jose.ES256, o.authority, claims)
}

// RFC 7591 §3.2.1, RFC 7592: a client registers, gets a secret once, reads, replaces and ends its registration.
func TestRegistration(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	r := o.ask("POST", "", initialToken, app())
	id, secret, token, uri := r.text("client_id"), r.text("client_secret"), r.text("registration_access_token"), r.text("registration_client_uri")
	if r.status != http.StatusCreated || len(secret) != 43 || token == "" || uri != o.url+"/oauth2/register/"+id || r.json["client_secret_expires_at"] != 0. {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	if r.header.Get("Cache-Control") != "no-store" {
		t.Error("the secret may be cached")
	}
	if got := r.text("scope"); got != "openid fhirUser launch/patient patient/*.rs" {
		t.Errorf("scope %q", got)
	}
	if r.text("token_endpoint_auth_method") != "client_secret_basic" || r.text("profile") != "smart-confidential" {
		t.Errorf("%s", r.raw)
	}
	authenticated := func(secret string) int {
		return o.post("/oauth2/introspect", url.Values{"token": {"x"}}, id+":"+secret).status
	}
	if authenticated(secret) != 200 || authenticated(secret+"x") != 401 {
		t.Error("the secret does not count")
	}
	r = o.ask("GET", uri, token, nil)
	if r.status != 200 || r.text("client_id") != id || strings.Contains(r.raw, secret) || r.text("client_name") != "Nouvelle" || r.text("registration_access_token") != token {
		t.Errorf("reading: %d %s", r.status, r.raw)
	}
	r = o.ask("PUT", uri, token, app("client_id", id, "client_secret", secret, "client_name", "Autre", "scope", "openid", "software_id", nil))
	if r.status != 200 || r.text("client_name") != "Autre" || r.text("scope") != "openid" || r.text("software_id") != "nouvelle" || strings.Contains(r.raw, "client_secret\"") || authenticated(secret) != 200 {
		t.Errorf("replacing: %d %s", r.status, r.raw)
	}
	r = o.ask("PUT", uri, token, app("client_id", id, "token_endpoint_auth_method", "none"))
	if r.status != 200 || r.text("profile") != "smart-public" || authenticated(secret) != 401 {
		t.Errorf("becoming public: %d %s", r.status, r.raw)
	}
	if r = o.ask("DELETE", uri, token, nil); r.status != http.StatusNoContent {
		t.Errorf("ending: %d %s", r.status, r.raw)
	}
	for _, method := range []string{"GET", "PUT", "DELETE"} {
		if r = o.ask(method, uri, token, app("client_id", id)); r.status != 401 || !strings.Contains(r.header.Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s after the end: %d %s", method, r.status, r.raw)
		}
	}
	if o.server.OriginRegistered(t.Context(), "https://new.example") {
		t.Error("its origin is still known")
	}
	for _, leak := range []string{secret, token, initialToken} {
		if strings.Contains(o.log.String(), leak) {
			t.Error("a secret is in the log")
		}
	}
}

// What a stranger, or somebody with another's token, tries to register.
func TestAttackDynamicRegistration(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	key := ecKey(t, elliptic.P384())
	set := json.RawMessage(keySet(t, key.Public()))
	private, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key, KeyID: "k"}}})
	redirect := func(uri string) body { return app("redirect_uris", []string{uri}) }
	o.shelf.apps["oldapp"] = o.shelf.apps["nouvelle"]
	o.apps.set("oldapp", "recalled")
	for name, tc := range map[string]struct {
		bearer string
		body   body
		status int
		code   string
	}{
		"nobody's":                   {"", app(), 401, "invalid_token"},
		"a wrong token":              {initialToken + "x", app(), 401, "invalid_token"},
		"a token's beginning":        {initialToken[:8], app(), 401, "invalid_token"},
		"script as redirect":         {initialToken, redirect("javascript:alert(1)"), 400, "invalid_redirect_uri"},
		"data as redirect":           {initialToken, redirect("data:text/html,x"), 400, "invalid_redirect_uri"},
		"plain http":                 {initialToken, redirect("http://new.example/cb"), 400, "invalid_redirect_uri"},
		"a fragment":                 {initialToken, redirect("https://new.example/cb#x"), 400, "invalid_redirect_uri"},
		"a user in the address":      {initialToken, redirect("https://mespace@evil.example/cb"), 400, "invalid_redirect_uri"},
		"a scheme without a dot":     {initialToken, redirect("myapp:/cb"), 400, "invalid_redirect_uri"},
		"line feeds":                 {initialToken, redirect("https://new.example/\r\nX: y"), 400, "invalid_redirect_uri"},
		"another redirect":           {initialToken, redirect("https://new.example/cb/"), 400, "invalid_redirect_uri"},
		"a redirect with a query":    {initialToken, redirect("https://new.example/cb?x=1"), 400, "invalid_redirect_uri"},
		"another's redirect":         {initialToken, redirect(redirectURI), 400, "invalid_redirect_uri"},
		"another launch":             {initialToken, app("launch_uri", "https://evil.example/"), 400, "invalid_client_metadata"},
		"another way out":            {initialToken, app("post_logout_redirect_uris", []string{"https://evil.example/"}), 400, "invalid_client_metadata"},
		"another logout":             {initialToken, app("backchannel_logout_uri", "https://evil.example/"), 400, "invalid_client_metadata"},
		"the device flow":            {initialToken, app("grant_types", []string{"authorization_code", "urn:ietf:params:oauth:grant-type:device_code"}), 400, "invalid_client_metadata"},
		"no software":                {initialToken, app("software_id", nil), 400, "invalid_client_metadata"},
		"a software that is none":    {initialToken, app("software_id", "nobody"), 400, "invalid_client_metadata"},
		"a recalled software":        {initialToken, app("software_id", "oldapp"), 403, "invalid_client_metadata"},
		"a system that is an app":    {initialToken, body{"software_id": "nouvelle", "grant_types": []string{"client_credentials"}, "token_endpoint_auth_method": "private_key_jwt", "jwks": set}, 400, "invalid_client_metadata"},
		"a system with its own keys": {initialToken, body{"software_id": "dpi", "jwks": set}, 400, "invalid_client_metadata"},
		"a thousand redirects":       {initialToken, app("redirect_uris", slices.Repeat([]string{"https://new.example/cb"}, 1000)), 400, "invalid_redirect_uri"},
		"redirects of a wrong type":  {initialToken, app("redirect_uris", "https://new.example/cb"), 400, "invalid_client_metadata"},
		"implicit grant":             {initialToken, app("grant_types", []string{"implicit"}), 400, "invalid_redirect_uri"},
		"password grant":             {initialToken, app("grant_types", []string{"authorization_code", "password"}), 400, "invalid_client_metadata"},
		"token response":             {initialToken, app("response_types", []string{"token"}), 400, "invalid_client_metadata"},
		"both kinds at once":         {initialToken, app("grant_types", []string{"authorization_code", "client_credentials"}), 400, "invalid_client_metadata"},
		"a system with a secret":     {initialToken, body{"software_id": "dpi", "grant_types": []string{"client_credentials"}, "token_endpoint_auth_method": "client_secret_basic"}, 400, "invalid_client_metadata"},
		"a system that is public":    {initialToken, body{"software_id": "dpi", "grant_types": []string{"client_credentials"}, "token_endpoint_auth_method": "none"}, 400, "invalid_client_metadata"},
		"keys twice":                 {initialToken, app("token_endpoint_auth_method", "private_key_jwt", "jwks", set, "jwks_uri", "https://new.example/jwks"), 400, "invalid_client_metadata"},
		"keys inside the network":    {initialToken, app("token_endpoint_auth_method", "private_key_jwt", "jwks_uri", "http://127.0.0.1/jwks"), 400, "invalid_client_metadata"},
		"a private key":              {initialToken, app("token_endpoint_auth_method", "private_key_jwt", "jwks", json.RawMessage(private)), 400, "invalid_client_metadata"},
		"a certificate":              {initialToken, app("token_endpoint_auth_method", "tls_client_auth", "tls_client_auth_subject_dn", "CN=a"), 400, "invalid_client_metadata"},
		"an unknown profile":         {initialToken, app("profile", "root"), 400, "invalid_client_metadata"},
		"a back-end's profile":       {initialToken, app("profile", "backend"), 400, "invalid_client_metadata"},
		"an unsigned id_token":       {initialToken, app("id_token_signed_response_alg", "none"), 400, "invalid_client_metadata"},
		"a huge name":                {initialToken, app("client_name", strings.Repeat("n", 300)), 400, "invalid_client_metadata"},
		"a huge software id":         {initialToken, app("software_id", strings.Repeat("n", 300)), 400, "invalid_client_metadata"},
		"a huge body":                {initialToken, app("client_name", strings.Repeat("n", 100<<10)), 413, "invalid_request"},
		"a list":                     {initialToken, nil, 400, "invalid_client_metadata"},
		"a statement that is a list": {"", app("software_statement", []string{"a"}), 400, "invalid_software_statement"},
		"a statement that is empty":  {"", app("software_statement", ""), 400, "invalid_software_statement"},
	} {
		if r := o.ask("POST", "", tc.bearer, tc.body); r.status != tc.status || r.text("error") != tc.code {
			t.Errorf("%s: %d %s, want %d %s", name, r.status, r.raw, tc.status, tc.code)
		}
	}
	// An id or a secret that the client would choose for itself is not taken.
	r := o.ask("POST", "", initialToken, app("client_id", "portal", "client_secret", "mine", "introspects", true, "kind", "portal", "scopes", []string{"system/*.rs"}))
	if r.status != 201 || r.text("client_id") == "portal" || r.text("client_secret") == "mine" {
		t.Errorf("%d %s", r.status, r.raw)
	}
	if c, err := o.server.Client(t.Context(), r.text("client_id")); err != nil || c.Introspects || c.Kind != "smart" {
		t.Errorf("%+v %v", c, err)
	}
}

// A client that registered itself has no label, and without one nothing: neither the page nor a token, as an app or as a
// system.
func TestRegisteredWithoutLabel(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	r := o.ask("POST", "", initialToken, app("token_endpoint_auth_method", "none"))
	id := r.text("client_id")
	if p := o.newBrowser().authorize("client_id", id, "redirect_uri", "https://new.example/cb"); p.status != 403 {
		t.Errorf("authorize: %d", p.status)
	}
	o.apps.set("nouvelle", "online")
	if p := o.newBrowser().authorize("client_id", id, "redirect_uri", "https://new.example/cb"); p.status != 200 {
		t.Errorf("authorize with a label: %d", p.status)
	}
	key := ecKey(t, elliptic.P384())
	dpi := o.shelf.apps["dpi"]
	dpi.JWKS = json.RawMessage(keySet(t, key.Public()))
	o.shelf.apps["dpi"] = dpi
	r = o.ask("POST", "", initialToken, body{"software_id": "dpi", "jwks": json.RawMessage(keySet(t, ecKey(t, elliptic.P384()).Public())), "scope": "system/*.rs patient/*.rs"})
	id = r.text("client_id")
	if r.status != 201 || r.text("scope") != "system/*.rs" {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	token := func() reply { return o.assert(signed(t, jose.ES384, key, assertionOf(o.world, id))) }
	if r := token(); r.status != 400 || r.text("error") != "unauthorized_client" {
		t.Errorf("a system without a label: %d %s", r.status, r.raw)
	}
	o.apps.set("dpi", "online")
	if r := token(); r.status != 200 {
		t.Errorf("a system with a label: %d %s", r.status, r.raw)
	}
	dpi.JWKS = json.RawMessage(keySet(t, ecKey(t, elliptic.P384()).Public()))
	o.shelf.apps["dpi"] = dpi
	if r := token(); r.status != 401 || r.text("error") != "invalid_client" {
		t.Errorf("with a key that the app's manifest dropped: %d %s", r.status, r.raw)
	}
}

// RFC 7591 §2.3: a statement of the catalogue lets a client in, its claims win, and the client has the label of the
// software; it ends with it.
func TestSoftwareStatement(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	raw := o.statement()
	r := o.ask("POST", "", "", app("software_statement", raw, "software_id", "portal", "client_name", "Mon espace", "token_endpoint_auth_method", "none",
		"redirect_uris", []string{"https://evil.example/cb"}, "launch_uri", "https://evil.example/", "backchannel_logout_uri", "https://evil.example/"))
	id, token, uri := r.text("client_id"), r.text("registration_access_token"), r.text("registration_client_uri")
	if r.status != 201 || r.text("software_id") != "glycare" || r.text("client_name") != "Glycare" || r.text("software_statement") != raw || strings.Contains(r.raw, "evil") {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	code := o.newBrowser().code("client_id", id)
	out := o.redeem(code, "client_id", id)
	if out.status != 200 || !o.alive(out.text("access_token")) {
		t.Fatalf("%d %s", out.status, out.raw)
	}
	if g, err := o.server.Authenticate(t.Context(), gate.Bearer(out.text("access_token"))); err != nil || g.Client.ID != "glycare" {
		t.Errorf("what it reads is not told as the app's: %v, %+v", err, g)
	}
	if r := o.ask("PUT", uri, token, app("client_id", id)); r.status != 400 || r.text("error") != "invalid_software_statement" {
		t.Errorf("an update that drops the statement: %d %s", r.status, r.raw)
	}
	if r := o.ask("PUT", uri, token, app("client_id", id, "software_statement", o.statement("software_id", "rival"))); r.status != 400 {
		t.Errorf("an update to another software: %d %s", r.status, r.raw)
	}
	if r := o.ask("PUT", uri, token, app("client_id", id, "software_statement", o.statement("client_name", "Glycare 2"), "token_endpoint_auth_method", "none")); r.status != 200 || r.text("client_name") != "Glycare 2" {
		t.Errorf("an update with another statement: %d %s", r.status, r.raw)
	}
	o.apps.set("glycare", "recalled")
	if out := o.refresh(out.text("refresh_token"), "client_id", id); out.status != 400 || out.text("error") != "unauthorized_client" {
		t.Errorf("after the recall: %d %s", out.status, out.raw)
	}
	o.apps.set("glycare", "online")
	if r := o.ask("DELETE", uri, token, nil); r.status != 204 || o.alive(out.text("access_token")) {
		t.Errorf("after the end of the registration the token lives: %d", r.status)
	}
}

// What somebody without the authority's key makes of a statement, or with one of another time or place.
func TestAttackStatement(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	now, stranger := o.clock.Now(), ecKey(t, elliptic.P256())
	claims := body{"iss": "https://catalogue.example", "software_id": "glycare", "exp": now.Add(time.Hour).Unix(), "redirect_uris": []string{redirectURI}}
	parts := strings.Split(o.statement(), ".")
	for name, tc := range map[string]struct{ raw, code string }{
		"by a stranger":          {signed(t, jose.ES256, stranger, claims), "unapproved_software_statement"},
		"with a key of its own":  {signed(t, jose.ES256, stranger, claims, "jwk", jose.JSONWebKey{Key: stranger.Public()}), "unapproved_software_statement"},
		"with a key by URL":      {signed(t, jose.ES256, o.authority, claims, "jku", "https://evil.example"), "unapproved_software_statement"},
		"of an unknown kid":      {signed(t, jose.ES256, o.authority, claims, "kid", "k9"), "unapproved_software_statement"},
		"unsigned":               {"eyJhbGciOiJub25lIiwia2lkIjoiazAifQ." + parts[1] + ".", "invalid_software_statement"},
		"signature of another":   {parts[0] + "." + parts[1] + "." + strings.Split(o.statement("software_id", "x"), ".")[2], "unapproved_software_statement"},
		"garbage":                {"a.b.c", "invalid_software_statement"},
		"past":                   {o.statement("exp", now.Add(-time.Second).Unix()), "invalid_software_statement"},
		"without end":            {o.statement("exp", nil), "invalid_software_statement"},
		"of the future":          {o.statement("nbf", now.Add(5*time.Hour).Unix()), "invalid_software_statement"},
		"for another server":     {o.statement("aud", "https://other.example"), "invalid_software_statement"},
		"for several":            {o.statement("aud", []string{o.url}), "invalid_software_statement"},
		"of another issuer":      {o.statement("iss", "https://evil.example"), "invalid_software_statement"},
		"of no software":         {o.statement("software_id", nil), "invalid_software_statement"},
		"of an unknown software": {o.statement("software_id", "nobody"), "unapproved_software_statement"},
		"naming another's":       {o.statement("redirect_uris", []string{"https://new.example/cb"}), "invalid_redirect_uri"},
		"for a system, no keys":  {o.statement("redirect_uris", nil, "grant_types", []string{"client_credentials"}, "token_endpoint_auth_method", "private_key_jwt"), "invalid_client_metadata"},
		"naming a bad redirect":  {o.statement("redirect_uris", []string{"javascript:alert(1)"}), "invalid_redirect_uri"},
		"a number for the name":  {o.statement("client_name", 7), "invalid_client_metadata"},
		"a number for the issue": {o.statement("iss", 7), "invalid_software_statement"},
	} {
		keys := json.RawMessage(keySet(t, stranger.Public()))
		if r := o.ask("POST", "", "", app("software_statement", tc.raw, "jwks", keys, "token_endpoint_auth_method", "private_key_jwt")); r.status != 400 || r.text("error") != tc.code {
			t.Errorf("%s: %d %s, want %s", name, r.status, r.raw, tc.code)
		}
	}
	if r := o.ask("POST", "", "wrong", app("software_statement", o.statement())); r.status != 401 {
		t.Errorf("beside a wrong token: %d", r.status)
	}
}

// RFC 7592: one client's token opens no other's registration, and an update changes nothing that the server decides.
func TestAttackForeignRegistration(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	one, two := o.ask("POST", "", initialToken, app()), o.ask("POST", "", initialToken, app())
	uri, id := one.text("registration_client_uri"), one.text("client_id")
	for name, bearer := range map[string]string{
		"nothing": "", "another's": two.text("registration_access_token"), "the initial": initialToken, "the secret": one.text("client_secret"),
	} {
		for _, method := range []string{"GET", "PUT", "DELETE"} {
			if r := o.ask(method, uri, bearer, app("client_id", id)); r.status != 401 || r.text("error") != "invalid_token" {
				t.Errorf("%s with %s: %d %s", method, name, r.status, r.raw)
			}
		}
	}
	token := one.text("registration_access_token")
	for _, other := range []string{"/portal", "/glycare-pro", "/", "/nobody"} { // clients of the operator have no address here
		if r := o.ask("GET", other, token, nil); r.status != 401 {
			t.Errorf("%s: %d", other, r.status)
		}
	}
	for name, b := range map[string]body{
		"no id": app(), "another id": app("client_id", two.text("client_id")), "a secret of its own": app("client_id", id, "client_secret", "mine"),
		"another's secret": app("client_id", id, "client_secret", two.text("client_secret")), "a date": app("client_id", id, "client_id_issued_at", 1),
		"a token": app("client_id", id, "registration_access_token", token), "script": app("client_id", id, "redirect_uris", []string{"javascript:x"}),
	} {
		if r := o.ask("PUT", uri, token, b); r.status != 400 {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
	if r := o.ask("GET", uri, token, nil); r.status != 200 || r.text("client_name") != "Nouvelle" {
		t.Errorf("after all that: %d %s", r.status, r.raw)
	}
}

// A server that was not told who may register takes nobody.
func TestRegistrationIsOff(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, _ := http.NewRequest("POST", w.url+"/oauth2/register", strings.NewReader(`{"redirect_uris":["https://new.example/cb"]}`))
	r.Header.Set("Content-Type", "application/json")
	if out := w.send(r); out.status != 404 {
		t.Errorf("%d %s", out.status, out.raw)
	}
	pages, err := web.New(web.Options{})
	if err != nil {
		t.Fatal(err)
	}
	some := newShelf(w)
	for _, bad := range []oauth.Registration{
		{}, {Tokens: []string{initialToken}}, {Catalogue: some}, {Catalogue: some, Tokens: []string{"short"}}, {Catalogue: some, Trust: new(jose.JSONWebKeySet)},
	} {
		_, err := oauth.New(oauth.Config{
			DB: w.db, Issuer: w.url, FHIR: w.url + "/fhir", Apps: w.apps, Relations: relations{}, Pages: pages, Secret: make([]byte, 32), Registration: &bad,
		})
		if err == nil || !strings.Contains(err.Error(), "registration") {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// A network that registers without end is slowed down, and others are not.
func TestAttackRegistrationFlood(t *testing.T) {
	t.Parallel()
	var from string
	o := newOffice(t)
	slow := newWorld(t, func(w *world, c *oauth.Config) {
		c.Registration = &oauth.Registration{Catalogue: newShelf(w), Tokens: []string{initialToken}}
		c.Address = func(*http.Request) string { return from }
	})
	o.world = slow
	counts := map[int]int{}
	for i := range 60 {
		from = fmt.Sprintf("2001:db8:0:1::%x", i)
		raw, _ := json.Marshal(app())
		r, _ := http.NewRequest("POST", o.url+"/oauth2/register", bytes.NewReader(raw))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+initialToken)
		out := o.send(r)
		if counts[out.status]++; out.status == 429 && out.header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
	}
	if counts[201] != 20 || counts[429] != 40 {
		t.Errorf("answers by status: %v", counts)
	}
	from = "2001:db8:0:2::1"
	raw, _ := json.Marshal(app())
	r, _ := http.NewRequest("POST", o.url+"/oauth2/register", bytes.NewReader(raw))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+initialToken)
	if out := o.send(r); out.status != 201 {
		t.Errorf("another network: %d %s", out.status, out.raw)
	}
}

// Whatever a registration says, what comes out of it is a client that PutClient would take, or a refusal.
func FuzzRegistration(f *testing.F) {
	f.Add([]byte(`{"redirect_uris":["https://new.example/cb"],"scope":"openid"}`), []byte(`{"software_id":"x","redirect_uris":["https://a.example/"]}`))
	f.Add([]byte(`{"grant_types":["client_credentials"],"jwks_uri":"https://a.example/jwks"}`), []byte(`{"jwks":null}`))
	f.Fuzz(func(t *testing.T, request, claims []byte) {
		c, ok := oauth.DescribedClient(request, claims)
		if !ok {
			return
		}
		if c.Kind != "smart" && c.Kind != "backend" || c.ID != "" || c.Introspects || len(c.SecretHash) > 0 || len(c.RegistrationHash) > 0 {
			t.Errorf("%+v", c)
		}
		for _, uri := range c.RedirectURIs {
			if strings.HasPrefix(strings.ToLower(strings.TrimSpace(uri)), "javascript:") {
				t.Errorf("%q", uri)
			}
		}
	})
}

// What a registration leaves out is the app's manifest; that of an app which was stopped can be neither made nor managed.
func TestPresetsAndStops(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	r := o.ask("POST", "", initialToken, body{"software_id": "nouvelle"})
	if r.status != 201 || r.text("scope") != "openid fhirUser launch/patient patient/*.rs" || r.text("token_endpoint_auth_method") != "none" ||
		r.text("software_version") != "1.2.3" || r.text("client_name") != "Nouvelle" || !strings.Contains(r.raw, `["https://new.example/cb"]`) {
		t.Fatalf("presets: %d %s", r.status, r.raw)
	}
	uri, token := r.text("registration_client_uri"), r.text("registration_access_token")
	for status, want := range map[string]int{"online": 200, "recalled": 401, "suspended": 401, "delisted": 401} {
		o.apps.set("nouvelle", status)
		if got := o.ask("GET", uri, token, nil); got.status != want {
			t.Errorf("managing what is %s: %d %s", status, got.status, got.raw)
		}
	}
}

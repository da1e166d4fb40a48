package oauth_test

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
)

// refusedAs is the code of a token error and the scheme it is told under.
func refusedAs(err error) string {
	var no *gate.TokenError
	if errors.As(err, &no) {
		return strings.TrimSpace(no.Code + " " + no.Scheme)
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// TestBoundTokens: a flow with proofs gives tokens that only the key's holder can use.
func TestBoundTokens(t *testing.T) {
	t.Parallel()
	w := settled(t)
	mine, other := w.newProver(), w.newProver()
	r := mine.token(codeForm(w.newBrowser().code()), "")
	if r.status != 200 || r.text("token_type") != "DPoP" || r.header.Get("DPoP-Nonce") == "" {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	access := r.text("access_token")
	unbound := w.tokens().text("access_token")
	replayed := mine.at(access)
	wrongURL, wrongToken, two, none := mine.at(access), mine.at(access), mine.at(access), mine.at(access)
	wrongURL.URL += "x"
	wrongToken.Proofs = mine.at(unbound).Proofs
	two.Proofs = append(two.Proofs, mine.at(access).Proofs...)
	none.Proofs = nil
	for _, tt := range []struct {
		name string
		p    gate.Presented
		want string
	}{
		{"by its key", mine.at(access), ""},
		{"once", replayed, ""},
		{"K15: the proof again", replayed, "invalid_dpop_proof DPoP"},
		{"K12: as Bearer", gate.Bearer(access), "invalid_token DPoP"},
		{"K13: another key", other.at(access), "invalid_token DPoP"},
		{"K16: an unbound token under DPoP", mine.at(unbound), "invalid_token Bearer"},
		{"another URL", wrongURL, "invalid_dpop_proof DPoP"},
		{"another method", mine.at(access, "htm", "POST"), "invalid_dpop_proof DPoP"},
		{"the hash of another token", wrongToken, "invalid_dpop_proof DPoP"},
		{"two proofs", two, "invalid_dpop_proof DPoP"},
		{"no proof", none, "invalid_dpop_proof DPoP"},
		{"a nonce of nobody", mine.at(access, "nonce", "x"), "use_dpop_nonce DPoP"},
		{"a nonce of ours", mine.at(access, "nonce", r.header.Get("DPoP-Nonce")), ""},
		{"an unbound token as Bearer", gate.Bearer(unbound), ""},
	} {
		if _, err := w.server.Authenticate(t.Context(), tt.p); refusedAs(err) != tt.want {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
	if !w.told("proof_refused") {
		t.Error("no event tells of refused proofs")
	}
}

// TestBoundRefresh: the refresh token of a public client goes with the key it was given to.
func TestBoundRefresh(t *testing.T) {
	t.Parallel()
	w := settled(t)
	mine, other := w.newProver(), w.newProver()
	first := mine.token(codeForm(w.newBrowser().code()), "").text("refresh_token")
	for name, r := range map[string]reply{"without a proof": w.post("/oauth2/token", refreshForm(first), ""), "by another key": other.token(refreshForm(first), "")} {
		if r.status != 400 || r.text("error") != "invalid_grant" {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
	second := mine.token(refreshForm(first), "")
	if second.status != 200 || second.text("token_type") != "DPoP" {
		t.Fatalf("by its key: %d %s", second.status, second.raw)
	}
	// A thief who has the old token and no key neither gets the repeated answer nor ends the family.
	if r := other.token(refreshForm(first), ""); r.status != 400 || r.text("error") != "invalid_grant" {
		t.Errorf("the grace answers another key: %d %s", r.status, r.raw)
	}
	if again := mine.token(refreshForm(first), ""); again.status != 200 || again.text("access_token") != second.text("access_token") {
		t.Errorf("the grace: %d %s", again.status, again.raw)
	}
	if third := mine.token(refreshForm(second.text("refresh_token")), ""); third.status != 200 {
		t.Errorf("the family is dead: %s", third.raw)
	}
}

// TestConfidentialRefresh: a confidential client authenticates, so its refresh token takes another key; the answer of the
// grace belongs to the key that asked first.
func TestConfidentialRefresh(t *testing.T) {
	t.Parallel()
	w := settled(t)
	basic := "glycare-pro:" + w.secret
	mine, other := w.newProver(), w.newProver()
	form := codeForm(w.newBrowser().code("client_id", "glycare-pro"))
	form.Del("client_id")
	first := mine.token(form, basic).text("refresh_token")
	ask := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {first}}
	second := other.token(ask, basic)
	if second.status != 200 {
		t.Fatalf("another key of an authenticated client: %d %s", second.status, second.raw)
	}
	if _, err := w.server.Authenticate(t.Context(), other.at(second.text("access_token"))); err != nil {
		t.Errorf("the new token is not bound to the new key: %v", err)
	}
	if r := mine.token(ask, basic); r.status != 400 {
		t.Errorf("the grace answers another key: %d %s", r.status, r.raw)
	}
	if r := w.post("/oauth2/token", ask, basic); r.status != 400 {
		t.Errorf("the grace answers without a key: %d %s", r.status, r.raw)
	}
	if r := other.token(ask, basic); r.status != 200 || r.text("access_token") != second.text("access_token") {
		t.Errorf("the grace: %d %s", r.status, r.raw)
	}
}

// TestCodeOfAKey: a code asked for with dpop_jkt goes to that key alone (RFC 9449 §10).
func TestCodeOfAKey(t *testing.T) {
	t.Parallel()
	w := settled(t)
	mine, other := w.newProver(), w.newProver()
	code := w.newBrowser().code("dpop_jkt", mine.jkt)
	for name, r := range map[string]reply{"by another key": other.token(codeForm(code), ""), "without a proof": w.redeem(code)} {
		if r.status != 400 || r.text("error") != "invalid_grant" {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
	if r := mine.token(codeForm(code), ""); r.status != 200 {
		t.Errorf("by its key: %d %s", r.status, r.raw)
	}
	if p := w.newBrowser().authorize("dpop_jkt", "short"); p.location == nil || p.location.Query().Get("error") != "invalid_request" {
		t.Errorf("a thumbprint that is none: %d %v", p.status, p.location)
	}
}

// TestProofsAtTheTokenEndpoint: K01–K10 at the endpoint, none of which uses the code up.
func TestProofsAtTheTokenEndpoint(t *testing.T) {
	t.Parallel()
	w := settled(t)
	mine := w.newProver()
	form := codeForm(w.newBrowser().code())
	good := mine.proof("POST", w.url+"/oauth2/token")
	for name, tt := range map[string]struct {
		proofs []string
		code   string
	}{
		"K01 another URL":      {[]string{mine.proof("POST", w.url+"/oauth2/par")}, "invalid_dpop_proof"},
		"another method":       {[]string{mine.proof("GET", w.url+"/oauth2/token")}, "invalid_dpop_proof"},
		"K10 two headers":      {[]string{good, mine.proof("POST", w.url+"/oauth2/token")}, "invalid_dpop_proof"},
		"K06 alg none":         {[]string{"eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6Im5vbmUifQ.e30."}, "invalid_dpop_proof"},
		"nonce of nobody":      {[]string{mine.proof("POST", w.url+"/oauth2/token", "nonce", "x")}, "use_dpop_nonce"},
		"host of the attacker": {[]string{mine.proof("POST", "https://evil.example/oauth2/token")}, "invalid_dpop_proof"},
	} {
		r := w.prove("/oauth2/token", form, "", tt.proofs...)
		if r.status != 400 || r.text("error") != tt.code || r.header.Get("DPoP-Nonce") == "" {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
	if r := w.prove("/oauth2/token", form, "", good); r.status != 200 {
		t.Errorf("the code is gone: %d %s", r.status, r.raw)
	}
}

// TestProofRaces: of a hundred requests with one proof, one succeeds, at the token endpoint and at the record.
func TestProofRaces(t *testing.T) {
	t.Parallel()
	w := settled(t)
	mine := w.newProver()
	basic := "backend-lab:" + w.secret
	form := url.Values{"grant_type": {"client_credentials"}}
	proof := mine.proof("POST", w.url+"/oauth2/token")
	counts, replies := together(func(int) reply { return w.prove("/oauth2/token", form, basic, proof) })
	if counts[200] != 1 || counts[400] != crowd-1 {
		t.Errorf("token endpoint: %v", counts)
	}
	var access string
	for _, r := range replies {
		if r.status == 200 {
			access = r.text("access_token")
		} else if r.text("error") != "invalid_dpop_proof" {
			t.Errorf("a loser is told %s", r.raw)
		}
	}
	presented := mine.at(access)
	var won atomic.Int32
	var wg sync.WaitGroup
	for range crowd {
		wg.Go(func() {
			if _, err := w.server.Authenticate(t.Context(), presented); err == nil {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("at the record %d of a hundred passed", won.Load())
	}
}

// TestBindingIsDemanded: a client that registered for bound tokens gets no others, and nonces where its profile says so.
func TestBindingIsDemanded(t *testing.T) {
	t.Parallel()
	w := settled(t)
	key := w.keyed("bank", oauth.Client{Kind: "smart", Profile: oauth.ProfileFAPI2, AuthMethod: oauth.AuthKeyJWT, RedirectURIs: []string{redirectURI}, GrantTypes: []string{"authorization_code"}})
	if err := w.server.PutClient(t.Context(), oauth.Client{
		ID: "lab", Kind: "backend", AuthMethod: oauth.AuthBasic, SecretHash: w.server.HashSecret(w.secret), Scopes: []string{"system/*.rs"},
		Reference: "Organization/labo", RequireDPoP: true,
	}); err != nil {
		t.Fatal(err)
	}
	mine := w.newProver()
	ask := url.Values{"grant_type": {"client_credentials"}}
	if r := w.post("/oauth2/token", ask, "lab:"+w.secret); r.status != 400 || r.text("error") != "invalid_dpop_proof" {
		t.Errorf("without a proof: %d %s", r.status, r.raw)
	}
	if r := mine.token(ask, "lab:"+w.secret); r.status != 200 || r.text("token_type") != "DPoP" {
		t.Errorf("with a proof: %d %s", r.status, r.raw)
	}
	bank := func() url.Values {
		return url.Values{"grant_type": {"authorization_code"}, "code": {"x"}, "code_verifier": {verifier},
			"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, "client_assertion": {key(w.url)}}
	}
	if r := w.post("/oauth2/token", bank(), ""); r.status != 400 || r.text("error") != "invalid_request" {
		t.Errorf("fapi2 without a proof: %d %s", r.status, r.raw)
	}
	r := mine.token(bank(), "")
	if r.status != 400 || r.text("error") != "use_dpop_nonce" {
		t.Errorf("fapi2 without a nonce: %d %s", r.status, r.raw)
	}
	if r = mine.token(bank(), "", "nonce", r.header.Get("DPoP-Nonce")); r.text("error") != "invalid_grant" {
		t.Errorf("fapi2 with a nonce, and a code that is none: %d %s", r.status, r.raw)
	}
}

// TestUserinfoOfBoundTokens: userinfo is a resource too.
func TestUserinfoOfBoundTokens(t *testing.T) {
	t.Parallel()
	w := settled(t)
	mine := w.newProver()
	access := mine.token(codeForm(w.newBrowser().code()), "").text("access_token")
	sum := sha256.Sum256([]byte(access))
	ask := func(scheme, proof string) reply {
		r, err := http.NewRequest("GET", w.url+"/oauth2/userinfo", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", scheme+" "+access)
		if proof != "" {
			r.Header.Set("DPoP", proof)
		}
		return w.send(r)
	}
	if r := ask("DPoP", mine.proof("GET", w.url+"/oauth2/userinfo", "ath", base64.RawURLEncoding.EncodeToString(sum[:]))); r.status != 200 {
		t.Errorf("by its key: %d %s", r.status, r.raw)
	}
	r := ask("Bearer", "")
	challenges := r.header.Values("WWW-Authenticate")
	if r.status != 401 || len(challenges) != 2 || strings.Contains(challenges[0], "error=") || !strings.Contains(challenges[1], `error="invalid_token"`) {
		t.Errorf("as Bearer: %d %q", r.status, challenges)
	}
	if r := ask("DPoP", mine.proof("GET", w.url+"/oauth2/userinfo")); r.status != 401 {
		t.Errorf("without ath: %d", r.status)
	}
}

// TestIntrospectionTellsTheBinding: another resource server learns what to check (RFC 9449 §6.2).
func TestIntrospectionTellsTheBinding(t *testing.T) {
	t.Parallel()
	w := settled(t)
	mine := w.newProver()
	access := mine.token(codeForm(w.newBrowser().code()), "").text("access_token")
	r := w.post("/oauth2/introspect", url.Values{"token": {access}}, "resource:"+w.secret)
	cnf, _ := r.json["cnf"].(map[string]any)
	if cnf["jkt"] != mine.jkt || len(cnf) != 1 || r.text("token_type") != "DPoP" {
		t.Errorf("%s", r.raw)
	}
	r = w.post("/oauth2/introspect", url.Values{"token": {w.tokens().text("access_token")}}, "resource:"+w.secret)
	if _, has := r.json["cnf"]; has || r.text("token_type") != "Bearer" {
		t.Errorf("unbound: %s", r.raw)
	}
}

// TestCertificateBoundTokens: over mutual TLS a token goes with the certificate of the connection (RFC 8705 §3).
func TestCertificateBoundTokens(t *testing.T) {
	t.Parallel()
	w := settled(t)
	if err := w.server.PutClient(t.Context(), oauth.Client{
		ID: "lab", Kind: "backend", AuthMethod: oauth.AuthBasic, SecretHash: w.server.HashSecret(w.secret), Scopes: []string{"system/*.rs"},
		Reference: "Organization/labo", RequireTLS: true,
	}); err != nil {
		t.Fatal(err)
	}
	if r := w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, "lab:"+w.secret); r.status != 400 {
		t.Errorf("without a certificate: %d %s", r.status, r.raw)
	}
	front := httptest.NewUnstartedServer(w.server.Handler())
	front.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert}
	front.StartTLS()
	defer front.Close()
	mine, other := certificate(t), certificate(t)
	client := front.Client()
	client.Transport.(*http.Transport).TLSClientConfig.Certificates = []tls.Certificate{mine}
	r, err := http.NewRequest("POST", front.URL+"/oauth2/token", strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("lab", w.secret)
	got := w.sendBy(client, r)
	access := got.text("access_token")
	if got.status != 200 || got.text("token_type") != "Bearer" {
		t.Fatalf("%d %s", got.status, got.raw)
	}
	for name, tt := range map[string]struct {
		certificate *x509.Certificate
		want        string
	}{"its own": {mine.Leaf, ""}, "another": {other.Leaf, "invalid_token Bearer"}, "none": {nil, "invalid_token Bearer"}} {
		p := gate.Bearer(access)
		p.Certificate = tt.certificate
		if _, err := w.server.Authenticate(t.Context(), p); refusedAs(err) != tt.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	sum := sha256.Sum256(mine.Leaf.Raw)
	told := w.post("/oauth2/introspect", url.Values{"token": {access}}, "resource:"+w.secret)
	if cnf, _ := told.json["cnf"].(map[string]any); cnf["x5t#S256"] != base64.RawURLEncoding.EncodeToString(sum[:]) {
		t.Errorf("introspection: %s", told.raw)
	}
}

// TestProofsAfterAStart: a proof that could have been used before the server started has to come again with a nonce.
func TestProofsAfterAStart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	mine := w.newProver()
	form := codeForm(w.newBrowser().code())
	r := mine.token(form, "")
	if r.status != 400 || r.text("error") != "use_dpop_nonce" {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	if r = mine.token(form, "", "nonce", r.header.Get("DPoP-Nonce")); r.status != 200 {
		t.Errorf("%d %s", r.status, r.raw)
	}
	w.clock.Advance(time.Minute)
	if r = mine.token(refreshForm(r.text("refresh_token")), ""); r.status != 200 {
		t.Errorf("a minute later: %d %s", r.status, r.raw)
	}
}

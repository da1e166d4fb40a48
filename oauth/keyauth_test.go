package oauth_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/jwks"
)

// signed is an assertion by key and algorithm, under the kid k0.
func signed(t testing.TB, algorithm jose.SignatureAlgorithm, key crypto.Signer, claims map[string]any, header ...any) string {
	t.Helper()
	options := &jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{"kid": "k0"}}
	for i := 0; i < len(header); i += 2 {
		options.ExtraHeaders[jose.HeaderKey(header[i].(string))] = header[i+1]
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	object, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	out, err := object.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// proves tells how the introspection endpoint takes an assertion: a client that is believed learns that no token "x" lives.
func (w *world) proves(assertion string) reply {
	return w.post("/oauth2/introspect", url.Values{"token": {"x"}, "client_assertion_type": {assertionType}, "client_assertion": {assertion}}, "")
}

// Each profile has its algorithms and its audience: SMART RS384 and ES384 with the token endpoint or the issuer (R297,
// R335), FAPI 2.0 PS256, ES256 and EdDSA with the issuer alone (§5.3.2, §5.4).
func TestAssertionByProfile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	token, issuer, here := w.url+"/oauth2/token", w.url, w.url+"/oauth2/introspect"
	for _, tc := range []struct {
		algorithm  jose.SignatureAlgorithm
		key        crypto.Signer
		smart, api bool
	}{
		{jose.RS256, rsaKey, false, false}, {jose.RS384, rsaKey, true, false}, {jose.PS256, rsaKey, true, true}, {jose.PS384, rsaKey, true, false},
		{jose.ES256, ecKey(t, elliptic.P256()), true, true}, {jose.ES384, ecKey(t, elliptic.P384()), true, false},
		{jose.ES512, ecKey(t, elliptic.P521()), false, false}, {jose.EdDSA, ed, true, true},
	} {
		set := keySet(t, tc.key.Public())
		for profile, believed := range map[string]bool{oauth.ProfileConfidential: tc.smart, oauth.ProfileFAPI2: tc.api} {
			id := string(tc.algorithm) + profile
			if err := w.server.PutClient(t.Context(), oauth.Client{ID: id, Kind: "smart", Profile: profile, AuthMethod: oauth.AuthKeyJWT, JWKS: set}); err != nil {
				t.Fatal(err)
			}
			for audience, taken := range map[any]bool{
				issuer: believed, token: believed && profile == oauth.ProfileConfidential, here: believed && profile == oauth.ProfileConfidential,
				w.url + "/": false, w.url + "/oauth2/par": false,
			} {
				r := w.proves(signed(t, tc.algorithm, tc.key, assertionOf(w, id, "aud", audience)))
				if taken && r.status != 200 || !taken && (r.status != 401 || r.text("error") != "invalid_client") {
					t.Errorf("%s for %s: %d %s, want %v", id, audience, r.status, r.raw, taken)
				}
			}
			if r := w.proves(signed(t, tc.algorithm, tc.key, assertionOf(w, id, "aud", []string{issuer}))); r.status != 401 {
				t.Errorf("%s for a list: %d", id, r.status)
			}
		}
	}
}

// FAPI 2.0 §5.3.2: clocks that differ by up to 10 s are fine, by more than 60 s they are not.
func TestAssertionClocks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := newSigner(t, w, "lab-key")
	for ahead, taken := range map[time.Duration]bool{-4 * time.Minute: true, 8 * time.Second: true, 10 * time.Second: true, 61 * time.Second: false, time.Hour: false} {
		for _, claim := range []string{"iat", "nbf"} {
			r := w.proves(s.sign(assertionOf(w, "lab-key", claim, w.clock.Now().Add(ahead).Unix()), nil))
			if (r.status == 200) != taken {
				t.Errorf("%s %v ahead: %d %s", claim, ahead, r.status, r.raw)
			}
		}
	}
}

// A store that fails is no fault of the client, and never lets an assertion through that may have been used.
func TestAssertionWithoutStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := newSigner(t, w, "lab-key")
	w.db.breakWith(errors.New("disk full"))
	if r := w.proves(s.sign(assertionOf(w, "lab-key"), nil)); r.status != http.StatusServiceUnavailable || r.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", r.status, r.raw)
	}
}

// published is a client's own server of keys.
type published struct {
	http    *httptest.Server
	fetches atomic.Int64
	mu      sync.Mutex
	body    []byte
	status  int
}

func publish(t *testing.T, set []byte) *published {
	t.Helper()
	p := &published{body: set, status: http.StatusOK}
	p.http = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		p.fetches.Add(1)
		p.mu.Lock()
		defer p.mu.Unlock()
		rw.Header().Set("Cache-Control", "max-age=600")
		rw.WriteHeader(p.status)
		_, _ = rw.Write(p.body)
	}))
	t.Cleanup(p.http.Close)
	return p
}

func (p *published) set(status int, body []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status, p.body = status, body
}

// R285–297, R310, R341: a client registers a URL, rotates its keys there, and is believed by the new ones at once; a key
// that it withdrew stops to count when the set is past.
func TestKeysByURL(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(_ *world, c *oauth.Config) { c.Remote = jwks.Options{Loopback: true} })
	first, second := ecKey(t, elliptic.P384()), ecKey(t, elliptic.P384())
	p := publish(t, keySet(t, first.Public()))
	err := w.server.PutClient(t.Context(), oauth.Client{ID: "dpi", Kind: "backend", AuthMethod: oauth.AuthKeyJWT, JWKSURI: p.http.URL, Scopes: []string{"system/*.rs"}})
	if err != nil {
		t.Fatal(err)
	}
	expect := func(what, assertion string, status int, fetches int64) {
		t.Helper()
		if r := w.proves(assertion); r.status != status || p.fetches.Load() != fetches {
			t.Fatalf("%s: %d %s after %d fetches, want %d after %d", what, r.status, r.raw, p.fetches.Load(), status, fetches)
		}
	}
	by := func(key crypto.Signer, header ...any) string {
		return signed(t, jose.ES384, key, assertionOf(w, "dpi"), header...)
	}
	expect("claims that are wrong cost no fetch", signed(t, jose.ES384, first, assertionOf(w, "dpi", "aud", "https://other.example")), 401, 0)
	expect("the first key", by(first), 200, 1)
	expect("its own URL as jku", by(first, "jku", p.http.URL), 200, 1)
	expect("another URL as jku", by(first, "jku", p.http.URL+"/"), 401, 1)
	expect("an unknown kid", by(second, "kid", "k1"), 401, 2)
	p.set(http.StatusOK, keySet(t, first.Public(), second.Public()))
	w.clock.Advance(time.Minute)
	expect("a key that was added", by(second, "kid", "k1"), 200, 3)
	p.set(http.StatusInternalServerError, nil)
	expect("within its age", by(first), 200, 3)
	w.clock.Advance(10 * time.Minute)
	expect("past its age, and no other", by(first), 401, 4)
}

// A jwks_uri inside the network is of no use where the demonstration does not run, whoever registered it.
func TestAttackInnerKeyURL(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := ecKey(t, elliptic.P384())
	p := publish(t, keySet(t, key.Public()))
	err := w.server.PutClient(t.Context(), oauth.Client{ID: "dpi", Kind: "backend", AuthMethod: oauth.AuthKeyJWT, JWKSURI: p.http.URL, Scopes: []string{"system/*.rs"}})
	if err != nil {
		t.Fatal(err)
	}
	if r := w.proves(signed(t, jose.ES384, key, assertionOf(w, "dpi"))); r.status != 401 || p.fetches.Load() != 0 {
		t.Errorf("%d %s after %d fetches", r.status, r.raw, p.fetches.Load())
	}
}

// FAPI 2.0 §5.3.2.1: a refresh token of this profile is not rotated. However often and at once its client uses it, it
// gives access tokens and stays; another client gets nothing by it and ends nothing; revoked, it is over.
func TestRefreshWithoutRotation(t *testing.T) {
	t.Parallel()
	w := settled(t)
	assertion := w.keyed("bank", oauth.Client{Kind: "smart", Profile: oauth.ProfileFAPI2, RedirectURIs: []string{redirectURI}})
	rival := w.keyed("rival-bank", oauth.Client{Kind: "smart", Profile: oauth.ProfileFAPI2, RedirectURIs: []string{redirectURI}})
	prove := func(form url.Values) url.Values {
		form.Del("client_id")
		form.Set("client_assertion_type", assertionType)
		form.Set("client_assertion", assertion(w.url))
		return form
	}
	mine, b := w.newProver(), w.newBrowser()
	pushed := w.post("/oauth2/par", prove(w.request("client_id", "bank", "scope", "openid offline_access patient/*.rs")), "")
	code := b.finish(b.come(pushed.text("request_uri"), "client_id", "bank")).location.Query().Get("code")
	nonce := mine.token(prove(codeForm(code)), "").header.Get("DPoP-Nonce")
	r := mine.token(prove(codeForm(code)), "", "nonce", nonce)
	refresh := r.text("refresh_token")
	if r.status != 200 || refresh == "" {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	again := func() (r reply) {
		for range crowd { // one network's line for signature checks is shorter than the crowd: 503 asks to come back
			if r = mine.token(prove(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}), "", "nonce", nonce); r.status != 503 {
				break
			}
		}
		return r
	}
	w.clock.Advance(time.Minute) // past any grace
	if r := mine.token(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}}, "", "nonce", nonce); !r.refuses(401, "invalid_client") {
		t.Errorf("without authentication: %d %s", r.status, r.raw)
	}
	counts, replies := together(func(int) reply { return again() })
	if counts[200] != crowd {
		t.Errorf("used at once: %v", counts)
	}
	for _, r := range replies {
		if r.text("refresh_token") != "" || r.text("access_token") == "" {
			t.Fatalf("%s", r.raw)
		}
	}
	theirs := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}, "client_assertion_type": {assertionType}, "client_assertion": {rival(w.url)}}
	if r := mine.token(theirs, "", "nonce", nonce); r.status != 400 || r.text("error") != "invalid_grant" {
		t.Errorf("another client: %d %s", r.status, r.raw)
	}
	if r := again(); r.status != 200 {
		t.Errorf("after another client's attempt: %d %s", r.status, r.raw)
	}
	if r := w.post("/oauth2/revoke", prove(url.Values{"token": {refresh}}), ""); r.status != 200 {
		t.Errorf("revoking: %d %s", r.status, r.raw)
	}
	if r := again(); r.status != 400 || r.text("error") != "invalid_grant" {
		t.Errorf("after revoking: %d %s", r.status, r.raw)
	}
}

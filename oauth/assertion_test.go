package oauth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/oauth"
)

const assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

// signer is a back-end client with a key of its own.
type signer struct {
	t   testing.TB
	key *ecdsa.PrivateKey
}

func newSigner(t testing.TB, w *world, id string) signer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	set, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1"}}}) // no "use", as often in the wild
	err = w.server.PutClient(t.Context(), oauth.Client{
		ID: id, Kind: "backend", Name: id, AuthMethod: oauth.AuthKeyJWT, JWKS: set, Scopes: []string{"system/*.rs"}, Reference: "Organization/" + id,
	})
	if err != nil {
		t.Fatal(err)
	}
	return signer{t, key}
}

func (s signer) sign(claims map[string]any, header map[jose.HeaderKey]any) string {
	s.t.Helper()
	options := &jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{"kid": "k1"}}
	for k, v := range header {
		options.ExtraHeaders[k] = v
	}
	js, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES384, Key: s.key}, options)
	if err != nil {
		s.t.Fatal(err)
	}
	payload, _ := json.Marshal(claims)
	signed, err := js.Sign(payload)
	if err != nil {
		s.t.Fatal(err)
	}
	out, _ := signed.CompactSerialize()
	return out
}

func assertionOf(w *world, id string, changes ...any) map[string]any {
	c := map[string]any{
		"iss": id, "sub": id, "aud": w.url + "/oauth2/token", "jti": oauth.NewSecret(), "exp": w.clock.Now().Add(4 * time.Minute).Unix(),
	}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == nil {
			delete(c, changes[i].(string))
		} else {
			c[changes[i].(string)] = changes[i+1]
		}
	}
	return c
}

func (w *world) assert(assertion string, pairs ...string) reply {
	f := url.Values{"grant_type": {"client_credentials"}, "scope": {"system/Patient.rs"}, "client_assertion_type": {assertionType}, "client_assertion": {assertion}}
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return w.post("/oauth2/token", f, "")
}

func TestBackendWithAKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := newSigner(t, w, "lab-key")
	for name, claims := range map[string]map[string]any{
		"token endpoint as audience": assertionOf(w, "lab-key"), "issuer as audience": assertionOf(w, "lab-key", "aud", w.url),
		"iat 5 s ahead":  assertionOf(w, "lab-key", "iat", w.clock.Now().Add(5*time.Second).Unix()),
		"fractional exp": assertionOf(w, "lab-key", "exp", float64(w.clock.Now().Add(time.Minute).Unix())+.5),
	} {
		if r := w.assert(s.sign(claims, nil)); r.status != 200 || r.text("scope") != "system/Patient.rs" {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
}

// R335–340 and B01–B41: every way of making somebody else's, yesterday's or a used assertion count.
func TestAttackAssertion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, other := newSigner(t, w, "lab-key"), newSigner(t, w, "other-key")
	now := w.clock.Now()
	for name, assertion := range map[string]string{
		"signed by another client":   other.sign(assertionOf(w, "lab-key"), nil),
		"iss of another":             s.sign(assertionOf(w, "lab-key", "iss", "other-key"), nil),
		"no jti":                     s.sign(assertionOf(w, "lab-key", "jti", nil), nil),
		"huge jti":                   s.sign(assertionOf(w, "lab-key", "jti", strings.Repeat("j", 300)), nil),
		"no exp":                     s.sign(assertionOf(w, "lab-key", "exp", nil), nil),
		"exp 0":                      s.sign(assertionOf(w, "lab-key", "exp", 0), nil),
		"exp in ten years":           s.sign(assertionOf(w, "lab-key", "exp", now.AddDate(10, 0, 0).Unix()), nil),
		"exp beyond time":            s.sign(assertionOf(w, "lab-key", "exp", 1e300), nil),
		"expired":                    s.sign(assertionOf(w, "lab-key", "exp", now.Add(-time.Minute).Unix()), nil),
		"nbf 5 min ahead":            s.sign(assertionOf(w, "lab-key", "nbf", now.Add(5*time.Minute).Unix()), nil),
		"iat a minute ahead":         s.sign(assertionOf(w, "lab-key", "iat", now.Add(time.Minute).Unix()), nil),
		"another audience":           s.sign(assertionOf(w, "lab-key", "aud", "https://other.example/token"), nil),
		"several audiences":          s.sign(assertionOf(w, "lab-key", "aud", []string{w.url + "/oauth2/token"}), nil),
		"unknown kid":                s.sign(assertionOf(w, "lab-key"), map[jose.HeaderKey]any{"kid": "k2"}),
		"keys by a foreign URL":      s.sign(assertionOf(w, "lab-key"), map[jose.HeaderKey]any{"jku": "https://evil.example/jwks"}),
		"a key inside":               s.sign(assertionOf(w, "lab-key"), map[jose.HeaderKey]any{"jwk": jose.JSONWebKey{Key: s.key.Public()}}),
		"alg none":                   "eyJhbGciOiJub25lIiwia2lkIjoiazEifQ." + strings.Split(s.sign(assertionOf(w, "lab-key"), nil), ".")[1] + ".",
		"a client that has no key":   s.sign(assertionOf(w, "backend-lab"), nil),
		"a client that is not known": s.sign(assertionOf(w, "nobody"), nil),
		"garbage":                    "a.b.c",
	} {
		if r := w.assert(assertion); r.status != 401 || r.text("error") != "invalid_client" {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
	good := s.sign(assertionOf(w, "lab-key"), nil)
	if r := w.assert(good, "client_id", "other-key"); r.status != 401 {
		t.Errorf("client_id of another: %d", r.status)
	}
	if r := w.assert(good, "client_assertion_type", "urn:other"); r.status != 401 {
		t.Errorf("another type: %d", r.status)
	}
	// HS256 keyed with the public key, to be taken for a signature.
	public, _ := jose.JSONWebKey{Key: s.key.Public()}.MarshalJSON()
	hs, _ := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: public}, &jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{"kid": "k1"}})
	payload, _ := json.Marshal(assertionOf(w, "lab-key"))
	confused, _ := hs.Sign(payload)
	raw, _ := confused.CompactSerialize()
	if r := w.assert(raw); r.status != 401 {
		t.Errorf("HS256 with the public key: %d", r.status)
	}
}

// A replayed assertion is refused, also when a hundred copies arrive at once; and one client cannot burn another's jti.
func TestRaceAssertion(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, other := newSigner(t, w, "lab-key"), newSigner(t, w, "other-key")
	claims := assertionOf(w, "lab-key", "jti", "the-same")
	assertion := s.sign(claims, nil)
	if r := w.assert(other.sign(assertionOf(w, "other-key", "jti", "the-same"), nil)); r.status != http.StatusOK {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	w.db.gather(crowd / 4) // of one network no more than these are sure to find a place in the line for signatures
	counts, _ := together(func(int) reply { return w.assert(assertion) })
	if counts[200] != 1 || counts[401] < crowd/4-1 || counts[200]+counts[401]+counts[503] != crowd {
		t.Errorf("answers by status: %v", counts)
	}
}

func FuzzAssertion(f *testing.F) {
	f.Add("a.b.c")
	f.Add("eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.")
	f.Fuzz(func(t *testing.T, assertion string) {
		if sub := oauth.AssertionSubject(assertion); len(sub) > 256 {
			t.Errorf("a subject of %d bytes", len(sub))
		}
	})
}

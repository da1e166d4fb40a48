package jwks

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
)

func ecKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func written(t testing.TB, keys ...jose.JSONWebKey) []byte {
	t.Helper()
	raw, err := json.Marshal(jose.JSONWebKeySet{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestParse(t *testing.T) {
	t.Parallel()
	ec, other := ecKey(t), ecKey(t)
	ed, _, _ := ed25519.GenerateKey(rand.Reader)
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	many := make([]jose.JSONWebKey, 21)
	for i := range many {
		many[i] = jose.JSONWebKey{Key: ec.Public(), KeyID: fmt.Sprint(i)}
	}
	good := written(t, jose.JSONWebKey{Key: ec.Public(), KeyID: "a"})
	unknown := strings.Replace(string(good), `{"keys":[`, `{"keys":[{"kty":"AKP","alg":"ML-DSA-44","kid":"q","pub":"AA"},`, 1)
	for name, tc := range map[string]struct {
		raw  string
		keys int    // that are kept
		want string // of the refusal
	}{
		"one key":              {string(good), 1, ""},
		"kid shared by types":  {string(written(t, jose.JSONWebKey{Key: ec.Public(), KeyID: "a"}, jose.JSONWebKey{Key: ed, KeyID: "a"})), 2, ""},
		"a kind of tomorrow":   {unknown, 1, ""},
		"a key for encryption": {string(written(t, jose.JSONWebKey{Key: ec.Public(), KeyID: "a"}, jose.JSONWebKey{Key: other.Public(), KeyID: "b", Use: "enc"})), 1, ""},
		"nothing usable":       {string(written(t, jose.JSONWebKey{Key: other.Public(), KeyID: "b", Use: "enc"})), 0, "no key"},
		"a private key":        {string(written(t, jose.JSONWebKey{Key: ec, KeyID: "a"})), 0, "public key"},
		"a symmetric key":      {`{"keys":[{"kty":"oct","kid":"a","k":"AAAAAAAAAAAAAAAAAAAAAA"}]}`, 0, "public key"},
		"a weak key":           {string(written(t, jose.JSONWebKey{Key: weak.Public(), KeyID: "a"})), 0, "2048"},
		"no kid":               {string(written(t, jose.JSONWebKey{Key: ec.Public()})), 0, "kid"},
		"a long kid":           {string(written(t, jose.JSONWebKey{Key: ec.Public(), KeyID: strings.Repeat("k", 257)})), 0, "kid"},
		"twins":                {string(written(t, jose.JSONWebKey{Key: ec.Public(), KeyID: "a"}, jose.JSONWebKey{Key: other.Public(), KeyID: "a"})), 0, "same type"},
		"too many":             {string(written(t, many...)), 0, "1 to 20"},
		"none":                 {`{"keys":[]}`, 0, "1 to 20"},
		"a point off the curve": {`{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAE"}]}`,
			0, "key"},
		"no JSON": {"<html>", 0, "not a JSON"},
	} {
		set, err := Parse([]byte(tc.raw))
		switch {
		case tc.want == "" && (err != nil || len(set.Keys) != tc.keys):
			t.Errorf("%s: %v %v", name, set, err)
		case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

// R338: the kid and the type decide together, and whatever does not lead to exactly one key leads to none.
func TestFind(t *testing.T) {
	t.Parallel()
	ec, ed := ecKey(t), ed25519.NewKeyFromSeed(make([]byte, 32)).Public()
	set, err := Parse(written(t,
		jose.JSONWebKey{Key: ec.Public(), KeyID: "a"}, jose.JSONWebKey{Key: ed, KeyID: "a"},
		jose.JSONWebKey{Key: ecKey(t).Public(), KeyID: "b", Algorithm: "ES384"}))
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		kid       string
		algorithm jose.SignatureAlgorithm
		found     bool
	}{
		{"a", jose.ES256, true}, {"a", jose.EdDSA, true}, {"a", jose.PS256, false}, {"a", jose.HS256, false},
		{"b", jose.ES384, true}, {"b", jose.ES256, false}, {"c", jose.ES256, false}, {"", jose.ES256, false},
	} {
		if k, err := Find(set, tc.kid, tc.algorithm); (err == nil) != tc.found || tc.found && typeOf(tc.algorithm) != Type(k) {
			t.Errorf("%s %s: %v %v", tc.kid, tc.algorithm, k, err)
		}
	}
	if k, err := Find(&jose.JSONWebKeySet{Keys: append(set.Keys, set.Keys[0])}, "a", jose.ES256); err == nil {
		t.Errorf("two keys fit, and %v was taken", k.KeyID)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-256","kid":"a","x":"AA","y":"AA"}]}`))
	f.Add([]byte(`{"keys":[{"kty":"RSA","n":"AA","e":"AQAB","kid":"a"},{"kty":"oct"}]}`))
	f.Add(written(f, jose.JSONWebKey{Key: ecKey(f).Public(), KeyID: "a"}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		set, err := Parse(raw)
		if err != nil {
			return
		}
		if len(set.Keys) == 0 || len(set.Keys) > maxKeys {
			t.Errorf("%d keys", len(set.Keys))
		}
		for _, k := range set.Keys {
			if !k.IsPublic() || !k.Valid() || k.KeyID == "" {
				t.Errorf("accepted %+v", k)
			}
		}
	})
}

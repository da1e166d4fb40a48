package oauth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/oauth"
)

// keySet is a key set of public keys k0, k1 …
func keySet(t testing.TB, keys ...any) []byte {
	t.Helper()
	var set jose.JSONWebKeySet
	for i, k := range keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k, KeyID: fmt.Sprintf("k%d", i)})
	}
	raw, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func ecKey(t testing.TB, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// A registration that contradicts its profile is refused with a sentence that says what is wrong.
func TestClientProfiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	hash := w.server.HashSecret(w.secret)
	key := ecKey(t, elliptic.P256())
	set := keySet(t, key.Public())
	private, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key, KeyID: "k"}}})
	twins, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k"}, {Key: ecKey(t, elliptic.P256()).Public(), KeyID: "k"}}})
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		client oauth.Client
		want   string // of the refusal; "" = accepted
	}{
		"fapi2 by key":           {oauth.Client{Kind: "smart", Profile: "fapi2", AuthMethod: "private_key_jwt", JWKS: set}, ""},
		"backend by URL":         {oauth.Client{Kind: "backend", Profile: "backend", AuthMethod: "private_key_jwt", JWKSURI: "https://lab.example/jwks"}, ""},
		"by subject":             {oauth.Client{Kind: "backend", AuthMethod: "tls_client_auth", TLSSubject: "CN=lab"}, ""},
		"unknown profile":        {oauth.Client{Kind: "smart", Profile: "smart", AuthMethod: "none"}, "unknown profile"},
		"fapi2 by device":        {oauth.Client{Kind: "smart", Profile: "fapi2", AuthMethod: "private_key_jwt", JWKS: set, GrantTypes: []string{"urn:ietf:params:oauth:grant-type:device_code"}}, "grant"},
		"public fapi2":           {oauth.Client{Kind: "smart", Profile: "fapi2", AuthMethod: "none"}, "authenticates by"},
		"fapi2 with a secret":    {oauth.Client{Kind: "smart", Profile: "fapi2", AuthMethod: "client_secret_basic", SecretHash: hash}, "authenticates by"},
		"backend with a secret":  {oauth.Client{Kind: "backend", Profile: "backend", AuthMethod: "client_secret_basic", SecretHash: hash}, "authenticates by"},
		"backend that is public": {oauth.Client{Kind: "backend", AuthMethod: "none"}, "must authenticate"},
		"public with keys":       {oauth.Client{Kind: "smart", AuthMethod: "none", JWKS: set}, "no use for keys"},
		"public with a secret":   {oauth.Client{Kind: "smart", AuthMethod: "none", SecretHash: hash}, "secret hash"},
		"a secret that is none":  {oauth.Client{Kind: "smart", AuthMethod: "client_secret_basic"}, "secret hash"},
		"app as back-end":        {oauth.Client{Kind: "smart", Profile: "backend", AuthMethod: "private_key_jwt", JWKS: set}, "not for the kind"},
		"back-end as app":        {oauth.Client{Kind: "backend", Profile: "smart-confidential", AuthMethod: "private_key_jwt", JWKS: set}, "not for the kind"},
		"unknown kind":           {oauth.Client{Kind: "robot", AuthMethod: "none"}, "unknown kind"},
		"unknown method":         {oauth.Client{Kind: "smart", AuthMethod: "client_secret_post"}, "authenticates by"},
		"grant of another":       {oauth.Client{Kind: "smart", AuthMethod: "none", GrantTypes: []string{"client_credentials"}}, "has the grants"},
		"password grant":         {oauth.Client{Kind: "smart", AuthMethod: "none", GrantTypes: []string{"password"}}, "has the grants"},
		"keys twice":             {oauth.Client{Kind: "smart", AuthMethod: "private_key_jwt", JWKS: set, JWKSURI: "https://a.example/jwks"}, "one of them"},
		"no keys":                {oauth.Client{Kind: "smart", AuthMethod: "private_key_jwt"}, "one of them"},
		"keys over http":         {oauth.Client{Kind: "smart", AuthMethod: "private_key_jwt", JWKSURI: "http://a.example/jwks"}, "must be https"},
		"keys from a file":       {oauth.Client{Kind: "smart", AuthMethod: "private_key_jwt", JWKSURI: "file:///etc/passwd"}, "jwks_uri"},
		"a private key":          {oauth.Client{Kind: "smart", AuthMethod: "private_key_jwt", JWKS: private}, "public key"},
		"a symmetric key":        {oauth.Client{Kind: "smart", AuthMethod: "private_key_jwt", JWKS: []byte(`{"keys":[{"kty":"oct","kid":"k","k":"AAAA"}]}`)}, "public key"},
		"a weak key":             {oauth.Client{Kind: "smart", AuthMethod: "private_key_jwt", JWKS: keySet(t, weak.Public())}, "2048"},
		"twin keys":              {oauth.Client{Kind: "smart", AuthMethod: "private_key_jwt", JWKS: twins}, "same type"},
		"an empty set":           {oauth.Client{Kind: "smart", AuthMethod: "private_key_jwt", JWKS: []byte(`{"keys":[]}`)}, "1 to 20 keys"},
		"two names":              {oauth.Client{Kind: "smart", AuthMethod: "tls_client_auth", TLSSubject: "CN=a", TLSDNS: "a"}, "exactly one name"},
		"no name":                {oauth.Client{Kind: "smart", AuthMethod: "tls_client_auth"}, "exactly one name"},
		"a name for nothing":     {oauth.Client{Kind: "smart", AuthMethod: "none", TLSDNS: "a"}, "no use for a name"},
		"no address":             {oauth.Client{Kind: "smart", AuthMethod: "tls_client_auth", TLSIP: "a"}, "san_ip"},
		"bound twice":            {oauth.Client{Kind: "smart", AuthMethod: "none", RequireDPoP: true, RequireTLS: true}, "not to both"},
		"a back-end that pushes": {oauth.Client{Kind: "backend", AuthMethod: "private_key_jwt", JWKS: set, RequirePAR: true}, "to push"},
		"a launch by script":     {oauth.Client{Kind: "smart", AuthMethod: "none", LaunchURI: "javascript:alert(1)"}, "launch URI"},
		"logout to plain http":   {oauth.Client{Kind: "smart", AuthMethod: "none", BackchannelLogoutURI: "http://a.example/"}, "back-channel"},
		"logout to an app":       {oauth.Client{Kind: "smart", AuthMethod: "none", BackchannelLogoutURI: "com.example.app:/out"}, "back-channel"},
		"logout by data":         {oauth.Client{Kind: "smart", AuthMethod: "none", PostLogoutRedirectURIs: []string{"data:text/html,x"}}, "post-logout"},
		"a scope with a space":   {oauth.Client{Kind: "smart", AuthMethod: "none", Scopes: []string{"patient/*.rs openid"}}, "no scope"},
		"a name in two lines":    {oauth.Client{Kind: "smart", AuthMethod: "none", Name: "a\nb"}, "control"},
	} {
		tc.client.ID = "x"
		err := w.server.PutClient(t.Context(), tc.client)
		if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v, want %q", name, err, tc.want)
		}
	}
}

// A client that names no profile gets the one that its kind and method imply.
func TestClientUsualProfile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for id, want := range map[string]string{
		"glycare": oauth.ProfilePublic, "glycare-pro": oauth.ProfileConfidential, "backend-lab": oauth.ProfileService,
	} {
		if c, err := w.server.Client(t.Context(), id); err != nil || c.Profile != want {
			t.Errorf("%s: %v %v, want %s", id, c, err, want)
		}
	}
}

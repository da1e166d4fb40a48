package oauth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
)

// prover makes DPoP proofs of one key.
type prover struct {
	w     *world
	key   *ecdsa.PrivateKey
	jkt   string
	count atomic.Int64
}

func (w *world) newProver() *prover {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	sum, err := (&jose.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		w.t.Fatal(err)
	}
	return &prover{w: w, key: key, jkt: base64.RawURLEncoding.EncodeToString(sum)}
}

// proof is for one request; more claims are pairs of name and value.
func (p *prover) proof(method, target string, more ...string) string {
	p.w.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: p.key},
		(&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"))
	if err != nil {
		p.w.t.Fatal(err)
	}
	claims := map[string]any{"jti": "j-" + strconv.FormatInt(p.count.Add(1), 10), "htm": method, "htu": target, "iat": p.w.clock.Now().Unix()}
	for i := 0; i < len(more); i += 2 {
		claims[more[i]] = more[i+1]
	}
	raw, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		p.w.t.Fatal(err)
	}
	return raw
}

// token sends a form to the token endpoint with a proof of the key.
func (p *prover) token(form url.Values, basic string, more ...string) reply {
	return p.w.prove("/oauth2/token", form, basic, p.proof("POST", p.w.url+"/oauth2/token", more...))
}

// prove sends a form with DPoP headers.
func (w *world) prove(path string, form url.Values, basic string, proofs ...string) reply {
	w.t.Helper()
	r, err := http.NewRequest("POST", w.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if id, secret, ok := strings.Cut(basic, ":"); ok {
		r.SetBasicAuth(id, secret)
	}
	for _, proof := range proofs {
		r.Header.Add("DPoP", proof)
	}
	return w.send(r)
}

func codeForm(code string, changes ...string) url.Values {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {verifier}, "client_id": {"glycare"},
	}
	for i := 0; i < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
	}
	return form
}

func refreshForm(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {"glycare"}}
}

// at is a bound token as it comes to the FHIR endpoint.
func (p *prover) at(token string, more ...string) gate.Presented {
	target := p.w.url + "/fhir/Patient/camille"
	sum := sha256.Sum256([]byte(token))
	more = append([]string{"ath", base64.RawURLEncoding.EncodeToString(sum[:])}, more...)
	return gate.Presented{
		Scheme: gate.SchemeDPoP, Token: token, Method: "GET", URL: target, Proofs: []string{p.proof("GET", target, more...)},
	}
}

// settled is a world whose server has run for longer than any proof lives, so that no proof has to name a nonce because
// of the start.
func settled(t testing.TB) *world {
	w := newWorld(t)
	w.clock.Advance(40e9)
	return w
}

// certificate makes a self-signed one.
func certificate(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	raw, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{raw}, PrivateKey: key, Leaf: leaf}
}

// keyed registers a client with a key of its own, which fits every profile, and returns what signs its assertions for an
// audience.
func (w *world) keyed(id string, c oauth.Client) func(audience string) string {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k1", Algorithm: "ES256", Use: "sig"}}})
	if err != nil {
		w.t.Fatal(err)
	}
	c.ID, c.Name, c.AuthMethod, c.JWKS = id, id, oauth.AuthKeyJWT, set
	if c.Scopes == nil {
		c.Scopes = []string{"openid", "fhirUser", "launch/patient", "offline_access", "patient/*.rs"}
	}
	if err := w.server.PutClient(w.t.Context(), c); err != nil {
		w.t.Fatal(err)
	}
	w.apps.set(id, "online")
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", "k1"))
	if err != nil {
		w.t.Fatal(err)
	}
	return func(audience string) string {
		raw, err := jwt.Signed(signer).Claims(assertionOf(w, id, "aud", audience)).Serialize()
		if err != nil {
			w.t.Error(err)
		}
		return raw
	}
}

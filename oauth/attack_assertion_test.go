package oauth_test

import (
	"crypto/elliptic"
	"crypto/x509"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/oauth"
)

// Attacks on the assertions of back-end systems (RFC 7523, SMART Backend Services) and on the keys that they publish.

func assertionTwice(w *world) {
	s := newSigner(w.t, w, "lab-key")
	assertion := s.sign(assertionOf(w, "lab-key"), nil)
	if r := w.assert(assertion); r.status != 200 {
		w.t.Fatalf("%d %s", r.status, r.raw)
	}
	if r := w.assert(assertion); !r.refuses(401, "invalid_client") {
		w.t.Errorf("%d %s", r.status, r.raw)
	}
}

func assertionEightfold(w *world) {
	s := newSigner(w.t, w, "lab-key")
	assertion := s.sign(assertionOf(w, "lab-key"), nil)
	var won atomic.Int32
	var wg sync.WaitGroup
	w.db.gather(8)
	for range 8 {
		wg.Go(func() {
			if r := w.assert(assertion); r.status == 200 {
				won.Add(1)
			} else if !r.refuses(401, "invalid_client") {
				w.t.Errorf("%d %s", r.status, r.raw)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		w.t.Errorf("%d of eight were taken", won.Load())
	}
}

func burntJTI(w *world) {
	s, other := newSigner(w.t, w, "lab-key"), newSigner(w.t, w, "other-key")
	if r := w.assert(other.sign(assertionOf(w, "other-key", "jti", "same"), nil)); r.status != 200 {
		w.t.Fatalf("%d %s", r.status, r.raw)
	}
	if r := w.assert(s.sign(assertionOf(w, "lab-key", "jti", "same"), nil)); r.status != 200 {
		w.t.Errorf("%d %s", r.status, r.raw)
	}
}

func publicKeyAsSecret(w *world) {
	s := newSigner(w.t, w, "lab-key")
	public, err := jose.JSONWebKey{Key: s.key.Public(), KeyID: "k1"}.MarshalJSON()
	if err != nil {
		w.t.Fatal(err)
	}
	hs, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: public}, &jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{"kid": "k1"}})
	if err != nil {
		w.t.Fatal(err)
	}
	payload, _ := json.Marshal(assertionOf(w, "lab-key"))
	signed, err := hs.Sign(payload)
	if err != nil {
		w.t.Fatal(err)
	}
	raw, _ := signed.CompactSerialize()
	if r := w.assert(raw); !r.refuses(401, "invalid_client") {
		w.t.Errorf("%d %s", r.status, r.raw)
	}
}

func embeddedKey(w *world) {
	newSigner(w.t, w, "lab-key")
	thief := signer{w.t, ecKey(w.t, elliptic.P384())}
	header := map[jose.HeaderKey]any{"jwk": jose.JSONWebKey{Key: thief.key.Public()}}
	if r := w.assert(thief.sign(assertionOf(w, "lab-key"), header)); !r.refuses(401, "invalid_client") {
		w.t.Errorf("%d %s", r.status, r.raw)
	}
}

func foreignJKU(w *world) {
	s := newSigner(w.t, w, "lab-key")
	header := map[jose.HeaderKey]any{"jku": "https://evil.example/jwks"}
	if r := w.assert(s.sign(assertionOf(w, "lab-key"), header)); !r.refuses(401, "invalid_client") {
		w.t.Errorf("%d %s", r.status, r.raw)
	}
}

// assertionRefused changes one claim; a number is seconds from now, nil is 0.
func assertionRefused(claim string, value any) func(*world) {
	return func(w *world) {
		s := newSigner(w.t, w, "lab-key")
		claimed := value
		switch v := value.(type) {
		case int:
			claimed = w.clock.Now().Add(time.Duration(v) * time.Second).Unix()
		case nil:
			claimed = 0
		}
		if r := w.assert(s.sign(assertionOf(w, "lab-key", claim, claimed), nil)); !r.refuses(401, "invalid_client") {
			w.t.Errorf("%d %s", r.status, r.raw)
		}
	}
}

func aheadAccepted(w *world) {
	s := newSigner(w.t, w, "lab-key")
	ahead := w.clock.Now().Add(5 * time.Second).Unix()
	if r := w.assert(s.sign(assertionOf(w, "lab-key", "iat", ahead, "nbf", ahead), nil)); r.status != 200 {
		w.t.Errorf("%d %s", r.status, r.raw)
	}
}

func assertionWith(name, value string) func(*world) {
	return func(w *world) {
		s := newSigner(w.t, w, "lab-key")
		if r := w.assert(s.sign(assertionOf(w, "lab-key"), nil), name, value); !r.refuses(401, "invalid_client") {
			w.t.Errorf("%d %s", r.status, r.raw)
		}
	}
}

func assertionElsewhere(w *world) {
	s := newSigner(w.t, w, "lab-key")
	assertion := s.sign(assertionOf(w, "lab-key"), nil)
	r := w.post("/oauth2/introspect", pairs("token", "x", "client_assertion_type", assertionType, "client_assertion", assertion), "")
	if r.status != 200 || r.raw != `{"active":false}` {
		w.t.Fatalf("introspection by an assertion: %d %s", r.status, r.raw)
	}
	if r := w.assert(assertion); !r.refuses(401, "invalid_client") {
		w.t.Errorf("%d %s", r.status, r.raw)
	}
}

func personScope(w *world) {
	if err := w.server.PutClient(w.t.Context(), oauth.Client{
		ID: "both", Kind: "backend", AuthMethod: oauth.AuthBasic, SecretHash: w.server.HashSecret(w.secret), Reference: "Organization/x",
		Scopes: []string{"system/Patient.rs", "patient/*.rs", "user/*.rs", "openid"},
	}); err != nil {
		w.t.Fatal(err)
	}
	for _, scope := range []string{"patient/*.rs", "user/Patient.rs", "openid"} {
		r := w.post("/oauth2/token", pairs("grant_type", "client_credentials", "scope", scope), "both:"+w.secret)
		if !r.refuses(400, "invalid_scope") {
			w.t.Errorf("%s: %d %s", scope, r.status, r.raw)
		}
	}
	r := w.post("/oauth2/token", pairs("grant_type", "client_credentials", "scope", "patient/*.rs system/Patient.rs"), "both:"+w.secret)
	if r.text("scope") != "system/Patient.rs" {
		w.t.Errorf("%d %s", r.status, r.raw)
	}
}

// keyHost is a client whose keys are at a URL, and the server of that URL.
type keyHost struct {
	*world
	signer signer
	asked  atomic.Int32
}

// publish opens a server that fetches keys, and a client whose keys answer gives; loopback addresses are fetched from
// when loopback is set.
func (w *world) publish(loopback bool, answer func(out http.ResponseWriter, r *http.Request, set []byte)) *keyHost {
	p := &keyHost{signer: signer{w.t, ecKey(w.t, elliptic.P384())}}
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.signer.key.Public(), KeyID: "k1"}}})
	if err != nil {
		w.t.Fatal(err)
	}
	host := httptest.NewTLSServer(http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		p.asked.Add(1)
		answer(out, r, set)
	}))
	host.Config.ErrorLog = nil
	w.t.Cleanup(host.Close)
	roots := x509.NewCertPool()
	roots.AddCert(host.Certificate())
	p.world = newWorld(w.t, func(_ *world, c *oauth.Config) { c.Remote.Roots, c.Remote.Loopback = roots, loopback })
	err = p.server.PutClient(w.t.Context(), oauth.Client{
		ID: "lab-url", Kind: "backend", AuthMethod: oauth.AuthKeyJWT, JWKSURI: host.URL + "/jwks", Scopes: []string{"system/*.rs"}, Reference: "Organization/x",
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

func (p *keyHost) ask() reply {
	p.t.Helper()
	return p.assert(p.signer.sign(assertionOf(p.world, "lab-url"), nil))
}

func keysInside(w *world) {
	p := w.publish(false, func(out http.ResponseWriter, _ *http.Request, set []byte) { _, _ = out.Write(set) })
	if r := p.ask(); r.status == 200 || p.asked.Load() != 0 {
		w.t.Errorf("%d %s, asked %d times", r.status, r.raw, p.asked.Load())
	}
}

func keysRedirected(w *world) {
	p := w.publish(true, func(out http.ResponseWriter, r *http.Request, set []byte) {
		if r.URL.Path == "/jwks" {
			http.Redirect(out, r, "/elsewhere", http.StatusFound)
			return
		}
		_, _ = out.Write(set)
	})
	if r := p.ask(); r.status == 200 || p.asked.Load() != 1 {
		w.t.Errorf("%d %s, asked %d times", r.status, r.raw, p.asked.Load())
	}
}

func keysTooLarge(w *world) {
	p := w.publish(true, func(out http.ResponseWriter, _ *http.Request, set []byte) {
		_, _ = out.Write([]byte(strings.Repeat(" ", 65<<10)))
		_, _ = out.Write(set)
	})
	if r := p.ask(); r.status == 200 {
		w.t.Errorf("%d %s", r.status, r.raw)
	}
}

func keysTooMany(w *world) {
	p := w.publish(true, func(out http.ResponseWriter, _ *http.Request, set []byte) {
		var many jose.JSONWebKeySet
		_ = json.Unmarshal(set, &many)
		for i := range 20 {
			k := many.Keys[0]
			k.KeyID += strings.Repeat("x", i+1)
			many.Keys = append(many.Keys, k)
		}
		raw, _ := json.Marshal(many)
		_, _ = out.Write(raw)
	})
	if r := p.ask(); r.status == 200 {
		w.t.Errorf("%d %s", r.status, r.raw)
	}
}

package oauth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/oauth"
)

// issued is a certificate with its key.
type issued struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// certify issues a certificate; by is nil for one that signs itself.
func certify(t *testing.T, template x509.Certificate, by *issued) *issued {
	t.Helper()
	key := ecKey(t, elliptic.P256())
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	if template.NotAfter.IsZero() {
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	}
	parent, signer := &template, key
	if by != nil {
		parent, signer = by.cert, by.key
	}
	raw, err := x509.CreateCertificate(rand.Reader, &template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &issued{cert, key}
}

func authority(t *testing.T, name string) *issued {
	return certify(t, x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil)
}

// leaf is a client certificate of a laboratory.
func leaf(change func(*x509.Certificate)) x509.Certificate {
	site, _ := url.Parse("https://lab.example/dpi")
	c := x509.Certificate{
		Subject:     pkix.Name{CommonName: "dpi", Organization: []string{"Labo, Garonne"}, Country: []string{"FR"}},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, DNSNames: []string{"dpi.lab.example"}, URIs: []*url.URL{site},
		EmailAddresses: []string{"dpi@lab.example"}, IPAddresses: []net.IP{net.ParseIP("198.51.100.7")},
	}
	if change != nil {
		change(&c)
	}
	return c
}

// certified is a world with a host that asks for certificates.
type certified struct {
	*world
	tls *httptest.Server
	ca  *issued
}

func newCertified(t *testing.T) certified {
	ca := authority(t, "Autorité des laboratoires")
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	w := newWorld(t, func(_ *world, c *oauth.Config) { c.TLS = &oauth.MutualTLS{Authorities: pool} })
	s := httptest.NewUnstartedServer(w.server.Handler())
	s.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return certified{w, s, ca}
}

// token asks for a token as a client that shows a certificate, nil for none.
func (c certified) token(id string, cert *issued, form ...string) reply {
	c.t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: c.tls.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs}}
	defer transport.CloseIdleConnections()
	if cert != nil {
		transport.TLSClientConfig.Certificates = []tls.Certificate{{Certificate: [][]byte{cert.cert.Raw}, PrivateKey: cert.key}}
	}
	f := url.Values{"grant_type": {"client_credentials"}, "client_id": {id}}
	for i := 0; i < len(form); i += 2 {
		f.Set(form[i], form[i+1])
	}
	res, err := (&http.Client{Transport: transport}).PostForm(c.tls.URL+"/oauth2/token", f)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(res.Body)
	out := reply{status: res.StatusCode, header: res.Header, raw: string(raw)}
	_ = json.Unmarshal(raw, &out.json)
	return out
}

func (c certified) put(client oauth.Client) {
	c.t.Helper()
	client.Kind, client.Scopes = "backend", []string{"system/*.rs"}
	if err := c.server.PutClient(c.t.Context(), client); err != nil {
		c.t.Fatal(err)
	}
}

// RFC 8705 §2.1: a certificate of a known authority that carries the registered name, in each of its forms.
func TestCertifiedClient(t *testing.T) {
	t.Parallel()
	c := newCertified(t)
	good := certify(t, leaf(nil), c.ca)
	now := time.Now()
	bad := map[string]*issued{
		"no certificate":     nil,
		"another authority":  certify(t, leaf(nil), authority(t, "Autorité des laboratoires")),
		"signed by itself":   certify(t, leaf(nil), nil),
		"for servers":        certify(t, leaf(func(x *x509.Certificate) { x.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), c.ca),
		"past":               certify(t, leaf(func(x *x509.Certificate) { x.NotBefore, x.NotAfter = now.Add(-2*time.Hour), now.Add(-time.Hour) }), c.ca),
		"of the future":      certify(t, leaf(func(x *x509.Certificate) { x.NotBefore, x.NotAfter = now.Add(time.Hour), now.Add(2*time.Hour) }), c.ca),
		"of somebody else":   certify(t, x509.Certificate{Subject: pkix.Name{CommonName: "rival"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, DNSNames: []string{"dpi.lab.example.rival.example"}}, c.ca),
		"the name as a name": certify(t, x509.Certificate{Subject: pkix.Name{CommonName: "dpi.lab.example"}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, c.ca),
	}
	for id, client := range map[string]oauth.Client{
		"subject": {TLSSubject: `CN=dpi,O=Labo\, Garonne,C=FR`}, "dns": {TLSDNS: "dpi.lab.example"}, "uri": {TLSURI: "https://lab.example/dpi"},
		"email": {TLSEmail: "dpi@lab.example"}, "ip": {TLSIP: "198.51.100.7"},
	} {
		client.ID, client.AuthMethod = id, oauth.AuthTLS
		c.put(client)
		if r := c.token(id, good); r.status != 200 || r.text("access_token") == "" {
			t.Errorf("%s: %d %s", id, r.status, r.raw)
		}
		for name, cert := range bad {
			if r := c.token(id, cert); r.status != 401 || r.text("error") != "invalid_client" {
				t.Errorf("%s with a certificate %s: %d %s", id, name, r.status, r.raw)
			}
		}
	}
	c.put(oauth.Client{ID: "other", AuthMethod: oauth.AuthTLS, TLSDNS: "other.example"})
	if r := c.token("other", good); r.status != 401 {
		t.Errorf("another client's certificate: %d", r.status)
	}
	if r := c.token("dns", good, "client_secret", "x"); r.status != 401 {
		t.Errorf("a secret beside the certificate: %d", r.status)
	}
	// A header in which somebody claims a certificate is no certificate, nor is a plain connection to the same endpoint.
	r, _ := http.NewRequest("POST", c.url+"/oauth2/token", strings.NewReader(url.Values{"grant_type": {"client_credentials"}, "client_id": {"dns"}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, h := range []string{"X-SSL-Cert", "X-Forwarded-Client-Cert", "Client-Cert"} {
		r.Header.Set(h, url.QueryEscape(string(good.cert.Raw)))
	}
	if out := c.send(r); out.status != 401 {
		t.Errorf("a certificate in a header: %d %s", out.status, out.raw)
	}
}

// RFC 8705 §2.2: the registered certificate itself, whoever signed it, and no other of the same key or name.
func TestSelfSignedClient(t *testing.T) {
	t.Parallel()
	c := newCertified(t)
	own, twin := certify(t, leaf(nil), nil), certify(t, leaf(nil), nil)
	thumb := certify(t, leaf(nil), nil)
	set, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: own.key.Public(), KeyID: "a", Certificates: []*x509.Certificate{own.cert}},
		{Key: thumb.key.Public(), KeyID: "b", CertificateThumbprintSHA256: sha256Of(thumb.cert.Raw)},
		{Key: twin.key.Public(), KeyID: "c"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	c.put(oauth.Client{ID: "self", AuthMethod: oauth.AuthSelfSignedTLS, JWKS: set})
	for name, tc := range map[string]struct {
		cert   *issued
		status int
	}{
		"by value": {own, 200}, "by thumbprint": {thumb, 200}, "its key alone": {twin, 401}, "none": {nil, 401}, "one of the authority": {certify(t, leaf(nil), c.ca), 401},
	} {
		if r := c.token("self", tc.cert); r.status != tc.status {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
}

// Without mutual TLS in the configuration a certificate proves nothing.
func TestCertificateUnasked(t *testing.T) {
	t.Parallel()
	c := newCertified(t)
	plain := newWorld(t)
	c.tls.Config.Handler = plain.server.Handler()
	own := certify(t, leaf(nil), nil)
	set, _ := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: own.key.Public(), KeyID: "a", Certificates: []*x509.Certificate{own.cert}}}})
	if err := plain.server.PutClient(t.Context(), oauth.Client{ID: "self", Kind: "backend", AuthMethod: oauth.AuthSelfSignedTLS, JWKS: set, Scopes: []string{"system/*.rs"}}); err != nil {
		t.Fatal(err)
	}
	if r := c.token("self", own); r.status != 401 {
		t.Errorf("%d %s", r.status, r.raw)
	}
}

func sha256Of(raw []byte) []byte {
	sum := sha256.Sum256(raw)
	return sum[:]
}

// What the documents say of mutual TLS and of registration is what is served: nothing without, everything with.
func TestClientMetadata(t *testing.T) {
	t.Parallel()
	read := func(w *world) map[string]any {
		r, _ := http.NewRequest("GET", w.url+"/.well-known/oauth-authorization-server", nil)
		return w.send(r).json
	}
	methods := func(m map[string]any) string { return fmt.Sprint(m["token_endpoint_auth_methods_supported"]) }
	plain := read(newWorld(t))
	if plain["registration_endpoint"] != nil || plain["mtls_endpoint_aliases"] != nil || plain["tls_client_certificate_bound_access_tokens"] != false ||
		methods(plain) != "[none client_secret_basic private_key_jwt]" {
		t.Errorf("without: %v", plain)
	}
	full := newWorld(t, func(w *world, c *oauth.Config) {
		c.TLS = &oauth.MutualTLS{Base: "https://mtls.example"}
		c.Registration = &oauth.Registration{Catalogue: newShelf(w), Tokens: []string{initialToken}}
	})
	m := read(full)
	aliases, _ := m["mtls_endpoint_aliases"].(map[string]any)
	if m["registration_endpoint"] != full.url+"/oauth2/register" || m["tls_client_certificate_bound_access_tokens"] != true ||
		methods(m) != "[none client_secret_basic private_key_jwt tls_client_auth self_signed_tls_client_auth]" {
		t.Errorf("with: %v", m)
	}
	for name, alias := range aliases {
		if path, ok := strings.CutPrefix(alias.(string), "https://mtls.example"); !ok || m[name] != nil && m[name] != full.url+path {
			t.Errorf("%s: %v beside %v", name, alias, m[name])
		}
	}
	if len(aliases) < 5 {
		t.Errorf("aliases %v", aliases)
	}
}

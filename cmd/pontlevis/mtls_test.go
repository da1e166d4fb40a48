package main_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certified makes an authority's certificate in a PEM file, and a client certificate that it issued.
func certified(t *testing.T, folder, name string) (file string, client tls.Certificate) {
	t.Helper()
	issue := func(template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if signer == nil {
			parent, signer = template, key
		}
		template.SerialNumber, template.NotBefore, template.NotAfter = big.NewInt(time.Now().UnixNano()), time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
		raw, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(raw)
		if err != nil {
			t.Fatal(err)
		}
		return cert, key
	}
	ca, caKey := issue(&x509.Certificate{Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}, nil, nil)
	leaf, key := issue(&x509.Certificate{Subject: pkix.Name{CommonName: name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, ca, caKey)
	file = filepath.Join(folder, "authorities.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}
}

// TestMutualTLSBehindCaddy: a site of its own asks for certificates with Caddy's own TLS; a system registers with the name
// in its certificate and is known by it there, and nowhere else (RFC 8705 §2.1, RFC 7591).
func TestMutualTLSBehindCaddy(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	data, address := filepath.Join(folder, "data"), freeAddress(t)
	secure := strings.Replace(freeAddress(t), "127.0.0.1", "localhost", 1) // a name: Caddy holds it to the one of the handshake
	authorities, mine := certified(t, folder, "dpi.example")
	_, other := certified(t, t.TempDir(), "dpi.example")
	config := filepath.Join(folder, "Caddyfile")
	text := fmt.Sprintf(`{
	admin off
	auto_https disable_redirects
	persist_config off
	skip_install_trust
	storage file_system %[1]q
	pontlevis {
		data %[2]q
		issuer http://%[3]s
		mtls https://%[4]s {
			authorities %[5]q
		}
		demo
	}
}
http://%[3]s {
	bind 127.0.0.1
	pontlevis
}
https://%[4]s {
	bind 127.0.0.1
	tls internal {
		client_auth {
			mode request
		}
	}
	pontlevis oauth
}
`, filepath.Join(folder, "storage"), data, address, secure, authorities)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := launch(data, address, "--config", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.finish(t) })
	id := s.registers(t, object{"software_id": "backend-dpi", "token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=dpi.example", "scope": "system/*.rs"})
	known := func(endpoint string, certificates ...tls.Certificate) string {
		t.Helper()
		transport := &http.Transport{TLSClientConfig: &tls.Config{Certificates: certificates, InsecureSkipVerify: true}} // the site's own certificate is not the matter
		defer transport.CloseIdleConnections()
		client, form := &http.Client{Transport: transport, Timeout: patience}, url.Values{"grant_type": {"client_credentials"}, "client_id": {id}}
		res, err := client.PostForm(endpoint, form)
		for end := time.Now().Add(patience); err != nil && time.Now().Before(end); { // Caddy's own authority may still be at it
			time.Sleep(50 * time.Millisecond)
			res, err = client.PostForm(endpoint, form)
		}
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		var answer struct{ Error string }
		if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
			t.Fatal(endpoint, res.Status, res.Header, err)
		}
		return answer.Error
	}
	var about struct {
		Aliases map[string]string `json:"mtls_endpoint_aliases"`
	}
	if err := json.Unmarshal(reader{t, s, ""}.get(s.base+"/.well-known/oauth-authorization-server").is(t, 200).body, &about); err != nil {
		t.Fatal(err)
	}
	alias := about.Aliases["token_endpoint"]
	if alias != "https://"+secure+"/oauth2/token" {
		t.Fatalf("the alias is %q", alias)
	}
	if got := known(alias, mine); got != "" {
		t.Errorf("with the certificate: %s", got)
	}
	for name, got := range map[string]string{
		"without a certificate": known(alias), "with one of another authority": known(alias, other), "over plain HTTP": known(s.base+"/oauth2/token", mine),
	} {
		if got != "invalid_client" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// registers registers a client with the initial access token of demo.json and returns its id.
func (s *server) registers(t testing.TB, metadata object) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.data, "demo.json"))
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Token string `json:"initial_access_token"`
	}
	if err := json.Unmarshal(raw, &d); err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.base+"/oauth2/register", bytes.NewReader(encode(t, metadata)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+d.Token)
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	var answer struct {
		ID string `json:"client_id"`
	}
	if err != nil || res.StatusCode != http.StatusCreated || json.Unmarshal(body, &answer) != nil || strings.TrimSpace(answer.ID) == "" {
		t.Fatalf("registering: %d %s", res.StatusCode, body)
	}
	return answer.ID
}

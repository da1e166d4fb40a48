package dpop

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/test/clock"
)

const (
	tokenURL = "https://gate.example/oauth2/token"
	fhirURL  = "https://gate.example/fhir/Patient/camille"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

var keyOnce = sync.OnceValue(func() map[string]crypto.Signer {
	p256, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	other, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	long, _ := rsa.GenerateKey(rand.Reader, 2048)
	_, ed, _ := ed25519.GenerateKey(rand.Reader)
	return map[string]crypto.Signer{"p256": p256, "other": other, "p384": p384, "rsa": long, "ed": ed}
})

func keyNamed(name string) crypto.Signer { return keyOnce()[name] }

// made is a proof in the making.
type made struct {
	alg     jose.SignatureAlgorithm
	key     any // that signs
	jwk     any // in the header, the public half of key when nil
	typ     string
	header  map[string]any
	claims  map[string]any
	noKey   bool
	claimed string // the payload as it is, when set
}

func good() made {
	return made{
		alg: jose.ES256, key: keyNamed("p256"), typ: "dpop+jwt",
		claims: map[string]any{"jti": "1", "htm": "POST", "htu": tokenURL, "iat": noon.Unix()},
	}
}

func (m made) with(name string, value any) made {
	c := map[string]any{}
	for k, v := range m.claims {
		c[k] = v
	}
	if c[name] = value; value == nil {
		delete(c, name)
	}
	m.claims = c
	return m
}

func (m made) sign(t testing.TB) string {
	t.Helper()
	opts := (&jose.SignerOptions{}).WithType(jose.ContentType(m.typ))
	for name, value := range m.header {
		opts = opts.WithHeader(jose.HeaderKey(name), value)
	}
	if m.jwk == nil {
		if signer, ok := m.key.(crypto.Signer); ok {
			m.jwk = signer.Public()
		}
	}
	if !m.noKey {
		opts = opts.WithHeader("jwk", m.jwk)
		if raw, is := m.jwk.(json.RawMessage); !is {
			b, err := json.Marshal(jose.JSONWebKey{Key: m.jwk})
			if err != nil {
				t.Fatal(err)
			}
			opts = opts.WithHeader("jwk", json.RawMessage(b))
		} else {
			opts = opts.WithHeader("jwk", raw)
		}
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: m.alg, Key: m.key}, opts)
	if err != nil {
		t.Fatal(err)
	}
	payload := []byte(m.claimed)
	if m.claimed == "" {
		if payload, err = json.Marshal(m.claims); err != nil {
			t.Fatal(err)
		}
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// unsigned writes a JWT with any header and no care.
func unsigned(header, payload, signature string) string {
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(header)) + "." + enc([]byte(payload)) + "." + enc([]byte(signature))
}

func codeOf(err error) string {
	var refused *Error
	if errors.As(err, &refused) {
		return refused.Code
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// checkerAt is a Checker that has run for an hour at noon.
func checkerAt(noon time.Time) (*Checker, *clock.Clock) {
	c := clock.New(noon.Add(-time.Hour))
	checker := NewChecker(c.Now)
	c.Advance(time.Hour)
	return checker, c
}

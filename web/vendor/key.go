package vendor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"
)

// key is what the tokens of one try are bound to (RFC 9449).
type key struct{ private *ecdsa.PrivateKey }

func newKey() (*key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the key of a try: %w", err)
	}
	return &key{private}, nil
}

var b64 = base64.RawURLEncoding.EncodeToString

// proof signs that whoever sends this request has the key (RFC 9449 §4.2). token is "" where none is sent yet.
func (k *key) proof(method, url, token string, now time.Time) (string, error) {
	public, err := k.private.PublicKey.Bytes() // 4, then x and y
	if err != nil {
		return "", err
	}
	header := map[string]any{"typ": "dpop+jwt", "alg": "ES256", "jwk": map[string]string{
		"kty": "EC", "crv": "P-256", "x": b64(public[1:33]), "y": b64(public[33:]),
	}}
	claims := map[string]any{"jti": rand.Text(), "htm": method, "htu": url, "iat": now.Unix()}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = b64(sum[:])
	}
	var parts [2]string
	for n, part := range []map[string]any{header, claims} {
		raw, err := json.Marshal(part)
		if err != nil {
			return "", err
		}
		parts[n] = b64(raw)
	}
	signed := parts[0] + "." + parts[1]
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, k.private, sum[:])
	if err != nil {
		return "", fmt.Errorf("signing a proof: %w", err)
	}
	return signed + "." + b64(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)), nil
}

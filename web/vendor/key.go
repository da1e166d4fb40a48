package vendor

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// key is what the tokens of one try are bound to (RFC 9449), with the nonce for its next proof. It is safe for concurrent use.
type key struct {
	private *ecdsa.PrivateKey

	mu    sync.Mutex
	nonce string // "" while none was given
	given time.Time
}

// nonceAge is when a nonce is asked for anew, before what is shown with it could be out of date.
const nonceAge = time.Minute

func newKey() (*key, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making the key of a try: %w", err)
	}
	return &key{private: private}, nil
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
	k.mu.Lock()
	if k.nonce != "" {
		claims["nonce"] = k.nonce
	}
	k.mu.Unlock()
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

// send sends a request with a proof, and once more with the nonce that the server asks for (RFC 9449 §8, §9). write makes the
// request anew each time.
func (k *key) send(t *Theatre, token string, write func() (*http.Request, error)) (status int, body []byte, err error) {
	for again := range 2 {
		r, err := write()
		if err != nil {
			return 0, nil, err
		}
		proof, err := k.proof(r.Method, address(r.URL.String()), token, time.Now())
		if err != nil {
			return 0, nil, err
		}
		r.Header.Set("DPoP", proof)
		var header http.Header
		if status, header, body, err = t.send(r); err != nil {
			return 0, nil, err
		}
		k.learn(header.Get("DPoP-Nonce"))
		asks := strings.Contains(strings.Join(header.Values("WWW-Authenticate"), " ")+string(body), "use_dpop_nonce")
		if again > 0 || status != http.StatusBadRequest && status != http.StatusUnauthorized || !asks {
			break
		}
	}
	return status, body, nil
}

func (k *key) learn(nonce string) {
	if nonce != "" {
		k.mu.Lock()
		k.nonce, k.given = nonce, time.Now()
		k.mu.Unlock()
	}
}

// old tells whether the nonce, where there is one, may soon be out of date; it is then forgotten.
func (k *key) old() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.nonce == "" || time.Since(k.given) < nonceAge {
		return false
	}
	k.nonce = ""
	return true
}

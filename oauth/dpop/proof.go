package dpop

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Bounds of a proof. A proof by an RSA key of 4096 bits has about 1900 bytes.
const (
	maxProof = 4 << 10
	maxID    = 256
	maxURL   = 2 << 10
	minRSA   = 2048 // bits
	maxRSA   = 4096 // bits; verification by a longer one costs more than a request should
)

// algorithms are those a proof may be signed with: asymmetric, and none with PKCS #1 v1.5 padding (FAPI 2.0 Security
// Profile §5.4).
var algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.ES384, jose.PS256, jose.EdDSA}

// Algorithms names what a proof may be signed with, for metadata and challenges (RFC 9449 §5.1, §7.1).
func Algorithms() []string {
	out := make([]string, len(algorithms))
	for i, a := range algorithms {
		out[i] = string(a)
	}
	return out
}

// Error codes of RFC 9449 §5 and §8.
const (
	CodeInvalid  = "invalid_dpop_proof"
	CodeUseNonce = "use_dpop_nonce"
)

// Error says why a proof is refused, with nothing of the proof in it.
type Error struct {
	Code        string // CodeInvalid or CodeUseNonce
	Description string // one sentence for the client's developer
}

func (e *Error) Error() string { return e.Code + ": " + e.Description }

func invalid(description string) error { return &Error{CodeInvalid, description} }

// Proof is a DPoP proof whose signature is good. What it says has still to be compared with the request.
type Proof struct {
	Key    string    // base64url SHA-256 thumbprint of the public key (RFC 7638): the confirmation value jkt
	ID     string    // jti
	Method string    // htm
	URL    string    // htu
	Issued time.Time // iat, whole seconds
	Token  string    // ath, "" when it names no access token
	Nonce  string    // "" when it names none

	from, until time.Time // nbf and exp, zero when absent: no part of the RFC, honoured where a client sets them
}

type claims struct {
	ID        string   `json:"jti"`
	Method    string   `json:"htm"`
	URL       string   `json:"htu"`
	Issued    *float64 `json:"iat"`
	Token     string   `json:"ath"`
	Nonce     string   `json:"nonce"`
	NotBefore *float64 `json:"nbf"`
	Expires   *float64 `json:"exp"`
}

// Read parses a proof and verifies its signature by the key in its own header (RFC 9449 §4.3, 2–7). The error is an
// *Error.
func Read(raw string) (*Proof, error) {
	if len(raw) > maxProof {
		return nil, invalid("The proof is too long.")
	}
	signed, err := jose.ParseSignedCompact(raw, algorithms)
	if err != nil || len(signed.Signatures) != 1 {
		return nil, invalid("The proof is no JWT that is signed with an algorithm taken here, by a public key in its header.")
	}
	header := signed.Signatures[0].Protected
	if typ, _ := header.ExtraHeaders[jose.HeaderType].(string); !strings.EqualFold(typ, "dpop+jwt") {
		return nil, invalid("The proof's typ must be dpop+jwt.")
	}
	key := header.JSONWebKey
	if key == nil || !key.Valid() || !key.IsPublic() || !fits(key.Key, header.Algorithm) {
		return nil, invalid("The proof's header must hold the public key (jwk) that its algorithm calls for.")
	}
	payload, err := signed.Verify(key.Key)
	if err != nil {
		return nil, invalid("The proof's signature is not by the key in its header.")
	}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, invalid("The proof's key cannot be read.")
	}
	var c claims
	if json.Unmarshal(payload, &c) != nil {
		return nil, invalid("The proof's claims cannot be read.")
	}
	return c.proof(base64.RawURLEncoding.EncodeToString(thumbprint))
}

func (c *claims) proof(key string) (*Proof, error) {
	p := &Proof{Key: key, ID: c.ID, Method: c.Method, URL: c.URL, Token: c.Token, Nonce: c.Nonce}
	var ok bool
	if p.Issued, ok = date(c.Issued); !ok || c.ID == "" || len(c.ID) > maxID || c.Method == "" || c.URL == "" || len(c.URL) > maxURL {
		return nil, invalid("The proof needs jti, htm, htu and iat, each of usual length.")
	}
	if p.from, ok = date(c.NotBefore); !ok && c.NotBefore != nil {
		return nil, invalid("The proof's nbf is no date.")
	}
	if p.until, ok = date(c.Expires); !ok && c.Expires != nil {
		return nil, invalid("The proof's exp is no date.")
	}
	return p, nil
}

// fits tells whether a key is of the kind and strength that an algorithm calls for (RFC 7518 §3.4, §3.5, RFC 8037).
func fits(key any, algorithm string) bool {
	switch k := key.(type) {
	case *ecdsa.PublicKey:
		return algorithm == string(jose.ES256) && k.Curve == elliptic.P256() ||
			algorithm == string(jose.ES384) && k.Curve == elliptic.P384()
	case *rsa.PublicKey:
		bits := k.N.BitLen()
		return algorithm == string(jose.PS256) && bits >= minRSA && bits <= maxRSA
	case ed25519.PublicKey:
		return algorithm == string(jose.EdDSA) && len(k) == ed25519.PublicKeySize
	}
	return false
}

// date reads a NumericDate (RFC 7519 §2) within the years that time.Time handles safely.
func date(f *float64) (time.Time, bool) {
	if f == nil || !(*f > 0 && *f < 1<<40) {
		return time.Time{}, false
	}
	return time.Unix(int64(*f), 0), true
}

package jwks

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"
)

// Bounds of a key set: a client needs a handful of keys, and each one costs when it is tried.
const (
	maxKeys    = 20
	maxKeyID   = 256
	minRSABits = 2048
	maxRSABits = 8192 // checking a signature by a huge key is a cheap way to burn the server's CPU
)

// Parse reads a key set (RFC 7517 §5) and refuses whatever could not be trusted to check a signature: no keys or more
// than 20, a private or symmetric key, an RSA key under 2048 or over 8192 bits, a key without a kid, two keys with the
// same kid and type.
func Parse(raw []byte) (*jose.JSONWebKeySet, error) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil, fmt.Errorf("not a JSON Web Key set: %w", err)
	}
	if len(set.Keys) == 0 || len(set.Keys) > maxKeys {
		return nil, fmt.Errorf("a key set has 1 to %d keys", maxKeys)
	}
	seen := make(map[string]bool, len(set.Keys))
	for _, k := range set.Keys {
		if err := check(&k); err != nil {
			return nil, err
		}
		name := k.KeyID + " " + Type(&k)
		if seen[name] {
			return nil, fmt.Errorf("two keys have the kid %q and the same type", k.KeyID)
		}
		seen[name] = true
	}
	return &set, nil
}

func check(k *jose.JSONWebKey) error {
	if !k.Valid() || !k.IsPublic() || Type(k) == "" {
		return errors.New("each key must be a valid public key (RSA, EC or OKP)")
	}
	if k.KeyID == "" || len(k.KeyID) > maxKeyID {
		return fmt.Errorf("each key must have a kid of 1 to %d characters", maxKeyID)
	}
	if r, ok := k.Key.(*rsa.PublicKey); ok && (r.N.BitLen() < minRSABits || r.N.BitLen() > maxRSABits) {
		return fmt.Errorf("an RSA key has %d to %d bits", minRSABits, maxRSABits)
	}
	return nil
}

// Type is a public key's kty (RFC 7518 §6.1), "" for a key that is not one of ours.
func Type(k *jose.JSONWebKey) string {
	switch k.Key.(type) {
	case *rsa.PublicKey:
		return "RSA"
	case *ecdsa.PublicKey:
		return "EC"
	case ed25519.PublicKey:
		return "OKP"
	}
	return ""
}

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

// Parse reads a key set (RFC 7517 §5). Keys of a kind that is not known, or that say they are for something else than
// signatures, are left out. Whatever could not be trusted to check a signature is refused: no key or more than 20, a
// private or symmetric key, an RSA key under 2048 or over 8192 bits, a key without a kid, two keys with the same kid and
// type.
func Parse(raw []byte) (*jose.JSONWebKeySet, error) {
	var document struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		return nil, fmt.Errorf("not a JSON Web Key set: %w", err)
	}
	if len(document.Keys) == 0 || len(document.Keys) > maxKeys {
		return nil, fmt.Errorf("a key set has 1 to %d keys", maxKeys)
	}
	set := new(jose.JSONWebKeySet)
	for _, raw := range document.Keys {
		k, err := parseKey(raw)
		if err != nil {
			return nil, err
		}
		if k == nil {
			continue
		}
		for i := range set.Keys {
			if set.Keys[i].KeyID == k.KeyID && Type(&set.Keys[i]) == Type(k) {
				return nil, fmt.Errorf("two keys have the kid %q and the same type", k.KeyID)
			}
		}
		set.Keys = append(set.Keys, *k)
	}
	if len(set.Keys) == 0 {
		return nil, errors.New("the key set has no key that could check a signature")
	}
	return set, nil
}

// parseKey reads one key, nil for one that is left out.
func parseKey(raw json.RawMessage) (*jose.JSONWebKey, error) {
	k := new(jose.JSONWebKey)
	switch err := json.Unmarshal(raw, k); {
	case errors.Is(err, jose.ErrUnsupportedKeyType):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("reading a key: %w", err)
	}
	if !k.Valid() || !k.IsPublic() || Type(k) == "" {
		return nil, errors.New("each key must be a valid public key (RSA, EC or OKP)")
	}
	if k.Use != "" && k.Use != "sig" {
		return nil, nil
	}
	if k.KeyID == "" || len(k.KeyID) > maxKeyID {
		return nil, fmt.Errorf("each key must have a kid of 1 to %d characters", maxKeyID)
	}
	if r, ok := k.Key.(*rsa.PublicKey); ok && (r.N.BitLen() < minRSABits || r.N.BitLen() > maxRSABits || r.E > 1<<32) {
		return nil, fmt.Errorf("an RSA key has %d to %d bits and a small exponent", minRSABits, maxRSABits)
	}
	return k, nil
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

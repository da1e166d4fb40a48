package label

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Trust is an authority as a gateway knows it: public keys alone, and how many of them make a decision.
type Trust struct {
	Authority string `json:"authority"`
	Threshold int    `json:"threshold"` // at least 2
	Keys      []Key  `json:"keys"`
}

// Key is one public key of the authority. What it signed while it was valid stays signed.
type Key struct {
	Public    string    `json:"public"`             // as PublicText writes it
	Holder    string    `json:"holder,omitempty"`   // who keeps it
	NotAfter  time.Time `json:"notAfter,omitzero"`  // UTC; zero: until a rotation takes it away
	NotBefore time.Time `json:"notBefore,omitzero"` // UTC
}

// maxKeys bounds the keys of an authority.
const maxKeys = 16

const publicPrefix = "ed25519:"

// PublicText writes a public key as this package reads it: "ed25519:" and its 32 bytes in base64.
func PublicText(key ed25519.PublicKey) string {
	return publicPrefix + base64.StdEncoding.EncodeToString(key)
}

// ParsePublic reads what PublicText writes.
func ParsePublic(text string) (ed25519.PublicKey, error) {
	encoded, ok := strings.CutPrefix(text, publicPrefix)
	key, err := base64.StdEncoding.Strict().DecodeString(encoded)
	if !ok || err != nil || len(key) != ed25519.PublicKeySize {
		return nil, fmt.Errorf("%.60q is not %q and 32 bytes in base64", text, publicPrefix)
	}
	return key, nil
}

// KeyID names a public key in an envelope: the first half of its SHA-256 in hexadecimal.
func KeyID(key ed25519.PublicKey) string {
	sum := sha256.Sum256(key)
	return hex.EncodeToString(sum[:16])
}

// ParseTrust reads the file of an authority. One with a threshold below two, with fewer keys than that, or with one key
// twice is ErrTrust.
func ParseTrust(raw []byte) (Trust, error) {
	var t Trust
	if err := decode(raw, &t); err != nil {
		return Trust{}, fmt.Errorf("%w: %w", ErrTrust, err)
	}
	return t, t.Check()
}

// Check refuses what could let one person decide alone.
func (t Trust) Check() error {
	switch {
	case t.Authority == "" || len(t.Authority) > maxText:
		return fmt.Errorf("%w: the authority has no name", ErrTrust)
	case t.Threshold < 2:
		return fmt.Errorf("%w: %d signatures would do, at least 2 must", ErrTrust, t.Threshold)
	case t.Threshold > len(t.Keys) || len(t.Keys) > maxKeys:
		return fmt.Errorf("%w: %d signatures of %d keys", ErrTrust, t.Threshold, len(t.Keys))
	}
	seen := map[string]bool{}
	for _, k := range t.Keys {
		if _, err := ParsePublic(k.Public); err != nil {
			return fmt.Errorf("%w: %w", ErrTrust, err)
		}
		if seen[k.Public] {
			return fmt.Errorf("%w: one key is there twice", ErrTrust)
		}
		seen[k.Public] = true
		if !k.NotBefore.IsZero() && !plainTime(k.NotBefore) || !k.NotAfter.IsZero() && !plainTime(k.NotAfter) {
			return fmt.Errorf("%w: dates are UTC, in whole seconds", ErrTrust)
		}
	}
	return nil
}

// JSON writes the file that ParseTrust reads.
func (t Trust) JSON() ([]byte, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("writing the authority's keys: %w", err)
	}
	return append(b, '\n'), nil
}

// valid tells whether the key signs at an instant.
func (k Key) valid(now time.Time) bool {
	return (k.NotBefore.IsZero() || !now.Before(k.NotBefore)) && (k.NotAfter.IsZero() || now.Before(k.NotAfter))
}

// at are the keys that are valid at an instant.
func (t Trust) at(now time.Time) ([]*verifier, error) {
	var list []*verifier
	for _, k := range t.Keys {
		if !k.valid(now) {
			continue
		}
		public, err := ParsePublic(k.Public)
		if err != nil {
			return nil, errors.Join(ErrTrust, err)
		}
		list = append(list, &verifier{public})
	}
	return list, nil
}

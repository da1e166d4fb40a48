package oauth

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/store"
)

const ringName = "signing"

var ringKey = store.Key("oauth", "ring", ringName)

// ringRecord is the key ring as stored. Private keys are sealed; the store alone does not let anybody sign.
type ringRecord struct {
	Current string      `json:"current"` // kid that signs
	Keys    []keyRecord `json:"keys"`    // all that are published: next, current and retired ones
}

type keyRecord struct {
	ID      string    `json:"kid"`
	Sealed  []byte    `json:"sealed"` // PKCS #8, AES-256-GCM under a key derived from Config.Secret
	Made    time.Time `json:"made"`
	Retired time.Time `json:"retired,omitzero"`
}

// keyRing holds the keys that sign id_tokens and the set that verifies them.
type keyRing struct {
	signer jose.Signer
	public jose.JSONWebKeySet
}

// openRing reads the ring, or makes the first key: RSA 2048 for RS256, which SMART requires of id_tokens (R210).
func (s *Server) openRing(ctx context.Context) (*keyRing, error) {
	var ring ringRecord
	load := func(tx store.Tx) error {
		ring = ringRecord{}
		_, err := store.GetJSON(tx, ringKey, &ring)
		return err
	}
	if err := s.db.View(ctx, store.Global, load); err != nil {
		return nil, err
	}
	if len(ring.Keys) == 0 {
		fresh, err := s.newKey()
		if err != nil {
			return nil, err
		}
		err = s.db.Update(ctx, store.Global, func(tx store.Tx) error {
			if err := load(tx); err != nil || len(ring.Keys) > 0 { // another node was first
				return err
			}
			ring = ringRecord{Current: fresh.ID, Keys: []keyRecord{fresh}}
			return store.PutJSON(tx, ringKey, ring)
		})
		if err != nil {
			return nil, err
		}
	}
	return s.unlock(ring)
}

func (s *Server) newKey() (keyRecord, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return keyRecord{}, fmt.Errorf("making a signing key: %w", err)
	}
	public := jose.JSONWebKey{Key: private.Public()}
	print, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return keyRecord{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return keyRecord{}, err
	}
	id := base64.RawURLEncoding.EncodeToString(print[:16])
	sealed, err := seal(s.secrets.seal, der, "signing key "+id)
	return keyRecord{ID: id, Sealed: sealed, Made: s.now()}, err
}

func (s *Server) unlock(ring ringRecord) (*keyRing, error) {
	out := new(keyRing)
	for _, k := range ring.Keys {
		der, err := unseal(s.secrets.seal, k.Sealed, "signing key "+k.ID)
		if err != nil {
			return nil, fmt.Errorf("the stored signing key %s does not open with this secret: %w", k.ID, err)
		}
		private, err := x509.ParsePKCS8PrivateKey(der)
		if err != nil {
			return nil, err
		}
		rsaKey, ok := private.(*rsa.PrivateKey)
		if !ok {
			return nil, fmt.Errorf("signing key %s is no RSA key", k.ID)
		}
		out.public.Keys = append(out.public.Keys, jose.JSONWebKey{
			Key: rsaKey.Public(), KeyID: k.ID, Algorithm: string(jose.RS256), Use: "sig",
		})
		if k.ID != ring.Current {
			continue
		}
		out.signer, err = jose.NewSigner(
			jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: rsaKey, KeyID: k.ID}},
			(&jose.SignerOptions{}).WithType("JWT"))
		if err != nil {
			return nil, err
		}
	}
	if out.signer == nil {
		return nil, fmt.Errorf("the ring's current key %q is not among its keys", ring.Current)
	}
	return out, nil
}

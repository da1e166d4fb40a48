package keyring

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/store"
)

// rowKey is the one row of the ring, in the global partition.
var rowKey = store.Key("oauth", "ring", "keys")

// record is the ring as stored; within an algorithm, older keys come first.
type record struct {
	Keys []keyRecord `json:"keys"`
	// Wanted names the algorithms for which a rotation was asked before their next key was published long enough.
	Wanted []jose.SignatureAlgorithm `json:"wanted,omitempty"`
}

type keyRecord struct {
	ID        string                  `json:"kid"`
	Algorithm jose.SignatureAlgorithm `json:"alg"`
	Sealed    []byte                  `json:"sealed"` // PKCS #8, AES-256-GCM, bound to the kid and the algorithm
	Made      time.Time               `json:"made"`
	Since     time.Time               `json:"since,omitzero"`
	Retired   time.Time               `json:"retired,omitzero"`
}

func (k *keyRecord) state() State {
	switch {
	case !k.Retired.IsZero():
		return Retired
	case !k.Since.IsZero():
		return Current
	}
	return Next
}

// find gives the one key of an algorithm in a state; nil when there is none.
func (r *record) find(alg jose.SignatureAlgorithm, s State) *keyRecord {
	for i := range r.Keys {
		if k := &r.Keys[i]; k.Algorithm == alg && k.state() == s {
			return k
		}
	}
	return nil
}

// opened is a record with its keys unsealed.
type opened struct {
	record  record
	public  jose.JSONWebKeySet
	signing map[jose.SignatureAlgorithm]jose.JSONWebKey
}

// open decodes the row and unseals its keys.
func (r *Ring) open(raw []byte) (*opened, error) {
	o := &opened{signing: make(map[jose.SignatureAlgorithm]jose.JSONWebKey)}
	if err := json.Unmarshal(raw, &o.record); err != nil {
		return nil, err
	}
	for i := range o.record.Keys {
		k := &o.record.Keys[i]
		private, err := r.unseal(k)
		if err != nil {
			return nil, fmt.Errorf("the stored signing key %s does not open with this secret: %w", k.ID, err)
		}
		o.public.Keys = append(o.public.Keys, jose.JSONWebKey{
			Key: private.Public(), KeyID: k.ID, Algorithm: string(k.Algorithm), Use: "sig",
		})
		if k.state() == Current {
			o.signing[k.Algorithm] = jose.JSONWebKey{Key: private, KeyID: k.ID}
		}
	}
	return o, nil
}

// newKey makes a key that was published at the moment of its commit, made.
func (r *Ring) newKey(alg jose.SignatureAlgorithm) (k keyRecord, err error) {
	var private crypto.Signer
	switch alg {
	case jose.RS256:
		private, err = rsa.GenerateKey(rand.Reader, 2048)
	case jose.ES256:
		private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	default:
		err = fmt.Errorf("no keys are made for %q", alg)
	}
	if err != nil {
		return k, fmt.Errorf("making a signing key: %w", err)
	}
	public := jose.JSONWebKey{Key: private.Public()}
	print, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return k, fmt.Errorf("making a signing key: %w", err)
	}
	k = keyRecord{ID: base64.RawURLEncoding.EncodeToString(print[:16]), Algorithm: alg, Made: r.now()}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return k, fmt.Errorf("making a signing key: %w", err)
	}
	aead, err := newAEAD(r.seal)
	if err != nil {
		return k, err
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	k.Sealed = aead.Seal(nonce, nonce, der, k.bound())
	return k, nil
}

// bound is what the seal authenticates beside the key: one key cannot be put in the place of another.
func (k *keyRecord) bound() []byte { return []byte("signing key " + string(k.Algorithm) + " " + k.ID) }

func (r *Ring) unseal(k *keyRecord) (crypto.Signer, error) {
	aead, err := newAEAD(r.seal)
	if err != nil {
		return nil, err
	}
	if len(k.Sealed) < aead.NonceSize() {
		return nil, errors.New("the sealed key is too short")
	}
	n := aead.NonceSize()
	der, err := aead.Open(nil, k.Sealed[:n], k.Sealed[n:], k.bound())
	if err != nil {
		return nil, err
	}
	private, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	switch key := private.(type) {
	case *rsa.PrivateKey:
		if k.Algorithm == jose.RS256 {
			return key, nil
		}
	case *ecdsa.PrivateKey:
		if k.Algorithm == jose.ES256 && key.Curve == elliptic.P256() {
			return key, nil
		}
	}
	return nil, fmt.Errorf("the key is not one for %s", k.Algorithm)
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

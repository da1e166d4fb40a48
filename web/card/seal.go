package card

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/gate"
)

// copyType is the header typ of the signature of a copy, so that no other token of this server passes for one (RFC 8725 §3.11).
const copyType = "vital-copy+jwt"

// contentType says in the file's header what it holds once it is decrypted, as SMART Health Links name it: a JSON object whose
// verifiableCredential is a list of signed cards.
const contentType = "application/smart-health-card"

// keyLetters write the key so that it can be typed (RFC 4648 §6).
var keyLetters = base32.StdEncoding.WithPadding(base32.NoPadding)

// sealed is a copy in its file, and what opens it.
type sealed struct {
	File string // JWE in compact form (RFC 7516 §7.1), dir and A256GCM
	Link string // shlink:/… with the key
	Key  string // the same key, in groups of four letters
}

// signer signs with a key of the server that it publishes.
type signer interface {
	Sign(ctx context.Context, alg jose.SignatureAlgorithm, typ string, payload []byte) (string, error)
}

// seal signs a copy as a SMART Health Card (https://spec.smarthealth.cards) and encrypts it under a key of its own, as SMART
// Health Links do (https://docs.smarthealthit.org/smart-health-links/spec). base is the URL of this server: it issues the
// card, and the page of the link opens the file.
func seal(ctx context.Context, by signer, base string, s *gate.Snapshot, title func(string) string) (*sealed, error) {
	payload, err := json.Marshal(object{
		"iss": base, "nbf": s.Made.Unix(), "exp": s.Until.Unix(), "jti": s.ID,
		"vc": object{
			"type":              []string{"https://smarthealth.cards#health-card"},
			"credentialSubject": object{"fhirVersion": "4.0.1", "fhirBundle": bundle(s, title)},
		},
	})
	if err != nil {
		return nil, fmt.Errorf("writing a copy: %w", err)
	}
	signed, err := by.Sign(ctx, jose.ES256, copyType, payload)
	if err != nil {
		return nil, err
	}
	var key [32]byte
	_, _ = rand.Read(key[:]) // never fails (crypto/rand)
	file, err := encrypt(key[:], signed)
	if err != nil {
		return nil, fmt.Errorf("encrypting a copy: %w", err)
	}
	link, err := json.Marshal(object{
		"url": base + offlinePath, "flag": "U", "v": 1, "label": title("label"), "exp": s.Until.Unix(),
		"key": base64.RawURLEncoding.EncodeToString(key[:]),
	})
	if err != nil {
		return nil, fmt.Errorf("writing the link of a copy: %w", err)
	}
	var groups []string
	for part := range slices.Chunk([]byte(keyLetters.EncodeToString(key[:])), 4) {
		groups = append(groups, string(part))
	}
	return &sealed{File: file, Link: "shlink:/" + base64.RawURLEncoding.EncodeToString(link), Key: strings.Join(groups, " ")}, nil
}

// encrypt puts a signed card into a file.
func encrypt(key []byte, signed string) (string, error) {
	to := jose.Recipient{Algorithm: jose.DIRECT, Key: key}
	e, err := jose.NewEncrypter(jose.A256GCM, to, (&jose.EncrypterOptions{}).WithContentType(contentType))
	if err != nil {
		return "", err
	}
	plain, err := json.Marshal(object{"verifiableCredential": []string{signed}})
	if err != nil {
		return "", err
	}
	sealed, err := e.Encrypt(plain)
	if err != nil {
		return "", err
	}
	return sealed.CompactSerialize()
}

package oauth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"errors"
	"strings"
)

// secrets are the keys derived from Config.Secret, one per use, so that what one of them does can never be passed off
// as the work of another.
type secrets struct {
	token, client, csrf, subject, seal, grace, known, shelf, challenge, handle, paper, codes, upstream []byte
}

func deriveSecrets(master []byte) secrets {
	derive := func(use string) []byte {
		key, err := hkdf.Key(sha256.New, master, nil, "pontlevis oauth "+use, 32)
		if err != nil { // only for absurd lengths
			panic(err)
		}
		return key
	}
	return secrets{
		token: derive("token"), client: derive("client secret"), csrf: derive("form"), subject: derive("subject"),
		seal: derive("key seal"), grace: derive("refresh grace"), known: derive("known device"),
		upstream: derive("sign-in elsewhere"), shelf: derive("session shelf"),
		challenge: derive("passkey challenge"), handle: derive("passkey handle"), paper: derive("codes on paper"),
		codes: derive("one-time codes seal"),
	}
}

// mac is HMAC-SHA-256 over parts, each preceded by its length so that no two lists of parts collide.
func mac(key []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		n := len(p)
		h.Write([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
		h.Write([]byte(p))
	}
	return h.Sum(nil)
}

var lower32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// newID is a 128-bit random identifier of 26 lower-case characters.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return lower32.EncodeToString(b[:])
}

// randomText is n random bytes in base64url.
func randomText(n int) string {
	b := make([]byte, n)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// seal encrypts and authenticates plain under key, bound to a context string (AES-256-GCM, random nonce first).
func seal(key, plain []byte, bound string) ([]byte, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	nonce := make([]byte, aead.NonceSize())
	rand.Read(nonce)
	return aead.Seal(nonce, nonce, plain, []byte(bound)), nil
}

// unseal undoes seal; anything else is refused.
func unseal(key, sealed []byte, bound string) ([]byte, error) {
	aead, err := newAEAD(key)
	if err != nil {
		return nil, err
	}
	if len(sealed) < aead.NonceSize() {
		return nil, errors.New("sealed value too short")
	}
	return aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], []byte(bound))
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

func containsDot(s string) bool { return strings.Contains(s, ".") }

package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// One-time codes as every authenticator app makes them (RFC 6238 with its defaults: SHA-1, 30 s, 6 digits).
const (
	codeStep   = 30 // seconds
	codeDigits = 6
	codeSkew   = 1  // steps of difference between the clocks that are let pass (RFC 6238 §5.2)
	codeSecret = 20 // bytes (RFC 4226 §4, R6)
)

// Codes are the one-time codes of an account.
type Codes struct {
	Secret    []byte    `json:"secret"`              // sealed by whoever keeps the Account
	Confirmed bool      `json:"confirmed,omitempty"` // the person has shown one code: until then none is asked
	Added     time.Time `json:"added"`
	Last      int64     `json:"last,omitempty"` // the last step used: it and those before it are refused (RFC 6238 §5.2)
}

// NewCodeSecret returns a fresh secret, in clear.
func NewCodeSecret() []byte {
	b := make([]byte, codeSecret)
	rand.Read(b)
	return b
}

var base32Plain = base32.StdEncoding.WithPadding(base32.NoPadding)

// SecretText is a secret as a person types it into an authenticator app: base32.
func SecretText(secret []byte) string { return base32Plain.EncodeToString(secret) }

// ReadSecret undoes SecretText.
func ReadSecret(text string) ([]byte, error) { return base32Plain.DecodeString(text) }

// CodeURI is the address by which an authenticator app takes a secret over (Key Uri Format).
func CodeURI(issuer, login string, secret []byte) string {
	q := url.Values{"secret": {SecretText(secret)}, "issuer": {issuer}}
	return "otpauth://totp/" + url.PathEscape(issuer) + ":" + url.PathEscape(login) + "?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

// CodeAt is the code of the step that t falls in.
func CodeAt(secret []byte, t time.Time) string { return codeOf(secret, t.Unix()/codeStep) }

// codeOf is HOTP (RFC 4226 §5.3).
func codeOf(secret []byte, step int64) string {
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step))
	h := hmac.New(sha1.New, secret)
	h.Write(counter[:])
	sum := h.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	value := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", codeDigits, value%1_000_000)
}

// Use checks a code at now against the secret in clear, and takes its step: no code of that step or an earlier one is
// accepted again. Spaces in the code are let pass. Every step of the window is computed, whatever matches.
func (c *Codes) Use(secret []byte, code string, now time.Time) bool {
	code = strings.Join(strings.Fields(code), "")
	current, found := now.Unix()/codeStep, int64(0)
	for step := current - codeSkew; step <= current+codeSkew; step++ {
		if subtle.ConstantTimeCompare([]byte(codeOf(secret, step)), []byte(code)) == 1 && step > c.Last {
			found = step
		}
	}
	if found == 0 {
		return false
	}
	c.Last = found
	return true
}

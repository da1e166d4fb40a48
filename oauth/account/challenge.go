package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// A challenge is its time, a nonce and an authentication code over both and what it is bound to. Showing a page that
// could use a passkey thus writes nothing; only a challenge that comes back leaves a trace (Challenge.Issued).
const (
	challengeLife  = 5 * time.Minute
	challengeNonce = 16
	challengeCode  = 16
	challengeSize  = 8 + challengeNonce + challengeCode
)

// newChallenge makes a challenge bound to a transaction or session, for one kind of ceremony.
func newChallenge(key []byte, kind, bound string, now time.Time) []byte {
	c := make([]byte, 8+challengeNonce, challengeSize)
	binary.BigEndian.PutUint64(c, uint64(now.UnixNano()))
	rand.Read(c[8:])
	return append(c, challengeMAC(key, kind, bound, c)...)
}

func challengeMAC(key []byte, kind, bound string, c []byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, part := range []string{kind, bound} {
		h.Write([]byte{byte(len(part))})
		h.Write([]byte(part))
	}
	h.Write(c)
	return h.Sum(nil)[:challengeCode]
}

// issued tells when a challenge was made, if it is ours, for this ceremony and this binding, and not older than five
// minutes nor as old as one that was used already.
func issued(key []byte, kind, bound string, c []byte, used, now time.Time) (time.Time, bool) {
	if len(c) != challengeSize || len(bound) > 255 {
		return time.Time{}, false
	}
	body, code := c[:challengeSize-challengeCode], c[challengeSize-challengeCode:]
	if !hmac.Equal(code, challengeMAC(key, kind, bound, body)) {
		return time.Time{}, false
	}
	at := time.Unix(0, int64(binary.BigEndian.Uint64(c)))
	return at, at.After(used) && !at.After(now) && now.Sub(at) < challengeLife
}

package dpop

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// nonceWindow is how long one nonce is given out. It is taken during its window and the next.
const nonceWindow = 2 * time.Minute

// nonces makes and knows the nonces of one Checker without keeping any: a nonce is the number of its window and an
// authentication code over it.
type nonces struct{ key [32]byte }

func newNonces() *nonces {
	n := new(nonces)
	rand.Read(n.key[:])
	return n
}

func windowOf(now time.Time) uint64 {
	return uint64(max(now.Unix(), 0)) / uint64(nonceWindow/time.Second)
}

func (n *nonces) of(window uint64) string {
	var body [8 + 16]byte
	binary.BigEndian.PutUint64(body[:8], window)
	h := hmac.New(sha256.New, n.key[:])
	h.Write(body[:8])
	copy(body[8:], h.Sum(nil))
	return base64.RawURLEncoding.EncodeToString(body[:])
}

func (n *nonces) at(now time.Time) string { return n.of(windowOf(now)) }

// knows tells whether a nonce was given out in this window or the one before.
func (n *nonces) knows(nonce string, now time.Time) bool {
	window := windowOf(now)
	if hmac.Equal([]byte(nonce), []byte(n.of(window))) {
		return true
	}
	return window > 0 && hmac.Equal([]byte(nonce), []byte(n.of(window-1)))
}

package audit

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
)

// cursorCipher derives the key of cursors from the log's own: a cursor outlives a restart and nothing more is kept.
func cursorCipher(key ed25519.PrivateKey) (cipher.AEAD, error) {
	derived, err := hkdf.Key(sha256.New, key.Seed(), nil, "pontlevis audit cursor", 32)
	if err != nil {
		return nil, fmt.Errorf("deriving the cursors' key: %w", err)
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return nil, fmt.Errorf("preparing the cursors' cipher: %w", err)
	}
	return cipher.NewGCM(block)
}

// Cursor returns the place of an entry that was read, for the page after it. It is sealed and bound to the patient: a
// sequence would tell how many accesses the whole log saw in between.
func (l *Log) Cursor(e Entry) string { return l.seal(e.Patient, timeKey(e.Patient, e.At, e.Sequence)) }

// seal makes a cursor of a time key.
func (l *Log) seal(patient string, key []byte) string {
	nonce := make([]byte, l.cursors.NonceSize(), l.cursors.NonceSize()+placeSize+l.cursors.Overhead())
	_, _ = rand.Read(nonce) // never fails (crypto/rand)
	place := key[len(key)-placeSize:]
	return base64.RawURLEncoding.EncodeToString(l.cursors.Seal(nonce, nonce, place, []byte(patient)))
}

// place opens a cursor and returns its time key; nil for none.
func (l *Log) place(patient, cursor string) ([]byte, error) {
	if cursor == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	n := l.cursors.NonceSize()
	if err != nil || len(b) != n+placeSize+l.cursors.Overhead() {
		return nil, ErrCursor
	}
	place, err := l.cursors.Open(nil, b[:n], b[n:], []byte(patient))
	if err != nil {
		return nil, ErrCursor
	}
	return append(timePrefix(patient), place...), nil
}

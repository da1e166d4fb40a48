package record

import (
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

// ErrCursor says that a cursor is not one of ours, was given for another grant or query, or has expired. The three look
// the same on purpose.
var ErrCursor = errors.New("the page link is not valid (any more)")

const (
	// MaxCursor bounds the text of a cursor, so that a link stays usable in a URL and Open is cheap on garbage.
	MaxCursor = 4096
	// CursorLife is how long a cursor is good for unless the Sealer says otherwise.
	CursorLife = time.Hour

	cursorVersion = 1
	cursorHeader  = 1 + chacha20poly1305.NonceSizeX
)

// A Sealer makes cursors that nobody outside can read, change, or use with another grant or query: XChaCha20-Poly1305
// (draft-irtf-cfrg-xchacha) with a random 192-bit nonce, over the expiry and the JSON of a value. Reading them matters:
// a cursor names the resource where a page ended. It is safe for concurrent use.
type Sealer struct {
	aead cipher.AEAD
	now  func() time.Time
	// Life is how long a cursor is good for; CursorLife when zero or less.
	Life time.Duration
}

// NewSealer makes a Sealer over a secret key of 32 bytes. now is the clock.
func NewSealer(key []byte, now func() time.Time) (*Sealer, error) {
	aead, err := chacha20poly1305.NewX(key)
	if err != nil {
		return nil, fmt.Errorf("making the seal of cursors: %w", err)
	}
	if now == nil {
		now = time.Now
	}
	return &Sealer{aead: aead, now: now}, nil
}

// Seal writes v as URL-safe text bound to the given words (the grant's id, the canonical query …): Open succeeds only
// with the same words in the same order. It fails when v is no JSON or the text would pass MaxCursor.
func (s *Sealer) Seal(v any, bound ...string) (string, error) {
	plain, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("sealing a cursor: %w", err)
	}
	life := s.Life
	if life <= 0 {
		life = CursorLife
	}
	out := make([]byte, cursorHeader, cursorHeader+8+len(plain)+s.aead.Overhead())
	out[0] = cursorVersion
	if _, err := rand.Read(out[1:cursorHeader]); err != nil {
		return "", fmt.Errorf("sealing a cursor: %w", err)
	}
	message := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(plain)), uint64(s.now().Add(life).UnixMilli()))
	message = append(message, plain...)
	out = s.aead.Seal(out, out[1:cursorHeader], message, associated(bound))
	if base64.RawURLEncoding.EncodedLen(len(out)) > MaxCursor {
		return "", fmt.Errorf("sealing a cursor: longer than %d characters", MaxCursor)
	}
	return base64.RawURLEncoding.EncodeToString(out), nil
}

// Open reads into v what Seal wrote with the same bound words. Anything else is ErrCursor.
func (s *Sealer) Open(text string, v any, bound ...string) error {
	if len(text) > MaxCursor {
		return ErrCursor
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(raw) < cursorHeader+8+s.aead.Overhead() || raw[0] != cursorVersion {
		return ErrCursor
	}
	plain, err := s.aead.Open(nil, raw[1:cursorHeader], raw[cursorHeader:], associated(bound))
	if err != nil || len(plain) < 8 {
		return ErrCursor
	}
	if s.now().UnixMilli() >= int64(binary.BigEndian.Uint64(plain)) {
		return ErrCursor
	}
	if err := json.Unmarshal(plain[8:], v); err != nil {
		return ErrCursor
	}
	return nil
}

// associated joins words so that no two lists give the same bytes: each goes behind its length.
func associated(bound []string) []byte {
	out := []byte{cursorVersion}
	for _, w := range bound {
		out = binary.AppendUvarint(out, uint64(len(w)))
		out = append(out, w...)
	}
	return out
}

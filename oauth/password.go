package oauth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"

	"golang.org/x/crypto/argon2"
)

// Parameters of argon2id (RFC 9106; OWASP's first choice): 19 MiB, 2 passes, 1 lane.
const (
	argonMemory = 19 << 10 // KiB
	argonPasses = 2
	argonLanes  = 1
	argonKey    = 32
	argonSalt   = 16

	maxArgonMemory = 256 << 10 // a stored hash may not ask for more
	maxArgonPasses = 16
	maxPassword    = 512
)

// unknownHash is compared when nobody has the login, so that the answer takes as long as for somebody.
var unknownHash = sync.OnceValue(func() string { return HashPassword(randomText(16)) })

// HashPassword returns the argon2id hash of a password in PHC form, with a random salt.
func HashPassword(password string) string {
	salt := make([]byte, argonSalt)
	rand.Read(salt)
	key := argon2.IDKey([]byte(password), salt, argonPasses, argonMemory, argonLanes, argonKey)
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes, b64(salt), b64(key))
}

// passwordMatches checks a password against a hash of HashPassword. Simultaneous checks are bounded: they wait in line,
// or give up when ctx ends.
func (s *Server) passwordMatches(ctx context.Context, hash, password string) (bool, error) {
	salt, want, memory, passes, lanes, err := parseHash(hash)
	if err != nil {
		return false, err
	}
	if len(password) > maxPassword {
		return false, nil
	}
	select {
	case s.argon <- struct{}{}:
		defer func() { <-s.argon }()
	case <-ctx.Done():
		return false, ctx.Err()
	}
	got := argon2.IDKey([]byte(password), salt, passes, memory, lanes, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

func parseHash(hash string) (salt, key []byte, memory, passes uint32, lanes uint8, err error) {
	bad := errors.New("the stored password hash is malformed")
	parts := strings.Split(hash, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return nil, nil, 0, 0, 0, bad
	}
	if n, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &passes, &lanes); err != nil || n != 3 {
		return nil, nil, 0, 0, 0, bad
	}
	if memory > maxArgonMemory || passes == 0 || passes > maxArgonPasses || lanes == 0 || memory < 8*uint32(lanes) {
		return nil, nil, 0, 0, 0, bad
	}
	if salt, err = base64.RawStdEncoding.DecodeString(parts[4]); err != nil {
		return nil, nil, 0, 0, 0, bad
	}
	if key, err = base64.RawStdEncoding.DecodeString(parts[5]); err != nil || len(key) < 16 || len(key) > 64 {
		return nil, nil, 0, 0, 0, bad
	}
	return salt, key, memory, passes, lanes, nil
}

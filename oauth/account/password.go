package account

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

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
	maxPassword    = 512 // bytes
)

// Passwords checks passwords, a bounded number at once: each check takes 19 MiB and tens of milliseconds of CPU.
type Passwords struct {
	slots   chan struct{}
	unknown func() string
}

// NewPasswords returns a checker of at most so many passwords at once.
func NewPasswords(atOnce int) *Passwords {
	return &Passwords{slots: make(chan struct{}, atOnce), unknown: sync.OnceValue(func() string {
		var nobody [32]byte
		rand.Read(nobody[:])
		return HashPassword(string(nobody[:]))
	})}
}

// Unknown is the hash of a password that nobody has: comparing with it takes as long as with somebody's.
func (p *Passwords) Unknown() string { return p.unknown() }

// HashPassword returns the argon2id hash of a password in PHC form, with a random salt.
func HashPassword(password string) string {
	salt := make([]byte, argonSalt)
	rand.Read(salt)
	key := argon2.IDKey([]byte(password), salt, argonPasses, argonMemory, argonLanes, argonKey)
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonPasses, argonLanes, b64(salt), b64(key))
}

// Hash is HashPassword, in the same line as the checks.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
	case <-ctx.Done():
		return "", ctx.Err()
	}
	return HashPassword(password), nil
}

// Matches checks a password against a hash of HashPassword. Simultaneous checks wait in line, or give up when ctx ends;
// the error is ctx's, or says that the hash is malformed.
func (p *Passwords) Matches(ctx context.Context, hash, password string) (bool, error) {
	salt, want, memory, passes, lanes, err := parseHash(hash)
	if err != nil {
		return false, err
	}
	if len(password) > maxPassword {
		return false, nil
	}
	select {
	case p.slots <- struct{}{}:
		defer func() { <-p.slots }()
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

// Reasons for which a password is refused when it is set.
const (
	WeakShort    = "short"    // fewer than nine characters
	WeakLong     = "long"     // more than the server reads
	WeakKinds    = "kinds"    // one of lower case, upper case, digit and other sign is missing, and it is no long phrase
	WeakPersonal = "personal" // it holds the login or the name
)

const (
	leastPassword = 9  // characters, with the four kinds: the rule of Mon espace santé
	phrase        = 20 // characters from which the kinds no longer matter
)

// Weak tells why a password is too weak to be set, "" when it is not. personal are words that it may not hold, whatever
// their case: the login, the parts of the name.
func Weak(password string, personal ...string) string {
	length := utf8.RuneCountInString(password)
	switch {
	case length < leastPassword:
		return WeakShort
	case len(password) > maxPassword:
		return WeakLong
	}
	lowered := strings.ToLower(password)
	for _, word := range personal {
		if word = strings.ToLower(word); utf8.RuneCountInString(word) > 3 && strings.Contains(lowered, word) {
			return WeakPersonal
		}
	}
	var lower, upper, digit, other bool
	for _, r := range password {
		switch {
		case unicode.IsLower(r):
			lower = true
		case unicode.IsUpper(r):
			upper = true
		case unicode.IsDigit(r):
			digit = true
		default:
			other = true
		}
	}
	if length < phrase && !(lower && upper && digit && other) {
		return WeakKinds
	}
	return ""
}

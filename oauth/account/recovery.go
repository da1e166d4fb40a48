package account

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"strings"
)

// Codes on paper use Crockford's alphabet, which has no I, L, O or U to mistake; what is mistaken all the same is read
// as it was meant.
const paperAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

const (
	recoveryCodes  = 10
	recoveryGroups = 4 // of four characters, 80 bits
)

// newPaperCode returns groups of four random characters, 20 bits each: "7K3M-…".
func newPaperCode(groups int) string {
	b := make([]byte, 4*groups)
	rand.Read(b)
	var out strings.Builder
	for i, v := range b {
		if i > 0 && i%4 == 0 {
			out.WriteByte('-')
		}
		out.WriteByte(paperAlphabet[v%32])
	}
	return out.String()
}

var misread = strings.NewReplacer("-", "", " ", "", "\u00a0", "", "\t", "", "O", "0", "I", "1", "L", "1")

// readPaperCode is the code that somebody meant to type.
func readPaperCode(typed string) string {
	if len(typed) > 100 {
		return ""
	}
	return misread.Replace(strings.ToUpper(typed))
}

// paperHash is the keyed hash under which a code on paper is kept. With 60 bits or more behind it, and the key apart from
// the store, a fast one is enough.
func paperHash(key []byte, person, code string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(person))
	h.Write([]byte{0})
	h.Write([]byte(readPaperCode(code)))
	return h.Sum(nil)
}

// NewRecovery gives the account fresh recovery codes in place of those it had, and returns them to be shown once. key
// keys their hashes, person names the account.
func (a *Account) NewRecovery(key []byte, person string) []string {
	codes := make([]string, recoveryCodes)
	a.Recovery = make([][]byte, recoveryCodes)
	for i := range codes {
		codes[i] = newPaperCode(recoveryGroups)
		a.Recovery[i] = paperHash(key, person, codes[i])
	}
	return codes
}

// UseRecovery checks a recovery code and takes it: it is good once. All that are left are compared.
func (a *Account) UseRecovery(key []byte, person, code string) bool {
	hash, found := paperHash(key, person, code), -1
	for i, left := range a.Recovery {
		if subtle.ConstantTimeCompare(left, hash) == 1 {
			found = i
		}
	}
	if found < 0 {
		return false
	}
	rest := make([][]byte, 0, len(a.Recovery)-1)
	a.Recovery = append(append(rest, a.Recovery[:found]...), a.Recovery[found+1:]...)
	return true
}

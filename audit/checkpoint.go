package audit

import (
	"crypto/ed25519"

	"github.com/pontlevis/pontlevis/merkle"
	"golang.org/x/mod/sumdb/note"
)

// VerifierKey returns the public key that checks a log's checkpoints, in the text form of C2SP signed-note
// ("origin+hash+key"). The origin names the log; it holds neither spaces nor "+".
func VerifierKey(origin string, key ed25519.PrivateKey) (string, error) {
	return merkle.VerifierKey(origin, key)
}

func (s state) head() merkle.Head { return merkle.Head{Size: s.size, Root: s.root} }

// formatCheckpoint returns the body of a checkpoint.
func formatCheckpoint(origin string, s state) string { return s.head().Text(origin) }

func (l *Log) sign(s state) ([]byte, error) { return l.signer.Checkpoint(s.head()) }

// openCheckpoint checks the signature of a checkpoint by one of the keys and returns what it says.
func openCheckpoint(signed []byte, known note.Verifiers) (state, error) {
	h, err := merkle.Open(signed, known)
	return state{h.Size, h.Root}, err
}

func parseCheckpoint(text string) (origin string, s state, err error) {
	origin, h, err := merkle.Parse(text)
	return origin, state{h.Size, h.Root}, err
}

// verifiers reads keys in the text form of VerifierKey.
func verifiers(keys ...string) (note.Verifiers, error) { return merkle.Verifiers(keys...) }

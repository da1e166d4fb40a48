package audit

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// signer signs notes with an Ed25519 key (C2SP signed-note, signature type 0x01).
type signer struct {
	verifier note.Verifier
	key      ed25519.PrivateKey
}

func newSigner(origin string, key ed25519.PrivateKey) (*signer, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, errors.New("the signing key is not an Ed25519 private key")
	}
	vkey, err := VerifierKey(origin, key)
	if err != nil {
		return nil, err
	}
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, fmt.Errorf("the log's origin %q cannot name a key: %w", origin, err)
	}
	return &signer{verifier: v, key: key}, nil
}

func (s *signer) Name() string                    { return s.verifier.Name() }
func (s *signer) KeyHash() uint32                 { return s.verifier.KeyHash() }
func (s *signer) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }

// VerifierKey returns the public key that checks a log's checkpoints, in the text form of C2SP signed-note
// ("origin+hash+key"). The origin names the log; it holds neither spaces nor "+".
func VerifierKey(origin string, key ed25519.PrivateKey) (string, error) {
	pub, ok := key.Public().(ed25519.PublicKey)
	if !ok || origin == "" {
		return "", errors.New("a log needs an origin and an Ed25519 key")
	}
	vkey, err := note.NewEd25519VerifierKey(origin, pub)
	if err != nil {
		return "", fmt.Errorf("encoding the verifier key: %w", err)
	}
	return vkey, nil
}

// formatCheckpoint returns the body of a checkpoint: origin, size and root, a line each (C2SP tlog-checkpoint).
func formatCheckpoint(origin string, s state) string {
	return origin + "\n" + strconv.FormatInt(s.size, 10) + "\n" + base64.StdEncoding.EncodeToString(s.root[:]) + "\n"
}

func (l *Log) sign(s state) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: formatCheckpoint(l.origin, s)}, l.signer)
	if err != nil {
		return nil, fmt.Errorf("signing the checkpoint of %d entries: %w", s.size, err)
	}
	return signed, nil
}

// maxCheckpoint bounds a checkpoint given from outside.
const maxCheckpoint = 64 << 10

// openCheckpoint checks the signature of a checkpoint by one of the keys and returns what it says. The first line must
// be the name of the key: a key may sign other logs' checkpoints under their names, but those are not this one's.
func openCheckpoint(signed []byte, known note.Verifiers) (state, error) {
	if len(signed) > maxCheckpoint {
		return state{}, errors.New("the checkpoint is too long")
	}
	n, err := note.Open(signed, known)
	if err != nil {
		return state{}, fmt.Errorf("checking the checkpoint's signature: %w", err)
	}
	origin, s, err := parseCheckpoint(n.Text)
	if err != nil {
		return state{}, err
	}
	for _, sig := range n.Sigs {
		if sig.Name == origin {
			return s, nil
		}
	}
	return state{}, fmt.Errorf("the checkpoint is of another log, %q", origin)
}

func parseCheckpoint(text string) (origin string, s state, err error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 || lines[0] == "" {
		return "", state{}, errors.New("the checkpoint has fewer than three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return "", state{}, errors.New("the checkpoint's size is not a number")
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return "", state{}, errors.New("the checkpoint's root is not a hash")
	}
	return lines[0], state{size, tlog.Hash(root)}, nil
}

// verifiers reads keys in the text form of VerifierKey.
func verifiers(keys ...string) (note.Verifiers, error) {
	var list []note.Verifier
	for _, k := range keys {
		v, err := note.NewVerifier(strings.TrimSpace(k))
		if err != nil {
			return nil, fmt.Errorf("reading the verifier key: %w", err)
		}
		list = append(list, v)
	}
	return note.VerifierList(list...), nil
}

var _ note.Signer = (*signer)(nil)

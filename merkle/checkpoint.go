package merkle

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

// Head is how many entries a log has, and the hash of the tree over them.
type Head struct {
	Size int64
	Root tlog.Hash
}

// Text is the body of a checkpoint: origin, size and root, a line each (C2SP tlog-checkpoint).
func (h Head) Text(origin string) string {
	return origin + "\n" + strconv.FormatInt(h.Size, 10) + "\n" + base64.StdEncoding.EncodeToString(h.Root[:]) + "\n"
}

// Signer signs the checkpoints of one log with an Ed25519 key (C2SP signed-note, signature type 0x01).
type Signer struct {
	verifier note.Verifier
	key      ed25519.PrivateKey
}

// NewSigner makes the signer of the log of that origin.
func NewSigner(origin string, key ed25519.PrivateKey) (*Signer, error) {
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
	return &Signer{verifier: v, key: key}, nil
}

// Name implements note.Signer.
func (s *Signer) Name() string { return s.verifier.Name() }

// KeyHash implements note.Signer.
func (s *Signer) KeyHash() uint32 { return s.verifier.KeyHash() }

// Sign implements note.Signer.
func (s *Signer) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.key, msg), nil }

// Checkpoint signs a head under the signer's name.
func (s *Signer) Checkpoint(h Head) ([]byte, error) {
	signed, err := note.Sign(&note.Note{Text: h.Text(s.Name())}, s)
	if err != nil {
		return nil, fmt.Errorf("signing the checkpoint of %d entries: %w", h.Size, err)
	}
	return signed, nil
}

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

// Verifiers reads keys in the text form of VerifierKey.
func Verifiers(keys ...string) (note.Verifiers, error) {
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

// MaxCheckpoint bounds a checkpoint given from outside, in bytes.
const MaxCheckpoint = 64 << 10

// Open checks the signature of a checkpoint by one of the keys and returns what it says. The first line must be the name
// of the key: a key may sign other logs' checkpoints under their names, but those are not this one's.
func Open(signed []byte, known note.Verifiers) (Head, error) {
	if len(signed) > MaxCheckpoint {
		return Head{}, errors.New("the checkpoint is too long")
	}
	n, err := note.Open(signed, known)
	if err != nil {
		return Head{}, fmt.Errorf("checking the checkpoint's signature: %w", err)
	}
	origin, h, err := Parse(n.Text)
	if err != nil {
		return Head{}, err
	}
	for _, sig := range n.Sigs {
		if sig.Name == origin {
			return h, nil
		}
	}
	return Head{}, fmt.Errorf("the checkpoint is of another log, %q", origin)
}

// Parse reads the body of a checkpoint; whoever signed it is not its matter.
func Parse(text string) (origin string, h Head, err error) {
	lines := strings.SplitN(text, "\n", 4)
	if len(lines) < 4 || lines[0] == "" {
		return "", Head{}, errors.New("the checkpoint has fewer than three lines")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] {
		return "", Head{}, errors.New("the checkpoint's size is not a number")
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return "", Head{}, errors.New("the checkpoint's root is not a hash")
	}
	return lines[0], Head{size, tlog.Hash(root)}, nil
}

var _ note.Signer = (*Signer)(nil)

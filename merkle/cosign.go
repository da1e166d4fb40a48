package merkle

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// cosignature is the signature type of C2SP tlog-cosignature.
const cosignature = 0x04

// cosigned is what a cosignature signs: when, and the body of the checkpoint.
func cosigned(at uint64, text []byte) []byte {
	return append([]byte("cosignature/v1\ntime "+strconv.FormatUint(at, 10)+"\n"), text...)
}

// Cosigner signs checkpoints with the time (C2SP tlog-cosignature, Ed25519): a witness does, and a log that says so how
// fresh its checkpoint is.
type Cosigner struct {
	name string
	key  ed25519.PrivateKey
	Now  func() time.Time
}

// NewCosigner makes a cosigner of that name.
func NewCosigner(name string, key ed25519.PrivateKey, now func() time.Time) (*Cosigner, error) {
	if len(key) != ed25519.PrivateKeySize || name == "" || strings.ContainsAny(name, " +\t\n") {
		return nil, errors.New("a cosigner needs a name without spaces or \"+\", and an Ed25519 key")
	}
	return &Cosigner{name, key, now}, nil
}

// Name implements note.Signer.
func (c *Cosigner) Name() string { return c.name }

// KeyHash implements note.Signer.
func (c *Cosigner) KeyHash() uint32 {
	return cosignerHash(c.name, c.key.Public().(ed25519.PublicKey))
}

// Sign implements note.Signer: the time in seconds since 1970, 8 bytes, big endian, then the signature.
func (c *Cosigner) Sign(text []byte) ([]byte, error) {
	at := uint64(c.Now().Unix())
	return append(binary.BigEndian.AppendUint64(nil, at), ed25519.Sign(c.key, cosigned(at, text))...), nil
}

// VerifierKey is the public key that checks the cosigner's signatures, in text: name, hash and key.
func (c *Cosigner) VerifierKey() string {
	return CosignerKey(c.name, c.key.Public().(ed25519.PublicKey))
}

// CosignerKey writes the public key of a cosigner in the text form of C2SP signed-note.
func CosignerKey(name string, key ed25519.PublicKey) string {
	return fmt.Sprintf("%s+%08x+%s", name, cosignerHash(name, key), base64.StdEncoding.EncodeToString(append([]byte{cosignature}, key...)))
}

func cosignerHash(name string, key ed25519.PublicKey) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"+string(rune(cosignature))), key...))
	return binary.BigEndian.Uint32(sum[:])
}

// CosignatureVerifier checks cosignatures of one key.
type CosignatureVerifier struct {
	name string
	key  ed25519.PublicKey
}

// NewCosignatureVerifier reads what CosignerKey writes.
func NewCosignatureVerifier(vkey string) (*CosignatureVerifier, error) {
	name, rest, ok := strings.Cut(strings.TrimSpace(vkey), "+")
	hash, encoded, cut := strings.Cut(rest, "+")
	key, err := base64.StdEncoding.DecodeString(encoded)
	if !ok || !cut || err != nil || name == "" || len(key) != 1+ed25519.PublicKeySize || key[0] != cosignature {
		return nil, fmt.Errorf("%.60q is no key of a cosigner", vkey)
	}
	if fmt.Sprintf("%08x", cosignerHash(name, key[1:])) != hash {
		return nil, fmt.Errorf("the key of the cosigner %.60q does not fit its hash", name)
	}
	return &CosignatureVerifier{name, key[1:]}, nil
}

// TimeOf is the verifier of the cosignatures by which a log dates its own checkpoints, from the key that checks them.
func TimeOf(vkey string) (*CosignatureVerifier, error) {
	name, rest, _ := strings.Cut(strings.TrimSpace(vkey), "+")
	_, encoded, _ := strings.Cut(rest, "+")
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) != 1+ed25519.PublicKeySize {
		return nil, fmt.Errorf("%.60q is no verifier key of a log", vkey)
	}
	return &CosignatureVerifier{name, key[1:]}, nil
}

// Name implements note.Verifier.
func (v *CosignatureVerifier) Name() string { return v.name }

// KeyHash implements note.Verifier.
func (v *CosignatureVerifier) KeyHash() uint32 { return cosignerHash(v.name, v.key) }

// Verify implements note.Verifier.
func (v *CosignatureVerifier) Verify(text, sig []byte) bool {
	return len(sig) == 8+ed25519.SignatureSize && ed25519.Verify(v.key, cosigned(binary.BigEndian.Uint64(sig), text), sig[8:])
}

// Cosigned checks a checkpoint for cosignatures of these verifiers, and gives the time of each that is there, by name.
func Cosigned(signed []byte, by ...*CosignatureVerifier) (map[string]time.Time, error) {
	list := make([]note.Verifier, len(by))
	for i, v := range by {
		list[i] = v
	}
	n, err := note.Open(signed, note.VerifierList(list...))
	var none *note.UnverifiedNoteError
	if errors.As(err, &none) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("checking the cosignatures of a checkpoint: %w", err)
	}
	out := make(map[string]time.Time, len(n.Sigs))
	for _, sig := range n.Sigs {
		raw, err := base64.StdEncoding.DecodeString(sig.Base64)
		if err != nil || len(raw) < 4+8 {
			return nil, errors.New("a cosignature is cut short")
		}
		at := binary.BigEndian.Uint64(raw[4:])
		if at > 1<<40 {
			return nil, errors.New("a cosignature is dated beyond any calendar")
		}
		out[sig.Name] = time.Unix(int64(at), 0)
	}
	return out, nil
}

var (
	_ note.Signer   = (*Cosigner)(nil)
	_ note.Verifier = (*CosignatureVerifier)(nil)
)

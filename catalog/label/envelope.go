package label

import (
	"context"
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// Bounds of an envelope that is read.
const (
	maxEnvelope   = 40 << 10
	maxSignatures = 16
)

// verifier checks signatures of one Ed25519 key.
type verifier struct{ key ed25519.PublicKey }

func (v *verifier) Verify(_ context.Context, message, sig []byte) error {
	if !ed25519.Verify(v.key, message, sig) {
		return ErrSignature
	}
	return nil
}
func (v *verifier) KeyID() (string, error)   { return KeyID(v.key), nil }
func (v *verifier) Public() crypto.PublicKey { return v.key }

// signer signs with one Ed25519 key.
type signer struct{ key ed25519.PrivateKey }

func (s signer) Sign(_ context.Context, message []byte) ([]byte, error) {
	return ed25519.Sign(s.key, message), nil
}
func (s signer) KeyID() (string, error) { return KeyID(s.key.Public().(ed25519.PublicKey)), nil }

// parseEnvelope reads an envelope strictly: the library takes two alphabets of base64, and would read twins as one.
func parseEnvelope(raw []byte) (*dsse.Envelope, []byte, error) {
	if len(raw) > maxEnvelope {
		return nil, nil, fmt.Errorf("%w: it is longer than %d bytes", ErrEnvelope, maxEnvelope)
	}
	var e dsse.Envelope
	if err := decode(raw, &e); err != nil {
		return nil, nil, err
	}
	body, err := base64.StdEncoding.Strict().DecodeString(e.Payload)
	if err != nil || len(body) == 0 {
		return nil, nil, fmt.Errorf("%w: its payload is not base64", ErrEnvelope)
	}
	if len(e.Signatures) > maxSignatures {
		return nil, nil, fmt.Errorf("%w: it has more than %d signatures", ErrEnvelope, maxSignatures)
	}
	for _, s := range e.Signatures {
		sig, err := base64.StdEncoding.Strict().DecodeString(s.Sig)
		if err != nil || len(sig) != ed25519.SignatureSize || s.KeyID == "" {
			return nil, nil, fmt.Errorf("%w: a signature is not Ed25519, or names no key", ErrEnvelope)
		}
	}
	return &e, body, nil
}

// open checks that `threshold` different keys signed the envelope, and returns what it holds. A signature that names a
// known key and does not fit is ErrSignature, whatever the others say.
func open(raw []byte, kind string, keys []*verifier, threshold int) (body []byte, signed int, err error) {
	e, body, err := parseEnvelope(raw)
	if err != nil {
		return nil, 0, err
	}
	if e.PayloadType != kind {
		return nil, 0, fmt.Errorf("%w: %.60q instead of %q", ErrPayloadType, e.PayloadType, kind)
	}
	if threshold < 1 || threshold > len(keys) {
		return nil, 0, fmt.Errorf("%w: %d of the %d keys that are valid", ErrThreshold, threshold, len(keys))
	}
	if err := fits(e, body, keys); err != nil {
		return nil, 0, err
	}
	checks := make([]dsse.Verifier, len(keys))
	for i, k := range keys {
		checks[i] = k
	}
	threshold = min(threshold, len(checks))
	check, err := dsse.NewMultiEnvelopeVerifier(threshold, checks...)
	if err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrThreshold, err)
	}
	accepted, err := check.Verify(context.Background(), e)
	if err != nil {
		return nil, len(accepted), fmt.Errorf("%w: %d of %d", ErrThreshold, len(accepted), threshold)
	}
	return body, len(accepted), nil
}

// fits refuses a signature that names one of the keys and is not by it.
func fits(e *dsse.Envelope, body []byte, keys []*verifier) error {
	message := dsse.PAE(e.PayloadType, body)
	for _, s := range e.Signatures {
		for _, k := range keys {
			if KeyID(k.key) != s.KeyID {
				continue
			}
			sig, err := base64.StdEncoding.DecodeString(s.Sig)
			if err != nil || !ed25519.Verify(k.key, message, sig) {
				return fmt.Errorf("%w (key %s)", ErrSignature, s.KeyID)
			}
		}
	}
	return nil
}

// draft is an envelope that nobody signed yet.
func draft(kind string, payload any) ([]byte, error) {
	body, err := json.Marshal(payload)
	if err != nil {
		return nil, fmt.Errorf("writing an envelope: %w", err)
	}
	return encodeEnvelope(&dsse.Envelope{PayloadType: kind, Payload: base64.StdEncoding.EncodeToString(body), Signatures: []dsse.Signature{}})
}

func encodeEnvelope(e *dsse.Envelope) ([]byte, error) {
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("writing an envelope: %w", err)
	}
	if len(b) > maxEnvelope {
		return nil, fmt.Errorf("%w: it is longer than %d bytes", ErrEnvelope, maxEnvelope)
	}
	return b, nil
}

// Sign adds a signature by each of the keys to an envelope that Draft, DraftPublication or Order.Draft made. A key that
// has signed it signs no second time.
func Sign(envelope []byte, keys ...ed25519.PrivateKey) ([]byte, error) {
	e, body, err := parseEnvelope(envelope)
	if err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	for _, k := range keys {
		if len(k) != ed25519.PrivateKeySize {
			return nil, errors.New("signing: this is no Ed25519 private key")
		}
		s, err := dsse.NewEnvelopeSigner(signer{k})
		if err != nil {
			return nil, fmt.Errorf("signing: %w", err)
		}
		made, err := s.SignPayload(context.Background(), e.PayloadType, body)
		if err != nil {
			return nil, fmt.Errorf("signing: %w", err)
		}
		if !signedBy(e, made.Signatures[0].KeyID) {
			e.Signatures = append(e.Signatures, made.Signatures...)
		}
	}
	return encodeEnvelope(e)
}

func signedBy(e *dsse.Envelope, id string) bool {
	for _, s := range e.Signatures {
		if s.KeyID == id {
			return true
		}
	}
	return false
}

var (
	_ dsse.Verifier = (*verifier)(nil)
	_ dsse.Signer   = signer{}
)

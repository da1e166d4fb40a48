package label

import (
	"bytes"
	"fmt"
	"time"
)

// Merge adds to an envelope the signatures that another copy of it holds by keys of the authority: each signer signs a copy of
// their own, wherever they are. The copies must hold the same bytes; signatures by other keys are left out, and one that
// names a key of the authority and is not by it is ErrSignature. It returns who of the authority has signed by then.
func Merge(envelope, signed []byte, t Trust, now time.Time) (merged []byte, by []Key, err error) {
	keys, err := t.at(now)
	if err != nil {
		return nil, nil, err
	}
	e, body, err := parseEnvelope(envelope)
	if err != nil {
		return nil, nil, err
	}
	more, same, err := parseEnvelope(signed)
	switch {
	case err != nil:
		return nil, nil, err
	case more.PayloadType != e.PayloadType || !bytes.Equal(body, same):
		return nil, nil, fmt.Errorf("%w: it is about something else", ErrPayloadType)
	}
	e.Signatures = append(e.Signatures, more.Signatures...)
	if err := fits(e, body, keys); err != nil {
		return nil, nil, err
	}
	all := e.Signatures
	e.Signatures = nil
	for _, k := range t.Keys {
		if !k.valid(now) { // its signature was not looked at, and counts for nothing
			continue
		}
		public, err := ParsePublic(k.Public)
		if err != nil {
			return nil, nil, err
		}
		for _, s := range all {
			if s.KeyID == KeyID(public) && !signedBy(e, s.KeyID) {
				e.Signatures, by = append(e.Signatures, s), append(by, k)
			}
		}
	}
	merged, err = encodeEnvelope(e)
	return merged, by, err
}

// CheckPublication checks what a publisher signed: by that key (as PublicText writes it), about that version of that app, and
// over these bytes of its manifest. Which binaries it names the label says too, and Verify compares them.
func CheckPublication(envelope []byte, key, app, version string, manifest []byte) error {
	public, err := ParsePublic(key)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPublisher, err)
	}
	body, _, err := open(envelope, payloadType, []*verifier{{public}}, 1)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPublisher, err)
	}
	s, err := readStatement[publication](body, publicationType)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrPublisher, err)
	case s.Predicate != (publication{app, version}):
		return fmt.Errorf("%w: it is about %.40s %.40s", ErrPublisher, s.Predicate.App, s.Predicate.Version)
	}
	for _, one := range s.Subject {
		if one.Name == ManifestSubject && one.Digest.SHA256 == DigestOf(manifest) {
			return nil
		}
	}
	return fmt.Errorf("%w: it is about other bytes", ErrPublisher)
}

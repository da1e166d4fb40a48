package label

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// Bundle is a label with what the publisher signed: neither says anything alone.
type Bundle struct {
	Label       json.RawMessage `json:"label"`       // DSSE envelope of the authority
	Publication json.RawMessage `json:"publication"` // DSSE envelope of the publisher
}

// Label is a label whose signatures were checked.
type Label struct {
	Predicate
	Manifest string            // SHA-256 of the manifest's bytes, lower hexadecimal
	Binaries map[string]string // SHA-256 of each binary, by platform (linux/amd64)
}

// DigestOf is the digest of a manifest's bytes, or a binary's, as subjects write it.
func DigestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// subjects lists the manifest, then the binaries by platform.
func subjects(manifest []byte, binaries map[string]string) []Subject {
	list := []Subject{{ManifestSubject, Digest{DigestOf(manifest)}}}
	for _, name := range slices.Sorted(maps.Keys(binaries)) {
		list = append(list, Subject{name, Digest{binaries[name]}})
	}
	return list
}

// Draft makes the label of a manifest, and of binaries by platform and digest, for the authority to Sign.
func Draft(p Predicate, manifest []byte, binaries map[string]string) ([]byte, error) {
	p.NotBefore, p.NotAfter = p.NotBefore.UTC().Truncate(time.Second), p.NotAfter.UTC().Truncate(time.Second)
	list := subjects(manifest, binaries)
	if err := errors.Join(p.check(), checkSubjects(list)); err != nil {
		return nil, fmt.Errorf("writing a label: %w", err)
	}
	return draft(payloadType, statement[Predicate]{statementType, list, labelType, p})
}

// DraftPublication makes what the publisher signs: that these bytes are this version of its app.
func DraftPublication(app, version string, manifest []byte, binaries map[string]string) ([]byte, error) {
	list := subjects(manifest, binaries)
	if err := checkSubjects(list); err != nil {
		return nil, fmt.Errorf("writing a publication: %w", err)
	}
	if !appID.MatchString(app) || !oneWord.MatchString(version) {
		return nil, fmt.Errorf("writing a publication: %w: %q, version %q", ErrIncomplete, app, version)
	}
	return draft(payloadType, statement[publication]{statementType, list, publicationType, publication{app, version}})
}

// Verify checks a label against the bytes of a manifest and an authority: enough of its keys signed it, the publisher
// signed the same subjects, it is about this manifest, and it is in force at that instant. Keys count as of then; for a
// label of the log, those of the moment it was logged count (Log does so).
func Verify(b Bundle, manifest []byte, t Trust, now time.Time) (*Label, error) {
	l, err := b.verify(t, now)
	if err != nil {
		return nil, err
	}
	if DigestOf(manifest) != l.Manifest {
		return nil, ErrManifest
	}
	return l.inForce(now)
}

// verify checks all but the manifest's bytes and the dates of the label.
func (b Bundle) verify(t Trust, signed time.Time) (*Label, error) {
	if err := t.Check(); err != nil {
		return nil, err
	}
	keys, err := t.at(signed)
	if err != nil {
		return nil, err
	}
	body, _, err := open(b.Label, payloadType, keys, t.Threshold)
	if err != nil {
		return nil, fmt.Errorf("the label: %w", err)
	}
	s, err := readStatement[Predicate](body, labelType)
	if err != nil {
		return nil, fmt.Errorf("the label: %w", err)
	}
	if err := s.Predicate.check(); err != nil {
		return nil, fmt.Errorf("the label: %w", err)
	}
	if s.Predicate.Authority != t.Authority {
		return nil, fmt.Errorf("%w: %.60q", ErrAuthority, s.Predicate.Authority)
	}
	if err := b.published(s); err != nil {
		return nil, err
	}
	return labelOf(s), nil
}

// published checks the publisher's envelope: by the key that the label names, over the same subjects.
func (b Bundle) published(s *statement[Predicate]) error {
	key, err := ParsePublic(s.Predicate.Publisher.Key)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPublisher, err)
	}
	if len(b.Publication) == 0 {
		return fmt.Errorf("%w: there is no envelope of the publisher", ErrPublisher)
	}
	body, _, err := open(b.Publication, payloadType, []*verifier{{key}}, 1)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPublisher, err)
	}
	own, err := readStatement[publication](body, publicationType)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPublisher, err)
	}
	if own.Predicate != (publication{s.Predicate.App, s.Predicate.Version}) || !sameSubjects(own.Subject, s.Subject) {
		return fmt.Errorf("%w: it signed another version, or other binaries", ErrPublisher)
	}
	return nil
}

// publishedBy reports whether a key signed the publisher's envelope: the former key vouches so for the next.
func (b Bundle) publishedBy(key ed25519.PublicKey) bool {
	_, _, err := open(b.Publication, payloadType, []*verifier{{key}}, 1)
	return err == nil
}

func readStatement[P any](body []byte, kind string) (*statement[P], error) {
	s := new(statement[P])
	if err := decode(body, s); err != nil {
		return nil, err
	}
	if s.Type != statementType || s.PredicateType != kind {
		return nil, fmt.Errorf("%w: statement %.60q about %.60q", ErrPayloadType, s.Type, s.PredicateType)
	}
	return s, checkSubjects(s.Subject)
}

func (s *statement[P]) digests() map[string]string {
	all := make(map[string]string, len(s.Subject))
	for _, one := range s.Subject {
		all[one.Name] = one.Digest.SHA256
	}
	return all
}

func sameSubjects(a, b []Subject) bool {
	return maps.Equal((&statement[publication]{Subject: a}).digests(), (&statement[publication]{Subject: b}).digests())
}

func labelOf(s *statement[Predicate]) *Label {
	all := s.digests()
	l := &Label{Predicate: s.Predicate, Manifest: all[ManifestSubject], Binaries: all}
	delete(all, ManifestSubject)
	return l
}

// during tells whether the label is in force at an instant.
func (l *Label) during(now time.Time) error {
	switch {
	case now.Before(l.NotBefore):
		return fmt.Errorf("%w: it begins on %s", ErrNotYet, l.NotBefore.Format(time.RFC3339))
	case !now.Before(l.NotAfter):
		return fmt.Errorf("%w: it ended on %s", ErrExpired, l.NotAfter.Format(time.RFC3339))
	}
	return nil
}

// inForce is the label, or why it does not hold at an instant.
func (l *Label) inForce(now time.Time) (*Label, error) {
	if err := l.during(now); err != nil {
		return nil, err
	}
	return l, nil
}

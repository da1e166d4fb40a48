package label

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Types of the statements that are signed (in-toto Attestation Framework, Statement v1).
const (
	statementType   = "https://in-toto.io/Statement/v1"
	labelType       = "https://github.com/pontlevis/pontlevis/label/v1"
	publicationType = "https://github.com/pontlevis/pontlevis/publication/v1"
	payloadType     = "application/vnd.in-toto+json"
)

// Levels of a label.
const (
	Listed     = "listed"     // shown in the catalogue; exchanges no data
	Exchanging = "exchanging" // reads or writes what the label covers
)

// ManifestSubject is the name of the subject that is the manifest; every other subject is a platform, such as linux/amd64.
const ManifestSubject = "manifest"

// Text is one text in both languages of the service.
type Text struct {
	FR string `json:"fr"`
	EN string `json:"en"`
}

// Predicate is what the authority says of one version of an app.
type Predicate struct {
	ID        string    `json:"id"`        // of this label, unique in the log
	Authority string    `json:"authority"` // as Trust.Authority names it
	App       string    `json:"app"`       // OAuth client id
	Version   string    `json:"version"`   // of the manifest
	Publisher Publisher `json:"publisher"`
	Level     string    `json:"level"` // listed, exchanging

	Purposes   []string `json:"purposes,omitempty"`   // HL7 v3-PurposeOfUse codes
	Categories []string `json:"categories,omitempty"` // data categories
	Directions []string `json:"directions,omitempty"` // read, write
	Isolation  string   `json:"isolation,omitempty"`  // the least level of the cage of a plugin, S1 to S4 (the strictest)

	Reservations []Text    `json:"reservations,omitempty"` // what the authority asks to be mended, shown to people
	NotBefore    time.Time `json:"notBefore"`              // UTC, whole seconds
	NotAfter     time.Time `json:"notAfter"`               // UTC, whole seconds; the label ends at that moment
	Review       string    `json:"review,omitempty"`       // reference of the evaluation
	Sequence     int64     `json:"sequence"`               // of the app's labels, from 1: an older one never follows a newer
	Replaces     string    `json:"replaces,omitempty"`     // id of the label whose place it takes
}

// Publisher is who answers for the app, and the key by which it signs what it publishes.
type Publisher struct {
	ID  string `json:"id"`  // SIREN, or another legal identifier
	Key string `json:"key"` // as PublicText writes it
}

// Subject is one thing that a statement is about.
type Subject struct {
	Name   string `json:"name"`
	Digest Digest `json:"digest"`
}

// Digest holds the SHA-256 of a subject in lower hexadecimal.
type Digest struct {
	SHA256 string `json:"sha256"`
}

type statement[P any] struct {
	Type          string    `json:"_type"`
	Subject       []Subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     P         `json:"predicate"`
}

// publication is what the publisher says: these bytes are that version of its app.
type publication struct {
	App     string `json:"app"`
	Version string `json:"version"`
}

var (
	appID      = regexp.MustCompile(`^[a-z][a-z0-9-]{2,39}$`)
	labelID    = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{7,63}$`)
	platform   = regexp.MustCompile(`^[a-z0-9]{2,16}/[a-z0-9]{2,16}$`)
	hexSHA256  = regexp.MustCompile(`^[0-9a-f]{64}$`)
	oneWord    = regexp.MustCompile(`^[!-~]{1,64}$`)
	isolations = []string{"", "S1", "S2", "S3", "S4"}
)

// Bounds of what a label may hold.
const (
	maxSubjects = 16
	maxWords    = 64
	maxText     = 2000 // bytes
	longest     = 5 * 366 * 24 * time.Hour
)

// check refuses a predicate that is not whole or makes no sense.
func (p *Predicate) check() error {
	switch {
	case !labelID.MatchString(p.ID):
		return fmt.Errorf("%w: id %q must be 8 to 64 letters, digits, dots or hyphens", ErrIncomplete, p.ID)
	case !appID.MatchString(p.App):
		return fmt.Errorf("%w: %q is no id of an app", ErrIncomplete, p.App)
	case p.Authority == "" || len(p.Authority) > maxText:
		return fmt.Errorf("%w: it names no authority", ErrIncomplete)
	case !oneWord.MatchString(p.Version):
		return fmt.Errorf("%w: version %q", ErrIncomplete, p.Version)
	case !oneWord.MatchString(p.Publisher.ID):
		return fmt.Errorf("%w: the publisher has no identifier", ErrIncomplete)
	case p.Level != Listed && p.Level != Exchanging:
		return fmt.Errorf("%w: level %q is neither listed nor exchanging", ErrIncomplete, p.Level)
	case !slices.Contains(isolations, p.Isolation):
		return fmt.Errorf("%w: isolation %q is not S1 to S4", ErrIncomplete, p.Isolation)
	case p.Sequence < 1:
		return fmt.Errorf("%w: the sequence of labels begins at 1", ErrIncomplete)
	case p.Replaces != "" && !labelID.MatchString(p.Replaces):
		return fmt.Errorf("%w: %q is no id of a label", ErrIncomplete, p.Replaces)
	case len(p.Review) > maxText:
		return fmt.Errorf("%w: the review's reference is too long", ErrIncomplete)
	}
	if _, err := ParsePublic(p.Publisher.Key); err != nil {
		return fmt.Errorf("%w: the publisher's key: %w", ErrIncomplete, err)
	}
	if err := p.checkRights(); err != nil {
		return err
	}
	return p.checkDates()
}

func (p *Predicate) checkRights() error {
	for _, words := range [][]string{p.Purposes, p.Categories, p.Directions} {
		if len(words) > maxWords {
			return fmt.Errorf("%w: more than %d words in a list", ErrIncomplete, maxWords)
		}
		for i, w := range words {
			if !oneWord.MatchString(w) || slices.Contains(words[:i], w) {
				return fmt.Errorf("%w: %q is no word, or is there twice", ErrIncomplete, w)
			}
		}
	}
	for _, d := range p.Directions {
		if d != "read" && d != "write" {
			return fmt.Errorf("%w: direction %q is neither read nor write", ErrIncomplete, d)
		}
	}
	if len(p.Reservations) > maxWords {
		return fmt.Errorf("%w: more than %d reservations", ErrIncomplete, maxWords)
	}
	for _, r := range p.Reservations {
		if r.FR == "" || r.EN == "" || len(r.FR) > maxText || len(r.EN) > maxText {
			return fmt.Errorf("%w: a reservation needs words in French and English, of at most %d bytes", ErrIncomplete, maxText)
		}
	}
	return nil
}

func (p *Predicate) checkDates() error {
	for _, t := range []time.Time{p.NotBefore, p.NotAfter} {
		if !plainTime(t) {
			return fmt.Errorf("%w: dates are UTC, in whole seconds", ErrIncomplete)
		}
	}
	if !p.NotBefore.Before(p.NotAfter) || p.NotAfter.Sub(p.NotBefore) > longest {
		return fmt.Errorf("%w: a label holds from a date to a later one, five years at most", ErrIncomplete)
	}
	return nil
}

// plainTime reports whether a time has one spelling alone.
func plainTime(t time.Time) bool {
	return !t.IsZero() && t.Location() == time.UTC && t.Nanosecond() == 0 && t.Year() < 10000
}

// checkSubjects refuses a list without exactly one manifest, with two of one platform, or with digests of another form.
func checkSubjects(list []Subject) error {
	if len(list) == 0 || len(list) > maxSubjects {
		return fmt.Errorf("%w: it has %d subjects", ErrIncomplete, len(list))
	}
	seen := make(map[string]bool, len(list))
	for _, s := range list {
		switch {
		case s.Name != ManifestSubject && !platform.MatchString(s.Name):
			return fmt.Errorf("%w: subject %q is neither the manifest nor a platform", ErrIncomplete, s.Name)
		case seen[s.Name]:
			return fmt.Errorf("%w: subject %s is there twice", ErrIncomplete, s.Name)
		case !hexSHA256.MatchString(s.Digest.SHA256):
			return fmt.Errorf("%w: the digest of %s is no SHA-256", ErrIncomplete, s.Name)
		}
		seen[s.Name] = true
	}
	if !seen[ManifestSubject] {
		return fmt.Errorf("%w: the manifest is not among its subjects", ErrIncomplete)
	}
	return nil
}

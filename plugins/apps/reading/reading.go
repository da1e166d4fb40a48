package reading

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// Code systems that the example plugins know.
const (
	ATC    = "http://www.whocc.no/atc"
	CVX    = "http://hl7.org/fhir/sid/cvx"
	SNOMED = "http://snomed.info/sct"
	RxNorm = "http://www.nlm.nih.gov/research/umls/rxnorm"
)

// Coding is one code of a system (https://hl7.org/fhir/R4/datatypes.html#Coding).
type Coding struct {
	System  string `json:"system"`
	Code    string `json:"code"`
	Display string `json:"display"`
}

// Concept is something named by codes, by a text, or both (https://hl7.org/fhir/R4/datatypes.html#CodeableConcept).
type Concept struct {
	Coding []Coding `json:"coding"`
	Text   string   `json:"text"`
}

// Codes are the codes of one system.
func (c Concept) Codes(system string) (out []string) {
	for _, one := range c.Coding {
		if one.System == system && one.Code != "" {
			out = append(out, one.Code)
		}
	}
	return out
}

// Has reports whether the concept holds one of these codes, of whatever system.
func (c Concept) Has(codes ...string) bool {
	for _, one := range c.Coding {
		for _, code := range codes {
			if one.Code == code {
				return true
			}
		}
	}
	return false
}

// maxName bounds a name that a card repeats from the record, in letters.
const maxName = 60

// Name is what to call it: the text, or the first name of a code. It is short, of one line and without the signs that
// Markdown gives a meaning, so that a record cannot write a card.
func (c Concept) Name() string {
	name := c.Text
	for _, one := range c.Coding {
		if name == "" {
			name = one.Display
		}
	}
	plain := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsNumber(r), strings.ContainsRune(" ,.;:%/+-'’()", r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return -1
	}, name)
	letters := []rune(strings.Join(strings.Fields(plain), " "))
	if len(letters) > maxName {
		return strings.TrimSpace(string(letters[:maxName])) + "…"
	}
	return string(letters)
}

// Names are all the names it goes by, for comparison with a list of known ones: lower case, without accents.
func (c Concept) Names() (out []string) {
	for _, one := range append([]Coding{{Display: c.Text}}, c.Coding...) {
		if plain := Plain(one.Display); plain != "" {
			out = append(out, plain)
		}
	}
	return out
}

// Plain is a name in lower case, without the accents of French and with single spaces.
func Plain(name string) string {
	return strings.Join(strings.Fields(unaccented.Replace(strings.ToLower(name))), " ")
}

var unaccented = strings.NewReplacer("à", "a", "â", "a", "ä", "a", "é", "e", "è", "e", "ê", "e", "ë", "e", "î", "i", "ï", "i", "ô", "o", "ö", "o", "ù", "u", "û", "u", "ü", "u", "ç", "c", "œ", "oe", "’", "'")

// Span is the time that a FHIR date may mean: a year alone is any of its days. To is the first instant after it.
type Span struct{ From, To time.Time }

// Known reports whether there is a date at all.
func (s Span) Known() bool { return !s.From.IsZero() }

// ParseSpan reads a FHIR date or dateTime of whatever precision (https://hl7.org/fhir/R4/datatypes.html#dateTime); the
// zero Span for what is none. Times of day are dropped.
func ParseSpan(text string) Span {
	day, _, _ := strings.Cut(text, "T")
	for layout, next := range map[string]func(time.Time) time.Time{
		"2006":       func(t time.Time) time.Time { return t.AddDate(1, 0, 0) },
		"2006-01":    func(t time.Time) time.Time { return t.AddDate(0, 1, 0) },
		"2006-01-02": func(t time.Time) time.Time { return t.AddDate(0, 0, 1) },
	} {
		if len(day) != len(layout) {
			continue
		}
		if t, err := time.Parse(layout, day); err == nil {
			return Span{t, next(t)}
		}
	}
	return Span{}
}

// Bundle reads the resources of one type out of what a search answered: a searchset, or one resource. Others are left
// out. more tells that the answer has a further page, so that something was not seen.
func Bundle[R any](answer []byte, resourceType string) (all []R, more bool, err error) {
	var b struct {
		ResourceType string `json:"resourceType"`
		Link         []struct{ Relation string }
		Entry        []struct {
			Resource json.RawMessage `json:"resource"`
		} `json:"entry"`
	}
	if err := json.Unmarshal(answer, &b); err != nil {
		return nil, false, fmt.Errorf("reading an answer: %w", err)
	}
	parts := []json.RawMessage{answer}
	if b.ResourceType == "Bundle" {
		parts = nil
		for _, e := range b.Entry {
			parts = append(parts, e.Resource)
		}
	}
	for _, l := range b.Link {
		more = more || l.Relation == "next"
	}
	for _, raw := range parts {
		var kind struct {
			ResourceType string `json:"resourceType"`
		}
		if json.Unmarshal(raw, &kind) != nil || kind.ResourceType != resourceType {
			continue
		}
		var r R
		if err := json.Unmarshal(raw, &r); err != nil {
			return nil, more, fmt.Errorf("reading a %s: %w", resourceType, err)
		}
		all = append(all, r)
	}
	return all, more, nil
}

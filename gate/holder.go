package gate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/record"
)

// Traits are what a provider of identities says of a person, to be compared with the person's record.
type Traits struct {
	Family    string // birth name
	Given     string // given names, separated by spaces; "" = not said
	BirthDate string // YYYY-MM-DD
	Gender    string // male, female; "" = not said
}

// Holder finds the patient whom a person who signed in elsewhere is: exactly one has the national identifier
// ("system|value"), and nothing of the traits contradicts the record, whose birth name and birth date must be the same. A
// number alone proves nothing (R1111-32; an identity is qualified by number and traits together), and nobody is ever found
// by a name. Nothing of the record is given back but its logical id: what the person may read there is decided later.
func (g *Gate) Holder(ctx context.Context, identifier string, t Traits) (patient string, found bool, err error) {
	if system, value, ok := strings.Cut(identifier, "|"); !ok || system == "" || value == "" || t.Family == "" || t.BirthDate == "" {
		return "", false, nil
	}
	refs, err := g.Records.Lookup(ctx, "Patient", identifier)
	if err != nil {
		return "", false, fmt.Errorf("finding the holder of a space: %w", err)
	}
	if len(refs) != 1 { // a number of two persons is nobody's
		return "", false, nil
	}
	stored, err := g.Records.Read(ctx, record.Ref{Type: "Patient", ID: refs[0].ID})
	if err != nil {
		return "", false, fmt.Errorf("reading the holder of a space: %w", err)
	}
	r, err := stored.Resource()
	if err != nil {
		return "", false, err
	}
	if !t.match(r.Node()) {
		return "", false, nil
	}
	return stored.ID, true, nil
}

// match compares with a Patient: birth date and gender to the letter, the names of the civil
// register without regard to case, accents and hyphens.
func (t *Traits) match(n *fhir.Node) bool {
	if n.Get("active").Text() == "false" || n.Get("birthDate").Text() != t.BirthDate {
		return false
	}
	if gender := n.Get("gender").Text(); t.Gender != "" && gender != "" && gender != t.Gender {
		return false
	}
	return slices.ContainsFunc(n.Get("name").Items(), func(name *fhir.Node) bool {
		if !record.RegisterName(name) || !slices.Equal(record.NameWords(name.Get("family").Text()), record.NameWords(t.Family)) {
			return false
		}
		var given []string
		for _, g := range name.Get("given").Items() {
			given = append(given, record.NameWords(g.Text())...)
		}
		return t.Given == "" || begins(given, record.NameWords(t.Given))
	})
}

// begins tells whether the shorter of two lists of given names begins the longer: a record may hold the first alone.
func begins(a, b []string) bool {
	n := min(len(a), len(b))
	return n > 0 && slices.Equal(a[:n], b[:n])
}

package record

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/store"
)

// Finder is a Source that finds patients by who they are rather than by a number. It gives candidates: whoever asks
// compares each with what they know.
type Finder interface {
	// ByTraits finds the living patients with a name of the civil register ("official", "maiden" or of no use said) of
	// that family name, without regard to case, accents and hyphens, who were born on that day (YYYY-MM-DD); in the order
	// of their ids. ErrTooCostly when there are too many of them.
	ByTraits(ctx context.Context, family, birthDate string) ([]Ref, error)
}

// traitsType stands where a type stands in the index by identifier. It is outside the grammar of types, so no identifier
// that a request names is ever looked for among the traits.
const traitsType = "~Patient"

// NameWords are the words of a name of a person, folded: without regard to case, accents, hyphens and apostrophes.
func NameWords(name string) []string {
	return strings.FieldsFunc(fhir.Folded(name), func(r rune) bool { return strings.ContainsRune(" -'’.\t", r) })
}

// RegisterName reports whether a HumanName is one of the civil register.
func RegisterName(name *fhir.Node) bool {
	use := name.Get("use").Text()
	return use == "" || use == "official" || use == "maiden"
}

// traitKey is what a patient is found by.
func traitKey(family, birthDate string) string {
	return strings.Join(NameWords(family), " ") + "|" + birthDate
}

// traitsOf are the keys that find a resource; none for what is no patient, or says too little of who they are.
func traitsOf(r *fhir.Resource) []string {
	if r == nil || r.Type() != "Patient" {
		return nil
	}
	born := r.Node().Get("birthDate").Text()
	if len(born) != len("2006-01-02") {
		return nil
	}
	var out []string
	for _, name := range r.Node().Get("name").Items() {
		if family := name.Get("family").Text(); RegisterName(name) && len(NameWords(family)) > 0 {
			out = append(out, traitKey(family, born))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// ByTraits finds patients by name and birth date; see Finder. A record that was last written before there was this index
// is found by it from its next write on.
func (e *Embedded) ByTraits(ctx context.Context, family, birthDate string) ([]Ref, error) {
	want := traitKey(family, birthDate)
	var ids []string
	err := e.db.View(ctx, identifierPartition(traitsType, want), func(tx store.Tx) error {
		ids = ids[:0]
		for key := range tx.Scan(keyIdentifierOf(traitsType, want), nil) {
			if ids = append(ids, lastPart(key)); len(ids) > maxLookup {
				return fmt.Errorf("more than %d people share a name and a birth date: %w", maxLookup, ErrTooCostly)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking up a name: %w", err)
	}
	refs := []Ref{}
	for _, id := range ids {
		s, err := e.Read(ctx, Ref{"Patient", id})
		if errors.Is(err, ErrNotFound) || err == nil && s.Deleted {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("looking up a name: %w", err)
		}
		r, err := s.Resource()
		if err != nil {
			return nil, fmt.Errorf("looking up a name: %w", err)
		}
		if slices.Contains(traitsOf(r), want) {
			refs = append(refs, s.Ref)
		}
	}
	return refs, nil
}

var _ Finder = (*Embedded)(nil)

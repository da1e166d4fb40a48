package terminology

import (
	"fmt"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// Bounds of one question. A value set may be made of others, which whoever writes one chooses.
const (
	maxDepth       = 8  // value sets within value sets
	maxDefinitions = 64 // value sets and code systems read
	maxAncestors   = 64 // steps up a hierarchy
)

// Finder gives the definition of a type (ValueSet or CodeSystem) with a canonical URL, of that version or of any when
// it is "". It gives nil without an error when none is held, and a *Missing when several are and none is meant.
type Finder func(resourceType, url, version string) (*fhir.Resource, error)

// Missing says what an answer would need and is not there, in French and English.
type Missing struct{ FR, EN string }

// Error gives the English sentence.
func (m *Missing) Error() string { return "terminology: " + m.EN }

func missing(fr, en string, args ...any) *Missing {
	return &Missing{FR: fmt.Sprintf(fr, args...), EN: fmt.Sprintf(en, args...)}
}

// Terms answers the questions of one request; it reads each definition once. It is not safe for concurrent use.
type Terms struct {
	find    Finder
	read    int
	systems map[string]*hierarchy
}

// New makes Terms over the definitions that find gives.
func New(find Finder) *Terms { return &Terms{find: find, systems: map[string]*hierarchy{}} }

// Set is a set of codes. The zero value is empty.
type Set struct {
	systems []string
	has     func(system, code string) bool
}

// Has reports whether a code, in lower case, is in the set.
func (s *Set) Has(system, code string) bool { return s.has != nil && s.has(system, code) }

// Systems are the code systems that the set may have codes of.
func (s *Set) Systems() []string { return s.systems }

// listed is the set of some codes of one system, in lower case.
func listed(system string, codes map[string]bool) *Set {
	return &Set{[]string{system}, func(s, code string) bool { return s == system && codes[code] }}
}

// anyOf is the union of sets.
func anyOf(sets []*Set) *Set {
	var systems []string
	for _, s := range sets {
		systems = append(systems, s.systems...)
	}
	slices.Sort(systems)
	return &Set{slices.Compact(systems), func(system, code string) bool {
		return slices.ContainsFunc(sets, func(s *Set) bool { return s.Has(system, code) })
	}}
}

// allOf is what is in each of sets, of which there is one at least.
func allOf(sets []*Set) *Set {
	return &Set{sets[0].systems, func(system, code string) bool {
		return !slices.ContainsFunc(sets, func(s *Set) bool { return !s.Has(system, code) })
	}}
}

// without is what is in one set and not in another.
func without(in, out *Set) *Set {
	return &Set{in.systems, func(system, code string) bool { return in.Has(system, code) && !out.Has(system, code) }}
}

// definition finds a definition by its canonical URL, with or without |version.
func (t *Terms) definition(resourceType, canonical string) (*fhir.Resource, error) {
	if t.read++; t.read > maxDefinitions {
		return nil, missing("La recherche demande plus de %d définitions de codes.", "The search needs more than %d definitions of codes.", maxDefinitions)
	}
	url, version, _ := strings.Cut(canonical, "|")
	r, err := t.find(resourceType, url, version)
	if err == nil && r == nil {
		err = missing("%s %q n'est pas tenu ici, ou ne vous est pas lisible.", "%s %q is not held here, or is not yours to read.", resourceType, clip(canonical))
	}
	return r, err
}

// clip cuts what a client or a definition wrote for use in a sentence.
func clip(s string) string {
	const most = 200
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

func lower(s string) string { return strings.ToLower(s) }

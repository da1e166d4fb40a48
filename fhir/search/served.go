package search

import (
	"slices"

	"github.com/pontlevis/pontlevis/fhir"
)

// Served is a search parameter of a type as this package understands it.
type Served struct {
	*fhir.Param
	Modifiers []string // without the colon, sorted; the types of `subject:Patient` are the Target of the parameter
	Prefixes  []Prefix // of dates, numbers and quantities
}

// ServedOf lists the search parameters of a resource type with what each admits, in the order of their names. It is
// what a CapabilityStatement may promise: [Parse] accepts every one of them, and refuses or sets aside every other.
func ServedOf(resourceType string) []Served {
	var all []Served
	for _, p := range fhir.Params(resourceType) {
		s := Served{Param: p, Modifiers: slices.Clone(modifiers[p.Type])}
		if p.Type != "composite" {
			s.Modifiers = append(s.Modifiers, "missing")
		}
		if p.Type == "reference" && len(hierarchical(p)) > 0 {
			s.Modifiers = append(s.Modifiers, "above", "below")
		} else if p.Type == "reference" && definitional(p) {
			s.Modifiers = append(s.Modifiers, "below")
		}
		slices.Sort(s.Modifiers)
		if p.Type == "date" || p.Type == "number" || p.Type == "quantity" {
			s.Prefixes = []Prefix{Equal, NotEqual, Greater, Less, GreaterOrEqual, LessOrEqual, StartsAfter, EndsBefore, Approximately}
		}
		all = append(all, s)
	}
	return all
}

// Controls lists the parameters that every type has beside its own: those that shape the answer, `_has` and `_list`.
func Controls() []string {
	names := []string{"_has", listParameter}
	for name := range controls {
		if name != "_contained" { // its one value asks for nothing
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

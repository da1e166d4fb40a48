package terminology

import (
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// hierarchy is a code system that is held whole: each concept in lower case, with what it is directly a kind of and its
// properties.
type hierarchy struct {
	system   string
	parents  map[string][]string
	property map[string]map[string][]string // by property, then code
	is       bool                           // a parent means "is a", rather than "part of" or nothing
}

// Below gives a code and all that it subsumes in its code system. Errors: *Missing, and what the Finder gives.
func (t *Terms) Below(system, code string) (*Set, error) {
	h, err := t.subsuming(system, code)
	if err != nil {
		return nil, err
	}
	return h.below(lower(code), true), nil
}

// Above gives a code and all that subsumes it in its code system. Errors: *Missing, and what the Finder gives.
func (t *Terms) Above(system, code string) (*Set, error) {
	h, err := t.subsuming(system, code)
	if err != nil {
		return nil, err
	}
	return listed(h.system, h.ancestors(lower(code))), nil
}

// subsuming finds a code system that says which code subsumes which, and has the code.
func (t *Terms) subsuming(system, code string) (*hierarchy, error) {
	h, err := t.hierarchy(system)
	switch {
	case err != nil:
		return nil, err
	case !h.is:
		return nil, missing("La hiérarchie de %q ne dit pas qu'un code en est un cas particulier d'un autre.", "The hierarchy of %q does not say that a code is a kind of another.", clip(system))
	}
	if _, known := h.parents[lower(code)]; !known {
		return nil, missing("%[2]q n'a pas de code %[1]q.", "%[2]q has no code %[1]q.", clip(code), clip(system))
	}
	return h, nil
}

// hierarchy reads a code system by its canonical URL, once. It must be held whole: of a part, nobody can say what is not
// below a code.
func (t *Terms) hierarchy(canonical string) (*hierarchy, error) {
	if h := t.systems[canonical]; h != nil {
		return h, nil
	}
	r, err := t.definition("CodeSystem", canonical)
	if err != nil {
		return nil, err
	}
	n := r.Node()
	if content := n.Get("content").Text(); content != "complete" {
		return nil, missing("Du système de codes %q n'est tenue ici qu'une partie (content %s).", "Of code system %q only a part is held here (content %s).", clip(canonical), clip(content))
	}
	url, _, _ := strings.Cut(canonical, "|")
	meaning := n.Get("hierarchyMeaning").Text()
	h := &hierarchy{system: url, parents: map[string][]string{}, property: map[string]map[string][]string{}, is: meaning == "" || meaning == "is-a"}
	h.add(n.Get("concept"), "")
	t.systems[canonical] = h
	return h, nil
}

// add files concepts under the one that holds them, and by their properties parent, subsumedBy and child.
func (h *hierarchy) add(concepts *fhir.Node, parent string) {
	for c := range concepts.Each() {
		code := lower(c.Get("code").Text())
		h.under(code, parent)
		for p := range c.Get("property").Each() {
			name, value := p.Get("code").Text(), propertyValue(p)
			switch name {
			case "parent", "subsumedBy":
				h.under(code, lower(value))
			case "child":
				h.under(lower(value), code)
			}
			if h.property[name] == nil {
				h.property[name] = map[string][]string{}
			}
			h.property[name][code] = append(h.property[name][code], value)
		}
		h.add(c.Get("concept"), code)
	}
}

func (h *hierarchy) under(code, parent string) {
	if parent != "" && !slices.Contains(h.parents[code], parent) {
		h.parents[code] = append(h.parents[code], parent)
	} else if h.parents[code] == nil {
		h.parents[code] = []string{}
	}
}

// propertyValue is the value[x] of a concept's property as text.
func propertyValue(p *fhir.Node) string {
	for name, v := range p.Fields() {
		if strings.HasPrefix(name, "value") {
			if v.Kind() == fhir.Object { // a Coding
				return v.Get("code").Text()
			}
			return v.Text()
		}
	}
	return ""
}

// ancestors are a code and all above it.
func (h *hierarchy) ancestors(code string) map[string]bool {
	found := map[string]bool{code: true}
	level := []string{code}
	for range maxAncestors {
		var next []string
		for _, c := range level {
			for _, parent := range h.parents[c] {
				if !found[parent] {
					found[parent] = true
					next = append(next, parent)
				}
			}
		}
		level = next
	}
	return found
}

// below is what has a code among its ancestors, itself included or not. Each answer is remembered.
func (h *hierarchy) below(code string, itself bool) *Set {
	known := map[string]bool{code: itself}
	return &Set{[]string{h.system}, func(system, c string) bool {
		if _, is := h.parents[c]; !is || system != h.system {
			return false
		}
		in, decided := known[c]
		if !decided {
			in = h.ancestors(c)[code]
			known[c] = in
		}
		return in
	}}
}

// filtered follows one filter of a value set (valueset-filter-operator).
func (t *Terms) filtered(canonical string, filter *fhir.Node) (*Set, error) {
	property, op, value := filter.Get("property").Text(), filter.Get("op").Text(), filter.Get("value").Text()
	url, _, _ := strings.Cut(canonical, "|")
	unknown := missing("Le filtre %[2]s %[3]s %[4]s sur %[1]q ne peut pas être suivi ici.", "Filter %[2]s %[3]s %[4]s on %[1]q cannot be followed here.",
		clip(canonical), clip(property), clip(op), clip(value))
	if property == "concept" || property == "code" {
		switch op {
		case "=":
			return listed(url, map[string]bool{lower(value): true}), nil
		case "in", "not-in":
			return t.propertyFilter(canonical, op, value, func(_ *hierarchy, code string) []string { return []string{code} })
		case "is-a", "descendent-of", "is-not-a", "generalizes":
			return t.subsumed(canonical, op, value)
		}
		return nil, unknown
	}
	switch op {
	case "=", "in", "not-in", "exists":
		return t.propertyFilter(canonical, op, value, func(h *hierarchy, code string) []string { return h.property[property][code] })
	}
	return nil, unknown
}

func (t *Terms) subsumed(canonical, op, value string) (*Set, error) {
	if op == "generalizes" {
		return t.Above(canonical, value)
	}
	h, err := t.subsuming(canonical, value)
	if err != nil {
		return nil, err
	}
	below := h.below(lower(value), op != "descendent-of")
	if op != "is-not-a" {
		return below, nil
	}
	return without(h.all(), below), nil
}

// all is every code of the system.
func (h *hierarchy) all() *Set {
	return &Set{[]string{h.system}, func(system, code string) bool {
		_, is := h.parents[code]
		return is && system == h.system
	}}
}

// propertyFilter compares what each code of a system has for a property.
func (t *Terms) propertyFilter(canonical, op, value string, of func(*hierarchy, string) []string) (*Set, error) {
	h, err := t.hierarchy(canonical)
	if err != nil {
		return nil, err
	}
	wanted := []string{lower(value)}
	if op == "in" || op == "not-in" {
		wanted = strings.Split(lower(value), ",")
	}
	return allOf([]*Set{h.all(), {[]string{h.system}, func(_, code string) bool {
		values := of(h, code)
		if op == "exists" {
			return (len(values) > 0) == (value == "true")
		}
		found := slices.ContainsFunc(values, func(v string) bool { return slices.Contains(wanted, lower(v)) })
		return found != (op == "not-in")
	}}}), nil
}

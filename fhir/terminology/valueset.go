package terminology

import (
	"errors"
	"strconv"

	"github.com/pontlevis/pontlevis/fhir"
)

// ValueSet gives the codes of the value set with a canonical URL, with or without |version. Errors: *Missing, and what
// the Finder gives.
func (t *Terms) ValueSet(canonical string) (*Set, error) { return t.valueSet(canonical, 0) }

func (t *Terms) valueSet(canonical string, depth int) (*Set, error) {
	if depth > maxDepth {
		return nil, missing("Le jeu de valeurs %q est fait d'autres sur plus de %d niveaux.", "Value set %q is made of others over more than %d levels.", clip(canonical), maxDepth)
	}
	r, err := t.definition("ValueSet", canonical)
	if err != nil {
		return nil, err
	}
	return t.codesOf(r, depth)
}

// CodesOf gives the codes of a ValueSet. Errors: *Missing, and what the Finder gives.
func (t *Terms) CodesOf(r *fhir.Resource) (*Set, error) { return t.codesOf(r, 0) }

// codesOf goes by the definition of a value set, or by its expansion where that cannot be followed here and the
// expansion is whole.
func (t *Terms) codesOf(r *fhir.Resource, depth int) (*Set, error) {
	compose := r.Node().Get("compose")
	if compose == nil {
		if s := expanded(r.Node()); s != nil {
			return s, nil
		}
		return nil, missing("Le jeu de valeurs %s ne dit pas ses codes.", "Value set %s does not say its codes.", r.ID())
	}
	s, err := t.composed(compose, depth)
	var lacking *Missing
	if errors.As(err, &lacking) {
		if whole := expanded(r.Node()); whole != nil {
			return whole, nil
		}
	}
	return s, err
}

// expanded reads an expansion; nil when there is none, or when it is a page of one.
func expanded(n *fhir.Node) *Set {
	expansion := n.Get("expansion")
	if expansion == nil || expansion.Get("offset") != nil && expansion.Get("offset").Text() != "0" {
		return nil
	}
	bySystem, count := map[string]map[string]bool{}, 0
	contains(expansion, bySystem, &count)
	if total := expansion.Get("total"); total != nil && total.Text() != strconv.Itoa(count) {
		return nil
	}
	var sets []*Set
	for system, codes := range bySystem {
		sets = append(sets, listed(system, codes))
	}
	return anyOf(sets)
}

// contains gathers the codes of an expansion; an abstract entry only groups others.
func contains(n *fhir.Node, into map[string]map[string]bool, count *int) {
	for entry := range n.Get("contains").Each() {
		*count++
		if code := entry.Get("code").Text(); code != "" && entry.Get("abstract").Text() != "true" {
			system := entry.Get("system").Text()
			if into[system] == nil {
				into[system] = map[string]bool{}
			}
			into[system][lower(code)] = true
		}
		contains(entry, into, count)
	}
}

// composed follows compose: what is included, without what is excluded.
func (t *Terms) composed(compose *fhir.Node, depth int) (*Set, error) {
	in, err := t.parts(compose.Get("include"), depth)
	if err != nil {
		return nil, err
	}
	out, err := t.parts(compose.Get("exclude"), depth)
	if err != nil {
		return nil, err
	}
	if len(out) == 0 {
		return anyOf(in), nil
	}
	return without(anyOf(in), anyOf(out)), nil
}

func (t *Terms) parts(list *fhir.Node, depth int) (sets []*Set, err error) {
	for part := range list.Each() {
		s, err := t.part(part, depth)
		if err != nil {
			return nil, err
		}
		sets = append(sets, s)
	}
	return sets, nil
}

// part is one include or exclude: the codes of a system that are listed or filtered, all of it when neither, and in each
// of the value sets named beside it (valueset.html#compositions).
func (t *Terms) part(n *fhir.Node, depth int) (*Set, error) {
	var sets []*Set
	if system := n.Get("system").Text(); system != "" {
		s, err := t.ofSystem(n, system)
		if err != nil {
			return nil, err
		}
		sets = append(sets, s)
	}
	for canonical := range n.Get("valueSet").Each() {
		s, err := t.valueSet(canonical.Text(), depth+1)
		if err != nil {
			return nil, err
		}
		sets = append(sets, s)
	}
	if len(sets) == 0 {
		return nil, missing("Une partie du jeu de valeurs ne nomme ni système ni jeu de valeurs.", "A part of the value set names neither a system nor a value set.")
	}
	return allOf(sets), nil
}

func (t *Terms) ofSystem(n *fhir.Node, system string) (*Set, error) {
	if concepts := n.Get("concept"); concepts != nil {
		codes := map[string]bool{}
		for c := range concepts.Each() {
			codes[lower(c.Get("code").Text())] = true
		}
		return listed(system, codes), nil
	}
	if n.Get("filter") == nil { // every code of the system: whatever is given as one
		return &Set{[]string{system}, func(s, _ string) bool { return s == system }}, nil
	}
	if version := n.Get("version").Text(); version != "" {
		system += "|" + version
	}
	var sets []*Set
	for filter := range n.Get("filter").Each() {
		s, err := t.filtered(system, filter)
		if err != nil {
			return nil, err
		}
		sets = append(sets, s)
	}
	if len(sets) == 0 {
		return nil, missing("Un filtre du jeu de valeurs est vide.", "A filter of the value set is empty.")
	}
	return allOf(sets), nil
}

package record

import (
	"iter"
	"net/url"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// canonical names the resources that a canonical URL leads to (FHIR R4 references.html#canonical): of each type the one
// that says to have that URL, and that version when one is asked for, in the records searched or the directory and
// permitted. Where several have it, none: which would be meant is not said.
func (x *searcher) canonical(f fhir.Reference, types []string) ([]Ref, error) {
	var out []Ref
	for _, t := range types {
		key := t + " canonical " + f.URL + "|" + f.Version
		refs, known := x.named[key]
		if !known {
			var err error
			if refs, err = x.defined(t, f.URL, f.Version); err != nil {
				return nil, err
			}
			x.named[key] = refs
		}
		out = append(out, refs...)
	}
	return out, nil
}

// defined is the one resource of a type with a canonical URL.
func (x *searcher) defined(resourceType, canonical, version string) ([]Ref, error) {
	q, err := canonicalQuery(resourceType, canonical, version)
	if err != nil {
		return nil, nil // of a type without URLs, or one that cannot be asked for, there is none
	}
	types := []string{resourceType}
	all, err := x.held(x.src.Directory(x.ctx, types, q.Criteria), q)
	if err != nil {
		return nil, err
	}
	for _, patient := range x.scope.Patients {
		some, err := x.held(x.src.Compartment(x.ctx, patient, types, q.Criteria), q)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return x.single(all)
}

// canonicalQuery asks for the resources of a type that have a canonical URL, and a version when one is named.
func canonicalQuery(resourceType, canonical, version string) (*search.Query, error) {
	raw := "url=" + url.QueryEscape(search.Escape(canonical))
	if version != "" {
		raw += "&version=" + url.QueryEscape(search.Escape(version))
	}
	q, _, err := search.ParseWith(resourceType, search.Options{Strict: true, Whole: true}, raw)
	return q, err
}

// held keeps what an origin yields that matches a query of plain criteria.
func (x *searcher) held(origin iter.Seq2[*Stored, error], q *search.Query) ([]*Stored, error) {
	var held []*Stored
	for s, err := range x.pieces(origin) {
		if err != nil {
			return nil, err
		}
		held = append(held, s)
	}
	return x.matching(held, q.Criteria)
}

// pointed lists what the references of param in s name that _has and _revinclude go by: literal references, and canonicals.
func (x *searcher) pointed(s *Stored, p *fhir.Param) ([]Ref, error) {
	r, err := s.Resource()
	if err != nil {
		return nil, err
	}
	var out []Ref
	for _, v := range p.Values(r) {
		if f := v.Reference; !f.Contained && (f.ID != "" || f.Canonical) {
			refs, err := x.refsOf(f, p, "")
			if err != nil {
				return nil, err
			}
			out = append(out, refs...)
		}
	}
	return out, nil
}

// Bounds of one question about what refers to a page: with both it stays within what a search may be long.
const (
	namesAtOnce  = min(search.MaxValues, 16)
	maxCanonical = search.MaxBytes / 2 / namesAtOnce
)

// namesOf writes the names by which others may refer to the resources of list, as values of a search: Type/id, and the
// URL that a resource says to have.
func namesOf(list []*Stored) ([]string, error) {
	var names []string
	for _, s := range list {
		names = append(names, s.Ref.String())
		p := fhir.ParamOf(s.Type, "url")
		if p == nil || p.Type != "uri" {
			continue
		}
		r, err := s.Resource()
		if err != nil {
			return nil, err
		}
		for _, v := range p.Values(r) {
			if name := url.QueryEscape(search.Escape(v.Code)); len(name) <= maxCanonical && askable(v.Code) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// askable reports whether a URL can be the value of a search on a reference.
func askable(canonical string) bool {
	return strings.Contains(canonical, ":") && !strings.ContainsFunc(canonical, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

package record

import (
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// listed tells of each of list whether a permitted List of a _list criterion names it.
func (x *searcher) listed(list []*Stored, c *search.Criterion) ([]bool, error) {
	named := x.listing[c]
	if named == nil {
		named = map[Ref]struct{}{}
		for _, o := range c.Values {
			if err := x.entries(Ref{o.Type, o.ID}, named); err != nil {
				return nil, err
			}
		}
		x.listing[c] = named
	}
	out := make([]bool, len(list))
	for i, s := range list {
		_, out[i] = named[s.Ref]
	}
	return out, nil
}

// entries gathers what a List names, if it is there and permitted; an entry that is marked as deleted is no longer in it
// (FHIR R4 list-definitions.html#List.entry.deleted).
func (x *searcher) entries(ref Ref, into map[Ref]struct{}) error {
	s, err := x.see(ref)
	if err != nil || s == nil {
		return err
	}
	r, err := s.Resource()
	if err != nil {
		return err
	}
	for entry := range r.Node().Get("entry").Each() {
		if entry.Get("deleted").Text() == "true" {
			continue
		}
		f := fhir.ParseReference(s.base, entry.At("item", "reference").Text())
		if f.ID != "" && !f.Contained {
			into[Ref{f.Type, f.ID}] = struct{}{}
		}
	}
	return nil
}

// see resolves a resource and keeps it only when it is permitted.
func (x *searcher) see(ref Ref) (*Stored, error) {
	s, err := x.resolve(ref)
	if err != nil || s == nil {
		return nil, err
	}
	seen, err := x.permitted([]*Stored{s})
	if err != nil {
		return nil, err
	}
	return seen[0], nil
}

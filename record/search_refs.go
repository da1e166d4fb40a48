package record

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// chained tells of each of list whether some reference in the criterion's parameter leads to a permitted resource that
// satisfies the rest of the chain. It goes by steps over the whole list, so that decisions are asked in batches.
func (x *searcher) chained(list []*Stored, c *search.Criterion) ([]bool, error) {
	out := make([]bool, len(list))
	for i := range c.Chain {
		step := &c.Chain[i]
		targets := make([][]*Stored, len(list))
		var all []*Stored
		for j, s := range list {
			if out[j] {
				continue
			}
			var err error
			if targets[j], err = x.targets(s, c.Param, step.Type); err != nil {
				return nil, err
			}
			all = append(all, targets[j]...)
		}
		if err := x.follow(all, step); err != nil {
			return nil, err
		}
		for j := range list {
			out[j] = out[j] || slices.ContainsFunc(targets[j], func(t *Stored) bool { return x.followed[step.Then][t] })
		}
	}
	return out, nil
}

// follow finds out which of the targets of a chain's step are permitted and satisfy what comes then.
func (x *searcher) follow(targets []*Stored, step *search.ChainStep) error {
	known := x.followed[step.Then]
	if known == nil {
		known = map[*Stored]bool{}
		x.followed[step.Then] = known
	}
	var open []*Stored
	for _, t := range targets {
		if _, is := known[t]; !is {
			known[t] = false
			open = append(open, t)
		}
	}
	allowed, err := x.permitted(open)
	if err != nil {
		return err
	}
	var seen []*Stored
	for i, t := range open {
		if allowed[i] != nil {
			seen = append(seen, t)
		}
	}
	ok, err := x.satisfied(seen, step.Then, false)
	if err != nil {
		return err
	}
	for i, t := range seen {
		known[t] = ok[i]
	}
	return nil
}

// had tells of each of list whether a permitted resource refers to it as the criterion's _has asks.
func (x *searcher) had(list []*Stored, c *search.Criterion) ([]bool, error) {
	referred, err := x.havers(c)
	if err != nil {
		return nil, err
	}
	out := make([]bool, len(list))
	for i, s := range list {
		_, out[i] = referred[s.Ref]
	}
	return out, nil
}

// havers gathers, once for each _has, what the permitted resources that satisfy it refer to.
func (x *searcher) havers(c *search.Criterion) (map[Ref]struct{}, error) {
	if known := x.having[c]; known != nil {
		return known, nil
	}
	then := []search.Criterion{*c.Has.Then}
	referred := map[Ref]struct{}{}
	flush := func(batch []*Stored) error {
		ok, err := x.satisfied(batch, c.Has.Then, false) // the pointer, not the copy: what is known is known by it
		if err != nil {
			return err
		}
		var matched []*Stored
		for i, s := range batch {
			if ok[i] {
				matched = append(matched, s)
			}
		}
		if matched, err = x.let(matched); err != nil {
			return err
		}
		for _, s := range matched {
			refs, err := x.pointed(s, c.Has.Param)
			if err != nil {
				return err
			}
			for _, ref := range refs {
				referred[ref] = struct{}{}
			}
		}
		return x.ctx.Err()
	}
	var batch []*Stored
	for s, err := range x.look(c.Has.Type, then) {
		if err != nil {
			return nil, err
		}
		if batch = append(batch, s); len(batch) == MaxBatch {
			if err := flush(batch); err != nil {
				return nil, err
			}
			batch = batch[:0]
		}
	}
	if err := flush(batch); err != nil {
		return nil, err
	}
	x.having[c] = referred
	return referred, nil
}

// referred gives what the references of param in list lead to, in order of appearance; what is contained comes with
// what contains it anyway.
func (x *searcher) referred(list []*Stored, p *fhir.Param, target string) ([]*Stored, error) {
	var out []*Stored
	for _, s := range list {
		r, err := s.Resource()
		if err != nil {
			return nil, err
		}
		for _, v := range p.Values(r) {
			found, err := x.led(v.Reference, p, target)
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
		}
	}
	return out, nil
}

// led gives what a reference leads to that is there for this search: resources of a type, or of any when none is named.
func (x *searcher) led(f fhir.Reference, p *fhir.Param, resourceType string) ([]*Stored, error) {
	refs, err := x.refsOf(f, p, resourceType)
	if err != nil {
		return nil, err
	}
	var out []*Stored
	for _, ref := range refs {
		if resourceType != "" && ref.Type != resourceType {
			continue
		}
		t, err := x.resolve(ref)
		if err != nil {
			return nil, err
		}
		if t != nil {
			out = append(out, t)
		}
	}
	return out, nil
}

// referring gives the resources that refer to one of list in a parameter as a _revinclude asks, in order of Ref.
func (x *searcher) referring(list []*Stored, i search.Include, p *fhir.Param) ([]*Stored, error) {
	list = slices.DeleteFunc(slices.Clone(list), func(s *Stored) bool {
		return i.Target != "" && s.Type != i.Target || len(p.Target) > 0 && !slices.Contains(p.Target, s.Type)
	})
	wanted := make(map[Ref]bool, len(list))
	for _, s := range list {
		wanted[s.Ref] = true
	}
	var out []*Stored
	names, err := namesOf(list)
	if err != nil {
		return nil, err
	}
	for piece := range slices.Chunk(names, namesAtOnce) {
		// The same question as a search, for the index.
		o := search.Options{Strict: true, Base: list[0].base}
		q, _, err := search.ParseWith(i.Source, o, p.Name+"="+strings.Join(piece, ","))
		if err != nil {
			return nil, fmt.Errorf("asking what refers to a page: %w", err)
		}
		for s, err := range x.look(i.Source, q.Criteria) {
			if err != nil {
				return nil, err
			}
			refs, err := x.pointed(s, p)
			if err != nil {
				return nil, err
			}
			if slices.ContainsFunc(refs, func(r Ref) bool { return wanted[r] }) {
				out = append(out, s)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b *Stored) int { return a.Ref.Compare(b.Ref) })
	return slices.CompactFunc(out, func(a, b *Stored) bool { return a.Ref == b.Ref }), nil
}

// targets resolves the references of param in s to resources of a type: in the records searched, in the directory, or
// contained in s itself.
func (x *searcher) targets(s *Stored, p *fhir.Param, resourceType string) ([]*Stored, error) {
	r, err := s.Resource()
	if err != nil {
		return nil, err
	}
	var out []*Stored
	for _, v := range p.Values(r) {
		if v.Reference.Contained {
			if t := x.contained(s, v.Reference.ID); t != nil && t.Type == resourceType {
				out = append(out, t)
			}
			continue
		}
		found, err := x.led(v.Reference, p, resourceType)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	return out, nil
}

// literals lists the literal references of param in s to resources of this server.
func literals(s *Stored, p *fhir.Param) ([]Ref, error) {
	r, err := s.Resource()
	if err != nil {
		return nil, err
	}
	var out []Ref
	for _, v := range p.Values(r) {
		if f := v.Reference; f.ID != "" && !f.Contained {
			out = append(out, Ref{f.Type, f.ID})
		}
	}
	return out, nil
}

// refsOf names what a reference leads to; nothing for what is contained or elsewhere. A canonical leads to the one
// resource of each type that has its URL, a logical reference to the one resource in sight that has the identifier.
func (x *searcher) refsOf(f fhir.Reference, p *fhir.Param, resourceType string) ([]Ref, error) {
	switch {
	case f.Contained:
		return nil, nil
	case f.ID != "":
		return []Ref{{f.Type, f.ID}}, nil
	case f.Canonical:
		return x.canonical(f, meant(p, resourceType))
	case f.Identifier == "" || f.URL != "":
		return nil, nil
	}
	t := f.Type
	if t == "" {
		t = resourceType
	}
	if t == "" && len(p.Target) == 1 {
		t = p.Target[0]
	}
	if t == "" {
		return nil, nil
	}
	return x.identified(t, f.Identifier)
}

// meant are the types that a reference may lead to.
func meant(p *fhir.Param, resourceType string) []string {
	if resourceType != "" {
		return []string{resourceType}
	}
	return p.Target
}

// identified finds the one resource of a type with an identifier, among what the search may look at and the asker may
// read; none when there are several, since a reference that could mean two resources means neither.
func (x *searcher) identified(resourceType, identifier string) ([]Ref, error) {
	key := resourceType + " " + identifier
	if refs, known := x.named[key]; known {
		return refs, nil
	}
	all, err := x.src.Lookup(x.ctx, resourceType, identifier)
	if err != nil {
		return nil, err
	}
	var near []*Stored
	for _, ref := range all {
		s, err := x.resolve(ref)
		if err != nil {
			return nil, err
		}
		if s != nil {
			near = append(near, s)
		}
	}
	refs, err := x.single(near)
	if err == nil {
		x.named[key] = refs
	}
	return refs, err
}

// single is the one of list that is permitted, none when there are several.
func (x *searcher) single(list []*Stored) ([]Ref, error) {
	list, err := x.let(list)
	if err != nil || len(list) != 1 {
		return nil, err
	}
	return []Ref{list[0].Ref}, nil
}

// resolve reads the current version of ref, once; nil when it is absent, deleted, or in a record out of sight.
func (x *searcher) resolve(ref Ref) (*Stored, error) {
	if s, known := x.resolved[ref]; known {
		return s, nil
	}
	if err := x.examine(); err != nil {
		return nil, err
	}
	s, err := x.src.Read(x.ctx, ref)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, err
	}
	if err != nil || s.Deleted || s.Patient != "" && !slices.Contains(x.scope.Patients, s.Patient) {
		s = nil
	}
	x.resolved[ref] = s
	return s, nil
}

// contained finds a contained resource by its local id, which counts within the outermost resource.
func (x *searcher) contained(s *Stored, id string) *Stored {
	root := s.outermost()
	if id == "" {
		return root
	}
	known := x.inside[root]
	if known == nil {
		known = map[string]*Stored{}
		x.inside[root] = known
		r, err := root.Resource()
		if err != nil {
			return nil
		}
		for _, n := range r.Node().Get("contained").Items() {
			c, err := fhir.ResourceOf(n)
			if err != nil {
				continue // a contained thing that is no resource leads nowhere
			}
			known[c.ID()] = &Stored{
				Ref: Ref{c.Type(), root.ID + "#" + c.ID()}, Version: root.Version, Updated: root.Updated,
				Patient: root.Patient, Body: c.JSON(), parsed: c.Under(root.base), within: root,
			}
		}
	}
	return known[id]
}

package record

import (
	"errors"
	"fmt"
	"slices"

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
			refs, err := literals(s, c.Has.Param)
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
			ref, err := x.refOf(v.Reference, p, target)
			if err != nil {
				return nil, err
			}
			if ref == (Ref{}) || target != "" && ref.Type != target {
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
	for piece := range slices.Chunk(list, search.MaxValues) {
		// The same question as a search, for the index.
		o := search.Options{Strict: true, Base: piece[0].base}
		q, _, err := search.ParseWith(i.Source, o, p.Name+"="+describeRefs(piece))
		if err != nil {
			return nil, fmt.Errorf("asking what refers to a page: %w", err)
		}
		for s, err := range x.look(i.Source, q.Criteria) {
			if err != nil {
				return nil, err
			}
			refs, err := literals(s, p)
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
		ref, err := x.refOf(v.Reference, p, resourceType)
		if err != nil {
			return nil, err
		}
		if ref.Type != resourceType {
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

// refOf names what a reference leads to; nothing for what is contained or elsewhere. A logical reference leads to the
// one resource in sight that has the identifier.
func (x *searcher) refOf(f fhir.Reference, p *fhir.Param, resourceType string) (Ref, error) {
	switch {
	case f.Contained:
		return Ref{}, nil
	case f.ID != "":
		return Ref{f.Type, f.ID}, nil
	case f.Identifier == "" || f.URL != "":
		return Ref{}, nil
	}
	t := f.Type
	if t == "" {
		t = resourceType
	}
	if t == "" && len(p.Target) == 1 {
		t = p.Target[0]
	}
	if t == "" {
		return Ref{}, nil
	}
	return x.identified(t, f.Identifier)
}

// identified finds the one resource of a type with an identifier, among what the search may look at and the asker may
// read; none when there are several, since a reference that could mean two resources means neither.
func (x *searcher) identified(resourceType, identifier string) (Ref, error) {
	key := resourceType + " " + identifier
	refs, known := x.named[key]
	if !known {
		all, err := x.src.Lookup(x.ctx, resourceType, identifier)
		if err != nil {
			return Ref{}, err
		}
		var near []*Stored
		for _, ref := range all {
			s, err := x.resolve(ref)
			if err != nil {
				return Ref{}, err
			}
			if s != nil {
				near = append(near, s)
			}
		}
		if near, err = x.let(near); err != nil {
			return Ref{}, err
		}
		for _, s := range near {
			refs = append(refs, s.Ref)
		}
		x.named[key] = refs
	}
	if len(refs) != 1 {
		return Ref{}, nil
	}
	return refs[0], nil
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

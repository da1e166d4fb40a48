package record

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/fhir/terminology"
)

// searcher is one search on its way: where it looks, and what it has found out so far.
type searcher struct {
	ctx      context.Context
	src      Source
	scope    Scope
	permit   Permit
	decided  map[versionOf]verdict
	resolved map[Ref]*Stored                        // nil: not there for this search
	followed map[*search.Criterion]map[*Stored]bool // by the criterion at the end of a chain's step
	having   map[*search.Criterion]map[Ref]struct{} // by _has criterion: what permitted resources refer to
	named    map[string][]Ref                       // by type and identifier
	inside   map[*Stored]map[string]*Stored         // contained resources by their local id
	meant    map[*search.Criterion][]search.CodeSet // by criterion on codes
	listing  map[*search.Criterion]map[Ref]struct{} // by _list criterion: what permitted Lists name
	lineage  map[*search.Criterion]lineage          // by criterion in a hierarchy
	terms    *terminology.Terms
	examined int
}

type versionOf struct {
	Ref
	version int
}

// A verdict keeps the very value that Permit was asked about: what it decided by identity stays findable for its owner.
type verdict struct {
	stored  *Stored
	allowed bool
}

func newSearcher(ctx context.Context, src Source, scope Scope, permit Permit) *searcher {
	scope.Patients = slices.Compact(slices.Sorted(slices.Values(scope.Patients)))
	return &searcher{
		ctx: ctx, src: src, scope: scope, permit: permit,
		decided: map[versionOf]verdict{}, resolved: map[Ref]*Stored{}, named: map[string][]Ref{},
		followed: map[*search.Criterion]map[*Stored]bool{}, having: map[*search.Criterion]map[Ref]struct{}{},
		inside: map[*Stored]map[string]*Stored{}, meant: map[*search.Criterion][]search.CodeSet{},
		listing: map[*search.Criterion]map[Ref]struct{}{}, lineage: map[*search.Criterion]lineage{},
	}
}

// origins is how many sources of matches there are, each in order of its own.
func (x *searcher) origins() int {
	n := len(x.scope.Patients)
	if x.scope.Directory {
		n++
	}
	return n
}

// look yields what may be a match, or may refer to one: the resources of a type where the search looks for them.
func (x *searcher) look(resourceType string, c []search.Criterion) iter.Seq2[*Stored, error] {
	types := []string{resourceType}
	return func(yield func(*Stored, error) bool) {
		for _, patient := range x.scope.Patients {
			if !x.pass(x.src.Compartment(x.ctx, patient, types, c), yield) {
				return
			}
		}
		if x.scope.Directory {
			x.pass(x.src.Directory(x.ctx, types, c), yield)
		}
	}
}

// pass hands on what an origin yields, counted, and reports whether more is wanted.
func (x *searcher) pass(origin iter.Seq2[*Stored, error], yield func(*Stored, error) bool) bool {
	for s, err := range origin {
		if err == nil {
			err = x.examine()
		}
		if !yield(s, err) || err != nil {
			return false
		}
	}
	return true
}

// pieces is an origin as a sequence, counted.
func (x *searcher) pieces(origin iter.Seq2[*Stored, error]) iter.Seq2[*Stored, error] {
	return func(yield func(*Stored, error) bool) { x.pass(origin, yield) }
}

// examine counts one resource taken from the source.
func (x *searcher) examine() error {
	if x.examined++; x.examined > MaxExamined {
		return fmt.Errorf("more than %d resources to look at: %w", MaxExamined, ErrTooCostly)
	}
	return nil
}

// permitted gives, for each of list, the same version as Permit saw and allowed it, or nil. Each version is asked about
// once in the whole search. A contained resource is decided with what contains it.
func (x *searcher) permitted(list []*Stored) ([]*Stored, error) {
	if len(x.decided) == 0 {
		x.decided = make(map[versionOf]verdict, len(list))
	}
	open := make([]*Stored, 0, len(list))
	for _, s := range list {
		s = s.outermost()
		v := versionOf{s.Ref, s.Version}
		if _, known := x.decided[v]; !known {
			x.decided[v] = verdict{} // asked about below, and not let through until the answer is there
			open = append(open, s)
		}
	}
	for batch := range slices.Chunk(open, MaxBatch) {
		if err := x.ask(batch); err != nil {
			return nil, err
		}
	}
	out := make([]*Stored, len(list))
	for i, s := range list {
		v := x.decided[versionOf{s.outermost().Ref, s.Version}]
		switch {
		case !v.allowed:
		case s.within != nil:
			out[i] = s
		default:
			out[i] = v.stored
		}
	}
	return out, nil
}

func (x *searcher) ask(batch []*Stored) error {
	if err := x.ctx.Err(); err != nil {
		return err
	}
	allowed, err := x.permit(x.ctx, batch)
	if err != nil {
		return err
	}
	if len(allowed) != len(batch) {
		return errors.New("a decision is missing: nothing is let through")
	}
	for i, s := range batch {
		v := verdict{allowed: allowed[i]}
		if v.allowed {
			v.stored = s
		}
		x.decided[versionOf{s.Ref, s.Version}] = v
	}
	return nil
}

// let keeps what is permitted of list.
func (x *searcher) let(list []*Stored) ([]*Stored, error) {
	out, err := x.permitted(list)
	return slices.DeleteFunc(out, func(s *Stored) bool { return s == nil }), err
}

// outermost is the resource as a Source gave it.
func (s *Stored) outermost() *Stored {
	for s.within != nil {
		s = s.within
	}
	return s
}

// matching keeps what satisfies all criteria: the plain ones first, which need nothing but the resource.
func (x *searcher) matching(list []*Stored, criteria []search.Criterion) ([]*Stored, error) {
	if err := x.ctx.Err(); err != nil {
		return nil, err
	}
	for _, plain := range []bool{true, false} {
		for i := range criteria {
			c := &criteria[i]
			if c.Plain() != plain || len(list) == 0 {
				continue
			}
			ok, err := x.satisfied(list, c, len(criteria) == 1)
			if err != nil {
				return nil, err
			}
			kept := make([]*Stored, 0, len(list))
			for j, s := range list {
				if ok[j] {
					kept = append(kept, s)
				}
			}
			list = kept
		}
	}
	return list, nil
}

// satisfied tells of each of list whether it satisfies one criterion; alone says that it is the only one.
func (x *searcher) satisfied(list []*Stored, c *search.Criterion, alone bool) ([]bool, error) {
	switch {
	case c.Has != nil:
		return x.had(list, c)
	case len(c.Chain) > 0:
		return x.chained(list, c)
	case c.Listed():
		return x.listed(list, c)
	case c.Codes():
		return x.coded(list, c)
	case c.Hierarchy():
		return x.related(list, c)
	}
	out := make([]bool, len(list))
	for i, s := range list {
		var err error
		if out[i], err = s.satisfies(c, alone); err != nil {
			return nil, err
		}
	}
	return out, nil
}

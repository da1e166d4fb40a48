package record

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// Bounds of the execution of one search.
const (
	// MaxBatch is how many resources Permit is asked about at once.
	MaxBatch = 100
	// MaxExamined is how many resources one search may take from its source; past it the answer is ErrTooCostly. It stops
	// chains and reverse chains over a whole directory. It counts resources that are hidden from the asker too: a bound
	// on work cannot leave them out.
	MaxExamined = 200_000
	// MaxIncluded is how many resources _include and _revinclude may add to a page; a notice tells when there were more.
	MaxIncluded = 200
	// MaxIterations is how many times :iterate goes on from what was included; a notice tells when there was more.
	MaxIterations = 5
)

// Position says where a page ended: after the resource with these sort keys and this Ref. It names a resource, so it
// leaves the server only sealed. A page after a Position is decided again from nothing; what was written meanwhile
// neither repeats nor skips any other resource.
type Position struct {
	Keys []string `json:"k,omitempty"`
	Ref  Ref      `json:"r"`
}

// compare orders positions as pages do: by the keys, then by Ref.
func (p *Position) compare(o *Position) int {
	if c := slices.Compare(p.Keys, o.Keys); c != 0 {
		return c
	}
	return p.Ref.Compare(o.Ref)
}

// Page is one page of a search.
type Page struct {
	Matches  []*Stored    // permitted matches in order, at most Query.Count
	Included []*Stored    // permitted, each once, none of them a match of this page
	Total    *int         // number of permitted matches over all pages, when asked for
	Next     *Position    // where the next page begins; nil on the last one
	Notices  []fhir.Issue // what the reader must know: not everything could be included
}

// Search finds the resources that match q in the records and the directory that scope names, among those that permit
// lets through. What it does not let through is, for every part of the search, as if it did not exist: it is no match,
// no step of a chain, no reason for a _has, not included, not counted, and takes no place on a page.
//
// Where it looks: matches come from the records of scope.Patients, and from the directory when scope.Directory is set.
// A type may live in both (a Device of a patient and one of a ward; a Practitioner in the directory): each resource is
// where it was written. Chains and _include follow literal references to resources of these records and of the
// directory, whether or not scope.Directory is set; references by identifier alone, and canonical URLs, when exactly one
// resource of the wanted type has it; and, chains alone, references to contained resources, which are part of what
// contains them. _has and _revinclude look where matches come from, and go by literal references and canonical URLs;
// _list and hierarchies (:above and :below of a reference) by literal references, their Lists and steps looked for where
// chains lead.
// A resource of any other patient's record does not exist.
//
// Without _sort matches come in the order of their ids. The total is counted only when q asks for it (_total=accurate
// or estimate, or _summary=count): an honest total needs a decision on every match, where a page needs them for one
// page. Errors: ErrTooCostly, a *Refusal when codes cannot be told apart (a value set that is not held), what permit or
// src give, and the context's.
func Search(ctx context.Context, src Source, q *search.Query, scope Scope, after *Position, permit Permit) (*Page, error) {
	x := newSearcher(ctx, src, scope, permit)
	if err := x.prepare(q.Criteria); err != nil {
		return nil, fmt.Errorf("searching %s: %w", q.Type, err)
	}
	page, err := x.page(q, after)
	if err != nil {
		return nil, fmt.Errorf("searching %s: %w", q.Type, err)
	}
	if q.Summary != search.SummaryCount {
		if err := x.include(q, page); err != nil {
			return nil, fmt.Errorf("including in a search of %s: %w", q.Type, err)
		}
	}
	return page, nil
}

// wantsTotal reports whether the total is part of the answer.
func wantsTotal(q *search.Query) bool {
	return q.Summary == search.SummaryCount || q.Total == "accurate" || q.Total == "estimate"
}

// page collects the matches of one page. Candidates come in order when nothing is sorted and they have one origin;
// then the first that does not fit ends the search.
func (x *searcher) page(q *search.Query, after *Position) (*Page, error) {
	c := &collector{x: x, sort: q.Sort, after: after, room: q.Count + 1, counting: wantsTotal(q)}
	if q.Summary == search.SummaryCount {
		c.room = 0
	}
	candidates, ranked := x.look(q.Type, q.Criteria), false
	if !c.counting {
		candidates, ranked = x.ranked(q, after, candidates)
	}
	ordered := ranked || len(q.Sort) == 0 && !c.counting && x.origins() == 1 && inOrder(x.src, q.Type)
	size := MaxBatch
	if ordered { // more than a page holds would be matched for nothing
		size = min(size, c.room)
	}
	batch := make([]*Stored, 0, size)
	flush := func() error {
		matched, err := x.matching(batch, q.Criteria)
		if err == nil {
			err = c.take(matched)
		}
		batch = batch[:0]
		return err
	}
	for s, err := range candidates {
		if err != nil {
			return nil, err
		}
		if ordered && !ranked && after != nil && s.Ref.Compare(after.Ref) <= 0 {
			continue
		}
		if batch = append(batch, s); len(batch) < size {
			continue
		}
		if err := flush(); err != nil {
			return nil, err
		}
		if ordered && c.full() {
			break
		}
	}
	if err := flush(); err != nil {
		return nil, err
	}
	return c.finish(q.Count), nil
}

// Ordered is what a Source may also say of itself: that Compartment and Directory yield the resources of a type in
// ascending order of Ref. A page of an unsorted search then ends as soon as it is full; without it every resource of the
// type is looked at.
type Ordered interface {
	Ordered(resourceType string) bool
}

func inOrder(src Source, resourceType string) bool {
	o, is := src.(Ordered)
	return is && o.Ordered(resourceType)
}

// Ranked is what a Source may also say of itself: that it yields the resources of a type in a record in the order of a
// sort, the least first, those of equal keys by Ref. What stands before the position may be left out. A page then ends
// as soon as it is full. False when it knows no such order.
type Ranked interface {
	Ranked(ctx context.Context, patient, resourceType string, c []search.Criterion, sort []search.SortKey, after *Position) (iter.Seq2[*Stored, error], bool)
}

// ranked is the candidates in the order of the sort where the one record that they come from knows it, else as given.
func (x *searcher) ranked(q *search.Query, after *Position, given iter.Seq2[*Stored, error]) (iter.Seq2[*Stored, error], bool) {
	source, is := x.src.(Ranked)
	if !is || len(q.Sort) == 0 || len(x.scope.Patients) != 1 || x.scope.Directory {
		return given, false
	}
	candidates, ok := source.Ranked(x.ctx, x.scope.Patients[0], q.Type, q.Criteria, q.Sort, after)
	if !ok {
		return given, false
	}
	return x.pieces(candidates), true
}

// A found is a permitted match and its place.
type found struct {
	Position
	stored *Stored
}

// collector keeps the first matches after a position, one more than a page has room for, and asks for a decision only
// on what could still be among them, or is counted.
type collector struct {
	x        *searcher
	sort     []search.SortKey
	after    *Position
	room     int
	counting bool
	total    int
	best     []found // in order, at most room
}

func (c *collector) full() bool { return len(c.best) >= c.room }

// fits reports whether f would be among the best.
func (c *collector) fits(f *found) bool {
	if c.room == 0 || c.after != nil && f.compare(c.after) <= 0 {
		return false
	}
	return !c.full() || f.compare(&c.best[len(c.best)-1].Position) < 0
}

// take looks at a batch of matches.
func (c *collector) take(matched []*Stored) error {
	candidates := make([]found, 0, len(matched))
	asked := make([]*Stored, 0, len(matched))
	for _, s := range matched {
		f := found{Position: Position{Ref: s.Ref}, stored: s}
		for _, k := range c.sort {
			r, err := s.Resource()
			if err != nil {
				return err
			}
			f.Keys = append(f.Keys, k.Key(r))
		}
		if c.counting || c.fits(&f) {
			candidates, asked = append(candidates, f), append(asked, s)
		}
	}
	allowed, err := c.x.permitted(asked)
	if err != nil {
		return err
	}
	for i := range candidates {
		if allowed[i] == nil {
			continue
		}
		c.total++
		f := &candidates[i]
		f.stored = allowed[i]
		if c.fits(f) {
			at, _ := slices.BinarySearchFunc(c.best, f, func(a found, b *found) int { return a.compare(&b.Position) })
			c.best = slices.Insert(c.best, at, *f)
			c.best = c.best[:min(len(c.best), c.room)]
		}
	}
	return nil
}

// finish cuts the page.
func (c *collector) finish(count int) *Page {
	p := &Page{}
	if c.counting {
		p.Total = &c.total
	}
	if c.room > 1 && len(c.best) == c.room {
		c.best = c.best[:count]
		last := c.best[count-1].Position
		p.Next = &last
	}
	for _, f := range c.best {
		p.Matches = append(p.Matches, f.stored)
	}
	return p
}

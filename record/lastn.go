package record

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/pontlevis/pontlevis/fhir/search"
)

// MaxLastN is how many observations one $lastn may give; past it the answer is ErrTooCostly.
const MaxLastN = 500

// LastN finds the last n observations of each code among the permitted matches of q, whose one sort key says what comes
// first (FHIR R4 observation-operation-lastn.html). Two codes that one observation has both of are the same. Those as late as the nth
// are given too. It looks and knows as Search does; the codes come in their order, each with its newest first.
func LastN(ctx context.Context, src Source, q *search.Query, scope Scope, n int, permit Permit) (*Page, error) {
	x := newSearcher(ctx, src, scope, permit)
	if err := x.prepare(q.Criteria); err != nil {
		return nil, fmt.Errorf("looking for the last of %s: %w", q.Type, err)
	}
	l := lasts{key: q.Sort[0], n: n, of: map[string]*last{}}
	batch := make([]*Stored, 0, MaxBatch)
	flush := func() error {
		matched, err := x.matching(batch, q.Criteria)
		if err == nil {
			matched, err = x.let(matched)
		}
		for _, s := range matched {
			if err == nil {
				err = l.take(s)
			}
		}
		batch = batch[:0]
		return err
	}
	for s, err := range x.look(q.Type, q.Criteria) {
		if err == nil {
			if batch = append(batch, s); len(batch) == MaxBatch {
				err = flush()
			}
		}
		if err != nil {
			return nil, fmt.Errorf("looking for the last of %s: %w", q.Type, err)
		}
	}
	if err := flush(); err != nil {
		return nil, fmt.Errorf("looking for the last of %s: %w", q.Type, err)
	}
	return l.page()
}

// lasts groups observations by code.
type lasts struct {
	key search.SortKey
	n   int
	of  map[string]*last // by each code of the group
}

// last is the newest observations of some codes that mean the same.
type last struct {
	codes []string
	all   []found // newest first; the nth and those as late are kept
}

func (l *lasts) take(s *Stored) error {
	r, err := s.Resource()
	if err != nil {
		return err
	}
	g := &last{codes: codesOf(s), all: []found{{Position{Keys: []string{l.key.Key(r)}, Ref: s.Ref}, s}}}
	for _, c := range slices.Clone(g.codes) {
		if other := l.of[c]; other != nil && other != g {
			g.codes, g.all = union(g.codes, other.codes), append(g.all, other.all...)
			for _, c := range other.codes {
				l.of[c] = g
			}
		}
		l.of[c] = g
	}
	slices.SortFunc(g.all, func(a, b found) int { return a.compare(&b.Position) })
	for len(g.all) > l.n && g.all[len(g.all)-1].Keys[0] > g.all[l.n-1].Keys[0] {
		g.all = g.all[:len(g.all)-1]
	}
	return nil
}

// codesOf names what an observation is of: each coding, else its text.
func codesOf(s *Stored) []string {
	r, err := s.Resource()
	if err != nil {
		return nil
	}
	code := r.Node().Get("code")
	var out []string
	for c := range code.Get("coding").Each() {
		if c.Get("code").Text() != "" {
			out = append(out, "c"+c.Get("system").Text()+"|"+c.Get("code").Text())
		}
	}
	if out == nil {
		out = []string{"t" + code.Get("text").Text()}
	}
	return out
}

func (l *lasts) page() (*Page, error) {
	seen := map[*last]bool{}
	var groups []*last
	for _, g := range l.of {
		if !seen[g] {
			seen[g] = true
			groups = append(groups, g)
		}
	}
	slices.SortFunc(groups, func(a, b *last) int { return cmp.Compare(slices.Min(a.codes), slices.Min(b.codes)) })
	p := &Page{}
	for _, g := range groups {
		for _, f := range g.all {
			if len(p.Matches) == MaxLastN {
				return nil, fmt.Errorf("more than %d observations: %w", MaxLastN, ErrTooCostly)
			}
			p.Matches = append(p.Matches, f.stored)
		}
	}
	return p, nil
}

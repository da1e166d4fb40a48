package record

import (
	"fmt"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// inclusion is the included part of a page being gathered.
type inclusion struct {
	x    *searcher
	page *Page
	seen map[Ref]bool
	new  []*Stored // added in this round
	more bool      // something was left out: no more room, or one round too many
	last bool      // no more is added
}

// include adds what _include and _revinclude ask for to a page: from its matches first, then, where :iterate is asked
// for, from what was added in the round before (R4 search §3.1.1.5.4). Only what is permitted is added, and only from
// what was added does it go on.
func (x *searcher) include(q *search.Query, page *Page) error {
	in := &inclusion{x: x, page: page, seen: make(map[Ref]bool, len(page.Matches))}
	for _, s := range page.Matches {
		in.seen[s.Ref] = true
	}
	from := page.Matches
	for round := 0; len(from) > 0 && !in.last; round++ {
		in.new, in.last = nil, round > MaxIterations
		if err := in.round(q, from, round > 0); err != nil {
			return err
		}
		from = in.new
	}
	if in.more {
		page.Notices = []fhir.Issue{tooManyIncluded}
	}
	return nil
}

// round follows the inclusions from some resources; only those that iterate, but for the first time.
func (in *inclusion) round(q *search.Query, from []*Stored, iterated bool) error {
	for _, i := range q.Include {
		if iterated && !i.Iterate {
			continue
		}
		for _, p := range i.Params() {
			list, err := in.x.referred(from, p, i.Target)
			if err == nil {
				err = in.add(list)
			}
			if err != nil {
				return err
			}
		}
	}
	for _, i := range q.RevInclude {
		if iterated && !i.Iterate {
			continue
		}
		for _, p := range i.Params() {
			list, err := in.x.referring(from, i, p)
			if err == nil {
				err = in.add(list)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// add takes what is permitted and not there yet.
func (in *inclusion) add(list []*Stored) error {
	fresh := make([]*Stored, 0, len(list))
	for _, s := range list {
		if !in.seen[s.Ref] {
			fresh = append(fresh, s)
		}
	}
	fresh, err := in.x.let(fresh)
	if err != nil {
		return err
	}
	for _, s := range fresh {
		switch {
		case in.seen[s.Ref]:
		case in.last, len(in.page.Included) >= MaxIncluded:
			in.more = true
		default:
			in.seen[s.Ref] = true
			in.page.Included, in.new = append(in.page.Included, s), append(in.new, s)
		}
	}
	return nil
}

var tooManyIncluded = fhir.Issue{
	Severity: "warning", Code: "incomplete",
	FR: fmt.Sprintf("Cette page inclut au plus %d ressources liées, sur %d niveaux, et il y en a d'autres : demandez-les par une recherche de leur type.", MaxIncluded, MaxIterations+1),
	EN: fmt.Sprintf("This page includes %d related resources at most, over %d levels, and there are more: ask for them by a search of their type.", MaxIncluded, MaxIterations+1),
}

package record

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// EverythingOptions narrow Everything. Its zero value asks for the first page of all types.
type EverythingOptions struct {
	Types []string   // nil: all
	Since time.Time  // only versions written at or after it
	Care  *CareDates // only care of a period, nil: all
	Count int        // resources of a page; EverythingCount when zero or less, at most MaxEverything
	After *Position  // where the page before ended
}

// Bounds of one page of Everything.
const (
	EverythingCount = 100
	MaxEverything   = 500
)

// Everything gives a page of one record (FHIR R4 operation-patient-everything.html): its permitted resources in the
// order of types and ids, all as matches, and the resources of the directory they refer to directly, as included.
func Everything(ctx context.Context, src Source, patient string, o EverythingOptions, permit Permit) (*Page, error) {
	x := newSearcher(ctx, src, Scope{Patients: []string{patient}}, permit)
	if o.Count <= 0 {
		o.Count = EverythingCount
	}
	count := min(o.Count, MaxEverything)
	c := &collector{x: x, after: o.After, room: count + 1}
	var batch []*Stored
	for s, err := range x.pieces(src.Compartment(ctx, patient, o.Types, nil)) {
		if err != nil {
			return nil, fmt.Errorf("reading everything of a record: %w", err)
		}
		if s.Updated.Before(o.Since) {
			continue
		}
		if o.Care != nil {
			if holds, err := o.Care.Holds(s); err != nil || !holds {
				if err != nil {
					return nil, fmt.Errorf("reading everything of a record: %w", err)
				}
				continue
			}
		}
		if batch = append(batch, s); len(batch) == MaxBatch {
			if err := c.take(batch); err != nil {
				return nil, fmt.Errorf("reading everything of a record: %w", err)
			}
			batch = batch[:0]
		}
	}
	if err := c.take(batch); err != nil {
		return nil, fmt.Errorf("reading everything of a record: %w", err)
	}
	page := c.finish(count)
	if err := x.includeDirectory(page); err != nil {
		return nil, fmt.Errorf("including in everything of a record: %w", err)
	}
	return page, nil
}

// includeDirectory adds the people, places and products that the matches of a page refer to.
func (x *searcher) includeDirectory(page *Page) error {
	var near []*Stored
	for _, s := range page.Matches {
		r, err := s.Resource()
		if err != nil {
			return err
		}
		for _, f := range r.References() {
			if f.Contained || f.ID == "" {
				continue
			}
			t, err := x.resolve(Ref{f.Type, f.ID})
			if err != nil {
				return err
			}
			if t != nil && t.Patient == "" {
				near = append(near, t)
			}
		}
	}
	slices.SortStableFunc(near, func(a, b *Stored) int { return a.Ref.Compare(b.Ref) })
	near, err := x.let(slices.CompactFunc(near, func(a, b *Stored) bool { return a.Ref == b.Ref }))
	if err != nil {
		return err
	}
	if len(near) > MaxIncluded {
		near, page.Notices = near[:MaxIncluded], append(page.Notices, tooManyIncluded)
	}
	page.Included = near
	return nil
}

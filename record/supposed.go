package record

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/fhir/search"
)

// Supposed is a Source as it would be after writes that nobody makes: what is written to it stays in memory and is seen
// through it alone, checked, stamped and versioned as the Source beneath would do. It shows what a change would do before
// it is made. It is for a few changes and the length of one request. It is safe for concurrent use.
type Supposed struct {
	beneath Source
	base    string
	now     func() time.Time

	mu      sync.RWMutex
	written map[Ref][]*Stored // newest first, without what is beneath
	writes  map[string]uint64 // by patient
}

// Suppose makes a Supposed over a Source. base is the server's own FHIR base URL, now the clock of meta.lastUpdated.
func Suppose(beneath Source, base string, now func() time.Time) *Supposed {
	return &Supposed{beneath: beneath, base: base, now: now, written: map[Ref][]*Stored{}, writes: map[string]uint64{}}
}

// Write keeps changes in memory, all or none; see Source.
func (s *Supposed) Write(ctx context.Context, patient string, changes []Change) ([]*Stored, error) {
	drafts, err := draftAll(s.base, patient, changes)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now().UTC().Truncate(time.Millisecond)
	steps := make([]step, len(drafts))
	for k := range drafts {
		found, err := s.read(ctx, drafts[k].Ref)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		if err == nil && found.Patient != patient {
			return nil, fmt.Errorf("%s: %w", drafts[k].Ref, ErrElsewhere)
		}
		if steps[k], err = drafts[k].over(found, patient, now); err != nil {
			return nil, fmt.Errorf("writing to a record: %w", err)
		}
	}
	changed := false
	results := make([]*Stored, len(steps))
	for k := range steps {
		if results[k] = steps[k].result; !steps[k].nothing {
			ref := drafts[k].Ref
			s.written[ref] = slices.Insert(s.written[ref], 0, results[k])
			changed = true
		}
	}
	if changed {
		s.writes[patient]++
	}
	return results, nil
}

// Read gives the current version; see Source.
func (s *Supposed) Read(ctx context.Context, ref Ref) (*Stored, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.read(ctx, ref)
}

func (s *Supposed) read(ctx context.Context, ref Ref) (*Stored, error) {
	if own := s.written[ref]; own != nil {
		return own[0], ctx.Err()
	}
	return s.beneath.Read(ctx, ref)
}

// Version gives one version; see Source.
func (s *Supposed) Version(ctx context.Context, ref Ref, version string) (*Stored, error) {
	for _, own := range s.own(ref) {
		if strconv.Itoa(own.Version) == version {
			return own, ctx.Err()
		}
	}
	return s.beneath.Version(ctx, ref, version)
}

func (s *Supposed) own(ref Ref) []*Stored {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.written[ref]
}

// History gives every version, newest first; see Source.
func (s *Supposed) History(ctx context.Context, ref Ref) ([]*Stored, error) {
	own := s.own(ref)
	before, err := s.beneath.History(ctx, ref)
	if errors.Is(err, ErrNotFound) && own != nil {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	return slices.Concat(own, before), nil
}

// Histories yields every resource that a record holds or held with its versions; see Source.
func (s *Supposed) Histories(ctx context.Context, patient string, types []string) iter.Seq2[[]*Stored, error] {
	return func(yield func([]*Stored, error) bool) {
		added := s.added(patient, types, false)
		for versions, err := range s.beneath.Histories(ctx, patient, types) {
			if err != nil {
				yield(nil, err)
				return
			}
			ref := versions[0].Ref
			for len(added) > 0 && added[0].Ref.Compare(ref) < 0 {
				if !yield(s.own(added[0].Ref), nil) {
					return
				}
				added = added[1:]
			}
			if len(added) > 0 && added[0].Ref == ref {
				added = added[1:]
			}
			if !yield(slices.Concat(s.own(ref), versions), nil) {
				return
			}
		}
		for _, one := range added {
			if !yield(s.own(one.Ref), nil) {
				return
			}
		}
	}
}

// added are the newest versions written here to a record, in order of Ref: of these types (nil: all), and the living ones
// alone when asked.
func (s *Supposed) added(patient string, types []string, living bool) []*Stored {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var out []*Stored
	for _, versions := range s.written {
		one := versions[0]
		if one.Patient == patient && !(living && one.Deleted) && (types == nil || slices.Contains(types, one.Type)) {
			out = append(out, one)
		}
	}
	slices.SortFunc(out, func(a, b *Stored) int { return a.Ref.Compare(b.Ref) })
	return out
}

// Patient tells what is known of a record; see Source.
func (s *Supposed) Patient(ctx context.Context, patient string) (Compartment, error) {
	c, err := s.beneath.Patient(ctx, patient)
	s.mu.RLock()
	defer s.mu.RUnlock()
	writes := s.writes[patient]
	if writes == 0 || err != nil && !errors.Is(err, ErrNotFound) {
		return c, err
	}
	c.ID, c.Sequence = patient, c.Sequence+writes
	if own := s.written[Ref{"Patient", patient}]; own != nil {
		c.Patient = own[0]
	}
	return c, nil
}

// Lookup finds living resources by exact identifier; see Source.
func (s *Supposed) Lookup(ctx context.Context, resourceType, identifier string) ([]Ref, error) {
	found, err := s.beneath.Lookup(ctx, resourceType, identifier)
	if err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	refs := slices.DeleteFunc(slices.Clone(found), func(ref Ref) bool { return s.written[ref] != nil })
	for ref := range maps.Keys(s.written) {
		one := s.written[ref][0]
		if ref.Type != resourceType || one.Deleted {
			continue
		}
		r, err := one.Resource()
		if err != nil {
			return nil, err
		}
		if slices.Contains(identifiersOf(r), identifier) {
			refs = append(refs, ref)
		}
	}
	slices.SortFunc(refs, Ref.Compare)
	return refs, nil
}

// Sequence counts the writes to a record, those made here among them; see Source.
func (s *Supposed) Sequence(ctx context.Context, patient string) (uint64, error) {
	n, err := s.beneath.Sequence(ctx, patient)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return n + s.writes[patient], err
}

// Ordered reports whether a type comes in the order of ids, as it does beneath.
func (s *Supposed) Ordered(resourceType string) bool { return inOrder(s.beneath, resourceType) }

// Compartment yields the living resources of a record; see Source. What was written here is yielded whatever the criteria.
func (s *Supposed) Compartment(ctx context.Context, patient string, types []string, c []search.Criterion) iter.Seq2[*Stored, error] {
	return s.with(s.beneath.Compartment(ctx, patient, types, c), s.added(patient, types, true))
}

// Directory does the same for the resources of no patient.
func (s *Supposed) Directory(ctx context.Context, types []string, c []search.Criterion) iter.Seq2[*Stored, error] {
	return s.with(s.beneath.Directory(ctx, types, c), s.added("", types, true))
}

// with yields what is beneath, without what was written here since, and what was, each in its place.
func (s *Supposed) with(beneath iter.Seq2[*Stored, error], added []*Stored) iter.Seq2[*Stored, error] {
	return func(yield func(*Stored, error) bool) {
		for one, err := range beneath {
			if err != nil {
				yield(nil, err)
				return
			}
			for len(added) > 0 && added[0].Ref.Compare(one.Ref) < 0 {
				if !yield(added[0], nil) {
					return
				}
				added = added[1:]
			}
			if s.own(one.Ref) != nil {
				continue
			}
			if !yield(one, nil) {
				return
			}
		}
		for _, one := range added {
			if !yield(one, nil) {
				return
			}
		}
	}
}

var (
	_ Source  = (*Supposed)(nil)
	_ Ordered = (*Supposed)(nil)
)

package gate

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/record"
)

// shown is a record source as one reader is shown it: what they may not read is not in it, nor any reference to it. Who
// is looked through sees it and nothing else, so that nothing they see, find or count tells the reader of what is hidden
// from the reader, whatever it rests on: facts of the space, links, labels.
type shown struct {
	beneath *withLog
	mu      sync.Mutex // a hearing is for one request
	reader  *hearing
	given   map[*record.Stored]*record.Stored // by what is beneath; nil: not shown
	origins map[*record.Stored]*record.Stored // what is beneath, by what is shown
}

func newShown(beneath *withLog, reader *hearing) *shown {
	return &shown{
		beneath: beneath, reader: reader,
		given: map[*record.Stored]*record.Stored{}, origins: map[*record.Stored]*record.Stored{},
	}
}

// show gives a current version as the reader is shown it, nil when they are not.
func (s *shown) show(ctx context.Context, stored *record.Stored) (*record.Stored, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if out, known := s.given[stored]; known {
		return out, nil
	}
	out, err := s.decide(ctx, stored)
	if err == nil {
		s.given[stored] = out
	}
	return out, err
}

func (s *shown) decide(ctx context.Context, stored *record.Stored) (*record.Stored, error) {
	if s.reader.elsewhere(stored) {
		return nil, nil
	}
	if stored.Patient == "" || stored.Deleted {
		return stored, nil
	}
	d, err := s.reader.read(ctx, stored)
	if err != nil || !d.Allow {
		return nil, err
	}
	return s.redacted(ctx, stored)
}

func (s *shown) redacted(ctx context.Context, stored *record.Stored) (*record.Stored, error) {
	out, err := s.reader.redact(ctx, stored)
	if err == nil {
		s.origins[out] = stored
	}
	return out, err
}

// Read gives what the reader may read; a deletion, of what they could have read.
func (s *shown) Read(ctx context.Context, ref record.Ref) (*record.Stored, error) {
	stored, err := s.beneath.Read(ctx, ref)
	if err != nil {
		return nil, err
	}
	if stored.Deleted {
		versions, err := s.History(ctx, ref)
		if err != nil {
			return nil, err
		}
		return versions[0], nil
	}
	return found(s.show(ctx, stored))
}

func found(stored *record.Stored, err error) (*record.Stored, error) {
	if err == nil && stored == nil {
		err = record.ErrNotFound
	}
	return stored, err
}

// Version gives one version that the reader may read.
func (s *shown) Version(ctx context.Context, ref record.Ref, version string) (*record.Stored, error) {
	one, err := s.beneath.Version(ctx, ref, version)
	if err != nil {
		return nil, err
	}
	versions, err := s.History(ctx, ref)
	if err != nil {
		return nil, err
	}
	k := slices.IndexFunc(versions, func(v *record.Stored) bool { return v.Version == one.Version })
	if k < 0 {
		return nil, record.ErrNotFound
	}
	return versions[k], nil
}

// History gives the versions that the reader may read.
func (s *shown) History(ctx context.Context, ref record.Ref) ([]*record.Stored, error) {
	versions, err := s.beneath.History(ctx, ref)
	if err != nil {
		return nil, err
	}
	kept, err := s.versions(ctx, versions)
	if err == nil && kept == nil {
		err = record.ErrNotFound
	}
	return kept, err
}

// versions are those that the reader may read, as the reader is shown them.
func (s *shown) versions(ctx context.Context, all []*record.Stored) ([]*record.Stored, error) {
	governing := lastLiving(all)
	if governing == nil {
		return nil, nil
	}
	current, err := s.show(ctx, governing)
	if err != nil || current == nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var kept []*record.Stored
	for _, v := range all {
		switch {
		case v == governing:
			v = current
		case governing.Patient != "":
			allowed, err := s.reader.permitOlder(ctx, governing, v)
			if err != nil {
				return nil, err
			}
			if !allowed {
				continue
			}
			if v, err = s.redacted(ctx, v); err != nil {
				return nil, err
			}
		}
		kept = append(kept, v)
	}
	return kept, nil
}

// Histories yields what the reader may read of what a record holds or held.
func (s *shown) Histories(ctx context.Context, patient string, types []string) iter.Seq2[[]*record.Stored, error] {
	return func(yield func([]*record.Stored, error) bool) {
		for all, err := range s.beneath.Histories(ctx, patient, types) {
			var kept []*record.Stored
			if err == nil {
				kept, err = s.versions(ctx, all)
			}
			if err == nil && kept == nil {
				continue
			}
			if !yield(kept, err) || err != nil {
				return
			}
		}
	}
}

// Patient tells what is known of a record.
func (s *shown) Patient(ctx context.Context, patient string) (record.Compartment, error) {
	c, err := s.beneath.Patient(ctx, patient)
	if err != nil || c.Patient == nil || c.Patient.Deleted {
		return c, err
	}
	c.Patient, err = s.show(ctx, c.Patient)
	return c, err
}

// Lookup finds what the reader may read, by the identifiers that they are shown.
func (s *shown) Lookup(ctx context.Context, resourceType, identifier string) ([]record.Ref, error) {
	refs, err := s.beneath.Lookup(ctx, resourceType, identifier)
	if err != nil {
		return nil, err
	}
	var out []record.Ref
	for _, ref := range refs {
		_, err := s.Read(ctx, ref)
		switch {
		case err == nil:
			out = append(out, ref)
		case !errors.Is(err, record.ErrNotFound):
			return nil, err
		}
	}
	return out, nil
}

// Sequence counts the writes to a record; nobody is told of it.
func (s *shown) Sequence(ctx context.Context, patient string) (uint64, error) {
	return s.beneath.Sequence(ctx, patient)
}

// Compartment yields what the reader may read of a record, without the access log, which withLog puts beside it.
func (s *shown) Compartment(ctx context.Context, patient string, types []string, c []search.Criterion) iter.Seq2[*record.Stored, error] {
	return s.pass(ctx, s.beneath.Source.Compartment(ctx, patient, types, c))
}

// Directory yields what belongs to no patient.
func (s *shown) Directory(ctx context.Context, types []string, c []search.Criterion) iter.Seq2[*record.Stored, error] {
	return s.pass(ctx, s.beneath.Directory(ctx, types, c))
}

func (s *shown) pass(ctx context.Context, all iter.Seq2[*record.Stored, error]) iter.Seq2[*record.Stored, error] {
	return func(yield func(*record.Stored, error) bool) {
		for stored, err := range all {
			if err == nil {
				stored, err = s.show(ctx, stored)
			}
			if err == nil && stored == nil {
				continue
			}
			if !yield(stored, err) || err != nil {
				return
			}
		}
	}
}

// Ordered reports whether a type comes in the order of ids.
func (s *shown) Ordered(resourceType string) bool {
	inner, ok := s.beneath.Source.(record.Ordered)
	return ok && inner.Ordered(resourceType)
}

// Write writes nothing: who is looked through does nothing.
func (s *shown) Write(context.Context, string, []record.Change) ([]*record.Stored, error) {
	return nil, errLooksOnly
}

var errLooksOnly = errors.New("nobody writes through another's eyes")

var (
	_ record.Source  = (*shown)(nil)
	_ record.Ordered = (*shown)(nil)
)

package gate

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/space"
)

// maxSnapshots bounds the memory that remembered facts take; a national record has more spaces than fit.
const maxSnapshots = 8192

// snapshots remembers the facts of spaces lately read, each under the version it was read at. A fact is never served
// for another version than the one the store names at that moment, so nothing has to be invalidated.
type snapshots struct {
	mu  sync.Mutex
	all map[string]snapshot
}

type snapshot struct {
	sequence  uint64 // of the record
	lifecycle int    // version of the lifecycle
	facts     *space.Facts
}

func newSnapshots() *snapshots { return &snapshots{all: map[string]snapshot{}} }

func (s *snapshots) get(patient string, sequence uint64, lifecycle int) *space.Facts {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k, ok := s.all[patient]; ok && k.sequence == sequence && k.lifecycle == lifecycle {
		return k.facts
	}
	return nil
}

func (s *snapshots) put(patient string, k snapshot) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for victim := range s.all { // map order is random enough for a cache
		if len(s.all) < maxSnapshots {
			break
		}
		delete(s.all, victim)
	}
	s.all[patient] = k
}

// factsFor gathers the facts of a record that somebody wants to write to; those of a space nobody announced when the
// record is not known.
func (h *hearing) factsFor(ctx context.Context, patient string) (*space.Facts, error) {
	if patient == "" {
		return space.Read(space.Lifecycle{}, "", nil), nil
	}
	return h.g.facts(ctx, patient)
}

// facts gathers one versioned snapshot of what a person's space says. The sequence is read before the resources: a
// change that comes between is seen too, and the snapshot is then kept under the older number and read again.
func (g *Gate) facts(ctx context.Context, patient string) (*space.Facts, error) {
	if g.knower != nil {
		return g.knower.facts(ctx, patient)
	}
	sequence, err := g.Records.Sequence(ctx, patient)
	if err != nil {
		return nil, fmt.Errorf("reading the version of a space: %w", err)
	}
	lifecycle, err := g.Lives.Of(ctx, patient)
	if err != nil {
		return nil, err
	}
	if f := g.known.get(patient, sequence, lifecycle.Version); f != nil {
		return f, nil
	}
	var resources []*fhir.Resource
	for stored, err := range g.Records.Compartment(ctx, patient, space.Types(), nil) {
		if err != nil {
			return nil, fmt.Errorf("reading the facts of a space: %w", err)
		}
		r, err := stored.Resource()
		if err != nil {
			return nil, fmt.Errorf("reading the facts of a space: %w", err)
		}
		resources = append(resources, r)
	}
	f := space.Read(lifecycle, patient, resources)
	if g.also != nil {
		f.Circle = append(f.Circle, *g.also)
	}
	f.Drill = slices.Contains(g.Drills, patient)
	g.known.put(patient, snapshot{sequence, lifecycle.Version, f})
	return f, nil
}

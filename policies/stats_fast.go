package policies

import (
	"errors"
	"sync/atomic"
)

// fastStats counts what the compiled plan did.
type fastStats struct {
	planned, referred, tested, redecided, disagreed, dropped, trips atomic.Uint64
}

// FastPath says whether decisions are taken by the bundle's compiled plan, and counts how it fares beside OPA's evaluator.
type FastPath struct {
	Compiled bool   // the bundle compiles to a plan
	Refused  error  // why it does not
	Tripped  string // where the plan was caught in a difference; empty while it is in service

	Planned   uint64 // decisions taken by the plan
	Referred  uint64 // by OPA's evaluator: there was no plan, or it gave no answer
	Tested    uint64 // vectors on which both were compared outside requests
	Redecided uint64 // decisions of requests that OPA's evaluator took again
	Disagreed uint64 // of both, how often they differed
	Dropped   uint64 // decisions that were to be taken again, and were not for lack of room
	Trips     uint64 // plans taken out of service
}

// On reports whether the plan decides.
func (f FastPath) On() bool { return f.Compiled && f.Tripped == "" }

// FastPath tells how the revision decides.
func (r *Revision) FastPath() FastPath {
	f := FastPath{Compiled: r.fast.program != nil, Refused: r.fast.refused}
	if why := r.fast.tripped.Load(); why != nil {
		f.Tripped = *why
	}
	f.add(r.stats)
	return f
}

func (f *FastPath) add(s *Stats) {
	f.Planned += s.fast.planned.Load()
	f.Referred += s.fast.referred.Load()
	f.Tested += s.fast.tested.Load()
	f.Redecided += s.fast.redecided.Load()
	f.Disagreed += s.fast.disagreed.Load()
	f.Dropped += s.fast.dropped.Load()
	f.Trips += s.fast.trips.Load()
}

// FastPath tells how the revision in force decides, with counts over every revision this engine had in force.
func (e *Engine) FastPath() FastPath {
	e.mu.Lock()
	defer e.mu.Unlock()
	f := e.Current().FastPath()
	for _, s := range e.retired {
		f.add(s)
	}
	return f
}

func isTimeout(err error) bool { return errors.Is(err, ErrTimeout) }

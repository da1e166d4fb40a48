package policies

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// Engine holds the revision in force. Every request takes Current once and decides with it to its end; a new revision takes its place in one
// step, and one that was refused never does.
type Engine struct {
	current atomic.Pointer[Revision]

	// Interval is how often Follow looks at its folder; zero is half a second. A change is loaded once it stands still for one interval.
	Interval time.Duration
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Log receives what happens to revisions; nil is slog.Default.
	Log *slog.Logger

	mu       sync.Mutex
	lastErr  error
	since    time.Time // since when a newer bundle is refused
	retired  []*Stats
	switches uint64
	changed  chan struct{} // holds a token while Prove has not seen the revision in force
}

// NewEngine begins with a revision, which is in force at once.
func NewEngine(r *Revision) *Engine {
	e := &Engine{changed: make(chan struct{}, 1)}
	e.current.Store(r)
	return e
}

// Current gives the revision in force.
func (e *Engine) Current() *Revision { return e.current.Load() }

// Activate puts a revision in force, from the next request on. Decisions under way end with the revision they began with.
func (e *Engine) Activate(r *Revision) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.lastErr, e.since = nil, time.Time{}
	if old := e.current.Swap(r); old != nil && old != r {
		e.retired = append(e.retired, old.stats)
		e.switches++
		select {
		case e.changed <- struct{}{}:
		default:
		}
	}
}

// LastError gives why the newest bundle seen was refused, and since when a newer bundle is refused; nil when the newest is in force.
func (e *Engine) LastError() (since time.Time, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.since, e.lastErr
}

// Age is how long ago the revision in force was loaded.
func (e *Engine) Age() time.Duration { return e.now().Sub(e.Current().Loaded) }

// Switches counts the revisions that replaced another.
func (e *Engine) Switches() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.switches
}

// Counts sums the decisions by rule over every revision this engine had in force, so that a metric never goes backwards.
func (e *Engine) Counts() (counts []Count, hits, misses uint64) {
	e.mu.Lock()
	all := append([]*Stats{e.Current().stats}, e.retired...)
	e.mu.Unlock()
	return sumStats(all)
}

// Follow loads the bundle of a folder again each time its files change, until the context ends. A bundle is put in force whole or not at all;
// when it is refused, the one in force stays, the reason is logged and kept for LastError. onChange, when not nil, hears of both.
// The folder's first content is loaded too, unless its revision is already in force.
func (e *Engine) Follow(ctx context.Context, dir string, onChange func(*Revision, error)) {
	interval := e.Interval
	if interval <= 0 {
		interval = 500 * time.Millisecond
	}
	f := &follower{engine: e, dir: dir, onChange: onChange, tried: e.Current().Digest}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		f.look(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// follower remembers what it saw of a folder.
type follower struct {
	engine   *Engine
	dir      string
	onChange func(*Revision, error)
	seen     string // digest at the last look: a folder still being written differs at each
	tried    string // digest last loaded, in force or refused
}

func (f *follower) look(ctx context.Context) {
	files, err := readFiles(os.DirFS(f.dir))
	if err != nil {
		if f.tried != err.Error() {
			f.tried = err.Error()
			f.refuse(ctx, fmt.Errorf("following %s: %w", f.dir, err))
		}
		return
	}
	digest := digestOf(files)
	still := digest == f.seen
	f.seen = digest
	if !still || digest == f.tried {
		return
	}
	f.tried = digest
	r, err := LoadWith(ctx, os.DirFS(f.dir), LoadOptions{Now: f.engine.Now})
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		f.refuse(ctx, err)
	default:
		f.engine.Activate(r)
		f.tried = r.Digest
		f.engine.log().InfoContext(ctx, "policy revision in force", "revision", r.Digest, "rules", len(r.rules), "warnings", len(r.Warnings))
		if f.onChange != nil {
			f.onChange(r, nil)
		}
	}
}

func (f *follower) refuse(ctx context.Context, err error) {
	e := f.engine
	e.mu.Lock()
	if e.since.IsZero() {
		e.since = e.now()
	}
	e.lastErr = err
	e.mu.Unlock()
	e.log().ErrorContext(ctx, "a policy bundle is refused; the revision in force stays", "revision", e.Current().Digest, "error", err)
	if f.onChange != nil {
		f.onChange(nil, err)
	}
}

func (e *Engine) now() time.Time {
	if e.Now != nil {
		return e.Now()
	}
	return time.Now()
}

func (e *Engine) log() *slog.Logger {
	if e.Log != nil {
		return e.Log
	}
	return slog.Default()
}

package jwks

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	fetchGap    = time.Second     // between two fetches of one URL, whoever asks
	failureGap  = 5 * time.Second // after a fetch that failed: its error is the answer meanwhile
	forcedGap   = time.Minute     // between two fetches because a fresh set did not serve
	maxFetches  = 16              // at the same time, all URLs together
	maxEntries  = 4096            // URLs that are remembered
	maxAwaiting = 64              // requests that wait for one fetch: more are refused, not queued
)

// Options say how keys are fetched. The zero value is right for production.
type Options struct {
	Loopback bool             // also http, and loopback addresses: for tests and the demonstration
	Roots    *x509.CertPool   // who may vouch for a server; the system's when nil
	Now      func() time.Time // the clock of caching; time.Now when nil
}

// Fetcher fetches and remembers the key sets that clients publish. It is safe for concurrent use.
type Fetcher struct {
	options Options
	client  doer
	now     func() time.Time
	slots   chan struct{}
	ctx     context.Context // of the fetches, which outlive the request that began them
	stop    context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	entries map[string]*entry
}

// entry is what is known of one URL.
type entry struct {
	set     *jose.JSONWebKeySet
	expires time.Time // of the set
	forced  time.Time // the last fetch because a fresh set did not serve
	started time.Time // the last fetch, by the monotonic clock
	failed  time.Time // the last fetch that failed, with err
	err     error
	flight  *flight // the fetch that is under way
}

// flight is one fetch, for everybody who waits for it.
type flight struct {
	done    chan struct{}
	waiting int
	set     *jose.JSONWebKeySet
	err     error
}

var (
	errBusy   = errors.New("too many requests wait for this key set")
	errClosed = errors.New("closed")
)

// New makes a fetcher. The caller ends it with Close.
func New(o Options) *Fetcher {
	f := &Fetcher{options: o, now: o.Now, slots: make(chan struct{}, maxFetches), entries: make(map[string]*entry)}
	if f.now == nil {
		f.now = time.Now
	}
	f.client = f.options.newClient()
	f.ctx, f.stop = context.WithCancel(context.Background())
	return f
}

// Close ends the fetches that are under way and waits for them.
func (f *Fetcher) Close() {
	f.mu.Lock()
	f.stop()
	f.mu.Unlock()
	f.running.Wait()
}

// Keys returns the key set published at a URL: a fresh one from memory, or one fetched now. When a fresh set does not
// serve (it lacks the kid that is wanted, say) it is fetched again, for the client may have rotated, but for that reason
// at most once a minute: what is returned may still not serve. The set is shared: callers do not change it.
func (f *Fetcher) Keys(ctx context.Context, url string, serves func(*jose.JSONWebKeySet) bool) (*jose.JSONWebKeySet, error) {
	set, flight, err := f.lookUp(url, serves)
	if err != nil || flight == nil {
		return set, err
	}
	select {
	case <-flight.done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if flight.err != nil && set != nil { // the set at hand is still fresh: that it does not serve is not the failure's doing
		return set, nil
	}
	return flight.set, flight.err
}

// lookUp returns the fresh set, and the fetch to wait for when there is one.
func (f *Fetcher) lookUp(url string, serves func(*jose.JSONWebKeySet) bool) (*jose.JSONWebKeySet, *flight, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ctx.Err() != nil {
		return nil, nil, errClosed
	}
	e, now := f.entry(url), f.now()
	var fresh *jose.JSONWebKeySet
	if e.set != nil && now.Before(e.expires) {
		fresh = e.set
		if serves(fresh) || e.flight == nil && now.Before(e.forced.Add(forcedGap)) {
			return fresh, nil, nil
		}
	}
	if e.flight == nil {
		if fresh == nil && e.err != nil && now.Before(e.failed.Add(failureGap)) {
			return nil, nil, e.err
		}
		if fresh != nil {
			e.forced = now
		}
		f.begin(url, e)
	}
	if e.flight.waiting++; e.flight.waiting > maxAwaiting {
		return nil, nil, errBusy
	}
	return fresh, e.flight, nil
}

// entry returns what is known of a URL; f.mu is held.
func (f *Fetcher) entry(url string) *entry {
	e := f.entries[url]
	if e == nil {
		if len(f.entries) >= maxEntries {
			f.forget()
		}
		e = new(entry)
		f.entries[url] = e
	}
	return e
}

// forget makes room: what is stale goes, or else half of the rest.
func (f *Fetcher) forget() {
	now := f.now()
	for url, e := range f.entries {
		if e.flight == nil && !now.Before(e.expires) {
			delete(f.entries, url)
		}
	}
	for url, e := range f.entries {
		if len(f.entries) <= maxEntries/2 {
			return
		}
		if e.flight == nil {
			delete(f.entries, url)
		}
	}
}

// begin starts one fetch; f.mu is held. It begins a second after the one before: a set that may not be cached is then
// fetched once for all who ask within that second.
func (f *Fetcher) begin(url string, e *entry) {
	flight := &flight{done: make(chan struct{})}
	e.flight = flight
	wait := fetchGap - time.Since(e.started)
	f.running.Go(func() {
		set, expires, err := f.queue(url, wait)
		f.mu.Lock()
		defer f.mu.Unlock()
		e.flight, e.started = nil, time.Now()
		if err != nil {
			err = fmt.Errorf("fetching the key set: %w", err)
			e.failed, e.err = f.now(), err
		} else {
			e.set, e.expires, e.err = set, expires, nil
		}
		flight.set, flight.err = set, err
		close(flight.done)
	})
}

// queue waits for the time and a free slot, then fetches.
func (f *Fetcher) queue(url string, wait time.Duration) (set *jose.JSONWebKeySet, expires time.Time, err error) {
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-f.ctx.Done():
			return nil, expires, f.ctx.Err()
		}
	}
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	case <-time.After(fetchTimeout):
		return nil, expires, errBusy
	case <-f.ctx.Done():
		return nil, expires, f.ctx.Err()
	}
	asked := f.now() // the answer may be as old as the question
	set, life, err := f.fetch(f.ctx, url)
	return set, asked.Add(life), err
}

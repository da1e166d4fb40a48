package store

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// maxGroup bounds how many functions share a commit, and with it how long the first of them waits.
const maxGroup = 1024

// request is one call of Update on its way through the queue.
type request struct {
	ctx       context.Context
	partition Partition
	fn        func(Tx) error
	state     atomic.Int32

	// Written by the committer, read by the caller once the group is done.
	err      error
	panicked any  // what fn panicked with; the caller panics with it
	exited   bool // fn called runtime.Goexit; the caller does so
}

// A request is taken by the committer or given up by its caller, whichever is first.
const (
	waiting int32 = iota
	taken
	givenUp
	settled // its outcome is final, whatever happens to the rest of its group
)

// group is the requests that share one commit and one wake-up.
type group struct {
	requests []*request
	done     chan struct{}
}

// queue holds the groups that wait for the committer.
type queue struct {
	mu      sync.Mutex
	ready   sync.Cond
	groups  []*group
	closed  bool
	drained chan struct{} // closed when the committer has ended
}

func (q *queue) init() {
	q.ready.L = &q.mu
	q.drained = make(chan struct{})
}

// add puts r into the last group and returns it. The database counts r among those inside, so the queue is open.
func (q *queue) add(r *request) *group {
	q.mu.Lock()
	defer q.mu.Unlock()
	if n := len(q.groups); n == 0 || len(q.groups[n-1].requests) >= maxGroup {
		q.groups = append(q.groups, &group{done: make(chan struct{})})
	}
	g := q.groups[len(q.groups)-1]
	g.requests = append(g.requests, r)
	q.ready.Signal()
	return g
}

// next waits for a group; nil when the queue is shut and empty.
func (q *queue) next() *group {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.groups) == 0 && !q.closed {
		q.ready.Wait()
	}
	if len(q.groups) == 0 {
		return nil
	}
	g := q.groups[0]
	q.groups[0] = nil
	q.groups = q.groups[1:]
	return g
}

func (q *queue) shut() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.ready.Broadcast()
}

// wait returns when the group is done, or earlier when the context ends before the function has begun.
func (r *request) wait(g *group) error {
	select {
	case <-g.done:
	case <-r.ctx.Done():
		if r.state.CompareAndSwap(waiting, givenUp) {
			return r.ctx.Err()
		}
		<-g.done
	}
	switch {
	case r.panicked != nil:
		panic(r.panicked)
	case r.exited:
		runtime.Goexit()
	}
	return r.err
}

// take claims the request for the committer; false when its caller has gone or need not be served.
func (r *request) take() bool {
	switch r.state.Load() {
	case givenUp, settled:
		return false
	case taken: // its group is served again
		return !r.exited
	}
	if err := r.ctx.Err(); err != nil {
		r.err = err
		return false
	}
	return r.state.CompareAndSwap(waiting, taken)
}

// run calls the function on tx. It reports whether the writes of tx are to be kept. A panic is kept for the caller; a
// Goexit (a test's FailNow) unwinds the committer, which starts anew without this request.
func (r *request) run(tx *boltTx) (keep bool) {
	returned := false
	r.err, r.panicked, r.exited = nil, nil, true
	defer func() {
		tx.done = true
		if returned {
			return
		}
		if p := recover(); p != nil {
			r.panicked, r.exited, keep = p, false, false
		}
	}()
	r.err = r.fn(tx)
	returned, r.exited = true, false
	return r.err == nil
}

// settle makes the outcome of the requests final. When their commit failed, each of them gets that error: even one that
// failed by itself may have done so for what it saw of neighbours whose writes are now lost.
func settle(requests []*request, err error) {
	for _, r := range requests {
		if err != nil && r.panicked == nil && !r.exited {
			r.err = fmt.Errorf("store: committing: %w", err)
		}
		if !r.state.CompareAndSwap(taken, settled) {
			r.state.CompareAndSwap(waiting, settled)
		}
	}
}

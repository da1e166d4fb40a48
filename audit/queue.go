package audit

import (
	"sync"
	"time"
)

const (
	// maxBatch bounds the entries of one commit, and with them how long the first of them waits.
	maxBatch = 4096
	// maxBatchBytes bounds the memory one commit takes.
	maxBatchBytes = 32 << 20
	// maxQueued bounds the bytes that wait while the store does not answer.
	maxQueued = 256 << 20
)

// pending is what one call of Append waits for.
type pending struct {
	drafts []draft
	err    error // written by the committer, read once the batch is done
}

func (p *pending) bytes() int {
	n := 0
	for i := range p.drafts {
		n += len(p.drafts[i].row)
	}
	return n
}

// batch is the calls that share one commit and one wake-up.
type batch struct {
	pending []*pending
	since   time.Time // when the first of them came
	entries int
	bytes   int
	done    chan struct{}
}

// queue holds the batches that wait for the committer.
type queue struct {
	mu      sync.Mutex
	ready   sync.Cond
	batches []*batch
	bytes   int
	closed  bool
	drained chan struct{} // closed when the committer has ended
}

func (q *queue) init() {
	q.ready.L = &q.mu
	q.drained = make(chan struct{})
}

// add puts p into the last batch that has room. Errors: ErrClosed, ErrBusy, ErrTooLarge.
func (q *queue) add(p *pending, now time.Time) (*batch, error) {
	size := p.bytes()
	if len(p.drafts) > maxBatch || size > maxBatchBytes {
		return nil, ErrTooLarge
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return nil, ErrClosed
	case q.bytes+size > maxQueued:
		return nil, ErrBusy
	}
	var b *batch
	if n := len(q.batches); n > 0 {
		b = q.batches[n-1]
	}
	if b == nil || b.entries+len(p.drafts) > maxBatch || b.bytes+size > maxBatchBytes {
		b = &batch{since: now, done: make(chan struct{})}
		q.batches = append(q.batches, b)
	}
	b.pending = append(b.pending, p)
	b.entries += len(p.drafts)
	b.bytes += size
	q.bytes += size
	q.ready.Signal()
	return b, nil
}

// next waits for a batch; nil when the queue is shut and empty.
func (q *queue) next() *batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.batches) == 0 && !q.closed {
		q.ready.Wait()
	}
	if len(q.batches) == 0 {
		return nil
	}
	b := q.batches[0]
	q.batches[0] = nil
	q.batches = q.batches[1:]
	q.bytes -= b.bytes
	return b
}

func (q *queue) shut() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.ready.Broadcast()
}

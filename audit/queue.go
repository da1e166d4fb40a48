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
	// maxQueued bounds the bytes that wait while the disk does not answer.
	maxQueued = 256 << 20
	// gatherStep and gatherMost bound how long a commit waits for company: a step for each caller that is expected beside
	// the first, so that one who comes alone never waits.
	gatherStep = 125 * time.Microsecond
	gatherMost = 2 * time.Millisecond
)

// pending is what one call of Append waits for.
type pending struct {
	drafts []draft
	room   [1]draft // for the usual call, of one entry
	err    error    // written by the committer, read once the batch is done
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
	erases  bool
	done    chan struct{}
}

// queue holds the batches that wait for the committer.
type queue struct {
	mu      sync.Mutex
	batches []*batch
	bytes   int
	closed  bool
	drained chan struct{} // closed when the committer has ended

	wake  chan struct{} // room for one: the committer sleeps until `want` calls wait
	want  int
	crowd int // about how many callers there are at a time
	timer *time.Timer
}

func (q *queue) init() {
	q.wake = make(chan struct{}, 1)
	q.drained = make(chan struct{})
	q.timer = time.NewTimer(time.Hour)
	q.timer.Stop()
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
		b = &batch{since: now, pending: make([]*pending, 0, q.crowd+1), done: make(chan struct{})}
		q.batches = append(q.batches, b)
	}
	b.pending = append(b.pending, p)
	b.entries += len(p.drafts)
	b.bytes += size
	b.erases = b.erases || p.drafts[0].erases != nil
	q.bytes += size
	if q.want > 0 && (len(b.pending) >= q.want || len(q.batches) > 1) {
		q.rouse()
	}
	return b, nil
}

// rouse wakes the committer, once.
func (q *queue) rouse() {
	q.want = 0
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// next waits for a batch, and then, where several callers were seen together, a moment for the others of them: one sync
// and one signature serve them all. It returns nil when the queue is shut and empty.
func (q *queue) next() *batch {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.batches) == 0 && !q.closed {
		q.sleep(1, 0)
	}
	if len(q.batches) == 1 && len(q.batches[0].pending) < q.crowd && !q.closed {
		q.sleep(q.crowd, min(gatherStep*time.Duration(q.crowd-1), gatherMost))
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

// sleep waits until so many calls wait in one batch, or for the time, if one is given.
func (q *queue) sleep(want int, most time.Duration) {
	q.want = want
	select {
	case <-q.wake: // of a sleep that its time ended
	default:
	}
	q.mu.Unlock()
	if most == 0 {
		<-q.wake
	} else {
		q.timer.Reset(most)
		select {
		case <-q.wake:
			q.timer.Stop()
		case <-q.timer.C:
		}
	}
	q.mu.Lock()
	q.want = 0
}

// served notes how many callers there were: those whose batch was committed and those who came meanwhile. The estimate
// rises at once and falls slowly.
func (q *queue) served(b *batch) {
	q.mu.Lock()
	defer q.mu.Unlock()
	seen := len(b.pending)
	if len(q.batches) > 0 {
		seen += len(q.batches[0].pending)
	}
	q.crowd = max(seen, q.crowd-(q.crowd-seen+3)/4)
}

func (q *queue) shut() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.rouse()
}

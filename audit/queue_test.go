package audit

import (
	"testing"
	"time"
)

// call is a caller with one entry.
func call() *pending { return &pending{drafts: make([]draft, 1)} }

// A commit waits for as many callers as were seen together, for a moment at most, and never for company of one who comes
// alone.
func TestGathering(t *testing.T) {
	t.Parallel()
	var q queue
	q.init()
	add := func(n int) {
		for range n {
			if _, err := q.add(call(), time.Time{}); err != nil {
				t.Error(err)
			}
		}
	}
	add(1)
	began := time.Now()
	b := q.next()
	if waited := time.Since(began); len(b.pending) != 1 || waited >= gatherMost {
		t.Errorf("alone: a batch of %d after %v", len(b.pending), waited)
	}
	add(7) // while the first is being written
	if q.served(b); q.crowd != 8 {
		t.Fatalf("%d callers were seen, want 8", q.crowd)
	}
	go func() { time.Sleep(100 * time.Microsecond); add(1) }()
	if b = q.next(); len(b.pending) != 7 && len(b.pending) != 8 {
		t.Errorf("in company: a batch of %d", len(b.pending))
	}
	for seen := q.crowd; q.crowd > 1; seen = q.crowd {
		if q.served(&batch{pending: []*pending{call()}}); q.crowd >= seen && len(q.batches) == 0 {
			t.Fatalf("the crowd of %d does not disperse", seen)
		}
		if len(q.batches) > 0 {
			q.next()
		}
	}
	add(1)
	q.crowd = 1000
	began = time.Now()
	if b = q.next(); len(b.pending) == 0 || time.Since(began) < gatherMost {
		t.Errorf("nobody else came: a batch of %d after %v", len(b.pending), time.Since(began))
	}
	q.shut()
	for b = q.next(); b != nil; b = q.next() {
	}
	if _, err := q.add(call(), time.Time{}); err != ErrClosed {
		t.Errorf("after the end: %v", err)
	}
}

package oauth

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// Bounds of the waiting room for signature checks.
const (
	maxLine    = 64   // that may wait in one line: a network that asks faster is told to come back
	maxWaiting = 2048 // in all lines together
)

var errCrowded = errors.New("too many signatures wait to be checked")

// turns shares out what costs CPU (a signature takes up to a millisecond) so that nobody takes it from others: each
// network has a line of its own, and the lines are served in turn. A flood fills its own line and gets one turn of each
// round, whatever its size.
type turns struct {
	mu      sync.Mutex
	free    int // slots nobody holds
	waiting int
	lines   map[string]*line
	round   []*line // lines in which somebody waits, next first
}

type line struct {
	name    string
	waiting []chan struct{} // first come first
}

// newTurns makes a waiting room for n checks at a time.
func newTurns(n int) *turns { return &turns{free: max(1, n), lines: make(map[string]*line)} }

// wait waits for a turn in the named line. The caller calls end when done. It returns errCrowded when the line is full,
// and the context's error.
func (t *turns) wait(ctx context.Context, name string) (end func(), err error) {
	turn, err := t.join(name)
	if err != nil {
		return nil, err
	}
	if turn == nil {
		return t.end, nil
	}
	select {
	case <-turn:
		return t.end, nil
	case <-ctx.Done():
		t.leave(name, turn)
		return nil, ctx.Err()
	}
}

// join takes a free slot, or a place in the line whose turn will be told.
func (t *turns) join(name string) (turn chan struct{}, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.free > 0 {
		t.free--
		return nil, nil
	}
	l := t.lines[name]
	if t.waiting >= maxWaiting || l != nil && len(l.waiting) >= maxLine {
		return nil, errCrowded
	}
	if l == nil {
		l = &line{name: name}
		t.lines[name] = l
		t.round = append(t.round, l)
	}
	turn = make(chan struct{})
	l.waiting = append(l.waiting, turn)
	t.waiting++
	return turn, nil
}

// leave gives up a place; a turn that came meanwhile goes to the next.
func (t *turns) leave(name string, turn chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.lines[name]
	if l != nil {
		if i := slices.Index(l.waiting, turn); i >= 0 {
			l.waiting = slices.Delete(l.waiting, i, i+1)
			t.waiting--
			t.close(l)
			return
		}
	}
	t.next()
}

func (t *turns) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next()
}

// next hands a slot to the first of the next line; t.mu is held.
func (t *turns) next() {
	if len(t.round) == 0 {
		t.free++
		return
	}
	l := t.round[0]
	turn := l.waiting[0]
	l.waiting = l.waiting[1:]
	t.waiting--
	t.round = append(t.round[1:], l) // to the end of the round
	t.close(l)
	close(turn)
}

// close forgets a line in which nobody waits; t.mu is held.
func (t *turns) close(l *line) {
	if len(l.waiting) > 0 {
		return
	}
	delete(t.lines, l.name)
	if i := slices.Index(t.round, l); i >= 0 {
		t.round = slices.Delete(t.round, i, i+1)
	}
}

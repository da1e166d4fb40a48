package oauth

import (
	"context"
	"sync"
)

// steps lets one form of a sign-in transaction be worked on at a time. What a step does outside the store is then done
// once: a consent that is submitted twice opens one emergency access, where the transaction of the store alone would find
// out only after the second was decided and logged. Each transaction waits for itself alone, so that whoever reads an
// answer slowly holds up nobody else. The zero value is ready.
type steps struct {
	mu   sync.Mutex
	busy map[string]chan struct{} // closed when the step is over
}

// take waits for the step of the transaction that is under way, if any. The caller calls release when done. It returns
// the context's error when the browser goes away before.
func (s *steps) take(ctx context.Context, transaction string) (release func(), err error) {
	for {
		before, mine := s.enter(transaction)
		if mine != nil {
			return func() { s.leave(transaction, mine) }, nil
		}
		select {
		case <-before:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// enter begins a step, or returns the end of the one to wait for.
func (s *steps) enter(transaction string) (before, mine chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if before := s.busy[transaction]; before != nil {
		return before, nil
	}
	if s.busy == nil {
		s.busy = make(map[string]chan struct{})
	}
	mine = make(chan struct{})
	s.busy[transaction] = mine
	return nil, mine
}

func (s *steps) leave(transaction string, mine chan struct{}) {
	s.mu.Lock()
	delete(s.busy, transaction)
	s.mu.Unlock()
	close(mine)
}

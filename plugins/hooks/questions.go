package hooks

import (
	"slices"
	"sync"
	"time"
)

// Bounds of what one person asks: one question at a time, and so many in a while. An answer takes a process of its own.
const (
	mostQuestions = 10
	asksWithin    = time.Minute
	mostAskers    = 1000 // that are remembered before those are forgotten who did not ask for a while
)

// questions holds each person to a few questions in a while, one at a time.
type questions struct {
	mu sync.Mutex
	of map[string]*asker // by who asks
}

// asker is who asks now, and when they asked last.
type asker struct {
	busy bool
	at   []time.Time
}

// begin notes a question, until end is called; ok is false where it is one too many.
func (q *questions) begin(who string, now time.Time) (end func(), ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.of == nil {
		q.of = map[string]*asker{}
	}
	if len(q.of) >= mostAskers {
		for name, a := range q.of {
			if a.recent(now); !a.busy && len(a.at) == 0 {
				delete(q.of, name)
			}
		}
	}
	a := q.of[who]
	if a == nil {
		a = &asker{}
		q.of[who] = a
	}
	if a.recent(now); a.busy || len(a.at) >= mostQuestions {
		return nil, false
	}
	a.busy, a.at = true, append(a.at, now)
	return func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		a.busy = false
	}, true
}

// recent forgets the questions of long ago.
func (a *asker) recent(now time.Time) {
	a.at = slices.DeleteFunc(a.at, func(at time.Time) bool { return now.Sub(at) >= asksWithin })
}

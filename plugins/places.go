package plugins

import (
	"context"
	"sync"
)

// places are the processes that a node may have, shared among plugins. Whoever has none gets a free one before anybody gets
// one more; and as long as others want some, nobody has more than a share. So a plugin that holds all that it gets until
// its deadlines costs another at most the wait for one place.
type places struct {
	mu      sync.Mutex
	total   int
	free    int
	held    map[string]int
	waiting map[string][]chan struct{}
	arrival []string // apps that wait, the first to come first
	reclaim func(except string) bool
}

// maxWaiting is how many invocations of one plugin may wait for a place.
const maxWaiting = 64

func newPlaces(total int, reclaim func(except string) bool) *places {
	return &places{total: total, free: total, held: map[string]int{}, waiting: map[string][]chan struct{}{}, reclaim: reclaim}
}

// may reports whether an app may have one more: its first whenever one is free, others as long as a quarter stays free for
// those who have none and it does not go beyond its share of the rest.
func (p *places) may(app string) bool {
	held := p.held[app]
	switch {
	case p.free == 0:
		return false
	case held == 0:
		return true
	}
	reserve := max(1, p.total/4)
	return p.free > reserve && held < max(1, (p.total-reserve)/max(1, p.wanting(app)))
}

// wanting counts the apps that have places or wait for one.
func (p *places) wanting(also string) int {
	n := 0
	for app := range p.held {
		if app != also {
			n++
		}
	}
	for app := range p.waiting {
		if app != also && p.held[app] == 0 {
			n++
		}
	}
	return n + 1
}

// take waits for a place. It fails with ErrBusy when too many wait already, or with the context.
func (p *places) take(ctx context.Context, app string) error {
	p.mu.Lock()
	if len(p.waiting[app]) == 0 && p.may(app) {
		p.grant(app)
		p.mu.Unlock()
		return nil
	}
	if len(p.waiting[app]) >= maxWaiting {
		p.mu.Unlock()
		return ErrBusy
	}
	turn := make(chan struct{}, 1)
	if len(p.waiting[app]) == 0 {
		p.arrival = append(p.arrival, app)
	}
	p.waiting[app] = append(p.waiting[app], turn)
	full := p.free == 0 && p.held[app] == 0
	p.mu.Unlock()
	if full {
		p.reclaim(app) // a process that only waits makes room
	}
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-turn: // it came at the same moment
		p.release(app)
	default:
		p.leave(app, turn)
	}
	return context.Cause(ctx)
}

// try takes a place for a process that nobody waits for yet: only while most are free and nobody waits.
func (p *places) try(app string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.arrival) > 0 || p.free <= p.total/2 || !p.may(app) {
		return false
	}
	p.grant(app)
	return true
}

// give puts a place back, and hands it on.
func (p *places) give(app string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.release(app)
}

func (p *places) grant(app string) {
	p.free--
	p.held[app]++
}

func (p *places) release(app string) {
	p.free++
	if p.held[app]--; p.held[app] == 0 {
		delete(p.held, app)
	}
	for {
		next := ""
		for _, waits := range p.arrival {
			if p.may(waits) && (next == "" || p.held[waits] < p.held[next]) {
				next = waits
			}
		}
		if next == "" {
			return
		}
		turn := p.waiting[next][0]
		p.grant(next)
		p.leave(next, turn)
		turn <- struct{}{}
	}
}

// leave takes one who waits out of the queue.
func (p *places) leave(app string, turn chan struct{}) {
	queue := p.waiting[app]
	for i := range queue {
		if queue[i] == turn {
			queue = append(queue[:i:i], queue[i+1:]...)
			break
		}
	}
	if p.waiting[app] = queue; len(queue) > 0 {
		return
	}
	delete(p.waiting, app)
	for i := range p.arrival {
		if p.arrival[i] == app {
			p.arrival = append(p.arrival[:i:i], p.arrival[i+1:]...)
			return
		}
	}
}

package store

import (
	"bytes"
	"slices"
	"sync"
)

// watchers is the set of those who asked to hear of commits. The zero value is ready.
type watchers struct {
	mu     sync.Mutex
	of     map[Partition][]*watcher
	closed bool
}

type watcher struct {
	prefix  []byte
	changed chan struct{} // room for one hint: a second says nothing new
}

func (ws *watchers) add(p Partition, prefix []byte) (<-chan struct{}, func()) {
	w := &watcher{prefix: bytes.Clone(prefix), changed: make(chan struct{}, 1)}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.closed {
		close(w.changed)
		return w.changed, func() {}
	}
	if ws.of == nil {
		ws.of = make(map[Partition][]*watcher)
	}
	ws.of[p] = append(ws.of[p], w)
	return w.changed, func() { ws.remove(p, w) }
}

func (ws *watchers) remove(p Partition, w *watcher) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	i := slices.Index(ws.of[p], w)
	if i < 0 {
		return // stopped before, or closed with the database
	}
	ws.of[p] = slices.Delete(ws.of[p], i, i+1)
	if len(ws.of[p]) == 0 {
		delete(ws.of, p)
	}
	close(w.changed)
}

// tell wakes the watchers of p that one of the changes (sorted by key) concerns.
func (ws *watchers) tell(p Partition, changes []*change) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for _, w := range ws.of[p] {
		if len(window(changes, w.prefix, prefixEnd(w.prefix))) == 0 {
			continue
		}
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}
}

func (ws *watchers) close() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.closed = true
	for _, list := range ws.of {
		for _, w := range list {
			close(w.changed)
		}
	}
	ws.of = nil
}

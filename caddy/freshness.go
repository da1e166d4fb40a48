package pontlevis

import (
	"log/slog"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/catalog/label"
)

// freshness is how fresh the log of labels that is followed was when it was last looked at, so that a change is told once. A
// log that can be reached and no longer moves grows old too.
type freshness struct {
	mu   sync.Mutex
	last label.Freshness
}

// tell logs that the log of labels became too old for something, or is fresh again.
func (f *freshness) tell(now label.Freshness, seen time.Time, log *slog.Logger) {
	f.mu.Lock()
	was := f.last
	f.last = now
	f.mu.Unlock()
	if now == was {
		return
	}
	switch now {
	case label.Fresh:
		log.Info("the log of labels is seen again: apps sign people in and register as usual", "seen", seen)
	case label.Aging:
		log.Error("the log of labels has not been seen for too long: what runs goes on; no sign-in, registration or plugin begins", "seen", seen)
	case label.Old:
		log.Error("the log of labels has not been seen for far too long: every app that it labels has stopped", "seen", seen)
	}
}

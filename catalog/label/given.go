package label

import (
	"context"
	"time"
)

// Given is the entry that gave a version of an app its newest label, with what its publisher signed; ErrNotFound when the log
// has none.
func (l *Log) Given(ctx context.Context, app, version string) (Entry, error) {
	var newest *standing
	for _, one := range l.now.Load().labels {
		if one.App == app && one.Version == version && (newest == nil || one.Sequence > newest.Sequence) {
			newest = one
		}
	}
	if newest == nil {
		return Entry{}, ErrNotFound
	}
	e, _, err := l.Get(ctx, newest.entry)
	return e, err
}

// Halt is the last suspension of a label, also one that is over. Dates are those of the log, in whole seconds.
type Halt struct {
	Entry int64 // that ordered it
	At    time.Time
	Until time.Time // when it ends by itself
	Words Text      // why

	Lifted   time.Time // when an order ended it before; zero when none did
	Remedied Text      // why it was ended before
}

// End is when the suspension ends, or ended.
func (h *Halt) End() time.Time {
	if !h.Lifted.IsZero() {
		return h.Lifted
	}
	return h.Until
}

// Holds reports whether the suspension holds for certain at an instant: not yet within the second in which it was logged.
func (h *Halt) Holds(at time.Time) bool { return !at.Before(endOf(h.At)) && at.Before(h.End()) }

// Halted is the last suspension of a label; ok is false when it never was suspended.
func (l *Log) Halted(id string) (h Halt, ok bool) {
	s := l.now.Load().labels[id]
	if s == nil || s.stopped == nil {
		return Halt{}, false
	}
	h = Halt{Entry: s.stopped.entry, At: s.stopped.at, Until: s.stopped.until, Words: s.stopped.words}
	if s.ended != nil {
		h.Lifted, h.Remedied = s.ended.at, s.ended.words
	}
	return h, true
}

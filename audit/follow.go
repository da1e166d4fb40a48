package audit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// gatherFollowed is how long a follower waits after it was woken: what is written together is read together.
const gatherFollowed = 20 * time.Millisecond

// growth wakes whoever waits for the log to grow.
type growth struct {
	mu   sync.Mutex
	turn chan struct{} // closed when the log grew; nil while nobody waits
}

func (g *growth) wait() <-chan struct{} {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.turn == nil {
		g.turn = make(chan struct{})
	}
	return g.turn
}

func (g *growth) tell() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.turn != nil {
		close(g.turn)
		g.turn = nil
	}
}

// Since returns up to limit entries (1 to 1000; default 20) from the sequence `from` on, in the order of the log, and the
// sequence to go on at. Every entry given is durable. Erased entries are passed over, so a list may be short, or empty,
// with more to come: that is so for as long as next is less than Size. What stands in the journal alone is read from
// there, so that following the log costs the store nothing. ErrDamaged when an entry is missing.
func (l *Log) Since(ctx context.Context, from int64, limit int) (entries []Entry, next int64, err error) {
	if err := ctx.Err(); err != nil {
		return nil, from, err
	}
	from, limit = max(from, 0), bound(limit)
	end := min(l.size.Load(), from+int64(limit))
	// What waits is looked at first: what leaves it meanwhile is in the store by then.
	recent := l.recent(from, end)
	next = from
	err = l.db.View(ctx, Partition, func(tx store.Tx) error {
		entries, next = nil, from
		for ; next < end; next++ {
			e, err := followed(tx, recent, next)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			entries = append(entries, e)
		}
		return nil
	})
	if err != nil {
		return nil, from, fmt.Errorf("following the access log: %w", err)
	}
	return entries, next, nil
}

// followed is an entry by its sequence, from the store or from what waits for it.
func followed(tx store.Tx, recent map[int64][]byte, seq int64) (Entry, error) {
	if row, waits := recent[seq]; waits && tx.Get(seqKey(entryRow, seq)) == nil {
		s, _ := parseSealed(row)
		return decode(seq, s.record)
	}
	return entryAt(tx, seq)
}

// recent gives the rows of a range that the journal holds and the store may not have.
func (l *Log) recent(from, end int64) map[int64][]byte {
	if l.backlog == nil {
		return nil
	}
	q := l.backlog
	q.mu.Lock()
	defer q.mu.Unlock()
	rows := map[int64][]byte{}
	for i := range q.groups {
		g := &q.groups[i]
		if g.after.size <= from || g.before.size >= end {
			continue
		}
		for n, d := range g.drafts {
			rows[g.before.size+int64(n)] = d.row
		}
	}
	return rows
}

// Grown returns when the log holds more than size entries, with ErrClosed once the log is closed, or with the context's
// error.
func (l *Log) Grown(ctx context.Context, size int64) error {
	for {
		turn := l.growth.wait()
		if l.size.Load() > size {
			return nil
		}
		select {
		case <-turn:
		case <-l.queue.drained:
			if l.size.Load() > size {
				return nil
			}
			return ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Follow calls fn with every entry from the sequence `from` on, in the order of the log, up to limit at a time, and then
// with what is appended, as it becomes durable. next is where to go on another time, once fn has done its work; entries may
// be empty where all were erased. It returns when fn fails, with its error; when the context ends, with the context's; when the
// log is closed, with ErrClosed; when an entry cannot be read.
func (l *Log) Follow(ctx context.Context, from int64, limit int, fn func(entries []Entry, next int64) error) error {
	for {
		entries, next, err := l.Since(ctx, from, limit)
		if err != nil {
			return err
		}
		if next > from {
			if err := fn(entries, next); err != nil {
				return err
			}
			from = next
			continue
		}
		if err := l.Grown(ctx, from); err != nil {
			return err
		}
		if err := pause(ctx, gatherFollowed); err != nil {
			return err
		}
	}
}

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

package cases

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
)

const (
	followed   = 500              // entries read at a time
	idle       = 1024             // entries that tell nothing, after which the position is kept all the same
	retryFirst = time.Second      // how long the follower waits after a failure …
	retryMost  = time.Minute      // … at most
	recount    = 15 * time.Second // how often what other nodes did is looked at
)

// Run follows the log until the context ends, or the log is closed. What fails is tried again, for as long as it takes:
// nothing is passed over.
func (r *Register) Run(ctx context.Context) {
	var counting sync.WaitGroup
	ctx, stop := context.WithCancel(ctx)
	counting.Go(func() { r.recount(ctx) })
	defer counting.Wait()
	defer stop()
	wait := retryFirst
	for {
		began := time.Now()
		err := r.follow(ctx)
		if ctx.Err() != nil || errors.Is(err, audit.ErrClosed) || errors.Is(err, store.ErrClosed) {
			return
		}
		if time.Since(began) > retryMost {
			wait = retryFirst
		}
		r.slog.ErrorContext(ctx, "following the access log for the register of cases", "error", err)
		if !pause(ctx, wait) {
			return
		}
		wait = min(2*wait, retryMost)
	}
}

// Catch brings the register up to what the log holds now. It is for whoever wants to look at both.
func (r *Register) Catch(ctx context.Context) error {
	from, err := r.position(ctx)
	for err == nil {
		var entries []audit.Entry
		var next int64
		if entries, next, err = r.log.Since(ctx, from, followed); err != nil || next == from {
			return err
		}
		if _, err = r.derive(ctx, entries); err == nil {
			from, err = next, r.keepPosition(ctx, next)
		}
	}
	return err
}

func (r *Register) follow(ctx context.Context) error {
	from, err := r.position(ctx)
	if err != nil {
		return err
	}
	kept := from
	return r.log.Follow(ctx, from, followed, func(entries []audit.Entry, next int64) error {
		derived, err := r.derive(ctx, entries)
		if err != nil || !derived && next-kept < idle {
			return err
		}
		kept = next
		return r.keepPosition(ctx, next)
	})
}

// recount looks now and then at what other nodes did to the queue.
func (r *Register) recount(ctx context.Context) {
	changed, stop := r.db.Watch(queuePartition, store.Key("queue"))
	defer stop()
	for {
		select {
		case _, open := <-changed:
			if !open {
				return
			}
		case <-ctx.Done():
			return
		}
		if err := r.countAll(ctx); err != nil && ctx.Err() == nil {
			r.slog.ErrorContext(ctx, "counting the open cases", "error", err)
		}
		if !pause(ctx, recount) {
			return
		}
	}
}

func (r *Register) position(ctx context.Context) (at int64, err error) {
	err = r.db.View(ctx, queuePartition, func(tx store.Tx) error {
		at = 0
		_, err := store.GetJSON(tx, positionKey(r.node), &at)
		return err
	})
	if err != nil {
		err = fmt.Errorf("reading how far the register followed the log: %w", err)
	}
	return at, err
}

func (r *Register) keepPosition(ctx context.Context, at int64) error {
	err := r.db.Update(ctx, queuePartition, func(tx store.Tx) error {
		var before int64
		if _, err := store.GetJSON(tx, positionKey(r.node), &before); err != nil || before >= at {
			return err // another follower of this node is ahead, while a config replaces another
		}
		return store.PutJSON(tx, positionKey(r.node), at)
	})
	if err != nil {
		return fmt.Errorf("keeping how far the register followed the log: %w", err)
	}
	return nil
}

// pause waits; false when the context ended first.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

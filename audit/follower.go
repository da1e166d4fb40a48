package audit

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

const (
	atOnce     = 500         // entries that a follower is given at a time
	idle       = 1024        // entries that tell it nothing, after which its position is kept all the same
	retryFirst = time.Second // how long it waits after a failure …
	retryMost  = time.Minute // … at most
)

// Follower derives something from the log as it grows, and keeps in the store how far it came: whatever moment its process
// dies at, it goes on where it was. Every field is required.
type Follower struct {
	Log  *Log
	Slog *slog.Logger

	// The position is one row of the store: of this log alone, where several nodes share the store.
	DB        store.DB
	Partition store.Partition
	Position  []byte

	// For says what is derived, in errors and messages: "the register of cases".
	For string
	// Take derives what entries say, and reports whether they said anything. What it does before it returns may be done again
	// with the same entries. write, unless it is nil, runs in the transaction that keeps the position, so that what it writes
	// is written once: of entries whose sequence is less than from it writes nothing, for another follower with the same row
	// has taken them. It may be run again. Where entries said nothing write may never run.
	Take func(ctx context.Context, entries []Entry) (said bool, write func(tx store.Tx, from int64) error, err error)
}

// Run follows the log until the context ends, or the log or the store is closed. What fails is tried again, for as long as it
// takes: nothing is passed over.
func (f *Follower) Run(ctx context.Context) { Persevere(ctx, f.Slog, f.For, f.follow) }

// Persevere calls follow, which follows a log for some purpose, again and again until the context ends, or the log or the
// store is closed. Each other error is reported, and followed by a longer wait than the one before.
func Persevere(ctx context.Context, log *slog.Logger, purpose string, follow func(context.Context) error) {
	wait := retryFirst
	for {
		began := time.Now()
		err := follow(ctx)
		if ctx.Err() != nil || errors.Is(err, ErrClosed) || errors.Is(err, store.ErrClosed) {
			return
		}
		if time.Since(began) > retryMost {
			wait = retryFirst
		}
		log.ErrorContext(ctx, "following the access log", "for", purpose, "error", err)
		if pause(ctx, wait) != nil {
			return
		}
		wait = min(2*wait, retryMost)
	}
}

// Catch takes what the log holds now, and returns once that is done, or the first error.
func (f *Follower) Catch(ctx context.Context) error {
	from, err := f.At(ctx)
	for err == nil {
		var entries []Entry
		var next int64
		if entries, next, err = f.Log.Since(ctx, from, atOnce); err != nil || next == from {
			return err
		}
		if _, err = f.take(ctx, entries, next, false); err == nil {
			from = next
		}
	}
	return err
}

// At gives the sequence that the follower goes on at: every entry before it was taken.
func (f *Follower) At(ctx context.Context) (at int64, err error) {
	err = f.DB.View(ctx, f.Partition, func(tx store.Tx) error {
		at = 0
		_, err := store.GetJSON(tx, f.Position, &at)
		return err
	})
	if err != nil {
		err = fmt.Errorf("reading how far the access log was followed for %s: %w", f.For, err)
	}
	return at, err
}

func (f *Follower) follow(ctx context.Context) error {
	from, err := f.At(ctx)
	if err != nil {
		return err
	}
	kept := from
	return f.Log.Follow(ctx, from, atOnce, func(entries []Entry, next int64) error {
		keeps, err := f.take(ctx, entries, next, next-kept < idle)
		if keeps {
			kept = next
		}
		return err
	})
}

// take has entries taken, and keeps the position after them. It leaves the position where it is, if it may, when they said
// nothing, and reports that.
func (f *Follower) take(ctx context.Context, entries []Entry, next int64, mayWait bool) (keeps bool, err error) {
	said, write, err := f.Take(ctx, entries)
	if err != nil || !said && mayWait {
		return false, err
	}
	err = f.DB.Update(ctx, f.Partition, func(tx store.Tx) error {
		var from int64
		if _, err := store.GetJSON(tx, f.Position, &from); err != nil || from >= next {
			return err // another follower with this row is ahead: two run for a moment while a config replaces another
		}
		if write != nil {
			if err := write(tx, from); err != nil {
				return err
			}
		}
		return store.PutJSON(tx, f.Position, next)
	})
	if err != nil {
		return false, fmt.Errorf("keeping how far the access log was followed for %s: %w", f.For, err)
	}
	return true, nil
}

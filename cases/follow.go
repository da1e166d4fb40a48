package cases

import (
	"context"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
)

// recount is how often what other nodes did is looked at.
const recount = 15 * time.Second

// follower derives the register from the log.
func (r *Register) follower() *audit.Follower {
	return &audit.Follower{
		Log: r.log, Slog: r.slog, DB: r.db, Partition: queuePartition, Position: store.Key("position", r.node), For: "the register of cases",
		Take: func(ctx context.Context, entries []audit.Entry) (bool, func(store.Tx, int64) error, error) {
			derived, err := r.derive(ctx, entries)
			return derived, nil, err
		},
	}
}

// Run follows the log until the context ends, or the log is closed. What fails is tried again, for as long as it takes:
// nothing is passed over.
func (r *Register) Run(ctx context.Context) {
	var counting sync.WaitGroup
	ctx, stop := context.WithCancel(ctx)
	counting.Go(func() { r.recount(ctx) })
	defer counting.Wait()
	defer stop()
	r.follower().Run(ctx)
}

// Catch brings the register up to what the log holds now. It is for whoever wants to look at both.
func (r *Register) Catch(ctx context.Context) error { return r.follower().Catch(ctx) }

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
		select {
		case <-time.After(recount):
		case <-ctx.Done():
			return
		}
	}
}

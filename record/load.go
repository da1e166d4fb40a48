package record

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/pontlevis/pontlevis/store"
)

// loaders is how many records of a Load wait for the store at a time: all that wait together share one commit.
const loaders = 512

// Load writes many records; see Loader. Their claims are made together, then their resources, so that a Load costs a
// handful of commits, however many records it is for.
func (e *Embedded) Load(ctx context.Context, groups []Group) []error {
	errs := make([]error, len(groups))
	drafts := make([][]draft, len(groups))
	each(len(groups), runtime.GOMAXPROCS(0), func(i int) {
		drafts[i], errs[i] = e.draftAll(groups[i].Patient, groups[i].Changes)
	})
	if err := e.claimMany(ctx, groups, drafts, errs); err != nil {
		// One claim that is refused does not say whose the others of its partition were: each record sees for itself.
		each(len(groups), loaders, func(i int) {
			if errs[i] == nil {
				_, errs[i] = e.Write(ctx, groups[i].Patient, groups[i].Changes)
			}
		})
		return errs
	}
	each(len(groups), loaders, func(i int) {
		if errs[i] == nil && len(drafts[i]) > 0 {
			_, errs[i] = e.writeIndexed(ctx, groups[i].Patient, drafts[i])
		}
	})
	return errs
}

// claimMany makes the claims of all groups whose drafts are sound, partition by partition.
func (e *Embedded) claimMany(ctx context.Context, groups []Group, drafts [][]draft, errs []error) error {
	claims := make(map[store.Partition][]claim)
	for i := range groups {
		if errs[i] == nil && len(drafts[i]) > 0 {
			claimsOf(groups[i].Patient, drafts[i], e.now(), claims)
		}
	}
	return e.claimEach(ctx, claims)
}

// each calls do for every number below n, at most so many at a time.
func each(n, most int, do func(i int)) {
	var wait sync.WaitGroup
	next := make(chan int)
	for range min(n, most) {
		wait.Go(func() {
			for i := range next {
				do(i)
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wait.Wait()
}

// claimEach makes claims, several partitions at a time. The claims of a partition are made together or not at all.
func (e *Embedded) claimEach(ctx context.Context, claims map[store.Partition][]claim) error {
	var wait sync.WaitGroup
	room := make(chan struct{}, claimers)
	results := make(chan error, len(claims))
	for p, list := range claims {
		room <- struct{}{}
		wait.Go(func() {
			defer func() { <-room }()
			results <- e.claimIn(ctx, p, list)
		})
	}
	wait.Wait()
	close(results)
	var all []error
	for err := range results {
		if errors.Is(err, ErrElsewhere) {
			return err
		}
		all = append(all, err)
	}
	if err := errors.Join(all...); err != nil {
		return fmt.Errorf("claiming ids and identifiers: %w", err)
	}
	return nil
}

var _ Loader = (*Embedded)(nil)

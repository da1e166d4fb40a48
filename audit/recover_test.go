package audit_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
)

var errDisk = errors.New("no space left")

// failing is a real store whose writes fail while told to: before they begin, or, in doubt, after they were committed.
type failing struct {
	store.DB
	refuse, doubt atomic.Bool
}

func (f *failing) Update(ctx context.Context, p store.Partition, fn func(store.Tx) error) error {
	if f.refuse.Load() {
		return errDisk
	}
	err := f.DB.Update(ctx, p, fn)
	if err == nil && f.doubt.Load() {
		return errDisk
	}
	return err
}

func TestAppendRecovers(t *testing.T) {
	t.Parallel()
	db := &failing{DB: openStore(t)}
	o := options()
	var failures atomic.Int32
	o.OnError = func(err error) {
		if !errors.Is(err, errDisk) {
			t.Error(err)
		}
		failures.Add(1)
	}
	l := openLog(t, db, o)
	fill(t, l, 0, 5)
	for round := range 3 {
		at := 10 + 10*round
		db.refuse.Store(true)
		var wg sync.WaitGroup
		for i := range 5 {
			wg.Go(func() {
				if err := l.Append(ctx, entry(at+i, "p")); !errors.Is(err, errDisk) {
					t.Errorf("Append without a disk: %v", err)
				}
			})
		}
		wg.Wait()
		db.refuse.Store(false)
		fill(t, l, at, 3) // the ids are still free: nothing of the failed try remained
	}
	// A commit whose success is in doubt: its entry is there, and the log goes on from there.
	db.doubt.Store(true)
	if err := l.Append(ctx, entry(90, "p")); !errors.Is(err, errDisk) {
		t.Errorf("Append in doubt: %v", err)
	}
	db.doubt.Store(false)
	fill(t, l, 91, 4)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if failures.Load() == 0 {
		t.Error("OnError heard nothing")
	}
	intact(t, db, 5+3*3+1+4)
}

// A context that ends while the store does not answer lets the caller go; the log itself goes on.
func TestAppendGivesUp(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	l := openLog(t, db, options())
	began, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	var wg sync.WaitGroup
	wg.Go(func() {
		_ = db.Update(ctx, "elsewhere", func(store.Tx) error {
			once.Do(func() { close(began) })
			<-release
			return nil
		})
	})
	<-began
	waiting, cancel := context.WithCancel(ctx)
	wg.Go(func() {
		if err := l.Append(waiting, entry(1, "p")); !errors.Is(err, context.Canceled) {
			t.Errorf("Append: %v", err)
		}
		close(release)
	})
	cancel()
	wg.Wait()
	fill(t, l, 2, 3)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := audit.VerifyStore(ctx, db, []string{verifierKey(t)})
	if err != nil || !r.OK() || r.Size < 3 {
		t.Errorf("%v\n%s", err, r)
	}
}

package audit_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
)

// take is Follower.Take.
type take = func(ctx context.Context, entries []audit.Entry) (bool, func(store.Tx, int64) error, error)

func follower(l *audit.Log, db store.DB, fn take) *audit.Follower {
	return &audit.Follower{
		Log: l, Slog: slog.New(slog.DiscardHandler), DB: db, Partition: "derived", Position: store.Key("position", "node"), For: "a test", Take: fn,
	}
}

// placeOf is how far a follower came.
func placeOf(t *testing.T, f *audit.Follower) int64 {
	t.Helper()
	n, err := f.At(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// keeps takes entries in the transaction that keeps the position: their ids go to list, and their number to the store.
func keeps(list *[]string) take {
	return func(_ context.Context, entries []audit.Entry) (bool, func(store.Tx, int64) error, error) {
		return len(entries) > 0, func(tx store.Tx, from int64) error {
			for _, e := range entries {
				if e.Sequence >= from {
					*list = append(*list, e.ID)
				}
			}
			return store.PutJSON(tx, []byte("count"), len(*list))
		}, nil
	}
}

// A follower takes each entry once, whoever asks it to catch up, and goes on where the one before it was.
func TestFollowerGoesOn(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	l := openLog(t, db, options())
	fill(t, l, 0, 3)
	var first, second []string
	if err := follower(l, db, keeps(&first)).Catch(ctx); err != nil {
		t.Fatal(err)
	}
	fill(t, l, 3, 2)
	next := follower(l, db, keeps(&second))
	for range 2 {
		if err := next.Catch(ctx); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"decision-0000", "decision-0001", "decision-0002"}
	if d := cmp.Diff(want, first); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"decision-0003", "decision-0004"}, second); d != "" {
		t.Error(d)
	}
	if n := placeOf(t, next); n != 5 {
		t.Errorf("it goes on at %d", n)
	}
}

// Of two followers with one row, what the one has taken the other does not write again.
func TestFollowersShareARow(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	l := openLog(t, db, options())
	fill(t, l, 0, 4)
	for ahead, want := range map[int64][]string{2: {"decision-0002", "decision-0003"}, 4: nil, 9: nil} {
		var written []string
		row := store.Key("position", time.Duration(ahead).String())
		inner := keeps(&written)
		f := follower(l, db, func(ctx context.Context, entries []audit.Entry) (bool, func(store.Tx, int64) error, error) {
			err := db.Update(ctx, "derived", func(tx store.Tx) error { return store.PutJSON(tx, row, ahead) })
			if err != nil {
				return false, nil, err
			}
			return inner(ctx, entries)
		})
		f.Position = row
		if err := f.Catch(ctx); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, written); d != "" || placeOf(t, f) != max(ahead, 4) {
			t.Errorf("the other was at %d, and it is now at %d:\n%s", ahead, placeOf(t, f), d)
		}
	}
}

// What fails is tried again with the same entries: neither what failed to be derived nor what failed to be written is passed
// over. The end of the log ends the follower.
func TestFollowerPerseveres(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	l := openLog(t, db, options())
	fill(t, l, 0, 3)
	tries, tried := 0, make(chan struct{}, 3)
	var written []string
	inner := keeps(&written)
	f := follower(l, db, func(ctx context.Context, entries []audit.Entry) (bool, func(store.Tx, int64) error, error) {
		defer func() { tried <- struct{}{} }()
		switch tries++; tries {
		case 1:
			return true, nil, errors.New("not now")
		case 2:
			return true, func(store.Tx, int64) error { return errors.New("not now") }, nil
		}
		return inner(ctx, entries)
	})
	ended := make(chan struct{})
	go func() { f.Run(ctx); close(ended) }()
	for range cap(tried) {
		soon(t, tried)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	soon(t, ended)
	if d := cmp.Diff([]string{"decision-0000", "decision-0001", "decision-0002"}, written); d != "" || placeOf(t, f) != 3 {
		t.Errorf("it goes on at %d:\n%s", placeOf(t, f), d)
	}
}

// Entries that say nothing leave the store alone; those that say something move the position past them all.
func TestFollowerIdles(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	l := openLog(t, db, options())
	taken, looked := make(chan struct{}), make(chan struct{})
	f := follower(l, db, func(_ context.Context, entries []audit.Entry) (bool, func(store.Tx, int64) error, error) {
		taken <- struct{}{}
		<-looked
		return entries[len(entries)-1].Sequence == 1, nil, nil
	})
	running, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { f.Run(running); close(ended) }()
	for n, want := range []int64{0, 0, 2} { // seen at the next entry, when the one before was done with
		fill(t, l, n, 1)
		soon(t, taken)
		if got := placeOf(t, f); got != want {
			t.Errorf("after entry %d it would go on at %d, want %d", n, got, want)
		}
		looked <- struct{}{}
	}
	stop()
	soon(t, ended)
}

// soon waits for something that is bound to come.
func soon(t *testing.T, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(time.Minute):
		t.Fatal("it did not come")
	}
}

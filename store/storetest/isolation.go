package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/pontlevis/pontlevis/store"
)

func partitions(t *testing.T, open opener) {
	db := open(t)
	names := []store.Partition{"a", "b", "a\x00", store.Global, store.PatientPartition("x"), store.TokenPartition("x")}
	for _, p := range names {
		err := db.Update(background, p, func(tx store.Tx) error { return tx.Put([]byte("k"), []byte(p)) })
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range names {
		err := db.View(background, p, func(tx store.Tx) error {
			if got := valueOf(tx, "k"); got != string(p) {
				t.Errorf("partition %q holds %q", p, got)
			}
			if got := scan(tx, false, "", ""); got != "k" {
				t.Errorf("partition %q holds the keys %q", p, got)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// views holds a View open over a commit: it goes on seeing the state it began with.
func views(t *testing.T, open opener) {
	db := open(t)
	put(t, db, "k", "before")
	began, written := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := db.View(background, part, func(tx store.Tx) error {
			close(began)
			<-written
			if got := valueOf(tx, "k"); got != "before" {
				t.Errorf("the View sees %q, which was committed after it began", got)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-began
	put(t, db, "k", "after")
	expect(t, db, "k", "after")
	close(written)
	wg.Wait()
	if err := db.View(background, part, func(store.Tx) error { return errUndo }); !errors.Is(err, errUndo) {
		t.Errorf("View returns %v instead of the function's error", err)
	}
}

func allOrNothing(t *testing.T, open opener) {
	db := open(t)
	put(t, db, "kept", "1")
	err := db.Update(background, part, func(tx store.Tx) error {
		return errors.Join(tx.Put([]byte("new"), nil), tx.Put([]byte("kept"), []byte("2")), tx.Delete([]byte("kept")), errUndo)
	})
	if !errors.Is(err, errUndo) {
		t.Errorf("Update returns %v instead of the function's error", err)
	}
	expect(t, db, "new", "absent")
	expect(t, db, "kept", "1")
}

func panics(t *testing.T, open opener) {
	db := open(t)
	type marker struct{ int }
	func() {
		defer func() {
			if p := recover(); p != (marker{7}) {
				t.Errorf("the caller recovers %v", p)
			}
		}()
		_ = db.Update(background, part, func(tx store.Tx) error {
			_ = tx.Put([]byte("k"), nil)
			panic(marker{7})
		})
		t.Error("Update returned")
	}()
	func() {
		defer func() { _ = recover() }()
		_ = db.View(background, part, func(store.Tx) error { panic("in a View") })
	}()
	expect(t, db, "k", "absent")
	put(t, db, "k", "works on")
	expect(t, db, "k", "works on")
}

// exits ends the goroutine within a function, as a test's FailNow does.
func exits(t *testing.T, open opener) {
	db := open(t)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			_ = db.Update(background, part, func(tx store.Tx) error {
				_ = tx.Put([]byte("k"), nil)
				exit()
				return nil
			})
			t.Error("Update returned though its function ended the goroutine")
		})
		wg.Go(func() {
			key := store.Key("fine", string(rune('a'+i)))
			err := db.Update(background, part, func(tx store.Tx) error { return tx.Put(key, nil) })
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	expect(t, db, "k", "absent")
	view(t, db, func(tx store.Tx) {
		n := 0
		for range tx.Scan(store.Key("fine"), nil) {
			n++
		}
		if n != 20 {
			t.Errorf("%d of 20 neighbours were committed", n)
		}
	})
}

func cancelled(t *testing.T, open opener) {
	db := open(t)
	ctx, cancel := context.WithCancel(background)
	cancel()
	ran := false
	fn := func(store.Tx) error { ran = true; return nil }
	if err := db.Update(ctx, part, fn); !errors.Is(err, context.Canceled) {
		t.Errorf("Update: %v", err)
	}
	if err := db.View(ctx, part, fn); !errors.Is(err, context.Canceled) {
		t.Errorf("View: %v", err)
	}
	if err := db.Backup(ctx, discard{}); !errors.Is(err, context.Canceled) {
		t.Errorf("Backup: %v", err)
	}
	// One that waits behind another gives up too, and its function never runs.
	ctx, cancel = context.WithCancel(background)
	began, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	var once sync.Once
	wg.Go(func() {
		_ = db.Update(background, part, func(store.Tx) error {
			once.Do(func() { close(began) })
			<-release
			return nil
		})
	})
	<-began
	wg.Go(func() {
		if err := db.Update(ctx, part, fn); !errors.Is(err, context.Canceled) {
			t.Errorf("waiting Update: %v", err)
		}
		close(release)
	})
	cancel()
	wg.Wait()
	put(t, db, "k", "works on")
	if ran {
		t.Error("a cancelled function ran")
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

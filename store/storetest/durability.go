package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

func reopen(t *testing.T, open opener) {
	for round := range 4 {
		db := open(t)
		for i := range round {
			expect(t, db, fmt.Sprint("k", i), fmt.Sprint("v", i))
		}
		put(t, db, fmt.Sprint("k", round), fmt.Sprint("v", round))
		put(t, db, "gone", "1")
		update(t, db, func(tx store.Tx) error { return tx.Delete([]byte("gone")) })
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	db := open(t)
	expect(t, db, "gone", "absent")
	expect(t, db, "k3", "v3")
}

// backup copies while others write: the copy is of one moment, and every value in it is whole.
func backup(t *testing.T, open opener) {
	db := open(t)
	put(t, db, "a", "0")
	put(t, db, "b", "0")
	stop := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			v := []byte(fmt.Sprint(i))
			err := db.Update(background, part, func(tx store.Tx) error {
				return errors.Join(tx.Put([]byte("a"), v), tx.Put([]byte("b"), v))
			})
			if err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 5 {
		var copied bytes.Buffer
		if err := db.Backup(background, &copied); err != nil {
			t.Error(err)
		}
		if copied.Len() == 0 {
			t.Error("the backup is empty")
		}
	}
	close(stop)
	wg.Wait()
	if err := db.Backup(background, refusing{}); !errors.Is(err, errUndo) {
		t.Errorf("a backup to a full disk: %v", err)
	}
}

type refusing struct{}

func (refusing) Write([]byte) (int, error) { return 0, errUndo }

func closed(t *testing.T, open opener) {
	db := open(t)
	put(t, db, "k", "1")
	for range 2 {
		if err := db.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	nothing := func(store.Tx) error { return nil }
	for name, err := range map[string]error{
		"View":   db.View(background, part, nothing),
		"Update": db.Update(background, part, nothing),
		"Backup": db.Backup(background, discard{}),
	} {
		if !errors.Is(err, store.ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
	changed, stop := db.Watch(part, nil)
	defer stop()
	if _, ok := <-changed; ok {
		t.Error("watching a closed database gives a hint")
	}
}

// closeWaits closes while Views and Updates run: what had begun ends well, what comes later is refused, nothing hangs.
func closeWaits(t *testing.T, open opener) {
	db := open(t)
	began, release := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		err := db.View(background, part, func(tx store.Tx) error {
			close(began)
			<-release
			valueOf(tx, "k")
			return nil
		})
		if err != nil {
			t.Errorf("a View that had begun: %v", err)
		}
	})
	<-began
	for i := range 50 {
		wg.Go(func() {
			err := db.Update(background, part, func(tx store.Tx) error { return tx.Put([]byte{byte(i)}, nil) })
			if err != nil && !errors.Is(err, store.ErrClosed) {
				t.Errorf("Update while closing: %v", err)
			}
		})
	}
	shut := make(chan error, 1)
	go func() { shut <- db.Close() }()
	select {
	case <-shut:
		t.Error("Close did not wait for a View")
	case <-time.After(20 * time.Millisecond):
	}
	close(release)
	if err := <-shut; err != nil {
		t.Errorf("Close: %v", err)
	}
	wg.Wait()
	ctx, cancel := context.WithTimeout(background, time.Second)
	defer cancel()
	if err := db.View(ctx, part, func(store.Tx) error { return nil }); !errors.Is(err, store.ErrClosed) {
		t.Errorf("View after Close: %v", err)
	}
}

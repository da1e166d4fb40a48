package storetest

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pontlevis/pontlevis/store"
)

func exit() { runtime.Goexit() }

// oneWinner has a hundred goroutines claim one key: exactly one finds it free.
func oneWinner(t *testing.T, open opener) {
	db := open(t)
	for round := range 5 {
		key := []byte{byte(round)}
		var won atomic.Int32
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				err := db.Update(background, part, func(tx store.Tx) error {
					if tx.Get(key) != nil {
						return errUndo
					}
					return tx.Put(key, []byte(strconv.Itoa(i)))
				})
				switch {
				case err == nil:
					won.Add(1)
					expect(t, db, string(key), strconv.Itoa(i))
				case !errors.Is(err, errUndo):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Errorf("%d goroutines won", won.Load())
		}
	}
}

// noLostUpdate has many goroutines add to one counter, in two keys that must always agree.
func noLostUpdate(t *testing.T, open opener) {
	db := open(t)
	const writers, each = 16, 25
	stop := make(chan struct{})
	var readers, wg sync.WaitGroup
	readers.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			view(t, db, func(tx store.Tx) {
				if a, b := valueOf(tx, "a"), valueOf(tx, "b"); a != b {
					t.Errorf("a View sees half a transaction: %s and %s", a, b)
				}
			})
		}
	})
	for range writers {
		wg.Go(func() {
			for range each {
				err := db.Update(background, part, func(tx store.Tx) error {
					n, _ := strconv.Atoi(valueOf(tx, "a"))
					v := []byte(strconv.Itoa(n + 1))
					return errors.Join(tx.Put([]byte("a"), v), tx.Put([]byte("b"), v))
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	readers.Wait()
	expect(t, db, "a", strconv.Itoa(writers*each))
}

// failingNeighbours mixes functions that fail, panic and succeed at the same time.
func failingNeighbours(t *testing.T, open opener) {
	db := open(t)
	var wg sync.WaitGroup
	const n = 120
	for i := range n {
		wg.Go(func() {
			key := fmt.Appendf(nil, "%03d", i)
			fate := i % 3
			defer func() {
				if p := recover(); (p != nil) != (fate == 2) || p != nil && p != i {
					t.Errorf("caller %d recovers %v", i, p)
				}
			}()
			err := db.Update(background, part, func(tx store.Tx) error {
				if err := tx.Put(key, nil); err != nil {
					return err
				}
				switch fate {
				case 1:
					return errUndo
				case 2:
					panic(i)
				}
				return nil
			})
			if errors.Is(err, errUndo) != (fate == 1) || err != nil && fate != 1 {
				t.Errorf("caller %d gets %v", i, err)
			}
		})
	}
	wg.Wait()
	view(t, db, func(tx store.Tx) {
		for i := range n {
			if got := tx.Get(fmt.Appendf(nil, "%03d", i)) != nil; got != (i%3 == 0) {
				t.Errorf("key %d is there: %v", i, got)
			}
		}
	})
}

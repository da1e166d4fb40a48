package store_test

import (
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/pontlevis/pontlevis/store"
)

// TestDecodedFollowsTheRow: the same bytes give the same value; other bytes, and no row, show at the very next read.
func TestDecodedFollowsTheRow(t *testing.T) {
	t.Parallel()
	db, err := store.OpenBolt(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	type value struct{ N int }
	key, p := store.Key("a"), store.Partition("p")
	put := func(n int) {
		t.Helper()
		if err := db.Update(t.Context(), p, func(tx store.Tx) error {
			if n < 0 {
				return tx.Delete(key)
			}
			return store.PutJSON(tx, key, value{n})
		}); err != nil {
			t.Fatal(err)
		}
	}
	var known store.Decoded[value]
	var nothing *store.Decoded[value]
	get := func(d *store.Decoded[value]) (v *value) {
		t.Helper()
		if err := db.View(t.Context(), p, func(tx store.Tx) (err error) { v, err = d.Get(tx, key); return err }); err != nil {
			t.Fatal(err)
		}
		return v
	}
	if v := get(&known); v != nil {
		t.Fatalf("no row gives %v", v)
	}
	put(1)
	first := get(&known)
	if first == nil || first.N != 1 || get(&known) != first {
		t.Errorf("the same row is not the same value: %v", first)
	}
	if v := get(nothing); v == nil || v.N != 1 || v == get(nothing) {
		t.Errorf("nil remembers %v", v)
	}
	put(2)
	if v := get(&known); v == nil || v.N != 2 {
		t.Errorf("a changed row gives %v", v)
	}
	put(-1)
	if v := get(&known); v != nil {
		t.Errorf("a deleted row gives %v", v)
	}
	put(1)
	if v := get(&known); v == nil || v.N != 1 {
		t.Errorf("a row written again gives %v", v)
	}
}

// TestReadFollowsEveryCommit: whoever reads after an Update has returned sees it, however many read at the same time; what
// was absent and what was deleted show like any other row.
func TestReadFollowsEveryCommit(t *testing.T) {
	t.Parallel()
	db, err := store.OpenBolt(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	key, p := store.Key("a"), store.Partition("p")
	var known store.Decoded[int]
	var written atomic.Int64 // the last value that an Update has returned for; 0: none, or deleted
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				least := written.Load()
				v, err := known.Read(t.Context(), db, p, key)
				if err != nil {
					t.Error(err)
					return
				}
				if v == nil && least > 0 || v != nil && int64(*v) < least {
					t.Errorf("after %d was written a read gives %v", least, v)
					return
				}
			}
		})
	}
	for n := 1; n <= 200; n++ {
		if err := db.Update(t.Context(), p, func(tx store.Tx) error { return store.PutJSON(tx, key, n) }); err != nil {
			t.Fatal(err)
		}
		written.Store(int64(n))
	}
	close(stop)
	wg.Wait()
	if err := db.Update(t.Context(), p, func(tx store.Tx) error { return tx.Delete(key) }); err != nil {
		t.Fatal(err)
	}
	if v, err := known.Read(t.Context(), db, p, key); v != nil || err != nil {
		t.Errorf("a deleted row gives %v, %v", v, err)
	}
}

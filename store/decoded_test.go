package store_test

import (
	"path/filepath"
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

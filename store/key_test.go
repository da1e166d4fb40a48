package store_test

import (
	"bytes"
	"context"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pontlevis/pontlevis/store"
	"pgregory.net/rapid"
)

// parts draws lists of texts and of the bytes that the encoding treats in a way of their own.
var parts = rapid.SliceOfN(rapid.OneOf(rapid.String(), rapid.Map(
	rapid.SliceOfN(rapid.SampledFrom([]byte{'a', 0, 1, 0xff}), 0, 4),
	func(b []byte) string { return string(b) },
)), 0, 4)

func TestKeyRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := parts.Draw(t, "parts")
		if d := cmp.Diff(append([]string{}, p...), store.KeyParts(store.Key(p...))); d != "" {
			t.Fatal(d)
		}
		for i := range p {
			if !bytes.HasPrefix(store.Key(p...), store.Key(p[:i]...)) {
				t.Fatalf("the key of %q does not begin with that of %q", p, p[:i])
			}
			cut := rapid.IntRange(0, len(p[i])).Draw(t, "cut")
			if !bytes.HasPrefix(store.Key(p...), store.KeyPrefix(append(slices.Clone(p[:i]), p[i][:cut])...)) {
				t.Fatalf("the key of %q does not begin with the open key of its beginning", p)
			}
		}
	})
}

func TestKeyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := parts.Draw(t, "a"), parts.Draw(t, "b")
		if got, want := bytes.Compare(store.Key(a...), store.Key(b...)), slices.Compare(a, b); got != want {
			t.Fatalf("keys of %q and %q compare as %d, the parts as %d", a, b, got, want)
		}
	})
}

func TestKeyPartsRefuses(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"a", "a\x00", "a\x00\x02", "\x00\x01a", "\xff"} {
		if got := store.KeyParts([]byte(key)); got != nil {
			t.Errorf("KeyParts(%q) = %q", key, got)
		}
	}
}

func FuzzKeyParts(f *testing.F) {
	f.Add([]byte("a\x00\x01"))
	f.Add([]byte("\x00\xff\x00\x01\x00\x01"))
	f.Fuzz(func(t *testing.T, key []byte) {
		if p := store.KeyParts(key); p != nil && !bytes.Equal(store.Key(p...), key) {
			t.Errorf("%q → %q → %q", key, p, store.Key(p...))
		}
	})
}

func TestPartitionsAreForEver(t *testing.T) {
	t.Parallel()
	for got, want := range map[store.Partition]store.Partition{
		store.PatientPartition("camille"): "patient/3f",
		store.PatientPartition(""):        "patient/e3",
		store.TokenPartition("camille"):   "token/3f",
	} {
		if got != want {
			t.Errorf("%q, want %q: stored data would no longer be found", got, want)
		}
	}
	seen := map[store.Partition]bool{}
	for i := range 5000 {
		seen[store.PatientPartition(strings.Repeat("x", i))] = true
	}
	if len(seen) != 256 {
		t.Errorf("%d partitions", len(seen))
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	type record struct{ A, B string }
	db := open(t, filepath.Join(t.TempDir(), "db"))
	key := store.Key("r", "1")
	err := db.Update(context.Background(), "p", func(tx store.Tx) error {
		if err := store.PutJSON(tx, key, make(chan int)); err == nil {
			t.Error("a channel is written as JSON")
		}
		if err := tx.Put([]byte("broken"), []byte("{")); err != nil {
			return err
		}
		return store.PutJSON(tx, key, record{"a", "é\x00"})
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = db.View(context.Background(), "p", func(tx store.Tx) error {
		var r record
		if ok, err := store.GetJSON(tx, key, &r); !ok || err != nil || r != (record{"a", "é\x00"}) {
			t.Errorf("%v %v %v", ok, err, r)
		}
		if ok, err := store.GetJSON(tx, []byte("none"), &r); ok || err != nil || r.A != "a" {
			t.Errorf("absent: %v %v %v", ok, err, r)
		}
		if _, err := store.GetJSON(tx, []byte("broken"), &r); err == nil || !strings.Contains(err.Error(), "broken") {
			t.Errorf("broken: %v", err)
		}
		return nil
	})
}

package storetest

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pontlevis/pontlevis/store"
	"pgregory.net/rapid"
)

var errUndo = errors.New("undo this transaction")

// model runs random transactions on the engine and on a map, and compares all that can be read, within transactions and
// after them.
func model(t *testing.T, open opener) {
	db := open(t)
	round := 0
	rapid.Check(t, func(t *rapid.T) {
		round++
		p := store.Partition(store.Key("model", string(rune(round))))
		committed := map[string]string{}
		for range rapid.IntRange(1, 8).Draw(t, "transactions") {
			committed = transact(t, db, p, committed)
			err := db.View(background, p, func(tx store.Tx) error {
				compareAll(t, tx, committed)
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

var (
	keys   = bytesOf(1, 3, 0, 'a', 'b', 0xff)
	values = bytesOf(0, 2, 'x', 'y')
)

// transact runs one transaction of random writes, which ends well or is undone, and returns what is committed then.
func transact(t *rapid.T, db store.DB, p store.Partition, committed map[string]string) map[string]string {
	type write struct {
		key, value string
		remove     bool
	}
	writes := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) write {
		return write{keys.Draw(t, "key"), values.Draw(t, "value"), rapid.Bool().Draw(t, "remove")}
	}), 0, 12).Draw(t, "writes")
	undo := rapid.IntRange(0, 4).Draw(t, "undo") == 0
	prefix, from := keys.Draw(t, "prefix")[:1], keys.Draw(t, "from")
	var after map[string]string
	err := db.Update(background, p, func(tx store.Tx) error {
		after = maps.Clone(committed) // the function may run more than once
		for i, w := range writes {
			var err error
			if w.remove {
				delete(after, w.key)
				err = tx.Delete([]byte(w.key))
			} else {
				after[w.key] = w.value
				err = tx.Put([]byte(w.key), []byte(w.value))
			}
			if err != nil {
				return err
			}
			if i%3 == 0 {
				compareScans(t, tx, after, prefix, from)
			}
		}
		compareAll(t, tx, after)
		if undo {
			return errUndo
		}
		return nil
	})
	switch {
	case undo && errors.Is(err, errUndo):
		return committed
	case undo || err != nil:
		t.Fatalf("Update: %v", err)
	}
	return after
}

func compareAll(t *rapid.T, tx store.Tx, want map[string]string) {
	compareScans(t, tx, want, "", "")
	for k, v := range want {
		if got := valueOf(tx, k); got != v {
			t.Fatalf("value of %q is %q, want %q", k, got, v)
		}
	}
}

func compareScans(t *rapid.T, tx store.Tx, want map[string]string, prefix, from string) {
	var up, down []string
	for _, k := range slices.Sorted(maps.Keys(want)) {
		if len(k) < len(prefix) || k[:len(prefix)] != prefix {
			continue
		}
		if k >= from {
			up = append(up, k, want[k])
		}
		if from == "" || k < from {
			down = append([]string{k, want[k]}, down...)
		}
	}
	var start []byte
	if from != "" {
		start = []byte(from)
	}
	var gotUp, gotDown []string
	for k, v := range tx.Scan([]byte(prefix), start) {
		gotUp = append(gotUp, string(k), string(v))
	}
	for k, v := range tx.ScanBack([]byte(prefix), start) {
		gotDown = append(gotDown, string(k), string(v))
	}
	if d := cmp.Diff(up, gotUp); d != "" {
		t.Fatalf("Scan(%q, %q) (-want +got):\n%s", prefix, from, d)
	}
	if d := cmp.Diff(down, gotDown); d != "" {
		t.Fatalf("ScanBack(%q, %q) (-want +got):\n%s", prefix, from, d)
	}
}

// bytesOf draws strings of min to max of the bytes.
func bytesOf(min, max int, bytes ...byte) *rapid.Generator[string] {
	return rapid.Map(rapid.SliceOfN(rapid.SampledFrom(bytes), min, max), func(b []byte) string { return string(b) })
}

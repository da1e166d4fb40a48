package storetest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/store"
)

// scan joins the keys of a scan; from "" is nil.
func scan(tx store.Tx, back bool, prefix, from string) string {
	seq := tx.Scan
	if back {
		seq = tx.ScanBack
	}
	var start []byte
	if from != "" {
		start = []byte(from)
	}
	var keys []string
	for k := range seq([]byte(prefix), start) {
		keys = append(keys, string(k))
	}
	return strings.Join(keys, " ")
}

func order(t *testing.T, open opener) {
	db := open(t)
	const n = 3000 // several levels of pages
	update(t, db, func(tx store.Tx) (err error) {
		for i := range n {
			k := fmt.Appendf(nil, "%06d", i*7919%n)
			err = errors.Join(err, tx.Put(k, k))
		}
		return err
	})
	view(t, db, func(tx store.Tx) {
		i := 0
		for k, v := range tx.Scan(nil, nil) {
			if want := fmt.Sprintf("%06d", i); string(k) != want || string(v) != want {
				t.Fatalf("place %d holds %q=%q", i, k, v)
			}
			i++
		}
		if i != n {
			t.Fatalf("Scan gave %d of %d", i, n)
		}
		for k := range tx.ScanBack(nil, nil) {
			i--
			if want := fmt.Sprintf("%06d", i); string(k) != want {
				t.Fatalf("from the end, place %d holds %q", i, k)
			}
		}
		if i != 0 {
			t.Fatalf("ScanBack left out %d", i)
		}
		for range tx.Scan(nil, nil) {
			break // leaving early is no harm
		}
	})
}

func scanBounds(t *testing.T, open opener) {
	db := open(t)
	update(t, db, func(tx store.Tx) (err error) {
		for k := range strings.FieldsSeq("a ab abc ac b ba c") {
			err = errors.Join(err, tx.Put([]byte(k), nil))
		}
		return err
	})
	check := func(tx store.Tx) {
		for _, c := range []struct {
			back               bool
			prefix, from, want string
		}{
			{false, "", "", "a ab abc ac b ba c"},
			{true, "", "", "c ba b ac abc ab a"},
			{false, "a", "", "a ab abc ac"},
			{true, "a", "", "ac abc ab a"},
			{false, "ab", "", "ab abc"},
			{false, "a", "ab", "ab abc ac"}, // inclusive
			{true, "a", "ac", "abc ab a"},   // exclusive
			{false, "b", "a", "b ba"},       // from before the prefix
			{true, "b", "z", "ba b"},        // from after the prefix
			{false, "b", "c", ""},
			{true, "b", "a", ""},
			{false, "x", "", ""},
			{true, "x", "", ""},
			{false, "", "aa", "ab abc ac b ba c"},
			{true, "", "aa", "a"},
		} {
			if got := scan(tx, c.back, c.prefix, c.from); got != c.want {
				t.Errorf("back=%v prefix=%q from=%q gives %q, want %q", c.back, c.prefix, c.from, got, c.want)
			}
		}
	}
	view(t, db, check)
	update(t, db, func(tx store.Tx) error { check(tx); return nil })
	err := db.View(background, "never written", func(tx store.Tx) error {
		if got := scan(tx, false, "", "") + scan(tx, true, "", ""); got != "" {
			t.Errorf("an empty partition holds %q", got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// scanSnapshot writes while it scans: the scan goes on over what stood when it began.
func scanSnapshot(t *testing.T, open opener) {
	db := open(t)
	update(t, db, func(tx store.Tx) (err error) {
		for k := range strings.FieldsSeq("a c e") {
			err = errors.Join(err, tx.Put([]byte(k), []byte("old")))
		}
		return err
	})
	for _, back := range []bool{false, true} {
		err := db.Update(background, part, func(tx store.Tx) error {
			if err := tx.Put([]byte("b"), []byte("mine")); err != nil {
				return err
			}
			var got []string
			seq := tx.Scan(nil, nil)
			if back {
				seq = tx.ScanBack(nil, nil)
			}
			for k, v := range seq {
				got = append(got, string(k)+"="+string(v))
				for _, key := range []string{"a", "b", "c", "d", "e"} {
					if err := tx.Put([]byte(key), []byte("new")); err != nil {
						return err
					}
				}
				if err := tx.Delete([]byte("c")); err != nil {
					return err
				}
			}
			want := "a=old b=mine c=old e=old"
			if back {
				want = "e=old c=old b=mine a=old"
			}
			if strings.Join(got, " ") != want {
				t.Errorf("the scan gave %q, want %q", got, want)
			}
			if got := scan(tx, back, "", ""); len(got) != len("a b d e") {
				t.Errorf("afterwards a scan gives %q", got)
			}
			return errUndo
		})
		if !errors.Is(err, errUndo) {
			t.Error(err)
		}
	}
}

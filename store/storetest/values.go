package storetest

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/store"
)

func readsAndWrites(t *testing.T, open opener) {
	db := open(t)
	expect(t, db, "a", "absent")
	put(t, db, "a", "1")
	expect(t, db, "a", "1")
	put(t, db, "a", "2")
	expect(t, db, "a", "2")
	put(t, db, "empty", "")
	expect(t, db, "empty", "")
	update(t, db, func(tx store.Tx) error { return tx.Put([]byte("nil"), nil) })
	expect(t, db, "nil", "")
	update(t, db, func(tx store.Tx) error {
		return errors.Join(tx.Delete([]byte("a")), tx.Delete([]byte("never there")))
	})
	expect(t, db, "a", "absent")
	err := db.View(background, part, func(tx store.Tx) error {
		if err := tx.Delete([]byte("empty")); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("Delete in a View: %v", err)
		}
		return tx.Put([]byte("b"), nil)
	})
	if !errors.Is(err, store.ErrReadOnly) {
		t.Errorf("Put in a View: %v", err)
	}
}

func readYourWrites(t *testing.T, open opener) {
	db := open(t)
	put(t, db, "old", "1")
	update(t, db, func(tx store.Tx) error {
		err := errors.Join(tx.Put([]byte("new"), []byte("2")), tx.Delete([]byte("old")), tx.Put([]byte("none"), nil))
		for key, want := range map[string]string{"new": "2", "old": "absent", "none": ""} {
			if got := valueOf(tx, key); got != want {
				t.Errorf("within the transaction %s is %q, want %q", key, got, want)
			}
		}
		return err
	})
}

func limits(t *testing.T, open opener) {
	db := open(t)
	long := bytes.Repeat([]byte("k"), store.MaxKey)
	update(t, db, func(tx store.Tx) error {
		for _, key := range [][]byte{nil, {}, append(long, 'x')} {
			if err := tx.Put(key, nil); !errors.Is(err, store.ErrKey) {
				t.Errorf("Put of a key of %d bytes: %v", len(key), err)
			}
			if err := tx.Delete(key); !errors.Is(err, store.ErrKey) {
				t.Errorf("Delete of a key of %d bytes: %v", len(key), err)
			}
			if v := tx.Get(key); v != nil {
				t.Errorf("Get of a key of %d bytes gives %q", len(key), v)
			}
		}
		if err := tx.Put([]byte("v"), make([]byte, store.MaxValue+1)); !errors.Is(err, store.ErrValue) {
			t.Errorf("Put of a value that is too long: %v", err)
		}
		return tx.Put(long, []byte("fits"))
	})
	expect(t, db, string(long), "fits")
	expect(t, db, "v", "absent")
	for _, p := range []store.Partition{"", store.Partition(strings.Repeat("p", store.MaxKey+1))} {
		nothing := func(store.Tx) error { return nil }
		if err := db.Update(background, p, nothing); !errors.Is(err, store.ErrPartition) {
			t.Errorf("Update of a partition of %d bytes: %v", len(p), err)
		}
		if err := db.View(background, p, nothing); !errors.Is(err, store.ErrPartition) {
			t.Errorf("View of a partition of %d bytes: %v", len(p), err)
		}
	}
}

func anyByte(t *testing.T, open opener) {
	db := open(t)
	keys := []string{"\x00", "\x00\x00", "\x00\xff", "a", "a\x00", "a\x00b", "a\xff", "\xff", "\xff\xff"}
	update(t, db, func(tx store.Tx) (err error) {
		for _, k := range keys {
			err = errors.Join(err, tx.Put([]byte(k), []byte(k+"\x00\xff")))
		}
		return err
	})
	for _, k := range keys {
		expect(t, db, k, k+"\x00\xff")
	}
	var got []string
	view(t, db, func(tx store.Tx) {
		for k := range tx.Scan([]byte("\xff"), nil) {
			got = append(got, string(k))
		}
		for k := range tx.ScanBack([]byte("a\x00"), nil) {
			got = append(got, string(k))
		}
	})
	if want := "\xff,\xff\xff,a\x00b,a\x00"; strings.Join(got, ",") != want {
		t.Errorf("scans gave %q", got)
	}
}

func bigValues(t *testing.T, open opener) {
	db := open(t)
	big := strings.Repeat("0123456789abcdef", 1<<16) // 1 MiB
	put(t, db, "big", big)
	put(t, db, "small", "1")
	expect(t, db, "big", big)
	update(t, db, func(tx store.Tx) error { return tx.Delete([]byte("big")) })
	expect(t, db, "big", "absent")
	expect(t, db, "small", "1")
}

func copies(t *testing.T, open opener) {
	db := open(t)
	update(t, db, func(tx store.Tx) error {
		key, value := []byte("key"), []byte("value")
		err := tx.Put(key, value)
		copy(key, "xxx")
		copy(value, "xxxxx")
		return err
	})
	expect(t, db, "key", "value")
}

func endedTransaction(t *testing.T, open opener) {
	db := open(t)
	var kept []store.Tx
	keep := func(tx store.Tx) error { kept = append(kept, tx); return nil }
	update(t, db, keep)
	view(t, db, func(tx store.Tx) { _ = keep(tx) })
	for i, tx := range kept {
		if err := tx.Put([]byte("a"), nil); !errors.Is(err, store.ErrDone) {
			t.Errorf("Put in ended transaction %d: %v", i, err)
		}
		if err := tx.Delete([]byte("a")); !errors.Is(err, store.ErrDone) {
			t.Errorf("Delete in ended transaction %d: %v", i, err)
		}
		for name, read := range map[string]func(){
			"Get":  func() { tx.Get([]byte("a")) },
			"Scan": func() { tx.Scan(nil, nil)(func(_, _ []byte) bool { return true }) },
		} {
			if !panicked(read) {
				t.Errorf("%s in ended transaction %d answers", name, i)
			}
		}
	}
	expect(t, db, "a", "absent")
}

func panicked(fn func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	fn()
	return false
}

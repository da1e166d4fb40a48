package audit_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
)

func row(kind byte, seq uint64) []byte { return binary.BigEndian.AppendUint64([]byte{kind}, seq) }

func seq8(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// byTime is the row by which the entry of that number is found in a patient's history.
func byTime(patient string, i uint64) []byte {
	at := uint64(entry(int(i), "").At.UnixMilli()) | 1<<63
	return slices.Concat([]byte("t"), store.Key(patient), seq8(at), seq8(i))
}

func flip(tx store.Tx, key []byte, at int) error {
	v := bytes.Clone(tx.Get(key))
	v[at] ^= 1
	return tx.Put(key, v)
}

func swap(tx store.Tx, a, b []byte) error {
	va, vb := bytes.Clone(tx.Get(a)), bytes.Clone(tx.Get(b))
	return errors.Join(tx.Put(a, vb), tx.Put(b, va))
}

const (
	size    = 40 // entries in a log to be tampered with
	headLen = 40 // size and root
)

// tampering is what somebody with the file in their hands does to it, and what Verify must say.
type tampering struct {
	name string
	do   func(tx store.Tx) error
	want []string // "kind sequence"; all of them, in order
}

var tamperings = []tampering{
	{"nothing", func(store.Tx) error { return nil }, nil},
	{"a letter of a record", func(tx store.Tx) error { return flip(tx, row('e', 17), 60) }, []string{"changed 17"}},
	{"a salt", func(tx store.Tx) error { return flip(tx, row('e', 17), 5) }, []string{"changed 17"}},
	{"the newest record", func(tx store.Tx) error { return flip(tx, row('e', size-1), 60) }, []string{"changed 39"}},
	{"a record replaced", func(tx store.Tx) error {
		return tx.Put(row('e', 3), append(bytes.Clone(tx.Get(row('e', 3))[:17]), `{"id":"other"}`...))
	}, []string{"changed 3"}},
	{"a row of no form", func(tx store.Tx) error { return tx.Put(row('e', 3), []byte("x")) }, []string{"changed 3"}},
	{"a record removed", func(tx store.Tx) error { return tx.Delete(row('e', 5)) }, []string{"removed 5"}},
	{"a record passed off as erased", func(tx store.Tx) error { return tx.Put(row('e', 5), []byte{2}) }, []string{"unattested 5"}},
	{"two records swapped", func(tx store.Tx) error { return swap(tx, row('e', 4), row('e', 9)) }, []string{"reordered 4", "reordered 9"}},
	{"three records moved round", func(tx store.Tx) error {
		return errors.Join(swap(tx, row('e', 4), row('e', 9)), swap(tx, row('e', 9), row('e', 20)))
	}, []string{"reordered 4", "reordered 9", "reordered 20"}},
	{"a leaf's hash", func(tx store.Tx) error { return flip(tx, row('h', 12), 0) }, []string{"hash 12"}},
	{"a subtree's hash", func(tx store.Tx) error { return flip(tx, row('h', 15), 70) }, []string{"hash 15"}},
	{"a hash removed", func(tx store.Tx) error { return tx.Delete(row('h', 12)) }, []string{"hash 12"}},
	{"record and hash of two entries", func(tx store.Tx) error {
		return errors.Join(swap(tx, row('e', 4), row('e', 8)), swap(tx, row('h', 4), row('h', 8)))
	}, []string{"rewritten 0", "index 4", "index 4", "hash 5", "hash 7", "index 8", "index 8", "hash 9", "hash 11", "hash 15", "hash 31"}},
	{"the newest entry, everywhere but the checkpoint", func(tx store.Tx) error {
		return errors.Join(removeNewest(tx, true), tx.Put([]byte("s"), append(seq8(size-1), make([]byte, headLen-8)...)))
	}, []string{"larger 39", "larger 39"}},
	{"the newest entry, checkpoint set back", func(tx store.Tx) error {
		var older []byte
		for k, v := range tx.Scan([]byte("c"), nil) {
			if !bytes.Equal(k, row('c', size)) {
				older = bytes.Clone(v)
			}
		}
		return errors.Join(removeNewest(tx, false), tx.Put([]byte("k"), older), tx.Delete(row('c', size)),
			tx.Put([]byte("s"), append(seq8(size-1), make([]byte, headLen-8)...)))
	}, []string{"head 39", "removed 39"}},
	{"an index by id", func(tx store.Tx) error { return tx.Delete([]byte("idecision-0006")) }, []string{"index 6"}},
	{"an index by patient", func(tx store.Tx) error {
		return tx.Delete(byTime("camille", 6))
	}, []string{"index 6"}},
	{"an entry shown to another patient", func(tx store.Tx) error {
		return tx.Put(byTime("nour", 6), nil)
	}, []string{"index 6"}},
	{"a second id for an entry", func(tx store.Tx) error { return tx.Put([]byte("iother"), seq8(6)) }, []string{"index 6"}},
	{"an entry beyond the end", func(tx store.Tx) error { return tx.Put(row('e', size), tx.Get(row('e', 0))) }, []string{"added 40"}},
	{"the newest checkpoint's signature", func(tx store.Tx) error {
		return flip(tx, []byte("k"), len(tx.Get([]byte("k")))-10)
	}, []string{"signature 40"}},
	{"the newest checkpoint's text", func(tx store.Tx) error {
		return tx.Put([]byte("k"), bytes.Replace(tx.Get([]byte("k")), []byte("\n40\n"), []byte("\n39\n"), 1))
	}, []string{"signature 40"}},
	{"a kept checkpoint's signature", func(tx store.Tx) error {
		return flip(tx, row('c', 20), len(tx.Get(row('c', 20)))-10)
	}, []string{"signature 20"}},
	{"a checkpoint under another size", func(tx store.Tx) error { return tx.Put(row('c', 11), tx.Get(row('c', 20))) }, []string{"signature 11"}},
	{"the newest checkpoint removed", func(tx store.Tx) error { return tx.Delete([]byte("k")) }, []string{"signature 40"}},
	{"the head", func(tx store.Tx) error { return flip(tx, []byte("s"), 30) }, []string{"head 40"}},
}

// removeNewest takes the last entry out, from the indexes too if asked.
func removeNewest(tx store.Tx, indexes bool) error {
	err := errors.Join(tx.Delete(row('e', size-1)), tx.Delete(row('h', size-1)))
	if indexes {
		err = errors.Join(err, tx.Delete([]byte("idecision-0039")),
			tx.Delete(byTime("lucas", size-1)))
	}
	return err
}

// filled returns the store of a closed log of `size` entries with a kept checkpoint at 0, 20 and 40.
func filled(t *testing.T) store.DB {
	t.Helper()
	db := openStore(t)
	for from := 0; from < size; from += size / 2 {
		l := openLog(t, db, options())
		fill(t, l, from, size/2)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return db
}

func TestVerifyNamesTampering(t *testing.T) {
	t.Parallel()
	for _, c := range tamperings {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := filled(t)
			if err := db.Update(ctx, audit.Partition, c.do); err != nil {
				t.Fatal(err)
			}
			r, err := audit.VerifyStore(ctx, db, []string{verifierKey(t)})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range r.Findings {
				got = append(got, fmt.Sprintf("%s %d", f.Kind, f.Sequence))
				if fr, en := f.Kind.Text(); fr == "" || en == "" || !strings.Contains(r.String(), en) {
					t.Errorf("%s has no words, or the verdict leaves them out:\n%s", f.Kind, r)
				}
			}
			if !slices.Equal(got, c.want) || r.OK() != (len(c.want) == 0) {
				t.Errorf("got %q, want %q:\n%s", got, c.want, r)
			}
		})
	}
}

// Somebody rewrites an entry and every hash over it, as the log itself would have: only the signatures tell.
func TestVerifySeesARewrittenLog(t *testing.T) {
	t.Parallel()
	db, forged := filled(t), openStore(t)
	l := openLog(t, forged, options())
	for i := range size {
		e := entry(i, []string{"camille", "lucas"}[i%2])
		if i == 30 {
			e.Actor.Name = "somebody else"
		}
		if err := l.Append(ctx, e); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	var rows [][2][]byte
	err := forged.View(ctx, audit.Partition, func(tx store.Tx) error {
		for k, v := range tx.Scan(nil, nil) {
			if k[0] == 'e' || k[0] == 'h' {
				rows = append(rows, [2][]byte{bytes.Clone(k), bytes.Clone(v)})
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(ctx, audit.Partition, func(tx store.Tx) (err error) {
		for _, r := range rows { // salts differ from the first entry on: every entry is another
			err = errors.Join(err, tx.Put(r[0], r[1]))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	r, err := audit.VerifyStore(ctx, db, []string{verifierKey(t)})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) != 1 || r.Findings[0].Kind != audit.Rewritten || r.Findings[0].Sequence != 0 || r.Findings[0].Through != 19 {
		t.Errorf("got\n%s", r)
	}
	if _, err := audit.Open(ctx, db, options()); !errors.Is(err, audit.ErrDamaged) {
		t.Errorf("a rewritten log opens: %v", err)
	}
}

// A log set back as a whole to an earlier state is in order by itself; a checkpoint kept elsewhere tells.
func TestVerifyMeetsKnownCheckpoints(t *testing.T) {
	t.Parallel()
	db, shorter := openStore(t), openStore(t)
	l, s := openLog(t, db, options()), openLog(t, shorter, options())
	fill(t, l, 0, 10)
	fill(t, s, 0, 6)
	early, err := l.Checkpoint(ctx)
	if err != nil {
		t.Fatal(err)
	}
	fill(t, l, 10, 10)
	if r, err := l.Verify(ctx, l.VerifierKey(), early); err != nil || !r.OK() {
		t.Errorf("%v\n%s", err, r)
	}
	r, err := s.Verify(ctx, s.VerifierKey(), early)
	if err != nil || len(r.Findings) != 1 || r.Findings[0].Kind != audit.Larger || r.Findings[0].Sequence != 6 {
		t.Errorf("%v\n%s", err, r)
	}
	if r, err := l.Verify(ctx, l.VerifierKey(), []byte("not a note")); err != nil || len(r.Findings) != 1 {
		t.Errorf("%v\n%s", err, r)
	}
	if _, err := l.Verify(ctx, "not a key"); err == nil {
		t.Error("any text is a key")
	}
}

// Verification of a log that is being written finds nothing wrong.
func TestVerifyWhileWriting(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	l := openLog(t, db, options())
	fill(t, l, 0, 30)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 30; i < 120; i++ {
			if err := l.Append(ctx, entry(i, "nour")); err != nil {
				t.Error(err)
			}
			if i%7 == 0 {
				if err := l.Erase(ctx, entry(i, "").ID, entry(i-30, "").ID); err != nil {
					t.Error(err)
				}
			}
		}
	}()
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-time.After(time.Millisecond):
		}
		if r, err := l.Verify(ctx, l.VerifierKey()); err != nil || !r.OK() {
			t.Fatalf("%v\n%s", err, r)
		}
	}
}

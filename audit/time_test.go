package audit_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
	"pgregory.net/rapid"
)

// timed appends entries whose clock goes back and forth, before 1970 too, and returns camille's.
func timed(t *rapid.T, l *audit.Log) []audit.Entry {
	var own []audit.Entry
	for i := range rapid.IntRange(0, 30).Draw(t, "entries") {
		e := entry(i, rapid.SampledFrom([]string{"camille", "lucas"}).Draw(t, "patient"))
		e.At = time.UnixMilli(rapid.Int64Range(-5, 5).Draw(t, "at")).UTC()
		e.Sequence = int64(i)
		if err := l.Append(ctx, e); err != nil {
			t.Fatal(err)
		}
		if e.Patient == "camille" {
			own = append(own, e)
		}
	}
	return own
}

// Pages of a person's history, in either order and within any bounds, are what sorting and filtering all of it gives.
func TestSelectIsAFilter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		folder, err := store.OpenBolt(t.TempDir() + "/audit.db")
		if err != nil {
			rt.Fatal(err)
		}
		defer folder.Close()
		l, err := audit.Open(ctx, folder, options())
		if err != nil {
			rt.Fatal(err)
		}
		defer l.Close()
		want := timed(rt, l)
		moment := rapid.Custom(func(t *rapid.T) time.Time {
			return rapid.SampledFrom([]time.Time{{}, time.UnixMicro(rapid.Int64Range(-6000, 6000).Draw(t, "µs"))}).Draw(t, "moment")
		})
		q := audit.Query{
			Patient: "camille", Limit: rapid.IntRange(1, 5).Draw(rt, "limit"), OldestFirst: rapid.Bool().Draw(rt, "oldest first"),
			Since: moment.Draw(rt, "since"), Until: moment.Draw(rt, "until"), Size: rapid.Int64Range(0, 30).Draw(rt, "size"),
		}
		want = slices.DeleteFunc(want, func(e audit.Entry) bool {
			return !q.Since.IsZero() && e.At.Before(q.Since) || !q.Until.IsZero() && !e.At.Before(q.Until) || q.Size > 0 && e.Sequence >= q.Size
		})
		slices.SortFunc(want, func(a, b audit.Entry) int {
			return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Sequence, b.Sequence))
		})
		if !q.OldestFirst {
			slices.Reverse(want)
		}
		if d := gocmp.Diff(want, pages(rt, l, q), cmpopts.EquateEmpty()); d != "" {
			rt.Fatalf("(-want +got):\n%s", d)
		}
	})
}

func pages(t *rapid.T, l *audit.Log, q audit.Query) (got []audit.Entry) {
	for {
		page, err := l.Select(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page.Entries...)
		if q.Before = page.Next; q.Before == "" {
			return got
		}
	}
}

// A log whose entries were found by sequence alone is found by time once it was opened.
func TestOpenGivesPlacesByTime(t *testing.T) {
	t.Parallel()
	db := filled(t)
	err := db.Update(ctx, audit.Partition, func(tx store.Tx) (err error) {
		for key := range tx.Scan([]byte("t"), nil) {
			former := slices.Concat([]byte("p"), key[1:len(key)-16], key[len(key)-8:])
			err = errors.Join(err, tx.Delete(bytes.Clone(key)), tx.Put(former, nil))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := byTime("camille", 6); binary.BigEndian.Uint64(got[len(got)-8:]) != 6 {
		t.Fatal("a row by time does not end with its sequence")
	}
	intact(t, db, size) // a stopped log of before is no less whole
	l := openLog(t, db, options())
	if got, err := l.OfPatient(ctx, "camille", "", 100); err != nil || len(got) != size/2 || got[0].Sequence != size-2 {
		t.Errorf("%d entries of camille, %v", len(got), err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	intact(t, db, size)
}

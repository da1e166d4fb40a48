package audit

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

const (
	// maxPage bounds how many entries one reading gives.
	maxPage = 1000
	// maxScan bounds how many entries one reading looks at for a page that a filter keeps empty.
	maxScan = 20000
)

// Query selects entries of one patient, newest first.
type Query struct {
	Patient string
	// OldestFirst turns the order round.
	OldestFirst bool
	// Before is a cursor from an earlier page of this order; "" begins at the end of it.
	Before string
	// Limit is how many entries a page holds, 1 to 1000; default 20.
	Limit int
	// Since (inclusive) and Until (exclusive) bound the entries' time, to the millisecond; zero: unbounded.
	Since, Until time.Time
	// Size, if set, leaves out what came after the log had that many entries.
	Size int64
	// Keep, if set, says which entries are shown; pages come back full of those.
	Keep func(*Entry) bool
}

// Page is what a Query gave. Next is the cursor of the following page, "" when there is none.
type Page struct {
	Entries []Entry
	Next    string
}

// OfPatient returns up to limit entries of a patient, newest first, before the cursor ("": from the newest). The next
// page begins at Cursor of the last entry.
func (l *Log) OfPatient(ctx context.Context, patient, before string, limit int) ([]Entry, error) {
	p, err := l.Select(ctx, Query{Patient: patient, Before: before, Limit: limit})
	return p.Entries, err
}

// Select returns a page of entries. ErrCursor when Before was not given by this log for this patient. A filter that lets
// almost nothing through may give a page that is short but has a Next.
func (l *Log) Select(ctx context.Context, q Query) (Page, error) {
	before, err := l.place(q.Patient, q.Before)
	if err != nil {
		return Page{}, err
	}
	q.Limit = bound(q.Limit)
	var page Page
	err = l.view(ctx, func(tx store.Tx) error {
		page, err = l.collect(ctx, tx, q, before)
		return err
	})
	if err != nil {
		return Page{}, fmt.Errorf("reading the access log: %w", err)
	}
	return page, nil
}

func bound(limit int) int {
	if limit <= 0 {
		return 20
	}
	return min(limit, maxPage)
}

func (l *Log) collect(ctx context.Context, tx store.Tx, q Query, before []byte) (page Page, err error) {
	var last []byte
	seen := 0
	for key := range q.scan(tx, before) {
		if len(page.Entries) == q.Limit || seen == maxScan {
			page.Next = l.seal(q.Patient, last)
			return page, nil
		}
		if err := ctx.Err(); err != nil {
			return Page{}, err
		}
		seen++
		last = key
		seq := seqOf(key)
		if q.Size > 0 && seq >= q.Size {
			continue
		}
		e, err := entryAt(tx, seq)
		if err != nil {
			return Page{}, err
		}
		if q.Keep == nil || q.Keep(&e) {
			page.Entries = append(page.Entries, e)
		}
	}
	return page, nil
}

// scan yields the time keys of the entries after a place, in the order asked for.
func (q *Query) scan(tx store.Tx, before []byte) iter.Seq[[]byte] {
	prefix := timePrefix(q.Patient)
	var since, until []byte
	if !q.Since.IsZero() {
		since = timeFrom(q.Patient, ceil(q.Since))
	}
	if !q.Until.IsZero() {
		until = timeFrom(q.Patient, ceil(q.Until))
	}
	keys := tx.ScanBack
	switch {
	case q.OldestFirst && before != nil:
		since, keys = append(before, 0), tx.Scan // the first key after it
	case q.OldestFirst:
		keys = tx.Scan
	case before != nil:
		until = before
	}
	from := until
	if q.OldestFirst {
		from = since
	}
	return func(yield func([]byte) bool) {
		for key := range keys(prefix, from) {
			outside := until != nil && bytes.Compare(key, until) >= 0 || since != nil && bytes.Compare(key, since) < 0
			if outside || !yield(key) {
				return
			}
		}
	}
}

// ceil is the first millisecond that is not before t.
func ceil(t time.Time) time.Time {
	if whole := t.Truncate(time.Millisecond); whole.Before(t) {
		return whole.Add(time.Millisecond)
	}
	return t
}

// Entry returns the entry with that id; ErrNotFound when there is none, or it was erased.
func (l *Log) Entry(ctx context.Context, id string) (e Entry, err error) {
	err = l.view(ctx, func(tx store.Tx) error {
		e, err = entryOf(tx, id)
		return err
	})
	if err != nil {
		return Entry{}, fmt.Errorf("reading the access log: %w", err)
	}
	return e, nil
}

func entryOf(tx store.Tx, id string) (Entry, error) {
	seq := seqOf(tx.Get(idKey(id)))
	if seq < 0 {
		return Entry{}, fmt.Errorf("%q: %w", id, ErrNotFound)
	}
	return entryAt(tx, seq)
}

func entryAt(tx store.Tx, seq int64) (Entry, error) {
	s, err := sealedAt(tx, seq)
	if err != nil {
		return Entry{}, err
	}
	return decode(seq, s.record)
}

// sealedAt returns a present entry with its salt; the bytes are the store's.
func sealedAt(tx store.Tx, seq int64) (sealed, error) {
	s, ok := parseSealed(tx.Get(seqKey(entryRow, seq)))
	switch {
	case !ok:
		return sealed{}, fmt.Errorf("entry %d is missing: %w", seq, ErrDamaged)
	case s.erased:
		return sealed{}, fmt.Errorf("entry %d: %w", seq, ErrNotFound)
	}
	return s, nil
}

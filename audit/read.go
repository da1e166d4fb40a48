package audit

import (
	"context"
	"fmt"
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
	// Before is a cursor from an earlier page; "" begins at the newest.
	Before string
	// Limit is how many entries a page holds, 1 to 1000; default 20.
	Limit int
	// Since (inclusive) and Until (exclusive) bound the entries' time; zero: unbounded. Both are met by looking at each
	// entry, for the clock may have been set back.
	Since, Until time.Time
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

func (l *Log) collect(ctx context.Context, tx store.Tx, q Query, before int64) (page Page, err error) {
	var from []byte
	if before >= 0 {
		from = patientKey(q.Patient, before)
	}
	last, seen := int64(-1), 0
	for key := range tx.ScanBack(patientPrefix(q.Patient), from) {
		if len(page.Entries) == q.Limit || seen == maxScan {
			page.Next = l.seal(q.Patient, last)
			return page, nil
		}
		if err := ctx.Err(); err != nil {
			return Page{}, err
		}
		seen++
		last = seqOf(key)
		e, err := entryAt(tx, last)
		if err != nil {
			return Page{}, err
		}
		if q.shows(&e) {
			page.Entries = append(page.Entries, e)
		}
	}
	return page, nil
}

func (q *Query) shows(e *Entry) bool {
	switch {
	case !q.Since.IsZero() && e.At.Before(q.Since), !q.Until.IsZero() && !e.At.Before(q.Until):
		return false
	}
	return q.Keep == nil || q.Keep(e)
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

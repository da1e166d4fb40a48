package audit

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// draft is an entry made ready by its caller: what the committer still adds is its place.
type draft struct {
	id      string
	patient string
	at      time.Time
	row     []byte // as in the entry row: kind ‖ salt ‖ record
	leaf    tlog.Hash
	hashes  []byte   // the hash row, once the entry has its place
	erases  []string // ids whose records go with this entry
}

// Append adds entries, all or none, in their order, and returns when they are on disk. Callers at the same time share
// one commit. When it returns an error the caller must not answer with data: the entries may be missing. The log tries
// anew with the next Append, so it recovers by itself once the disk can be written.
//
// Errors: ErrExists, ErrTooLarge, ErrBusy, ErrClosed, the context's (the entries may then still be written), the disk's.
func (l *Log) Append(ctx context.Context, entries ...Entry) error {
	if len(entries) == 0 {
		return ctx.Err()
	}
	p := &pending{}
	p.drafts = p.room[:0]
	var ids map[string]bool
	if len(entries) > 1 {
		ids = make(map[string]bool, len(entries))
	}
	for i := range entries {
		d, err := l.draft(entries[i])
		if err == nil && ids[d.id] {
			err = fmt.Errorf("%q: %w", d.id, ErrExists)
		}
		if err != nil {
			return fmt.Errorf("logging the access: %w", err)
		}
		if p.drafts = append(p.drafts, d); ids != nil {
			ids[d.id] = true
		}
	}
	return l.submit(ctx, p)
}

// rowRoom is the room set aside for an entry row at first: enough for what names one document.
const rowRoom = 1 << 10

// draft completes an entry and commits to it.
func (l *Log) draft(e Entry) (draft, error) {
	if e.ID == "" {
		e.ID = NewID()
	}
	if e.At.IsZero() {
		e.At = l.o.Now()
	}
	e.At = e.At.UTC().Truncate(time.Millisecond)
	row := make([]byte, 1+saltSize, rowRoom+16*len(e.Resources))
	row[0] = presentEntry
	_, _ = rand.Read(row[1:]) // never fails (crypto/rand)
	row, err := e.encode(row)
	if err != nil {
		return draft{}, err
	}
	return draft{id: e.ID, patient: e.Patient, at: e.At, row: row, leaf: leafHash(row[1:])}, nil
}

func (l *Log) submit(ctx context.Context, p *pending) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	b, err := l.queue.add(p, l.o.Now())
	if err != nil {
		return fmt.Errorf("logging the access: %w", err)
	}
	select {
	case <-b.done:
	case <-ctx.Done():
		return fmt.Errorf("logging the access: %w", ctx.Err())
	}
	if p.err != nil {
		return fmt.Errorf("logging the access: %w", p.err)
	}
	return nil
}

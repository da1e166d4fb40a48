package audit

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/pontlevis/pontlevis/store"
	"golang.org/x/mod/sumdb/tlog"
)

// draft is an entry made ready by its caller: what the committer still adds is its place.
type draft struct {
	id      string
	patient []byte // the beginning of its patient rows
	row     []byte // as in the entry row: kind ‖ salt ‖ record
	leaf    tlog.Hash
	erases  []string // ids whose records go with this entry
}

// Append adds entries, all or none, in their order, and returns when they are on disk. Callers at the same time share
// one commit. When it returns an error the caller must not answer with data: the entries may be missing. The log tries
// anew with the next Append, so it recovers by itself once the store can be written.
//
// Errors: ErrExists, ErrTooLarge, ErrBusy, ErrClosed, the context's (the entries may then still be written), the store's.
func (l *Log) Append(ctx context.Context, entries ...Entry) error {
	if len(entries) == 0 {
		return ctx.Err()
	}
	drafts := make([]draft, len(entries))
	salts := make([]byte, saltSize*len(entries))
	_, _ = rand.Read(salts) // never fails (crypto/rand)
	ids := make(map[string]bool, len(entries))
	for i := range entries {
		d, err := l.draft(entries[i], salts[i*saltSize:][:saltSize])
		if err == nil && ids[d.id] {
			err = fmt.Errorf("%q: %w", d.id, ErrExists)
		}
		if err != nil {
			return fmt.Errorf("logging the access: %w", err)
		}
		drafts[i], ids[d.id] = d, true
	}
	return l.submit(ctx, drafts)
}

// draft completes an entry and commits to it.
func (l *Log) draft(e Entry, salt []byte) (draft, error) {
	if e.ID == "" {
		e.ID = NewID()
	}
	if e.At.IsZero() {
		e.At = l.o.Now()
	}
	e.At = e.At.UTC().Truncate(time.Millisecond)
	record, err := e.encode()
	if err != nil {
		return draft{}, err
	}
	row := appendSealed(make([]byte, 0, 1+saltSize+len(record)), salt, record)
	return draft{id: e.ID, patient: patientPrefix(e.Patient), row: row, leaf: leafHash(salt, record)}, nil
}

func (l *Log) submit(ctx context.Context, drafts []draft) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	p := &pending{drafts: drafts}
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

// commitLoop writes one batch after the other; while one is being written the next gathers.
func (l *Log) commitLoop() {
	defer close(l.queue.drained)
	for b := l.queue.next(); b != nil; b = l.queue.next() {
		n, err := l.commit(b)
		for _, p := range b.pending {
			if err != nil {
				p.err = err
			}
		}
		close(b.done)
		if err != nil && l.o.OnError != nil {
			l.o.OnError(err)
		}
		if err == nil && n > 0 && l.o.OnCommit != nil {
			l.o.OnCommit(n, l.o.Now().Sub(b.since))
		}
	}
}

// commit writes a batch in one transaction: entries, hashes, indexes, head and checkpoint. A caller whose entries cannot
// be added (an id twice) gets an error of its own and disturbs no other.
func (l *Log) commit(b *batch) (written int, err error) {
	now := l.o.Now()
	keep := now.Sub(l.kept) >= l.o.Keep
	before, edge := l.head, l.edge
	err = l.db.Update(context.Background(), Partition, func(tx store.Tx) error {
		written = 0
		l.head, l.edge = before, edge
		if s, ok := readState(tx); !ok || !s.is(l.head) { // another try failed half-way, or was not known to succeed
			if err := l.load(tx); err != nil {
				return err
			}
		}
		next := l.edge.clone()
		for _, p := range b.pending {
			n, err := p.write(tx, &next, &l.scratch)
			if err != nil {
				return err
			}
			written += n
		}
		if written == 0 {
			return nil
		}
		l.edge = next
		return l.writeHead(tx, state{next.size, next.root()}, keep)
	})
	if err != nil {
		l.head = state{size: -1} // unknown: the next commit reads it
		return 0, err
	}
	if keep {
		l.kept = now
	}
	return written, nil
}

// scratch is room for keys and values on their way into a transaction, which copies them.
type scratch struct {
	key    [2 * maxID]byte
	seq    [8]byte
	hashes [64 * tlog.HashSize]byte
}

// write adds the drafts of one caller to the tree and the rows. Only the store's errors are returned; what is wrong with
// the entries themselves is the caller's own error.
func (p *pending) write(tx store.Tx, edge *frontier, room *scratch) (int, error) {
	p.err = nil
	for _, d := range p.drafts {
		if tx.Get(appendIDKey(room.key[:0], d.id)) != nil {
			p.err = fmt.Errorf("%q: %w", d.id, ErrExists)
			return 0, nil
		}
		if p.err = mayErase(tx, d.erases); p.err != nil {
			return 0, nil
		}
	}
	for i := range p.drafts {
		if err := p.drafts[i].write(tx, edge, room); err != nil {
			return 0, err
		}
	}
	return len(p.drafts), nil
}

func (d *draft) write(tx store.Tx, edge *frontier, room *scratch) error {
	seq, key := edge.size, room.key[:0]
	binary.BigEndian.PutUint64(room.seq[:], uint64(seq))
	if err := tx.Put(appendSeqKey(key, entryRow, seq), d.row); err != nil {
		return err
	}
	if err := tx.Put(appendSeqKey(key, hashRow, seq), edge.add(d.leaf, room.hashes[:0])); err != nil {
		return err
	}
	if err := tx.Put(appendIDKey(key, d.id), room.seq[:]); err != nil {
		return err
	}
	if err := tx.Put(append(append(key, d.patient...), room.seq[:]...), nil); err != nil {
		return err
	}
	return eraseRows(tx, d.erases)
}

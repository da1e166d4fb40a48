package audit

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/pontlevis/pontlevis/merkle"
	"github.com/pontlevis/pontlevis/store"
	"golang.org/x/mod/sumdb/tlog"
)

// commitLoop writes one batch after the other; while one is being written the next gathers.
func (l *Log) commitLoop() {
	defer close(l.queue.drained)
	for b := l.queue.next(); b != nil; b = l.queue.next() {
		n, err := l.commit(b)
		if err != nil {
			for _, p := range b.pending {
				p.err = err
			}
		}
		if err == nil {
			l.size.Store(l.head.size)
			l.growth.tell()
		}
		close(b.done)
		l.queue.served(b)
		if err != nil && l.o.OnError != nil {
			l.o.OnError(err)
		}
		if err == nil && n > 0 && l.o.OnCommit != nil {
			l.o.OnCommit(n, l.o.Now().Sub(b.since))
		}
	}
}

// commit makes a batch durable: in the journal where there is one, else in the store. An erasure changes what the store
// holds, and a batch that would fill the journal has no use for it: both go to the store behind what the journal has.
func (l *Log) commit(b *batch) (written int, err error) {
	switch {
	case l.journal == nil:
		return l.commitStore(b)
	case !b.erases && l.journal.takes(b.bytes, b.entries):
		return l.commitJournal(b)
	}
	if written, err = l.commitBehind(b); err == nil && b.erases {
		err = l.journal.wipe() // what is erased still stands there
	}
	return written, err
}

// commitBehind writes to the store once it holds all that the journal has.
func (l *Log) commitBehind(b *batch) (int, error) {
	if err := l.backlog.settle(context.Background()); err != nil {
		return 0, err
	}
	if err := l.journal.forgetFailed(); err != nil {
		return 0, err
	}
	written, err := l.commitStore(b)
	if err != nil {
		return 0, err
	}
	for _, p := range b.pending {
		for i := range p.drafts {
			l.backlog.has(p.drafts[i].id)
		}
	}
	return written, nil
}

// commitStore writes a batch in one transaction: entries, hashes, indexes, head and checkpoint. A caller whose entries
// cannot be added (an id twice) gets an error of its own and disturbs no other.
func (l *Log) commitStore(b *batch) (written int, err error) {
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
		next := l.edge.Clone()
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
		return l.writeHead(tx, state{next.Size, next.Root()}, keep)
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
	key    []byte
	seq    [8]byte
	hashes [64 * tlog.HashSize]byte
}

// write adds the drafts of one caller to the tree and the rows. Only the store's errors are returned; what is wrong with
// the entries themselves is the caller's own error.
func (p *pending) write(tx store.Tx, edge *merkle.Edge, room *scratch) (int, error) {
	p.err = nil
	for i := range p.drafts {
		d := &p.drafts[i]
		if tx.Get(appendIDKey(room.key[:0], d.id)) != nil {
			p.err = fmt.Errorf("%q: %w", d.id, ErrExists)
			return 0, nil
		}
		if p.err = mayErase(tx, d.erases); p.err != nil {
			return 0, nil
		}
	}
	for i := range p.drafts {
		d := &p.drafts[i]
		seq := edge.Size
		d.hashes = edge.Add(d.leaf, room.hashes[:0])
		if err := d.write(tx, seq, room); err != nil {
			return 0, err
		}
	}
	return len(p.drafts), nil
}

// write puts the rows of an entry that has its place.
func (d *draft) write(tx store.Tx, seq int64, room *scratch) error {
	binary.BigEndian.PutUint64(room.seq[:], uint64(seq))
	put := func(key, value []byte) error {
		room.key = key[:0]
		return tx.Put(key, value)
	}
	if err := put(appendSeqKey(room.key[:0], entryRow, seq), d.row); err != nil {
		return err
	}
	if err := put(appendSeqKey(room.key[:0], hashRow, seq), d.hashes); err != nil {
		return err
	}
	if err := put(appendIDKey(room.key[:0], d.id), room.seq[:]); err != nil {
		return err
	}
	if err := put(timeKey(d.patient, d.at, seq), nil); err != nil {
		return err
	}
	return eraseRows(tx, d.erases)
}

package audit

import (
	"context"
	"errors"
	"fmt"

	"github.com/pontlevis/pontlevis/store"
)

// Erase removes the records and salts of entries and their places in the indexes, and leaves their commitments: the tree
// still verifies, and nobody can tell any more what they said. An entry that names the erased sequences is appended in
// the same transaction, so that Verify tells an erasure from a theft. ErrNotFound when an id is not in the log; then
// nothing is erased. The bytes themselves leave the file when the store reuses their place, and backups when they expire.
func (l *Log) Erase(ctx context.Context, ids ...string) error {
	return l.EraseAs(ctx, Entry{Actor: Agent{Kind: "system", Name: "pontlevis"}}, ids...)
}

// EraseAs is Erase with an entry that says who asked for it and why. Its Action, Outcome and Erased are set here.
func (l *Log) EraseAs(ctx context.Context, by Entry, ids ...string) error {
	if len(ids) == 0 {
		return ctx.Err()
	}
	seqs, err := l.sequences(ctx, ids)
	if err != nil {
		return fmt.Errorf("erasing entries: %w", err)
	}
	by.Action, by.Interaction, by.Outcome, by.Erased = "erase", "delete", Granted, seqs
	d, err := l.draft(by)
	if err != nil {
		return fmt.Errorf("erasing entries: %w", err)
	}
	d.erases = ids
	return l.submit(ctx, &pending{drafts: []draft{d}})
}

func (l *Log) sequences(ctx context.Context, ids []string) (seqs []int64, err error) {
	err = l.view(ctx, func(tx store.Tx) error {
		if err := mayErase(tx, ids); err != nil {
			return err
		}
		for _, id := range ids {
			seqs = append(seqs, seqOf(tx.Get(idKey(id))))
		}
		return nil
	})
	return seqs, err
}

// mayErase checks that each id is in the log. An id's sequence never changes, so that what was true when the entry was
// written is true when it is committed, or the id is gone.
func mayErase(tx store.Tx, ids []string) error {
	for _, id := range ids {
		if seqOf(tx.Get(idKey(id))) < 0 {
			return fmt.Errorf("%q: %w", id, ErrNotFound)
		}
	}
	return nil
}

func eraseRows(tx store.Tx, ids []string) error {
	for _, id := range ids {
		seq := seqOf(tx.Get(idKey(id)))
		if seq < 0 {
			continue // named twice in one call
		}
		e, err := entryAt(tx, seq)
		if err != nil {
			return fmt.Errorf("erasing entry %q: %w", id, err)
		}
		err = errors.Join(
			tx.Put(seqKey(entryRow, seq), []byte{erasedEntry}),
			tx.Delete(idKey(id)),
			tx.Delete(timeKey(e.Patient, e.At, seq)),
		)
		if err != nil {
			return err
		}
	}
	return nil
}

package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/pontlevis/pontlevis/store"
)

// reindex gives the entries of a log of version 1 their places by time, some thousand in a transaction; one that is cut
// off goes on at the next start. Entries are then found by time alone, so that it is done before anybody reads.
func (l *Log) reindex(ctx context.Context) error {
	for more := true; more; {
		err := l.db.Update(ctx, Partition, func(tx store.Tx) error {
			n := 0
			for key := range tx.Scan([]byte{formerRow}, nil) {
				if n++; n > pieceSize {
					return nil
				}
				if err := reindexRow(tx, key); err != nil {
					return err
				}
			}
			more = false
			return nil
		})
		if err != nil {
			return fmt.Errorf("giving entries their places by time: %w", err)
		}
	}
	return nil
}

// reindexRow replaces one row of version 1. A row that is not its entry's was there before and is for Verify to find: it
// leads from the same patient to the same entry.
func reindexRow(tx store.Tx, key []byte) error {
	seq := seqOf(key)
	e, err := entryAt(tx, seq)
	if err != nil {
		return err
	}
	place := timeKey("", e.At, seq)
	row := append([]byte{timeRow}, bytes.TrimSuffix(key[1:], seqBytes(seq))...)
	return errors.Join(tx.Put(append(row, place[len(place)-placeSize:]...), nil), tx.Delete(key))
}

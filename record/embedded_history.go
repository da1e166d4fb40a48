package record

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/pontlevis/pontlevis/store"
)

// Histories yields every resource that ever was in a record; see Source.
func (e *Embedded) Histories(ctx context.Context, patient string, types []string) iter.Seq2[[]*Stored, error] {
	return func(yield func([]*Stored, error) bool) {
		if patient == "" || !ValidID(patient) {
			return
		}
		for _, t := range slices.Compact(slices.Sorted(slices.Values(types))) {
			if !e.histories(ctx, patient, t, yield) {
				return
			}
		}
	}
}

// histories yields those of one type, piece by piece as a scan does, and reports whether the consumer wants more.
func (e *Embedded) histories(ctx context.Context, patient, resourceType string, yield func([]*Stored, error) bool) bool {
	prefix := keyCurrentOf(patient, resourceType)
	var from []byte
	for most := pieceFirst; ; most = pieceCount {
		var piece [][]*Stored
		var next []byte
		err := e.db.View(ctx, partition(patient), func(tx store.Tx) error {
			piece, next = piece[:0], nil
			count, size := 0, 0
			for key, value := range tx.Scan(prefix, from) {
				if count >= most || size >= pieceBytes {
					next = slices.Clone(key)
					return nil
				}
				versions, err := e.versions(tx, patient, key, value)
				if err != nil {
					return err
				}
				piece = append(piece, versions)
				for _, s := range versions {
					count, size = count+1, size+len(s.Body)
				}
			}
			return nil
		})
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			yield(nil, fmt.Errorf("reading the histories of a record: %w", err))
			return false
		}
		for _, versions := range piece {
			if !yield(versions, nil) {
				return false
			}
		}
		if next == nil {
			return true
		}
		from = next
	}
}

// versions reads the current version at a key and those before it, newest first.
func (e *Embedded) versions(tx store.Tx, patient string, key, value []byte) ([]*Stored, error) {
	current, err := e.decode(patient, key, value)
	if err != nil {
		return nil, err
	}
	versions := []*Stored{current}
	if current.Version == 1 {
		return versions, nil
	}
	for key, value := range tx.ScanBack(keyOldAll(patient, current.Ref), nil) {
		s, err := e.decode(patient, key, value)
		if err != nil {
			return nil, err
		}
		versions = append(versions, s)
	}
	return versions, nil
}

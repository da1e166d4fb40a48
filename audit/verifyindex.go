package audit

import (
	"fmt"
	"math"
	"slices"

	"github.com/pontlevis/pontlevis/store"
)

// judgeErased sorts erasures that the log itself tells of from records that somebody just took away. An erasure that
// was made while this verification ran is told of after the end it knew.
func (v *verification) judgeErased() error {
	if len(v.erased) == 0 {
		return nil
	}
	if err := v.attestLate(); err != nil {
		return err
	}
	for _, seq := range v.erased {
		if v.attested[seq] {
			v.Erased = append(v.Erased, seq)
		} else {
			v.find(Finding{Kind: Unattested, Sequence: seq})
		}
	}
	return nil
}

func (v *verification) attestLate() error {
	return v.view(func(tx store.Tx) error {
		head, _ := readState(tx)
		for seq := v.Size; seq < head.size; seq++ {
			e, err := entryAt(tx, seq)
			if err != nil {
				continue // the next verification judges it
			}
			for _, s := range e.Erased {
				v.attested[s] = true
			}
		}
		return v.ctx.Err()
	})
}

// walkIndexes looks for index rows that lead to no entry: what is left when an entry is taken from the end.
func (v *verification) walkIndexes() error {
	if err := v.walkIndex(idRow, func(key []byte, e *Entry) bool { return string(key[1:]) == e.ID }); err != nil {
		return err
	}
	return v.walkIndex(timeRow, func(key []byte, e *Entry) bool {
		return slices.Equal(key, timeKey(e.Patient, e.At, e.Sequence))
	})
}

// walkIndex checks each row of an index against the entry it leads to. Entries that were found changed are not told of
// again.
func (v *verification) walkIndex(row byte, fits func(key []byte, e *Entry) bool) error {
	if n, err := v.countIndex(row); err != nil || n == v.found {
		return err // each entry has its row, and there are no others
	}
	told := v.told()
	for from := []byte{row}; from != nil; {
		next := []byte(nil)
		err := v.view(func(tx store.Tx) error {
			head, _ := readState(tx)
			n := 0
			for key, value := range tx.Scan([]byte{row}, from) {
				if n++; n > pieceSize {
					next = slices.Clone(key)
					break
				}
				seq := seqOf(value)
				if row == timeRow {
					seq = seqOf(key)
				}
				if !told(seq) {
					v.indexRow(tx, head.size, row, seq, func(e *Entry) bool { return fits(key, e) })
				}
			}
			return v.ctx.Err()
		})
		if err != nil {
			return err
		}
		from = next
	}
	return nil
}

// countIndex counts the rows of an index, but those of entries that were appended while this verification ran.
func (v *verification) countIndex(row byte) (n int64, err error) {
	for from := []byte{row}; from != nil; {
		next, read := []byte(nil), 0
		err := v.view(func(tx store.Tx) error {
			head, _ := readState(tx)
			for key, value := range tx.Scan([]byte{row}, from) {
				if read++; read > 16*pieceSize {
					next = slices.Clone(key)
					break
				}
				if row == timeRow {
					value = key
				}
				if seq := seqOf(value); seq < v.Size || seq >= head.size {
					n++
				}
			}
			return v.ctx.Err()
		})
		if err != nil {
			return 0, err
		}
		from = next
	}
	return n, nil
}

// told reports of which entries it was said already that they are wrong or gone.
func (v *verification) told() func(seq int64) bool {
	of, end := make(map[int64]bool), int64(math.MaxInt64)
	for _, f := range v.Findings {
		switch f.Kind {
		case Changed, Removed, Reordered, Unattested, Index:
			of[f.Sequence] = true
		case Larger:
			end = v.Size
		}
	}
	return func(seq int64) bool { return of[seq] || seq >= end }
}

func (v *verification) indexRow(tx store.Tx, size int64, row byte, seq int64, fits func(*Entry) bool) {
	index := map[byte]string{idRow: "id", timeRow: "patient"}[row]
	if seq >= size || seq < 0 {
		v.find(Finding{Kind: Removed, Sequence: seq, Detail: fmt.Sprintf("the %s index still leads to it", index)})
		return
	}
	e, err := entryAt(tx, seq)
	if err != nil || !fits(&e) {
		v.find(Finding{Kind: Index, Sequence: seq, Detail: fmt.Sprintf("a row of the %s index is not the entry's", index)})
	}
}

package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"
)

// maxDecoded bounds the memory of one Decoded; past it the table starts afresh.
const maxDecoded = 1 << 16

// maxAbsent bounds the keys that are remembered as absent: anybody can ask for what is not there, in words of their own.
const maxAbsent = 128

// Decoded remembers the decoded form of rows beside the bytes it came from. A value is used again only when the row has
// the same bytes, or when the date of its partition says that nothing was committed to it since: a revocation or a change
// shows at the very next read. Keys must name their row over all partitions it is used for. It is safe for concurrent use;
// nil and the zero value are ready, and nil remembers nothing.
type Decoded[T any] struct {
	// Decode makes the value; nil takes it from JSON. It must not keep the bytes.
	Decode func(raw []byte) (*T, error)

	mu   sync.RWMutex
	rows map[string]decodedRow[T]
}

// decodedRow is a row as it was read; raw and value are nil for one that was not there.
type decodedRow[T any] struct {
	raw   []byte
	value *T
	date  uint64 // taken before the row was read
	dated bool
}

// Get returns the row's value, shared between callers, who must not change it; nil when the key is absent. The error is
// of a value that does not decode.
func (d *Decoded[T]) Get(tx Tx, key []byte) (*T, error) {
	return d.get(tx, key, 0, false)
}

// Read is Get in a View of its own, which it does without when nothing was committed to the partition since it last read
// the row.
func (d *Decoded[T]) Read(ctx context.Context, db DB, p Partition, key []byte) (v *T, err error) {
	clock, dated := db.(Dated)
	dated = dated && d != nil
	var date uint64
	if dated {
		date = clock.Date(p)
		if row, ok := d.row(key); ok && row.dated && row.date == date {
			return row.value, ctx.Err()
		}
	}
	err = db.View(ctx, p, func(tx Tx) error {
		v, err = d.get(tx, key, date, dated)
		return err
	})
	return v, err
}

func (d *Decoded[T]) row(key []byte) (decodedRow[T], bool) {
	if d == nil {
		return decodedRow[T]{}, false
	}
	d.mu.RLock()
	defer d.mu.RUnlock()
	row, ok := d.rows[string(key)]
	return row, ok
}

func (d *Decoded[T]) get(tx Tx, key []byte, date uint64, dated bool) (*T, error) {
	raw := tx.Get(key)
	known, ok := d.row(key)
	if ok && (raw == nil) == (known.raw == nil) && bytes.Equal(known.raw, raw) {
		if dated {
			known.date, known.dated = date, true
			d.put(key, known)
		}
		return known.value, nil
	}
	fresh := decodedRow[T]{date: date, dated: dated}
	if raw != nil {
		v, err := d.decode(raw)
		if err != nil {
			return nil, fmt.Errorf("store: decoding the value of %q: %w", key, err)
		}
		fresh.raw, fresh.value = append(make([]byte, 0, len(raw)), raw...), v
	}
	if raw != nil || dated && len(key) <= maxAbsent {
		d.put(key, fresh)
	}
	return fresh.value, nil
}

func (d *Decoded[T]) decode(raw []byte) (*T, error) {
	if d != nil && d.Decode != nil {
		return d.Decode(raw)
	}
	v := new(T)
	return v, json.Unmarshal(raw, v)
}

func (d *Decoded[T]) put(key []byte, row decodedRow[T]) {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rows == nil || len(d.rows) >= maxDecoded {
		d.rows = make(map[string]decodedRow[T])
	}
	d.rows[string(key)] = row
}

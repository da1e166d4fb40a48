package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"
)

// maxDecoded bounds the memory of one Decoded; past it the table starts afresh.
const maxDecoded = 1 << 16

// Decoded remembers the decoded form of rows beside the bytes it came from. Every read still reads the row: a value is
// used again only when the bytes are the same, so a revocation or a change shows at the very next read. Keys must name
// their row over all partitions it is used for. It is safe for concurrent use; nil and the zero value are ready, and nil
// remembers nothing.
type Decoded[T any] struct {
	mu   sync.RWMutex
	rows map[string]decodedRow[T]
}

type decodedRow[T any] struct {
	raw   []byte
	value *T
}

// Get returns the row's value, shared between callers, who must not change it; nil when the key is absent. The error is
// of a value that is not JSON that fits T.
func (d *Decoded[T]) Get(tx Tx, key []byte) (*T, error) {
	raw := tx.Get(key)
	if raw == nil {
		return nil, nil
	}
	if d != nil {
		d.mu.RLock()
		row, ok := d.rows[string(key)]
		d.mu.RUnlock()
		if ok && bytes.Equal(row.raw, raw) {
			return row.value, nil
		}
	}
	v := new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, fmt.Errorf("store: decoding the value of %q: %w", key, err)
	}
	if d != nil {
		d.put(string(key), decodedRow[T]{raw: bytes.Clone(raw), value: v})
	}
	return v, nil
}

func (d *Decoded[T]) put(key string, row decodedRow[T]) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rows == nil || len(d.rows) >= maxDecoded {
		d.rows = make(map[string]decodedRow[T])
	}
	d.rows[key] = row
}

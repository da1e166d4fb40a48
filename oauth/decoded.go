package oauth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/pontlevis/pontlevis/store"
)

// maxDecoded bounds the memory of one decoded table; past it the table starts afresh.
const maxDecoded = 1 << 16

// decoded remembers the decoded form of rows beside the bytes it came from. Every read still reads the row: a value is
// used again only when the bytes are the same, so a revocation or a change shows at the very next read.
type decoded[T any] struct {
	mu   sync.RWMutex
	rows map[string]decodedRow[T]
}

type decodedRow[T any] struct {
	raw   []byte
	value *T
}

// get returns the row's value, shared between callers, or ErrNotFound.
func (d *decoded[T]) get(tx store.Tx, key []byte) (*T, error) {
	raw := tx.Get(key)
	if raw == nil {
		return nil, ErrNotFound
	}
	d.mu.RLock()
	row, ok := d.rows[string(key)]
	d.mu.RUnlock()
	if ok && bytes.Equal(row.raw, raw) {
		return row.value, nil
	}
	v := new(T)
	if err := json.Unmarshal(raw, v); err != nil {
		return nil, fmt.Errorf("reading a stored row: %w", err)
	}
	d.put(string(key), decodedRow[T]{raw: bytes.Clone(raw), value: v})
	return v, nil
}

func (d *decoded[T]) put(key string, row decodedRow[T]) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.rows == nil || len(d.rows) >= maxDecoded {
		d.rows = make(map[string]decodedRow[T])
	}
	d.rows[key] = row
}

package worlds

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"slices"
	"sync"

	"github.com/pontlevis/pontlevis/store"
)

// memory is a store.DB in memory whose copies cost nothing: a partition is a sorted list that is never changed, so a
// fork shares all of them until it writes. It holds one commit at a time and keeps nothing on disk.
type memory struct {
	mu     sync.Mutex
	parts  map[store.Partition][]row
	closed bool
}

type row struct{ key, value []byte }

func newMemory() *memory { return &memory{parts: map[store.Partition][]row{}} }

// fork is a store with the same content that goes its own way.
func (m *memory) fork() *memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return &memory{parts: maps.Clone(m.parts)}
}

func (m *memory) part(p store.Partition) ([]row, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return nil, store.ErrClosed
	}
	return m.parts[p], nil
}

func (m *memory) View(ctx context.Context, p store.Partition, fn func(store.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	rows, err := m.part(p)
	if err != nil {
		return err
	}
	return fn(&memoryTx{rows: rows})
}

func (m *memory) Update(ctx context.Context, p store.Partition, fn func(store.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return store.ErrClosed
	}
	tx := &memoryTx{rows: m.parts[p], writes: map[string][]byte{}}
	if err := fn(tx); err != nil {
		return err
	}
	tx.settle()
	m.parts[p] = tx.rows
	return nil
}

func (m *memory) Watch(store.Partition, []byte) (<-chan struct{}, func()) {
	c := make(chan struct{})
	return c, sync.OnceFunc(func() { close(c) })
}

var errNoBackup = errors.New("a store in memory has no backup")

func (m *memory) Backup(context.Context, io.Writer) error { return errNoBackup }

func (m *memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	return nil
}

// memoryTx reads rows; its writes, nil in a View, are merged into a new list when they are next read in order.
type memoryTx struct {
	rows   []row
	writes map[string][]byte // nil value: deleted
}

func find(rows []row, key []byte) (int, bool) {
	return slices.BinarySearchFunc(rows, key, func(r row, k []byte) int { return bytes.Compare(r.key, k) })
}

func (tx *memoryTx) Get(key []byte) []byte {
	if v, ok := tx.writes[string(key)]; ok {
		return v
	}
	if i, ok := find(tx.rows, key); ok {
		return tx.rows[i].value
	}
	return nil
}

func (tx *memoryTx) Put(key, value []byte) error {
	switch {
	case tx.writes == nil:
		return store.ErrReadOnly
	case len(key) == 0 || len(key) > store.MaxKey:
		return store.ErrKey
	case len(value) > store.MaxValue:
		return store.ErrValue
	}
	tx.writes[string(key)] = append([]byte{}, value...)
	return nil
}

func (tx *memoryTx) Delete(key []byte) error {
	switch {
	case tx.writes == nil:
		return store.ErrReadOnly
	case len(key) == 0 || len(key) > store.MaxKey:
		return store.ErrKey
	}
	tx.writes[string(key)] = nil
	return nil
}

// settle merges what was written into a new list of rows.
func (tx *memoryTx) settle() {
	if len(tx.writes) == 0 {
		return
	}
	keys := slices.Sorted(maps.Keys(tx.writes))
	out := make([]row, 0, len(tx.rows)+len(keys))
	rest := tx.rows
	for _, k := range keys {
		i, found := find(rest, []byte(k))
		out = append(out, rest[:i]...)
		if found {
			i++
		}
		rest = rest[i:]
		if v := tx.writes[k]; v != nil {
			out = append(out, row{[]byte(k), v})
		}
	}
	tx.rows = append(out, rest...)
	clear(tx.writes)
}

// between are the rows with prefix.
func (tx *memoryTx) between(prefix []byte) []row {
	tx.settle()
	if len(prefix) == 0 {
		return tx.rows
	}
	lo, _ := find(tx.rows, prefix)
	rest := tx.rows[lo:]
	n, _ := slices.BinarySearchFunc(rest, prefix, func(r row, p []byte) int {
		if bytes.HasPrefix(r.key, p) {
			return -1
		}
		return 1
	})
	return rest[:n]
}

func (tx *memoryTx) Scan(prefix, from []byte) iter.Seq2[[]byte, []byte] {
	prefix, from = bytes.Clone(prefix), bytes.Clone(from)
	return func(yield func(k, v []byte) bool) {
		rows := tx.between(prefix)
		if from != nil {
			i, _ := find(rows, from)
			rows = rows[i:]
		}
		for _, r := range rows {
			if !yield(r.key, r.value) {
				return
			}
		}
	}
}

func (tx *memoryTx) ScanBack(prefix, from []byte) iter.Seq2[[]byte, []byte] {
	prefix, from = bytes.Clone(prefix), bytes.Clone(from)
	return func(yield func(k, v []byte) bool) {
		rows := tx.between(prefix)
		if from != nil {
			i, _ := find(rows, from)
			rows = rows[:i]
		}
		for _, r := range slices.Backward(rows) {
			if !yield(r.key, r.value) {
				return
			}
		}
	}
}

package record

import (
	"context"
	"errors"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/pontlevis/pontlevis/store"
)

// memory is a store for properties that are about neither files nor crashes: opening and syncing files would be nearly
// all their time. Updates are serial, and undone by going back to a copy.
type memory struct {
	mu         sync.RWMutex
	partitions map[store.Partition]map[string][]byte
}

func (m *memory) View(ctx context.Context, p store.Partition, fn func(store.Tx) error) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return errors.Join(ctx.Err(), fn(&memoryTx{values: m.partitions[p]}))
}

func (m *memory) Update(ctx context.Context, p store.Partition, fn func(store.Tx) error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	values := maps.Clone(m.partitions[p])
	if values == nil {
		values = map[string][]byte{}
	}
	if err := fn(&memoryTx{values: values, writable: true}); err != nil {
		return err
	}
	m.partitions[p] = values
	return ctx.Err()
}

func (m *memory) Watch(store.Partition, []byte) (<-chan struct{}, func()) { return nil, func() {} }
func (m *memory) Backup(context.Context, io.Writer) error                 { return store.ErrReadOnly }
func (m *memory) Close() error                                            { return nil }

type memoryTx struct {
	values   map[string][]byte
	writable bool
}

func (tx *memoryTx) Get(key []byte) []byte { return tx.values[string(key)] }

func (tx *memoryTx) Put(key, value []byte) error {
	if !tx.writable {
		return store.ErrReadOnly
	}
	tx.values[string(key)] = append([]byte{}, value...)
	return nil
}

func (tx *memoryTx) Delete(key []byte) error {
	delete(tx.values, string(key))
	return nil
}

func (tx *memoryTx) keys(prefix []byte, keep func(string) bool) []string {
	var keys []string
	for k := range tx.values {
		if strings.HasPrefix(k, string(prefix)) && keep(k) {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	return keys
}

func (tx *memoryTx) Scan(prefix, from []byte) iter.Seq2[[]byte, []byte] {
	return tx.give(tx.keys(prefix, func(k string) bool { return k >= string(from) }))
}

func (tx *memoryTx) ScanBack(prefix, from []byte) iter.Seq2[[]byte, []byte] {
	keys := tx.keys(prefix, func(k string) bool { return from == nil || k < string(from) })
	slices.Reverse(keys)
	return tx.give(keys)
}

func (tx *memoryTx) give(keys []string) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		for _, k := range keys {
			if !yield([]byte(k), tx.values[k]) {
				return
			}
		}
	}
}

var _ store.DB = (*memory)(nil)

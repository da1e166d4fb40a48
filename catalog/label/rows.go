package label

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/pontlevis/pontlevis/merkle"
	"github.com/pontlevis/pontlevis/store"
)

// Partition is where the log stands in its store.
const Partition store.Partition = "labels"

// Rows of the partition (version 1; index and size are 8 bytes, big endian):
//
//	"s"        size ‖ root of the tree (32 bytes)
//	"k"        the checkpoint of that size, a signed note
//	"c" size   every checkpoint that an append made, for good
//	"e" index  the entry: a Record in JSON
//	"h" index  the hash of the leaf, then of each subtree that this leaf completes (32 bytes each)
var (
	headKey    = []byte("s")
	currentKey = []byte("k")
)

const (
	entryRow      = 'e'
	hashRow       = 'h'
	checkpointRow = 'c'
)

func rowKey(row byte, index int64) []byte {
	return binary.BigEndian.AppendUint64([]byte{row}, uint64(index))
}

func rowsOf(tx store.Tx) merkle.Rows {
	return func(leaf int64) []byte { return tx.Get(rowKey(hashRow, leaf)) }
}

func headRow(h merkle.Head) []byte {
	return append(binary.BigEndian.AppendUint64(nil, uint64(h.Size)), h.Root[:]...)
}

func readHead(tx store.Tx) (merkle.Head, bool) {
	row := tx.Get(headKey)
	if len(row) != 8+tlog.HashSize {
		return merkle.Head{}, false
	}
	size := binary.BigEndian.Uint64(row)
	return merkle.Head{Size: int64(size), Root: tlog.Hash(row[8:])}, size < 1<<40
}

// readEntry reads an entry and holds it against the tree: what was changed on the disk is no entry.
func readEntry(tx store.Tx, index int64) ([]byte, error) {
	raw, hashes := tx.Get(rowKey(entryRow, index)), tx.Get(rowKey(hashRow, index))
	leaf := tlog.RecordHash(raw)
	if raw == nil || len(hashes) < tlog.HashSize || !bytes.Equal(hashes[:tlog.HashSize], leaf[:]) {
		return nil, fmt.Errorf("entry %d: %w", index, ErrDamaged)
	}
	return bytes.Clone(raw), nil
}

// putEntries writes entries with their hashes, and the head with its checkpoint.
func putEntries(tx store.Tx, edge merkle.Edge, entries [][]byte, checkpoint []byte) error {
	for _, raw := range entries {
		index := edge.Size
		row := edge.Add(tlog.RecordHash(raw), nil)
		if err := tx.Put(rowKey(entryRow, index), raw); err != nil {
			return err
		}
		if err := tx.Put(rowKey(hashRow, index), row); err != nil {
			return err
		}
	}
	if err := tx.Put(headKey, headRow(edge.Head())); err != nil {
		return err
	}
	if err := tx.Put(rowKey(checkpointRow, edge.Size), checkpoint); err != nil {
		return err
	}
	return tx.Put(currentKey, checkpoint)
}

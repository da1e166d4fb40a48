package audit

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/pontlevis/pontlevis/store"
	"golang.org/x/mod/sumdb/tlog"
)

// frontier is the right edge of a Merkle tree: the hashes of its complete subtrees, largest first, one for each bit set
// in the size. It is all that appending needs, so that a commit reads no hash from the store.
type frontier struct {
	size   int64
	hashes []tlog.Hash
}

func (f frontier) clone() frontier {
	return frontier{f.size, slices.Clone(f.hashes)}
}

// add appends a leaf and the hashes to store with it (those of tlog.StoredHashesForRecordHash) to row.
func (f *frontier) add(leaf tlog.Hash, row []byte) []byte {
	row = append(row, leaf[:]...)
	for range bits.TrailingZeros64(^uint64(f.size)) { // each trailing 1 of the size is a subtree that leaf completes
		last := len(f.hashes) - 1
		leaf = tlog.NodeHash(f.hashes[last], leaf)
		f.hashes = f.hashes[:last]
		row = append(row, leaf[:]...)
	}
	f.hashes = append(f.hashes, leaf)
	f.size++
	return row
}

// root returns the hash of the tree.
func (f *frontier) root() tlog.Hash {
	if f.size == 0 {
		empty, _ := tlog.TreeHash(0, nil) // reads nothing and cannot fail
		return empty
	}
	h := f.hashes[len(f.hashes)-1]
	for i := len(f.hashes) - 2; i >= 0; i-- {
		h = tlog.NodeHash(f.hashes[i], h)
	}
	return h
}

// hashReader reads stored hashes by tlog's numbering from the rows of a transaction.
type hashReader struct{ tx store.Tx }

// ReadHashes implements tlog.HashReader.
func (r hashReader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		seq := (n+1)<<level - 1 // the leaf that completed the subtree
		row := r.tx.Get(seqKey(hashRow, seq))
		if len(row) < (level+1)*tlog.HashSize {
			return nil, fmt.Errorf("hash %d of entry %d is missing: %w", level, seq, ErrDamaged)
		}
		hashes[i] = tlog.Hash(row[level*tlog.HashSize:][:tlog.HashSize])
	}
	return hashes, nil
}

// loadFrontier reads the edge of the tree of that size.
func loadFrontier(tx store.Tx, size int64) (frontier, error) {
	var indexes []int64
	for at, rest := int64(0), size; rest > 0; {
		level := bits.Len64(uint64(rest)) - 1
		indexes = append(indexes, tlog.StoredHashIndex(level, at>>level))
		at, rest = at+1<<level, rest-1<<level
	}
	hashes, err := hashReader{tx}.ReadHashes(indexes)
	if err != nil {
		return frontier{}, fmt.Errorf("reading the edge of the tree: %w", err)
	}
	return frontier{size, hashes}, nil
}

var _ tlog.HashReader = hashReader{}

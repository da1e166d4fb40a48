package merkle

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// ErrMissing says that a row does not hold a hash that the tree has.
var ErrMissing = errors.New("a hash of the log is missing")

// Edge is the right edge of a Merkle tree: the hashes of its complete subtrees, largest first, one for each bit set in
// the size. It is all that appending needs, so that a commit reads no hash. The zero value is the empty tree.
type Edge struct {
	Size   int64
	Hashes []tlog.Hash
}

// Clone returns an edge that Add on the other does not change.
func (e Edge) Clone() Edge { return Edge{e.Size, slices.Clone(e.Hashes)} }

// Add appends a leaf, and adds to row the hashes to store with it (those of tlog.StoredHashesForRecordHash).
func (e *Edge) Add(leaf tlog.Hash, row []byte) []byte {
	row = append(row, leaf[:]...)
	for range bits.TrailingZeros64(^uint64(e.Size)) { // each trailing 1 of the size is a subtree that leaf completes
		last := len(e.Hashes) - 1
		leaf = tlog.NodeHash(e.Hashes[last], leaf)
		e.Hashes = e.Hashes[:last]
		row = append(row, leaf[:]...)
	}
	e.Hashes = append(e.Hashes, leaf)
	e.Size++
	return row
}

// Root returns the hash of the tree.
func (e *Edge) Root() tlog.Hash {
	if e.Size == 0 {
		empty, _ := tlog.TreeHash(0, nil) // reads nothing and cannot fail
		return empty
	}
	h := e.Hashes[len(e.Hashes)-1]
	for i := len(e.Hashes) - 2; i >= 0; i-- {
		h = tlog.NodeHash(e.Hashes[i], h)
	}
	return h
}

// Head returns the tree's size and hash.
func (e *Edge) Head() Head { return Head{e.Size, e.Root()} }

// Rows gives the row of a leaf, as Add made it; nil when there is none.
type Rows func(leaf int64) []byte

// ReadHashes implements tlog.HashReader: hashes by tlog's numbering.
func (r Rows) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		level, n := tlog.SplitStoredHashIndex(index)
		leaf := (n+1)<<level - 1 // the one that completed the subtree
		row := r(leaf)
		if len(row) < (level+1)*tlog.HashSize {
			return nil, fmt.Errorf("hash %d of entry %d: %w", level, leaf, ErrMissing)
		}
		hashes[i] = tlog.Hash(row[level*tlog.HashSize:][:tlog.HashSize])
	}
	return hashes, nil
}

// LoadEdge reads the edge of the tree of that size.
func LoadEdge(r Rows, size int64) (Edge, error) {
	var indexes []int64
	for at, rest := int64(0), size; rest > 0; {
		level := bits.Len64(uint64(rest)) - 1
		indexes = append(indexes, tlog.StoredHashIndex(level, at>>level))
		at, rest = at+1<<level, rest-1<<level
	}
	hashes, err := r.ReadHashes(indexes)
	if err != nil {
		return Edge{}, fmt.Errorf("reading the edge of the tree: %w", err)
	}
	return Edge{size, hashes}, nil
}

// FromHashes writes the hashes of a proof as bytes, base64 in JSON.
func FromHashes(hashes []tlog.Hash) [][]byte {
	out := make([][]byte, len(hashes))
	for i, h := range hashes {
		out[i] = slices.Clone(h[:])
	}
	return out
}

// ToHashes reads what FromHashes wrote.
func ToHashes(list [][]byte) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(list))
	for i, b := range list {
		if len(b) != tlog.HashSize {
			return nil, fmt.Errorf("a hash of the proof has %d bytes instead of %d", len(b), tlog.HashSize)
		}
		out[i] = tlog.Hash(b)
	}
	return out, nil
}

var _ tlog.HashReader = Rows(nil)

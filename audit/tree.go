package audit

import (
	"errors"
	"fmt"

	"github.com/pontlevis/pontlevis/merkle"
	"github.com/pontlevis/pontlevis/store"
	"golang.org/x/mod/sumdb/tlog"
)

// rowsOf are the rows of hashes that a transaction sees.
func rowsOf(tx store.Tx) merkle.Rows {
	return func(leaf int64) []byte { return tx.Get(seqKey(hashRow, leaf)) }
}

// hashReader reads stored hashes by tlog's numbering from the rows of a transaction.
type hashReader struct{ tx store.Tx }

// ReadHashes implements tlog.HashReader.
func (r hashReader) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes, err := rowsOf(r.tx).ReadHashes(indexes)
	return hashes, damaged(err)
}

// loadEdge reads the edge of the tree of that size.
func loadEdge(tx store.Tx, size int64) (merkle.Edge, error) {
	edge, err := merkle.LoadEdge(rowsOf(tx), size)
	return edge, damaged(err)
}

// damaged says of a hash that is missing what it means here.
func damaged(err error) error {
	if errors.Is(err, merkle.ErrMissing) {
		return fmt.Errorf("%w: %w", err, ErrDamaged)
	}
	return err
}

var _ tlog.HashReader = hashReader{}

package store

import (
	"bytes"
	"fmt"
	"iter"

	"go.etcd.io/bbolt"
)

// boltTx is one View or one run of an Update function: the committed bucket, and for an Update an overlay over it.
type boltTx struct {
	partition Partition
	bucket    *bbolt.Bucket // nil: the partition has never been written
	writes    *overlay      // nil in a View
	done      bool
}

func (tx *boltTx) Get(key []byte) []byte {
	tx.mustLive()
	if tx.writes != nil {
		if c, ok := tx.writes.get(key); ok {
			return c.value
		}
	}
	if tx.bucket == nil || len(key) == 0 {
		return nil
	}
	return tx.bucket.Get(key)
}

func (tx *boltTx) Put(key, value []byte) error {
	if err := tx.mayWrite(key); err != nil {
		return err
	}
	if len(value) > MaxValue {
		return fmt.Errorf("putting %d bytes: %w", len(value), ErrValue)
	}
	if value == nil {
		value = []byte{} // nil in the overlay means deleted
	}
	tx.writes.put(key, value)
	return nil
}

func (tx *boltTx) Delete(key []byte) error {
	if err := tx.mayWrite(key); err != nil {
		return err
	}
	tx.writes.put(key, nil)
	return nil
}

func (tx *boltTx) mayWrite(key []byte) error {
	switch {
	case tx.done:
		return ErrDone
	case tx.writes == nil:
		return ErrReadOnly
	case len(key) == 0 || len(key) > MaxKey:
		return ErrKey
	}
	return nil
}

func (tx *boltTx) mustLive() {
	if tx.done {
		panic(ErrDone)
	}
}

func (tx *boltTx) Scan(prefix, from []byte) iter.Seq2[[]byte, []byte] {
	lo, hi := bytes.Clone(prefix), prefixEnd(prefix)
	if bytes.Compare(from, lo) > 0 {
		lo = bytes.Clone(from)
	}
	return func(yield func(k, v []byte) bool) { tx.walk(lo, hi, forward, yield) }
}

func (tx *boltTx) ScanBack(prefix, from []byte) iter.Seq2[[]byte, []byte] {
	lo, hi := bytes.Clone(prefix), prefixEnd(prefix)
	if from != nil && (hi == nil || bytes.Compare(from, hi) < 0) {
		hi = append([]byte{}, from...)
	}
	return func(yield func(k, v []byte) bool) { tx.walk(lo, hi, backward, yield) }
}

type direction int

const (
	forward  direction = 1
	backward direction = -1
)

// walk yields what stands in [lo, hi), merging the bucket with the overlay as it is now. The bucket does not change
// while the function runs, and the list of changes is never modified, so the function may write meanwhile.
func (tx *boltTx) walk(lo, hi []byte, dir direction, yield func(k, v []byte) bool) {
	tx.mustLive()
	base := bucketRange{lo: lo, hi: hi, dir: dir}
	base.open(tx.bucket)
	over := overlayRange{dir: dir}
	if tx.writes != nil {
		over.left = window(tx.writes.changes(), lo, hi)
	}
	for {
		c, order := over.peek(), -int(dir)
		if c != nil && base.key != nil {
			order = bytes.Compare(base.key, c.key)
		} else if c != nil {
			order = int(dir)
		}
		switch key, value := base.key, base.value; {
		case c == nil && key == nil:
			return
		case order*int(dir) < 0: // the bucket's key comes first
			base.next()
			if !yield(key, value) {
				return
			}
		default:
			if order == 0 && key != nil {
				base.next()
			}
			over.next()
			if c.value != nil && !yield(c.key, c.value) {
				return
			}
		}
		tx.mustLive()
	}
}

// bucketRange steps through the committed keys in [lo, hi); key is nil at the end.
type bucketRange struct {
	lo, hi     []byte
	dir        direction
	cursor     *bbolt.Cursor
	key, value []byte
}

func (r *bucketRange) open(b *bbolt.Bucket) {
	if b == nil {
		return
	}
	r.cursor = b.Cursor()
	switch {
	case r.dir == forward && r.lo == nil:
		r.set(r.cursor.First())
	case r.dir == forward:
		r.set(r.cursor.Seek(r.lo))
	case r.hi == nil:
		r.set(r.cursor.Last())
	default:
		if k, _ := r.cursor.Seek(r.hi); k == nil {
			r.set(r.cursor.Last())
		} else {
			r.set(r.cursor.Prev())
		}
	}
}

func (r *bucketRange) next() {
	if r.dir == forward {
		r.set(r.cursor.Next())
	} else {
		r.set(r.cursor.Prev())
	}
}

func (r *bucketRange) set(k, v []byte) {
	if k == nil || bytes.Compare(k, r.lo) < 0 || r.hi != nil && bytes.Compare(k, r.hi) >= 0 {
		k, v = nil, nil
	}
	r.key, r.value = k, v
}

// overlayRange steps through a window of changes, from its front or from its back.
type overlayRange struct {
	left []*change
	dir  direction
}

func (r *overlayRange) peek() *change {
	switch {
	case len(r.left) == 0:
		return nil
	case r.dir == forward:
		return r.left[0]
	default:
		return r.left[len(r.left)-1]
	}
}

func (r *overlayRange) next() {
	if r.dir == forward {
		r.left = r.left[1:]
	} else {
		r.left = r.left[:len(r.left)-1]
	}
}

var _ Tx = (*boltTx)(nil)

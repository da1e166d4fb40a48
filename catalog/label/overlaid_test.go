package label

import (
	"bytes"
	"context"
	"iter"

	"github.com/pontlevis/pontlevis/store"
)

// overlaid is a store of which some rows read otherwise; nil: they are not there.
type overlaid struct {
	store.DB
	rows map[string][]byte
}

func (o *overlaid) View(ctx context.Context, p store.Partition, fn func(store.Tx) error) error {
	return o.DB.View(ctx, p, func(tx store.Tx) error { return fn(overlaidTx{tx, o.rows}) })
}

type overlaidTx struct {
	store.Tx
	rows map[string][]byte
}

func (o overlaidTx) Get(key []byte) []byte {
	if v, is := o.rows[string(key)]; is {
		return v
	}
	return o.Tx.Get(key)
}

func (o overlaidTx) Scan(prefix, from []byte) iter.Seq2[[]byte, []byte] {
	return func(yield func(k, v []byte) bool) {
		for k, v := range o.Tx.Scan(prefix, from) {
			if changed, is := o.rows[string(k)]; is {
				if v = changed; v == nil {
					continue
				}
			}
			if !yield(k, bytes.Clone(v)) {
				return
			}
		}
	}
}

package importer

import (
	"context"
	"fmt"
	"strconv"

	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/store"
)

// What an interrupted import must know to continue, in the Global partition. All of it goes when an import ends well.
//
//	import/file/<digest>              mark, JSON
//	import/deferred/<digest>/<line>/<entry>   nothing
//	import/owner/<Type>/<id>          patient
//	import/patient/<id>               nothing
const space = "import"

// mark says how far a file was dealt with.
type mark struct {
	Line   int  `json:"line"`
	Done   bool `json:"done"`
	People int  `json:"people,omitempty"` // Patients among them
}

// remember notes what the batch just written adds.
func (r *run) remember(ctx context.Context, f file, end bool) error {
	m := r.done[f.digest]
	m.Line, m.Done = max(m.Line, r.pending.line), end
	m.People += len(r.pending.patients)
	r.done[f.digest] = m
	if r.Checkpoints == nil {
		return nil
	}
	b := r.pending
	err := r.Checkpoints.Update(ctx, store.Global, func(tx store.Tx) error {
		for _, at := range b.deferred {
			key := store.Key(space, "deferred", f.digest, strconv.Itoa(at.line), strconv.Itoa(at.entry))
			if err := tx.Put(key, nil); err != nil {
				return err
			}
		}
		for ref, patient := range b.owners {
			if err := tx.Put(store.Key(space, "owner", ref.Type, ref.ID), []byte(patient)); err != nil {
				return err
			}
		}
		for _, id := range b.patients {
			if r.Found != nil {
				break
			}
			if err := tx.Put(store.Key(space, "patient", id), nil); err != nil {
				return err
			}
		}
		return store.PutJSON(tx, store.Key(space, "file", f.digest), m)
	})
	if err != nil {
		return fmt.Errorf("writing the checkpoint: %w", err)
	}
	return nil
}

// recall reads what an interrupted import left.
func (r *run) recall(ctx context.Context) error {
	if r.Checkpoints == nil {
		return nil
	}
	err := r.Checkpoints.View(ctx, store.Global, func(tx store.Tx) error {
		for key, value := range tx.Scan(store.KeyPrefix(space), nil) {
			if err := r.recallOne(tx, key, value); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("reading the checkpoint: %w", err)
	}
	return nil
}

func (r *run) recallOne(tx store.Tx, key, value []byte) error {
	switch parts := store.KeyParts(key); {
	case len(parts) == 3 && parts[1] == "file":
		var m mark
		if _, err := store.GetJSON(tx, key, &m); err != nil {
			return err
		}
		r.done[parts[2]] = m
	case len(parts) == 5 && parts[1] == "deferred":
		line, err := strconv.Atoi(parts[3])
		if err != nil {
			return err
		}
		entry, err := strconv.Atoi(parts[4])
		if err != nil {
			return err
		}
		putOff(r.deferred, parts[2], line, entry)
	case len(parts) == 4 && parts[1] == "owner":
		r.owners[record.Ref{Type: parts[2], ID: parts[3]}] = string(value)
	case len(parts) == 3 && parts[1] == "patient":
		r.patients[parts[2]] = true
	}
	return nil
}

// forget drops the checkpoint, a bounded number of keys a transaction.
func (r *run) forget(ctx context.Context) error {
	if r.Checkpoints == nil {
		return nil
	}
	const most = 5000
	for {
		var keys [][]byte
		err := r.Checkpoints.Update(ctx, store.Global, func(tx store.Tx) error {
			keys = keys[:0]
			for key := range tx.Scan(store.KeyPrefix(space), nil) {
				if keys = append(keys, append([]byte(nil), key...)); len(keys) == most {
					break
				}
			}
			for _, key := range keys {
				if err := tx.Delete(key); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("dropping the checkpoint: %w", err)
		}
		if len(keys) < most {
			return nil
		}
	}
}

package record

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/store"
)

// A scan reads its resources in pieces, each in a read transaction of its own: what consumes them (a decision, a slow
// client) must not keep a transaction open, which would hold back the reuse of the file's pages. A piece ends at
// whichever comes first; the first is small, since a page may need no more.
const (
	pieceFirst = 64
	pieceCount = 256
	pieceBytes = 2 << 20
)

// Compartment yields the living resources of a record; see Source.
func (e *Embedded) Compartment(ctx context.Context, patient string, types []string, c []search.Criterion) iter.Seq2[*Stored, error] {
	if patient == "" || !ValidID(patient) {
		return func(func(*Stored, error) bool) {}
	}
	return e.scan(ctx, patient, types, c)
}

// Directory yields the living resources that belong to no patient; see Source.
func (e *Embedded) Directory(ctx context.Context, types []string, c []search.Criterion) iter.Seq2[*Stored, error] {
	return e.scan(ctx, "", types, c)
}

// Ordered reports that Compartment and Directory keep the order of Ref.
func (e *Embedded) Ordered(string) bool { return true }

func (e *Embedded) scan(ctx context.Context, patient string, types []string, c []search.Criterion) iter.Seq2[*Stored, error] {
	return func(yield func(*Stored, error) bool) {
		if types == nil {
			e.walk(ctx, patient, keyCurrentAll(patient), yield)
			return
		}
		types = slices.Compact(slices.Sorted(slices.Values(types)))
		for _, t := range types {
			narrowed, ids := false, []string(nil)
			if narrower := beyondOwn(patient, c); len(types) == 1 && len(narrower) > 0 { // criteria are about one type
				var err error
				if ids, narrowed, err = e.narrow(ctx, patient, t, narrower); err != nil {
					yield(nil, fmt.Errorf("searching %s by index: %w", t, err))
					return
				}
			}
			more := false
			if narrowed {
				more = e.fetch(ctx, patient, t, ids, yield)
			} else {
				more = e.walk(ctx, patient, keyCurrentOf(patient, t), yield)
			}
			if !more {
				return
			}
		}
	}
}

// walk yields what stands under prefix, piece by piece, and reports whether the consumer wants more.
func (e *Embedded) walk(ctx context.Context, patient string, prefix []byte, yield func(*Stored, error) bool) bool {
	var from []byte
	for most := pieceFirst; ; most = pieceCount {
		var piece []*Stored
		var next []byte
		err := e.db.View(ctx, partition(patient), func(tx store.Tx) error {
			piece, next = make([]*Stored, 0, pieceFirst), nil
			size := 0
			for key, value := range tx.Scan(prefix, from) {
				if len(piece) >= most || size >= pieceBytes {
					next = slices.Clone(key)
					return nil
				}
				s, err := e.decode(patient, key, value)
				if err != nil {
					return err
				}
				size += len(value)
				piece = append(piece, s)
			}
			return nil
		})
		if !hand(ctx, piece, err, yield) {
			return false
		}
		if next == nil {
			return true
		}
		from = next
	}
}

// fetch yields the living ones among the resources of a type with these ids, which are in order.
func (e *Embedded) fetch(ctx context.Context, patient, resourceType string, ids []string, yield func(*Stored, error) bool) bool {
	for most := pieceFirst; len(ids) > 0; most = pieceCount {
		var piece []*Stored
		done := 0
		err := e.db.View(ctx, partition(patient), func(tx store.Tx) error {
			piece, done = piece[:0], 0
			size := 0
			for _, id := range ids {
				if done >= most || size >= pieceBytes {
					return nil
				}
				done++
				s, err := e.readCurrent(tx, patient, Ref{resourceType, id})
				if err != nil {
					return err
				}
				if s != nil {
					size += len(s.Body)
					piece = append(piece, s)
				}
			}
			return nil
		})
		if !hand(ctx, piece, err, yield) {
			return false
		}
		ids = ids[done:]
	}
	return true
}

// hand yields the living resources of a piece, or its error.
func hand(ctx context.Context, piece []*Stored, err error, yield func(*Stored, error) bool) bool {
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		yield(nil, fmt.Errorf("reading a record: %w", err))
		return false
	}
	for _, s := range piece {
		if !s.Deleted && !yield(s, nil) {
			return false
		}
	}
	return true
}

// narrow intersects what the indexes say of each criterion that has keys; narrowed is false when none has.
func (e *Embedded) narrow(ctx context.Context, patient, resourceType string, c []search.Criterion) (ids []string, narrowed bool, err error) {
	err = e.db.View(ctx, partition(patient), func(tx store.Tx) error {
		ids, narrowed = nil, false
		if !indexIsCurrent(tx, patient) {
			return nil
		}
		if patient != "" {
			if wanted := hashesOf(c); len(wanted) > 0 {
				ids, narrowed = signed(tx, patient, resourceType, wanted), true
			}
			return nil
		}
		for i := range c {
			keys, ok := criterionKeys(&c[i])
			if !ok {
				continue
			}
			found := indexed(tx, patient, resourceType, keys)
			if narrowed {
				found = slices.DeleteFunc(found, func(id string) bool {
					_, in := slices.BinarySearch(ids, id)
					return !in
				})
			}
			ids, narrowed = found, true
			if len(ids) == 0 {
				return nil
			}
		}
		return nil
	})
	return ids, narrowed, err
}

// hashesOf gives the hashes one of which a match must have, for each criterion that can be told by them.
func hashesOf(c []search.Criterion) [][]uint32 {
	var out [][]uint32
	for i := range c {
		keys, ok := criterionKeys(&c[i])
		if !ok {
			continue
		}
		hashes := make([]uint32, len(keys))
		for k, key := range keys {
			hashes[k] = keyHash(key)
		}
		out = append(out, hashes)
	}
	return out
}

// indexed gives the ids that have any of the keys, in order, each once.
func indexed(tx store.Tx, patient, resourceType string, keys []string) []string {
	var ids []string
	for _, k := range keys {
		for key := range tx.Scan(keyIndexOf(patient, resourceType, k), nil) {
			ids = append(ids, lastPart(key))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

var _ Ordered = (*Embedded)(nil)

package store

import (
	"bytes"
	"slices"
)

// change is one write of a transaction. It is never modified once made, so that a scan may hold it while the
// transaction goes on.
type change struct {
	key     []byte
	value   []byte // nil: deleted
	ordinal int    // later writes of a key win
}

// overlay holds what one transaction wrote, over the committed state it started from. Dropping it undoes the
// transaction.
type overlay struct {
	latest  map[string]*change
	sorted  []*change // by key, without duplicates; replaced, never modified
	pending []*change // writes since sorted was made
	written int       // bytes of keys and values
	block   []change  // room for changes
	arena   []byte    // room for copies: a few large allocations instead of one for each write
}

const arenaChunk = 16 << 10

// change returns room for a change, from a block of them.
func (o *overlay) change() *change {
	if len(o.block) == cap(o.block) {
		o.block = make([]change, 0, min(4+4*len(o.pending), 256))
	}
	o.block = o.block[:len(o.block)+1]
	return &o.block[len(o.block)-1]
}

func (o *overlay) put(key, value []byte) {
	c := o.change()
	c.key, c.ordinal = o.copy(key), len(o.pending)
	if value != nil {
		c.value = o.copy(value)
	}
	if o.latest == nil {
		o.latest = make(map[string]*change)
	}
	o.latest[string(key)] = c
	o.pending = append(o.pending, c)
	o.written += len(key) + len(value)
}

// copy returns b in memory of the overlay; never nil, so that an empty value stays present.
func (o *overlay) copy(b []byte) []byte {
	if len(b) == 0 {
		return []byte{}
	}
	if len(b) > arenaChunk/4 {
		return bytes.Clone(b)
	}
	if len(b) > cap(o.arena)-len(o.arena) {
		size := arenaChunk
		if o.written == 0 {
			size = 512 // most transactions are small
		}
		o.arena = make([]byte, 0, max(size, len(b)))
	}
	start := len(o.arena)
	o.arena = append(o.arena, b...)
	return o.arena[start:len(o.arena):len(o.arena)]
}

func (o *overlay) get(key []byte) (*change, bool) {
	c, ok := o.latest[string(key)]
	return c, ok
}

// changes returns the writes sorted by key, the last one of each key. The slice stays as it is when more is written.
func (o *overlay) changes() []*change {
	if len(o.pending) == 0 {
		return o.sorted
	}
	added := slices.Clone(o.pending)
	slices.SortFunc(added, func(a, b *change) int {
		if n := bytes.Compare(a.key, b.key); n != 0 {
			return n
		}
		return b.ordinal - a.ordinal
	})
	added = slices.CompactFunc(added, func(a, b *change) bool { return bytes.Equal(a.key, b.key) })
	o.sorted = mergeChanges(o.sorted, added)
	o.pending = o.pending[:0]
	return o.sorted
}

// mergeChanges merges two sorted lists into a new one; newer wins where both have a key.
func mergeChanges(older, newer []*change) []*change {
	if len(older) == 0 {
		return newer
	}
	out := make([]*change, 0, len(older)+len(newer))
	for len(older) > 0 && len(newer) > 0 {
		switch n := bytes.Compare(older[0].key, newer[0].key); {
		case n < 0:
			out, older = append(out, older[0]), older[1:]
		case n > 0:
			out, newer = append(out, newer[0]), newer[1:]
		default:
			out, older, newer = append(out, newer[0]), older[1:], newer[1:]
		}
	}
	return append(append(out, older...), newer...)
}

// window returns the changes with lo ≤ key < hi (nil: unbounded).
func window(changes []*change, lo, hi []byte) []*change {
	byKey := func(c *change, key []byte) int { return bytes.Compare(c.key, key) }
	if hi != nil {
		i, _ := slices.BinarySearchFunc(changes, hi, byKey)
		changes = changes[:i]
	}
	if lo != nil {
		i, _ := slices.BinarySearchFunc(changes, lo, byKey)
		changes = changes[i:]
	}
	return changes
}

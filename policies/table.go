package policies

import (
	"crypto/sha256"
	"sync"
)

// Bounds of the table: shards spread the locks, and a shard holds at most two generations of entries.
const (
	tableShards     = 32
	generationLimit = 512
)

// table keeps decisions already taken under one revision, by context and class of document. Keys are compared whole: the digest of the
// context is SHA-256, the class is the encoded attributes themselves, so that no two situations share an entry by accident.
// Every fact and the instant are in the key, so nothing ever needs to be thrown out to be right; entries leave only to bound the memory.
type table struct {
	shards [tableShards]shard
}

// shard holds two generations: when the young one is full it becomes the old one, and what was still old and unused is forgotten.
type shard struct {
	mu    sync.RWMutex
	young map[tableKey]*Decision
	old   map[tableKey]*Decision
}

type tableKey struct {
	context [sha256.Size]byte
	class   string
}

func newTable() *table { return &table{} }

func (t *table) shardOf(context *[sha256.Size]byte, class []byte) *shard {
	h := uint32(context[0])
	for _, b := range class {
		h = h*16777619 ^ uint32(b)
	}
	return &t.shards[(h^h>>16)%tableShards]
}

// get finds a decision, or nil.
func (t *table) get(context *[sha256.Size]byte, class []byte) *Decision {
	s := t.shardOf(context, class)
	s.mu.RLock()
	d := s.young[tableKey{*context, string(class)}]
	fromOld := false
	if d == nil {
		d = s.old[tableKey{*context, string(class)}]
		fromOld = d != nil
	}
	s.mu.RUnlock()
	if fromOld {
		t.put(context, class, d)
	}
	return d
}

// put keeps a decision.
func (t *table) put(context *[sha256.Size]byte, class []byte, d *Decision) {
	s := t.shardOf(context, class)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.young == nil || len(s.young) >= generationLimit {
		s.old, s.young = s.young, map[tableKey]*Decision{}
	}
	s.young[tableKey{*context, string(class)}] = d
}

// size counts the entries.
func (t *table) size() int {
	n := 0
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.RLock()
		n += len(s.young) + len(s.old)
		s.mu.RUnlock()
	}
	return n
}

package policies

import (
	"crypto/sha256"
	"hash/maphash"
	"sync"
	"sync/atomic"
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
	young map[tableKey]*entry
	old   map[tableKey]*entry
}

// entry is a decision kept.
type entry struct {
	known
	proven atomic.Bool // OPA's evaluator agreed
}

type tableKey struct {
	context [sha256.Size]byte
	class   string
}

func newTable() *table { return &table{} }

var classSeed = maphash.MakeSeed()

// hashOf spreads classes over the shards. It decides nothing else.
func hashOf[T ~string | ~[]byte](class T) uint32 {
	return uint32(maphash.String(classSeed, string(class)))
}

func (t *table) shardOf(context *[sha256.Size]byte, hash uint32) *shard {
	return &t.shards[(hash^uint32(context[0]))%tableShards]
}

// get finds a decision, or nil.
func get[T ~string | ~[]byte](t *table, context *[sha256.Size]byte, hash uint32, class T) *entry {
	s := t.shardOf(context, hash)
	s.mu.RLock()
	k := s.young[tableKey{*context, string(class)}]
	fromOld := false
	if k == nil {
		k = s.old[tableKey{*context, string(class)}]
		fromOld = k != nil
	}
	s.mu.RUnlock()
	if fromOld {
		t.put(context, hash, string(class), k)
	}
	return k
}

// put keeps a decision.
func (t *table) put(context *[sha256.Size]byte, hash uint32, class string, k *entry) {
	s := t.shardOf(context, hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.young == nil || len(s.young) >= generationLimit {
		s.old, s.young = s.young, map[tableKey]*entry{}
	}
	s.young[tableKey{*context, class}] = k
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

package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"time"

	"github.com/pontlevis/pontlevis/store"
	"golang.org/x/mod/sumdb/tlog"
)

// Partition is where the log stands in its store.
const Partition store.Partition = "log"

var (
	stateKey   = []byte("s")
	currentKey = []byte("k")
)

const (
	checkpointRow = 'c'
	entryRow      = 'e'
	hashRow       = 'h'
	idRow         = 'i'
	timeRow       = 't'
	formerRow     = 'p' // of version 1: the entries of a patient by sequence alone
)

const (
	presentEntry = 1
	erasedEntry  = 2
	saltSize     = 16
)

func seqKey(row byte, seq int64) []byte { return appendSeqKey(nil, row, seq) }

func appendSeqKey(b []byte, row byte, seq int64) []byte {
	return binary.BigEndian.AppendUint64(append(b, row), uint64(seq))
}

func seqBytes(seq int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(seq)) }

// seqOf reads the last eight bytes; -1 when they are no sequence.
func seqOf(b []byte) int64 {
	if len(b) < 8 {
		return -1
	}
	if n := binary.BigEndian.Uint64(b[len(b)-8:]); n < 1<<62 {
		return int64(n)
	}
	return -1
}

func idKey(id string) []byte { return appendIDKey(nil, id) }

func appendIDKey(b []byte, id string) []byte { return append(append(b, idRow), id...) }

func timePrefix(patient string) []byte {
	return append([]byte{timeRow}, store.Key(patient)...)
}

// timeFrom is the first key that a patient's entries of that moment, or later, can have.
func timeFrom(patient string, at time.Time) []byte {
	const sign = 1 << 63 // times before 1970 come first
	return binary.BigEndian.AppendUint64(timePrefix(patient), uint64(at.UnixMilli())^sign)
}

func timeKey(patient string, at time.Time, seq int64) []byte {
	return binary.BigEndian.AppendUint64(timeFrom(patient, at), uint64(seq))
}

// formerKey is where version 1 kept an entry among those of its patient.
func formerKey(patient string, seq int64) []byte {
	key := timePrefix(patient)
	key[0] = formerRow
	return binary.BigEndian.AppendUint64(key, uint64(seq))
}

// placeSize is the length of a place among the entries of a patient: the end of a time key.
const placeSize = 16

// sealed is an entry's record with its salt, or the mark that they were erased.
type sealed struct {
	erased bool
	salt   []byte
	record []byte
}

// parseSealed reads an entry row; false when it has no known form.
func parseSealed(row []byte) (sealed, bool) {
	switch {
	case len(row) == 1 && row[0] == erasedEntry:
		return sealed{erased: true}, true
	case len(row) > 1+saltSize && row[0] == presentEntry:
		return sealed{salt: row[1 : 1+saltSize], record: row[1+saltSize:]}, true
	}
	return sealed{}, false
}

// commitment returns what the tree holds of an entry: SHA-256(salt ‖ record). The salt has a fixed length, so no other
// pair gives the same bytes; being random, it keeps the record from being guessed. It takes them as they stand in an
// entry row, one after the other.
func commitment(saltAndRecord []byte) [sha256.Size]byte { return sha256.Sum256(saltAndRecord) }

// leafHash returns the hash of the leaf that holds the commitment (RFC 6962 §2.1): SHA-256(0 ‖ commitment).
func leafHash(saltAndRecord []byte) tlog.Hash {
	var leaf [1 + sha256.Size]byte
	c := commitment(saltAndRecord)
	copy(leaf[1:], c[:])
	return sha256.Sum256(leaf[:])
}

// state is the log's head: how many entries and the tree over them.
type state struct {
	size int64
	root tlog.Hash
}

func (s state) row() []byte { return append(seqBytes(s.size), s.root[:]...) }

func readState(tx store.Tx) (state, bool) {
	row := tx.Get(stateKey)
	if len(row) != 8+tlog.HashSize {
		return state{}, false
	}
	s := state{size: seqOf(row[:8]), root: tlog.Hash(row[8:])}
	return s, s.size >= 0
}

func (s state) is(other state) bool {
	return s.size == other.size && bytes.Equal(s.root[:], other.root[:])
}

package usage

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"math/bits"
	"slices"
)

// A sketch estimates how many different persons were added to it (HyperLogLog; Flajolet, Fusy, Gandouet, Meunier 2007):
// 4096 registers, each the longest run of zeros that a hash began with. The standard error is 1.6 %; small numbers are
// counted from the empty registers and are nearly exact. Adding somebody twice changes nothing.
const (
	sketchBits = 12
	registers  = 1 << sketchBits
	// sparsest is how many registers are written one by one, three bytes each, before all of them take less room.
	sparsest = registers / 3
)

type sketch map[uint16]uint8

var errSketch = errors.New("usage: a sketch of persons does not decode")

// hashOf is what stands for a person in the sketches of one app and month.
func hashOf(key []byte, app, month, patient string) uint64 {
	mac := hmac.New(sha256.New, key)
	for _, part := range []string{app, month, patient} {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(part)))
		mac.Write(n[:])
		mac.Write([]byte(part))
	}
	return binary.BigEndian.Uint64(mac.Sum(nil))
}

// add adds a hash, and reports whether it changed anything.
func (s sketch) add(hash uint64) bool {
	at := uint16(hash >> (64 - sketchBits))
	rank := uint8(min(bits.LeadingZeros64(hash<<sketchBits), 64-sketchBits) + 1)
	if s[at] >= rank {
		return false
	}
	s[at] = rank
	return true
}

// join adds all that another sketch holds.
func (s sketch) join(o sketch) {
	for at, rank := range o {
		s[at] = max(s[at], rank)
	}
}

// estimate is how many different hashes were added, nearly.
func (s sketch) estimate() int {
	empty := registers - len(s)
	sum := float64(empty)
	for _, rank := range s {
		sum += math.Ldexp(1, -int(rank))
	}
	const m = float64(registers)
	e := 0.7213 / (1 + 1.079/m) * m * m / sum
	if e <= 2.5*m && empty > 0 {
		e = m * math.Log(m/float64(empty))
	}
	return int(math.Round(e))
}

// encode writes a sketch: register and rank one by one while they are few, then all ranks.
func (s sketch) encode() []byte {
	if len(s) < sparsest {
		b := make([]byte, 0, 3*len(s))
		for _, at := range slices.Sorted(maps.Keys(s)) {
			b = append(binary.BigEndian.AppendUint16(b, at), s[at])
		}
		return b
	}
	b := make([]byte, registers)
	for at, rank := range s {
		b[at] = rank
	}
	return b
}

// decodeSketch reads what encode wrote. The error is errSketch.
func decodeSketch(b []byte) (sketch, error) {
	s := sketch{}
	switch {
	case len(b) == registers:
		for at, rank := range b {
			if rank > 0 {
				s[uint16(at)] = rank
			}
		}
	case len(b)%3 == 0 && len(b) < registers:
		for ; len(b) > 0; b = b[3:] {
			s[binary.BigEndian.Uint16(b)] = b[2]
		}
	default:
		return nil, errSketch
	}
	for at, rank := range s {
		if at >= registers || rank == 0 || rank > 64-sketchBits+1 {
			return nil, errSketch
		}
	}
	return s, nil
}

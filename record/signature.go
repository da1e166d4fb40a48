package record

import (
	"encoding/binary"
	"slices"

	"github.com/pontlevis/pontlevis/store"
)

// A signature stands for the index of one resource of a patient's record: the hashes of its index keys, 32 bits each, in
// order. Some hundred bytes in place of thirty rows: a record has hundreds of resources, of which a search reads the
// signatures one after the other; a nation has thousands of millions of resources, each of which somebody wrote. A clash
// gives a candidate that does not match. The directory, which is one large record, keeps a row for each key.

// signatureOf makes the signature of a resource with these keys.
func signatureOf(keys []string) []byte {
	hashes := make([]uint32, len(keys))
	for i, k := range keys {
		hashes[i] = keyHash(k)
	}
	slices.Sort(hashes)
	b := make([]byte, 0, 4*len(hashes))
	for _, h := range slices.Compact(hashes) {
		b = binary.BigEndian.AppendUint32(b, h)
	}
	return b
}

// keyHash is FNV-1a.
func keyHash(key string) uint32 {
	h := uint32(2166136261)
	for i := range len(key) {
		h = (h ^ uint32(key[i])) * 16777619
	}
	return h
}

// signed gives the ids of a type, in order, whose signatures have one of the hashes of each criterion.
func signed(tx store.Tx, patient, resourceType string, wanted [][]uint32) []string {
	var ids []string
	for key, signature := range tx.Scan(keySignatureOf(patient, resourceType), nil) {
		if hasEach(signature, wanted) {
			ids = append(ids, lastPart(key))
		}
	}
	return ids
}

func hasEach(signature []byte, wanted [][]uint32) bool {
	for _, any := range wanted {
		if !hasAny(signature, any) {
			return false
		}
	}
	return true
}

func hasAny(signature []byte, hashes []uint32) bool {
	for ; len(signature) >= 4; signature = signature[4:] {
		if slices.Contains(hashes, binary.BigEndian.Uint32(signature)) {
			return true
		}
	}
	return false
}

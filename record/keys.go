package record

import (
	"encoding/binary"
	"fmt"

	"github.com/pontlevis/pontlevis/store"
)

// The tree of keys is drawn in the package comment.
const (
	directoryPartition = store.Partition("directory")
	directoryOwner     = "~directory" // no logical id can be this: "~" is outside their grammar

	// lookupShards spreads locators and identifiers, which no patient owns, over partitions that can be moved to
	// other machines one by one.
	lookupShards = 64
)

// owner is the first part of the keys of a record.
func owner(patient string) string {
	if patient == "" {
		return directoryOwner
	}
	return patient
}

// partition is where a record's transactions run.
func partition(patient string) store.Partition {
	if patient == "" {
		return directoryPartition
	}
	return store.PatientPartition(patient)
}

func keyRoster(patient string) []byte { return store.Key("pat", patient) }

func keySequence(patient string) []byte { return store.Key(owner(patient), "record", "seq") }

func keyIndexRevision(patient string) []byte { return store.Key(owner(patient), "record", "idxrev") }

func keyCurrent(patient string, ref Ref) []byte {
	return store.Key(owner(patient), "record", "res", ref.Type, ref.ID)
}

func keyCurrentOf(patient, resourceType string) []byte {
	return store.Key(owner(patient), "record", "res", resourceType)
}

func keyCurrentAll(patient string) []byte { return store.Key(owner(patient), "record", "res") }

func keyOld(patient string, ref Ref, version int) []byte {
	return store.Key(owner(patient), "record", "old", ref.Type, ref.ID, fmt.Sprintf("%08x", version))
}

func keyOldAll(patient string, ref Ref) []byte {
	return store.Key(owner(patient), "record", "old", ref.Type, ref.ID)
}

func keyIndex(patient string, ref Ref, key string) []byte {
	return store.Key(owner(patient), "record", "idx", ref.Type, key, ref.ID)
}

func keyIndexOf(patient, resourceType, key string) []byte {
	return store.Key(owner(patient), "record", "idx", resourceType, key)
}

func keyIndexAll(patient string) []byte { return store.Key(owner(patient), "record", "idx") }

func keySignature(patient string, ref Ref) []byte {
	return store.Key(owner(patient), "record", "sig", ref.Type, ref.ID)
}

func keySignatureOf(patient, resourceType string) []byte {
	return store.Key(owner(patient), "record", "sig", resourceType)
}

func keySignatureAll(patient string) []byte { return store.Key(owner(patient), "record", "sig") }

func keyLocator(ref Ref) []byte { return store.Key("loc", ref.Type, ref.ID) }

func keyIdentifier(resourceType, identifier, id string) []byte {
	return store.Key("idn", resourceType, boundedPart(identifier), id)
}

func keyIdentifierOf(resourceType, identifier string) []byte {
	return store.Key("idn", resourceType, boundedPart(identifier))
}

var (
	locatorShards    = shardsOf("locator")
	identifierShards = shardsOf("identifier")
	rosterShards     = shardsOf("roster")
)

func shardsOf(family string) (names [lookupShards]store.Partition) {
	for n := range names {
		names[n] = store.Partition(fmt.Sprintf("%s/%02x", family, n))
	}
	return names
}

func locatorPartition(ref Ref) store.Partition { return locatorShards[shard(ref.Type, ref.ID)] }

func identifierPartition(resourceType, identifier string) store.Partition {
	return identifierShards[shard(resourceType, identifier)]
}

func rosterPartition(patient string) store.Partition { return rosterShards[shard("Patient", patient)] }

// shard spreads names for ever: the partition of a name must not change once something is stored under it. It is
// FNV-1a over the parts, with a zero byte between.
func shard(a, b string) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	h := uint64(offset)
	for i := range len(a) {
		h = (h ^ uint64(a[i])) * prime
	}
	h *= prime
	for i := range len(b) {
		h = (h ^ uint64(b[i])) * prime
	}
	return h % lookupShards
}

// lastPart gives the last part of a key, "" when the key is none of ours.
func lastPart(key []byte) string {
	parts := store.KeyParts(key)
	if len(parts) == 0 {
		return ""
	}
	return parts[len(parts)-1]
}

func sequenceOf(value []byte) uint64 {
	if len(value) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(value)
}

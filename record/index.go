package record

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// longKey is the length from which a part of a key is replaced by its hash: keys of the store are bounded, and a
// document's identifier or URI may be of any length. A clash would only give a candidate that does not match.
const longKey = 512

// resourceKeys gives the keys of the equality index of a resource, in order, each once.
func resourceKeys(r *fhir.Resource) []string {
	return bounded(search.IndexKeys(r))
}

// criterionKeys gives the keys one of which every match has; ok is false when the criterion cannot narrow.
func criterionKeys(c *search.Criterion) (keys []string, ok bool) {
	keys, ok = c.Keys()
	if !ok {
		return nil, false
	}
	return bounded(keys), true
}

func bounded(keys []string) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = boundedPart(k)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// boundedPart is s, or a hash in its place when it is long.
func boundedPart(s string) string {
	if len(s) < longKey {
		return s
	}
	sum := sha256.Sum256([]byte(s))
	return s[:64] + "#" + hex.EncodeToString(sum[:])
}

package record

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/store"
)

// indexRevision changes whenever search.IndexKeys gives other keys for some resource (a test holds what it gives). A
// record indexed under another revision is searched without its index, and indexed anew by the next write to it.
const indexRevision = "2"

// errOtherIndex says that a record is indexed under another revision.
var errOtherIndex = errors.New("indexed under another revision")

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

// indexIsCurrent reports whether the index of a record holds what this program looks for. It is set by a record's first
// write, so one without it was never written to.
func indexIsCurrent(tx store.Tx, patient string) bool {
	return string(tx.Get(keyIndexRevision(patient))) == indexRevision
}

// putIndex writes the index of a resource that has none: a signature in a patient's record, rows in the directory.
func putIndex(tx store.Tx, patient string, ref Ref, keys []string) error {
	if patient != "" {
		return tx.Put(keySignature(patient, ref), signatureOf(keys))
	}
	for _, k := range keys {
		if err := tx.Put(keyIndex(patient, ref, k), nil); err != nil {
			return err
		}
	}
	return nil
}

// reindex replaces the index of a record, in one transaction.
func (e *Embedded) reindex(ctx context.Context, patient string) error {
	err := e.db.Update(ctx, partition(patient), func(tx store.Tx) error {
		for _, all := range [][]byte{keyIndexAll(patient), keySignatureAll(patient)} {
			for key := range tx.Scan(all, nil) {
				if err := tx.Delete(key); err != nil {
					return err
				}
			}
		}
		for key, value := range tx.Scan(keyCurrentAll(patient), nil) {
			s, err := e.decode(patient, key, value)
			if err != nil {
				return err
			}
			if s.Deleted {
				continue
			}
			r, err := s.Resource()
			if err != nil {
				return err
			}
			if err := putIndex(tx, patient, s.Ref, resourceKeys(r)); err != nil {
				return err
			}
		}
		return tx.Put(keyIndexRevision(patient), []byte(indexRevision))
	})
	if err != nil {
		return fmt.Errorf("indexing a record anew: %w", err)
	}
	return nil
}

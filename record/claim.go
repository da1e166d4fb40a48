package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// claimers is how many partitions a Write claims at a time. Updates that wait together share one commit, so many at a
// time cost less than few.
const claimers = 2 * lookupShards

// A claim is one key outside the patient's partition that a write needs: where a resource is, which resources have an
// identifier, which patients there are. Claims come before the write they are for and are never taken back: one
// without its resource says nothing, since readers look at the resource; the other way round it would be lost.
type claim struct {
	key, value []byte
	ref        Ref // of a locator, for the error
}

// claim writes the claims of drafts. A locator that names another record is ErrElsewhere: the first record that claims
// an id keeps it for ever.
func (e *Embedded) claim(ctx context.Context, patient string, drafts []draft) error {
	claims := make(map[store.Partition][]claim)
	claimsOf(patient, drafts, e.now(), claims)
	return e.claimEach(ctx, claims)
}

// claimsOf adds the claims of the drafts for a record, which are written now.
func claimsOf(patient string, drafts []draft, now time.Time, claims map[store.Partition][]claim) {
	add := func(p store.Partition, c claim) { claims[p] = append(claims[p], c) }
	if patient != "" {
		add(rosterPartition(patient), claim{key: keyRoster(patient)})
	}
	for i := range drafts {
		d := &drafts[i]
		if d.Type != "Patient" && !d.Delete {
			add(locatorPartition(d.Ref), claim{keyLocator(d.Ref), []byte(owner(patient)), d.Ref})
		}
		for _, identifier := range d.identifiers {
			add(identifierPartition(d.Type, identifier), claim{key: keyIdentifier(d.Type, identifier, d.ID)})
		}
		for _, traits := range traitsOf(d.resource) {
			add(identifierPartition(traitsType, traits), claim{key: keyIdentifier(traitsType, traits, d.ID)})
		}
		for _, name := range carersOf(patient, d.resource, now) {
			add(identifierPartition(roundsType, name), claim{key: keyIdentifier(roundsType, name, patient)})
		}
	}
}

// claimIn writes what is missing in one partition; most updates find everything there and write nothing.
func (e *Embedded) claimIn(ctx context.Context, p store.Partition, list []claim) error {
	missing := false
	look := func(tx store.Tx, put func(key, value []byte) error) error {
		for _, c := range list {
			switch there := tx.Get(c.key); {
			case there == nil:
				missing = true
				if err := put(c.key, c.value); err != nil {
					return err
				}
			case !bytes.Equal(there, c.value):
				return fmt.Errorf("%s: %w", c.ref, ErrElsewhere)
			}
		}
		return nil
	}
	err := e.db.View(ctx, p, func(tx store.Tx) error {
		return look(tx, func([]byte, []byte) error { return nil })
	})
	if err != nil || !missing {
		return err
	}
	return e.db.Update(ctx, p, func(tx store.Tx) error { return look(tx, tx.Put) })
}

// hasIdentifier reads ref and tells whether its living version has the identifier.
func (e *Embedded) hasIdentifier(ctx context.Context, ref Ref, identifier string) (bool, error) {
	s, err := e.Read(ctx, ref)
	if errors.Is(err, ErrNotFound) || err == nil && s.Deleted {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	r, err := s.Resource()
	if err != nil {
		return false, err
	}
	for _, own := range identifiersOf(r) {
		if own == identifier {
			return true, nil
		}
	}
	return false, nil
}

package record

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// Embedded is the Source that keeps records in a store of keys and values. Its layout is drawn in keys.go. It is safe
// for concurrent use, and any number of them may share one store.
type Embedded struct {
	// Base is this server's own FHIR base URL: absolute references under it are followed like relative ones. It is set
	// before the first use, and stays the same for as long as the records live.
	Base string

	db    store.DB
	now   func() time.Time
	known remembered

	sequences store.Decoded[uint64] // by keySequence
	located   store.Decoded[string] // by keyLocator: the owner of a resource
}

// OpenEmbedded makes an Embedded over db, which stays the caller's to close. now is the clock that meta.lastUpdated is
// taken from; nil is time.Now.
func OpenEmbedded(db store.DB, now func() time.Time) (*Embedded, error) {
	if db == nil {
		return nil, fmt.Errorf("opening the record store: no database")
	}
	if now == nil {
		now = time.Now
	}
	e := &Embedded{db: db, now: now}
	e.sequences.Decode = func(raw []byte) (*uint64, error) { n := sequenceOf(raw); return &n, nil }
	e.located.Decode = func(raw []byte) (*string, error) { s := string(raw); return &s, nil }
	return e, nil
}

// locate gives the record that ref is (or was claimed) in, or ErrNotFound.
func (e *Embedded) locate(ctx context.Context, ref Ref) (patient string, err error) {
	if ref.Type == "Patient" {
		return ref.ID, nil
	}
	owner, err := e.located.Read(ctx, e.db, locatorPartition(ref), keyLocator(ref))
	if err != nil {
		return "", fmt.Errorf("locating %s: %w", ref, err)
	}
	if owner == nil {
		return "", notFound(ref)
	}
	return patientOf(*owner), nil
}

func notFound(ref Ref) error { return fmt.Errorf("%s: %w", ref, ErrNotFound) }

// patientOf undoes owner.
func patientOf(owner string) string {
	if owner == directoryOwner {
		return ""
	}
	return owner
}

// Read gives the current version of ref; see Source.
func (e *Embedded) Read(ctx context.Context, ref Ref) (*Stored, error) {
	patient, err := e.locate(ctx, ref)
	if err != nil {
		return nil, err
	}
	s, err := e.current(ctx, patient, ref)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", ref, err)
	}
	if s == nil {
		return nil, notFound(ref) // a locator without its resource: the write it was claimed for did not happen
	}
	return s, nil
}

// current reads the current version by itself, and without a transaction when nothing was written to the partition since
// it was last read.
func (e *Embedded) current(ctx context.Context, patient string, ref Ref) (s *Stored, err error) {
	key, p := keyCurrent(patient, ref), partition(patient)
	clock, dated := e.db.(store.Dated)
	var date uint64
	if dated {
		date = clock.Date(p)
		if s := e.known.at(key, date); s != nil {
			return s, ctx.Err()
		}
	}
	err = e.db.View(ctx, p, func(tx store.Tx) (err error) {
		s, err = e.readCurrent(tx, patient, ref)
		return err
	})
	if dated && s != nil && err == nil {
		e.known.date(key, s, date)
	}
	return s, err
}

// readCurrent gives nil when there is no version at all.
func (e *Embedded) readCurrent(tx store.Tx, patient string, ref Ref) (*Stored, error) {
	key := keyCurrent(patient, ref)
	value := tx.Get(key)
	if value == nil {
		return nil, nil
	}
	return e.decode(patient, key, value)
}

// decode reads the envelope at a key whose parts after "record", "res" or "old" begin with type and id. What it gives may be
// shared with other requests.
func (e *Embedded) decode(patient string, key, value []byte) (*Stored, error) {
	print := printOf(value)
	if s := e.known.get(key, print); s != nil {
		return s, nil
	}
	parts := store.KeyParts(key)
	if len(parts) < 5 {
		return nil, fmt.Errorf("reading a record: a key that is not ours: %w", errEnvelope)
	}
	s, err := decodeEnvelope(patient, Ref{parts[3], parts[4]}, value, e.Base)
	if err == nil {
		e.known.put(key, print, s)
	}
	return s, err
}

// Version gives one version of ref; see Source.
func (e *Embedded) Version(ctx context.Context, ref Ref, version string) (*Stored, error) {
	n, err := strconv.Atoi(version)
	if err != nil || n < 1 || strconv.Itoa(n) != version || n > maxVersion {
		return nil, notFound(ref)
	}
	patient, err := e.locate(ctx, ref)
	if err != nil {
		return nil, err
	}
	var s *Stored
	err = e.db.View(ctx, partition(patient), func(tx store.Tx) (err error) {
		if s, err = e.readCurrent(tx, patient, ref); err != nil || s == nil || s.Version == n {
			return err
		}
		s = nil
		key := keyOld(patient, ref, n)
		if value := tx.Get(key); value != nil {
			s, err = e.decode(patient, key, value)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading %s version %d: %w", ref, n, err)
	}
	if s == nil {
		return nil, notFound(ref)
	}
	return s, nil
}

// History gives every version of ref, newest first; see Source.
func (e *Embedded) History(ctx context.Context, ref Ref) ([]*Stored, error) {
	patient, err := e.locate(ctx, ref)
	if err != nil {
		return nil, err
	}
	var versions []*Stored
	err = e.db.View(ctx, partition(patient), func(tx store.Tx) error {
		versions = versions[:0]
		current, err := e.readCurrent(tx, patient, ref)
		if err != nil || current == nil {
			return err
		}
		versions = append(versions, current)
		for key, value := range tx.ScanBack(keyOldAll(patient, ref), nil) {
			s, err := e.decode(patient, key, value)
			if err != nil {
				return err
			}
			versions = append(versions, s)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the history of %s: %w", ref, err)
	}
	if len(versions) == 0 {
		return nil, notFound(ref)
	}
	return versions, nil
}

// Patient tells what is known of a record; see Source.
func (e *Embedded) Patient(ctx context.Context, patient string) (Compartment, error) {
	c := Compartment{ID: patient}
	if !ValidID(patient) {
		return Compartment{}, notFound(Ref{"Patient", patient})
	}
	err := e.db.View(ctx, partition(patient), func(tx store.Tx) (err error) {
		c.Sequence = sequenceOf(tx.Get(keySequence(patient)))
		c.Patient, err = e.readCurrent(tx, patient, Ref{"Patient", patient})
		return err
	})
	if err != nil {
		return Compartment{}, fmt.Errorf("reading the record of a patient: %w", err)
	}
	if c.Sequence == 0 {
		return Compartment{}, notFound(Ref{"Patient", patient})
	}
	return c, nil
}

// Sequence counts the writes to a record; see Source.
func (e *Embedded) Sequence(ctx context.Context, patient string) (n uint64, err error) {
	known, err := e.sequences.Read(ctx, e.db, partition(patient), keySequence(patient))
	if err != nil {
		return 0, fmt.Errorf("reading the sequence of a record: %w", err)
	}
	if known == nil {
		return 0, nil
	}
	return *known, nil
}

// Lookup finds living resources by exact identifier; see Source. The index may name resources that once had the
// identifier, or were never written: each is read before it is given.
func (e *Embedded) Lookup(ctx context.Context, resourceType, identifier string) ([]Ref, error) {
	var ids []string
	err := e.db.View(ctx, identifierPartition(resourceType, identifier), func(tx store.Tx) error {
		ids = ids[:0]
		for key := range tx.Scan(keyIdentifierOf(resourceType, identifier), nil) {
			if ids = append(ids, lastPart(key)); len(ids) > maxLookup {
				return fmt.Errorf("more than %d resources share an identifier: %w", maxLookup, ErrTooCostly)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("looking up an identifier: %w", err)
	}
	refs := []Ref{}
	for _, id := range ids {
		ref := Ref{resourceType, id}
		has, err := e.hasIdentifier(ctx, ref, identifier)
		if err != nil {
			return nil, fmt.Errorf("looking up an identifier: %w", err)
		}
		if has {
			refs = append(refs, ref)
		}
	}
	return refs, nil
}

// Patients yields the ids of all patients whose records were ever written to, for administration: nothing in the path of
// a request walks it. They come in no particular order. An error ends it.
func (e *Embedded) Patients(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for _, p := range rosterShards {
			ids, err := e.patientsIn(ctx, p)
			if err != nil {
				yield("", fmt.Errorf("listing patients: %w", err))
				return
			}
			for _, id := range ids {
				sequence, err := e.Sequence(ctx, id)
				if err == nil && sequence == 0 {
					continue // named before a write that did not happen
				}
				if !yield(id, err) || err != nil {
					return
				}
			}
		}
	}
}

func (e *Embedded) patientsIn(ctx context.Context, p store.Partition) (ids []string, err error) {
	err = e.db.View(ctx, p, func(tx store.Tx) error {
		ids = ids[:0]
		for key := range tx.Scan(store.Key("pat"), nil) {
			ids = append(ids, lastPart(key))
		}
		return ctx.Err()
	})
	return ids, err
}

var _ Source = (*Embedded)(nil)

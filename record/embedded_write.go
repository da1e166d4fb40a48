package record

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/store"
)

// Bounds of what is written and kept.
const (
	// MaxBody is the size of one resource; it is what fhir.Parse takes, so that what is stored can be read again.
	MaxBody = fhir.DefaultBytes
	// MaxWrite is the sum of the bodies of one Write: a transaction is held in memory until it is on disk.
	MaxWrite = 64 << 20
	// MaxChanges is the number of resources of one Write; the largest real transaction Bundles have a few thousand.
	MaxChanges = 20_000

	maxVersion = 1<<31 - 1 // versions are written with eight hexadecimal digits in keys
	maxLookup  = 10_000    // resources that share one identifier, living or not
)

// errStale says that a plan was made over versions that are not current any more.
var errStale = errors.New("planned over an older version")

// A draft is a Change that was checked, with what follows from its body whatever the version it becomes.
type draft struct {
	Change
	resource    *fhir.Resource // with its id; nil for a deletion
	attributes  fhir.Attributes
	keys        []string // of the index, in order
	identifiers []string
}

// A step is what a plan does for one draft: from the version it found to the version it makes.
type step struct {
	found         int  // version found, 0 when none
	nothing       bool // deleted already: the result is the version found
	result        *Stored
	envelope      []byte
	added, gone   []string // keys of the directory's index
	signature     []byte   // of a resource of a patient's record; nil when it is deleted
	foundEnvelope []byte   // moves to the old versions
}

// Write applies changes to one record; see Source. What takes time (parsing, stamping, comparing indexes) is done before
// the transaction, over a reading of the record; the transaction checks that the reading still holds. When it does not,
// the work is done again inside.
func (e *Embedded) Write(ctx context.Context, patient string, changes []Change) ([]*Stored, error) {
	drafts, err := e.draftAll(patient, changes)
	if err != nil {
		return nil, err
	}
	if len(drafts) == 0 {
		return nil, ctx.Err()
	}
	if err := e.claim(ctx, patient, drafts); err != nil {
		return nil, err
	}
	steps, err := e.writeIndexed(ctx, patient, drafts)
	if err != nil {
		return nil, err
	}
	results := make([]*Stored, len(steps))
	for i := range steps {
		results[i] = steps[i].result
	}
	return results, nil
}

// writeIndexed writes, once the record is indexed as this program does.
func (e *Embedded) writeIndexed(ctx context.Context, patient string, drafts []draft) ([]step, error) {
	steps, err := e.write(ctx, patient, drafts)
	if errors.Is(err, errOtherIndex) {
		if err = e.reindex(ctx, patient); err == nil {
			steps, err = e.write(ctx, patient, drafts)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("writing to a record: %w", err)
	}
	return steps, nil
}

func (e *Embedded) write(ctx context.Context, patient string, drafts []draft) (steps []step, err error) {
	p := partition(patient)
	err = e.db.View(ctx, p, func(tx store.Tx) (err error) {
		steps, err = e.plan(tx, patient, drafts)
		return err
	})
	if err == nil {
		err = e.db.Update(ctx, p, func(tx store.Tx) error { return commit(tx, patient, drafts, steps) })
	}
	if errors.Is(err, errStale) {
		err = e.db.Update(ctx, p, func(tx store.Tx) (err error) {
			if steps, err = e.plan(tx, patient, drafts); err != nil {
				return err
			}
			return commit(tx, patient, drafts, steps)
		})
	}
	return steps, err
}

// draftAll checks changes without looking at what is stored.
func (e *Embedded) draftAll(patient string, changes []Change) ([]draft, error) {
	return draftAll(e.Base, patient, changes)
}

func draftAll(base, patient string, changes []Change) ([]draft, error) {
	if patient != "" && !ValidID(patient) {
		return nil, fmt.Errorf("the patient's id breaks the grammar of ids: %w", ErrInvalid)
	}
	if len(changes) > MaxChanges {
		return nil, fmt.Errorf("%d changes, more than %d: %w", len(changes), MaxChanges, ErrTooLarge)
	}
	drafts := make([]draft, len(changes))
	seen := make(map[Ref]bool, len(changes))
	size := 0
	for i, c := range changes {
		if size += len(c.Body); size > MaxWrite {
			return nil, fmt.Errorf("more than %d bytes in one transaction: %w", MaxWrite, ErrTooLarge)
		}
		d, err := draftOf(base, patient, c)
		if err != nil {
			return nil, err
		}
		if seen[d.Ref] {
			return nil, fmt.Errorf("%s stands twice in one transaction: %w", d.Ref, ErrInvalid)
		}
		seen[d.Ref] = true
		drafts[i] = d
	}
	return drafts, nil
}

func draftOf(base, patient string, c Change) (draft, error) {
	if c.ID == "" && !c.Delete {
		c.ID = NewID()
	}
	d := draft{Change: c}
	switch {
	case !fhir.IsType(c.Type) || !ValidID(c.ID):
		return d, fmt.Errorf("%q is no type and id: %w", c.Ref.String(), ErrInvalid)
	case c.Type == "Patient" && c.ID != patient:
		return d, fmt.Errorf("%s goes to its own record alone: %w", c.Ref, ErrElsewhere)
	case c.Delete:
		d.attributes = emptyAttributes(c.Ref)
		return d, nil
	case len(c.Body) > MaxBody:
		return d, fmt.Errorf("%s has %d bytes, more than %d: %w", c.Ref, len(c.Body), MaxBody, ErrTooLarge)
	}
	r, err := c.parse()
	if err != nil {
		return d, fmt.Errorf("%s: %w: %w", c.Ref, ErrInvalid, err)
	}
	if r.Type() != c.Type {
		return d, fmt.Errorf("%s has a body of type %s: %w", c.Ref, r.Type(), ErrInvalid)
	}
	if d.resource = r.Under(base); r.ID() != c.ID {
		d.resource = d.resource.Stamp(c.ID, "1", time.Unix(0, 0).UTC())
	}
	if named := d.resource.Patients(); len(named) > 0 && !slices.Contains(named, patient) {
		return d, fmt.Errorf("%s names another patient: %w", c.Ref, ErrElsewhere)
	}
	d.attributes = d.resource.Attributes()
	d.keys = resourceKeys(d.resource)
	d.identifiers = identifiersOf(d.resource)
	return d, nil
}

// plan works out each step from the current versions. It only reads.
func (e *Embedded) plan(tx store.Tx, patient string, drafts []draft) ([]step, error) {
	steps := make([]step, len(drafts))
	now := e.now().UTC().Truncate(time.Millisecond)
	for i := range drafts {
		var err error
		if steps[i], err = e.planOne(tx, patient, &drafts[i], now); err != nil {
			return nil, err
		}
	}
	return steps, nil
}

func (e *Embedded) planOne(tx store.Tx, patient string, d *draft, now time.Time) (step, error) {
	found, err := e.readCurrent(tx, patient, d.Ref)
	if err != nil {
		return step{}, err
	}
	s, err := d.over(found, patient, now)
	if err != nil || s.nothing {
		return s, err
	}
	if found != nil {
		s.foundEnvelope = slices.Clone(tx.Get(keyCurrent(patient, d.Ref)))
	}
	if err := s.index(patient, d, found, found != nil && !found.Deleted); err != nil {
		return step{}, err
	}
	s.envelope, err = encodeEnvelope(s.result)
	return s, err
}

// over checks a draft against the version it would replace, nil when there is none, and makes the next one.
func (d *draft) over(found *Stored, patient string, now time.Time) (step, error) {
	var s step
	if found != nil {
		s.found = found.Version
	}
	alive := found != nil && !found.Deleted
	switch {
	case d.IfVersion != nil && *d.IfVersion != s.found:
		return step{}, fmt.Errorf("%s is at version %d, not %d: %w", d.Ref, s.found, *d.IfVersion, ErrConflict)
	case d.IfNone && alive:
		return step{}, fmt.Errorf("%s: %w", d.Ref, ErrExists)
	case d.Delete && found == nil:
		return step{}, notFound(d.Ref)
	case d.Delete && !alive:
		s.nothing, s.result = true, found
		return s, nil
	case s.found >= maxVersion:
		return step{}, fmt.Errorf("%s has no version left: %w", d.Ref, ErrTooLarge)
	}
	if found != nil && !now.After(found.Updated) {
		now = found.Updated.Add(time.Millisecond)
	}
	s.result = d.stored(patient, s.found+1, now, !alive)
	return s, nil
}

// index works out what becomes of the index.
func (s *step) index(patient string, d *draft, found *Stored, alive bool) error {
	if patient != "" {
		if !d.Delete {
			s.signature = signatureOf(d.keys)
		}
		return nil
	}
	var before []string
	if alive {
		old, err := found.Resource()
		if err != nil {
			return err
		}
		before = resourceKeys(old)
	}
	s.added, s.gone = difference(d.keys, before), difference(before, d.keys)
	return nil
}

// stored is the version that the draft becomes.
func (d *draft) stored(patient string, version int, at time.Time, created bool) *Stored {
	s := &Stored{
		Ref: d.Ref, Version: version, Updated: at, Patient: patient,
		Deleted: d.Delete, Created: created && !d.Delete, Attributes: d.attributes,
	}
	if !d.Delete {
		s.parsed = d.resource.Stamp(d.ID, fmt.Sprint(version), at)
		s.Body = s.parsed.JSON()
		s.Plain = plain(s.parsed)
	}
	return s
}

// plain reports whether a resource refers to nothing but patients, the directory and what it contains: whoever may read
// such a resource may know of all that it names. It does not depend on the server's base URL.
func plain(r *fhir.Resource) bool {
	for _, ref := range r.References() {
		if !ref.Contained && ref.Type != "Patient" && !fhir.IsDirectory(ref.Type) {
			return false
		}
	}
	return true
}

// difference gives what of a is not in b; both are in order.
func difference(a, b []string) []string {
	var out []string
	for _, s := range a {
		if _, in := slices.BinarySearch(b, s); !in {
			out = append(out, s)
		}
	}
	return out
}

// commit writes the steps, or gives errStale when they do not follow from what is there, errOtherIndex when the keys they
// take away and add are not those of the record's index.
func commit(tx store.Tx, patient string, drafts []draft, steps []step) error {
	sequence := sequenceOf(tx.Get(keySequence(patient)))
	if sequence > 0 && !indexIsCurrent(tx, patient) {
		return errOtherIndex
	}
	changed := false
	for i := range steps {
		d, s := &drafts[i], &steps[i]
		if versionAt(tx, patient, d.Ref) != s.found {
			return errStale
		}
		if s.nothing {
			continue
		}
		changed = true
		if err := s.commit(tx, patient, d.Ref); err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	if sequence == 0 {
		if err := tx.Put(keyIndexRevision(patient), []byte(indexRevision)); err != nil {
			return err
		}
	}
	return tx.Put(keySequence(patient), binary.BigEndian.AppendUint64(nil, sequence+1))
}

func (s *step) commit(tx store.Tx, patient string, ref Ref) error {
	if s.found > 0 {
		if err := tx.Put(keyOld(patient, ref, s.found), s.foundEnvelope); err != nil {
			return err
		}
	}
	for _, k := range s.gone {
		if err := tx.Delete(keyIndex(patient, ref, k)); err != nil {
			return err
		}
	}
	for _, k := range s.added {
		if err := tx.Put(keyIndex(patient, ref, k), nil); err != nil {
			return err
		}
	}
	if patient != "" {
		if err := s.sign(tx, patient, ref); err != nil {
			return err
		}
	}
	return tx.Put(keyCurrent(patient, ref), s.envelope)
}

func (s *step) sign(tx store.Tx, patient string, ref Ref) error {
	if s.signature == nil {
		return tx.Delete(keySignature(patient, ref))
	}
	return tx.Put(keySignature(patient, ref), s.signature)
}

// versionAt reads the version off the current envelope alone.
func versionAt(tx store.Tx, patient string, ref Ref) int {
	b := tx.Get(keyCurrent(patient, ref))
	if len(b) < 2 {
		return 0
	}
	r := reader{rest: b[2:]}
	return int(r.uvarint())
}

// identifiersOf lists "system|value" of a resource's own business identifiers: identifier, and masterIdentifier of
// documents. They are what Lookup finds by.
func identifiersOf(r *fhir.Resource) []string {
	var out []string
	for _, name := range []string{"identifier", "masterIdentifier"} {
		for _, n := range r.Node().Get(name).Items() {
			value := n.Get("value").Text()
			if n.Kind() == fhir.Object && value != "" {
				out = append(out, n.Get("system").Text()+"|"+value)
			}
		}
	}
	slices.SortFunc(out, strings.Compare)
	return slices.Compact(out)
}

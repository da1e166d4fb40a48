package importer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/record"
)

// Bounds of a batch: large enough that a commit is shared by many resources, small enough to be held in memory.
const (
	maxBatch      = 8000
	maxBatchBytes = 32 << 20
	writers       = 4 // records written at once, where the source takes them one by one
)

// batch is what was read and is not written yet.
type batch struct {
	groups      map[string][]item // by patient, "" the directory
	refs        map[record.Ref]bool
	identifiers map[string][]record.Ref
	count, size int
	line        int // the last line of the file in it

	patients []string              // Patients in it
	owners   map[record.Ref]string // owners learnt from it
	deferred []place               // resources to read again
	failed   error                 // the source failed while lines were read
}

// item is one resource of a batch.
type item struct {
	at     place
	ref    record.Ref
	res    *fhir.Resource
	before *record.Stored // what it takes the place of, where somebody wants to know; nil for none
}

func newBatch() batch {
	return batch{
		groups: map[string][]item{}, refs: map[record.Ref]bool{},
		identifiers: map[string][]record.Ref{}, owners: map[record.Ref]string{},
	}
}

func (b *batch) full() bool { return b.count >= maxBatch || b.size >= maxBatchBytes }

// add puts a resource in the batch. One whose id is in it already, for whatever record, is written first: a transaction
// holds each once, and of two records that claim an id the first in the files has it.
func (r *run) add(ctx context.Context, at place, ref record.Ref, patient string, res *fhir.Resource) {
	if r.pending.refs[ref] {
		if err := r.write(ctx); err != nil {
			r.pending.failed = err
			return
		}
	}
	r.pending.refs[ref] = true
	r.pending.groups[patient] = append(r.pending.groups[patient], item{at: at, ref: ref, res: res})
	for _, name := range []string{"identifier", "masterIdentifier"} {
		for id := range res.Node().Get(name).Each() {
			if v := id.Get("value").Text(); v != "" {
				key := ref.Type + " " + id.Get("system").Text() + "|" + v
				r.pending.identifiers[key] = appendNew(r.pending.identifiers[key], ref)
			}
		}
	}
	r.pending.count++
	r.pending.size += len(res.JSON())
}

// flush writes the batch and notes how far the file is dealt with.
func (r *run) flush(ctx context.Context, f file, end bool) error {
	if r.pending.failed != nil {
		return r.pending.failed
	}
	if err := r.write(ctx); err != nil {
		return err
	}
	into := r.deferred
	if r.repeat {
		into = r.next
	}
	if r.Found != nil && len(r.pending.patients) > 0 {
		if err := r.Found(ctx, r.pending.patients); err != nil {
			return fmt.Errorf("telling of the patients found: %w", err)
		}
	}
	for _, at := range r.pending.deferred {
		putOff(into, f.digest, at.line, at.entry)
	}
	if !r.repeat {
		if err := r.remember(ctx, f, end); err != nil {
			return err
		}
	}
	r.pending = newBatch()
	r.tell(f.name)
	return nil
}

func putOff(into map[string]map[int][]int, digest string, line, entry int) {
	if into[digest] == nil {
		into[digest] = map[int][]int{}
	}
	into[digest][line] = append(into[digest][line], entry)
}

// outcome is what became of a group.
type outcome struct {
	written, unchanged int
	refused            []refused
	err                error
}

type refused struct {
	item
	why error
}

// write writes the groups, several records at a time: the directory first, since the others refer to it.
func (r *run) write(ctx context.Context) error {
	groups := r.pending.groups
	r.pending.groups, r.pending.refs, r.pending.count, r.pending.size = map[string][]item{}, map[record.Ref]bool{}, 0, 0
	r.pending.identifiers = map[string][]record.Ref{}
	if items := groups[""]; items != nil {
		delete(groups, "")
		if err := r.take(r.writeGroup(ctx, "", items)); err != nil {
			return err
		}
	}
	var all []error
	if loader, ok := r.Source.(record.Loader); ok {
		for _, o := range r.load(ctx, loader, groups) {
			all = append(all, r.take(o))
		}
		return errors.Join(all...)
	}
	results := make(chan outcome, len(groups))
	aside(groups, func(patient string, items []item) { results <- r.writeGroup(ctx, patient, items) })
	close(results)
	for o := range results {
		all = append(all, r.take(o))
	}
	return errors.Join(all...)
}

// aside calls do for each group, some at a time.
func aside(groups map[string][]item, do func(patient string, items []item)) {
	var wait sync.WaitGroup
	room := make(chan struct{}, writers)
	for patient, items := range groups {
		room <- struct{}{}
		wait.Go(func() {
			defer func() { <-room }()
			do(patient, items)
		})
	}
	wait.Wait()
}

// load writes the groups together. One that the source refuses is written again by itself, in halves.
func (r *run) load(ctx context.Context, loader record.Loader, groups map[string][]item) []outcome {
	type part struct {
		patient string
		fresh   []item
		outcome
	}
	parts := make([]*part, 0, len(groups))
	var mu sync.Mutex
	aside(groups, func(patient string, items []item) {
		p := &part{patient: patient}
		p.fresh, p.outcome = r.fresh(ctx, items)
		mu.Lock()
		defer mu.Unlock()
		parts = append(parts, p)
	})
	var wanted []*part
	var all []record.Group
	for _, p := range parts {
		if p.err == nil && len(p.fresh) > 0 {
			wanted = append(wanted, p)
			all = append(all, record.Group{Patient: p.patient, Changes: changesOf(p.fresh)})
		}
	}
	news := map[string][]item{}
	for _, p := range wanted {
		news[p.patient] = p.fresh
	}
	if err := r.announce(ctx, news); err != nil {
		return []outcome{{err: err}}
	}
	for i, err := range loader.Load(ctx, all) {
		switch p := wanted[i]; {
		case err == nil:
			p.written += len(p.fresh)
		case fault(err):
			r.writeHalves(ctx, p.patient, p.fresh, &p.outcome)
		default:
			p.err = fmt.Errorf("writing to the record source: %w", err)
		}
	}
	out := make([]outcome, len(parts))
	for i, p := range parts {
		out[i] = p.outcome
	}
	return out
}

func changesOf(items []item) []record.Change {
	changes := make([]record.Change, len(items))
	for k, it := range items {
		changes[k] = record.Change{Ref: it.ref, Body: it.res.JSON(), Parsed: it.res}
	}
	return changes
}

// take counts an outcome.
func (r *run) take(o outcome) error {
	r.report.Written += o.written
	r.report.Unchanged += o.unchanged
	for _, x := range o.refused {
		fr, en := reason(x.why)
		if x.ref.Type == "Patient" {
			delete(r.patients, x.ref.ID)
			known := len(r.pending.patients)
			r.pending.patients = slices.DeleteFunc(r.pending.patients, func(id string) bool { return id == x.ref.ID })
			r.report.People -= known - len(r.pending.patients)
		}
		r.refuse(x.at, x.ref.String(), fr, en)
	}
	return o.err
}

// reason says why the source would not have a resource.
func reason(err error) (fr, en string) {
	switch {
	case errors.Is(err, record.ErrElsewhere):
		return "cet identifiant est celui d'une ressource d'un autre dossier, ou la ressource nomme un autre patient.",
			"this id is that of a resource of another record, or the resource names another patient."
	case errors.Is(err, record.ErrTooLarge):
		return "la ressource est trop grande.", "the resource is too large."
	}
	return "la ressource ne peut être conservée : " + err.Error(), "the resource cannot be stored: " + err.Error()
}

// writeGroup writes what of a group is not stored yet. When the record refuses them as a whole, halves are tried, so
// that one bad resource costs itself alone.
func (r *run) writeGroup(ctx context.Context, patient string, items []item) outcome {
	fresh, o := r.fresh(ctx, items)
	if o.err == nil {
		o.err = r.announce(ctx, map[string][]item{patient: fresh})
	}
	r.writeHalves(ctx, patient, fresh, &o)
	return o
}

// fresh is what of the items is not stored yet.
func (r *run) fresh(ctx context.Context, items []item) (fresh []item, o outcome) {
	for _, it := range items {
		stored, err := r.stored(ctx, &it)
		switch {
		case err != nil:
			o.err = err
			return nil, o
		case stored:
			o.unchanged++
		default:
			fresh = append(fresh, it)
		}
	}
	return fresh, o
}

func (r *run) writeHalves(ctx context.Context, patient string, items []item, o *outcome) {
	if len(items) == 0 || o.err != nil {
		return
	}
	_, err := r.Source.Write(ctx, patient, changesOf(items))
	switch {
	case err == nil:
		o.written += len(items)
	case !fault(err):
		o.err = fmt.Errorf("writing to the record source: %w", err)
	case len(items) == 1:
		o.refused = append(o.refused, refused{items[0], err})
	default:
		half := len(items) / 2
		r.writeHalves(ctx, patient, items[:half], o)
		r.writeHalves(ctx, patient, items[half:], o)
	}
}

// stored reports whether some version of the resource says what the file says: the current one, or an earlier one that
// was changed since.
func (r *run) stored(ctx context.Context, it *item) (bool, error) {
	current, err := r.Source.Read(ctx, it.ref)
	if errors.Is(err, record.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("reading %s: %w", it.ref, err)
	}
	if equals(*it, current) {
		return true, nil
	}
	if it.before = current; r.Writing == nil || current.Deleted {
		it.before = nil
	}
	if current.Version == 1 {
		return false, nil
	}
	versions, err := r.Source.History(ctx, it.ref)
	if err != nil {
		return false, fmt.Errorf("reading the history of %s: %w", it.ref, err)
	}
	for _, v := range versions {
		if equals(*it, v) {
			return true, nil
		}
	}
	return false, nil
}

// equals compares a resource of a file with a stored version, as it would be stamped there.
func equals(it item, s *record.Stored) bool {
	if s.Deleted {
		return false
	}
	stamped := it.res.Stamp(it.ref.ID, strconv.Itoa(s.Version), s.Updated)
	return string(stamped.JSON()) == string(s.Body)
}

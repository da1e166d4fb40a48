package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/store"
)

// Importer loads files into Source. The zero value of every field but Source is usable.
type Importer struct {
	Source record.Source
	// Base is the endpoint's own URL; absolute references under it are to resources of this server. May be empty.
	Base string
	// Checkpoints remembers how far an import came, so that a killed one continues; nil to start over each time.
	Checkpoints store.DB
	// Found is called with the ids of the Patients of each batch, once they are stored and before the checkpoint says so:
	// after a kill it may be called with some again, and is never spared one. With it the report names no patients, so that
	// memory does not grow with them. An error ends the import. Nil for none.
	Found func(ctx context.Context, patients []string) error
	// Writing is called with what a batch is about to change in records, before it is written: what it keeps of that is there
	// whatever becomes of the process. After a kill it may be called with some again, and some of it may be refused yet. An
	// error ends the import. Nil for none.
	Writing func(ctx context.Context, changes []Change) error
	// Progress is called after each batch and each file, never concurrently; nil for none.
	Progress func(Progress)
}

// Change is one resource of a record that is about to be written.
type Change struct {
	Patient       string // logical id
	Ref           record.Ref
	Before, After *fhir.Resource // Before is nil for what is new
}

// Progress says how far an import is.
type Progress struct {
	File        string // being read
	Files, Of   int    // files done, and of how many
	Bytes, Size int64  // bytes of files read so far, compressed where they are, and of how many
	Read        int    // resources read
}

// Report says what an import did. Read = Written + Unchanged + Skipped + refused resources.
type Report struct {
	Files     int // files read to their end
	Read      int // resources met, in files or in their Bundles
	Written   int // new, or new versions
	Unchanged int // stored already
	Skipped   int // no part of a record: definitions, access logs, answers
	Resumed   int // lines that an earlier, interrupted import had dealt with
	// Unresolved counts conditional references ("Practitioner?identifier=…") that met no resource, or several; they
	// were left as they came.
	Unresolved int
	People     int            // Patient resources met, those of an interrupted import included
	Patients   []string       // ids of the Patients found, sorted, likewise; nil where Importer.Found was told of them
	SkippedBy  map[string]int // Skipped by type
	Refused    []Line         // what was not stored and why, at most MaxRefused of them
	RefusedAll int            // how many were refused, also beyond MaxRefused; bad lines count as one each
	BadLines   int            // of these, lines that were no resource at all, which are not in Read
}

// MaxRefused is how many refusals a report lists; a file of nothing but faults must not fill the memory.
const MaxRefused = 1000

// Line is one refusal.
type Line struct {
	File     string
	Line     int    // from 1
	Entry    int    // of a Bundle, from 1; 0 for the line as a whole
	Resource string // "Type/id", as far as known
	Why      string // one sentence, in English
	FR       string // the same in French
}

// String writes the refusal as "file:line: Type/id: why".
func (l Line) String() string {
	s := fmt.Sprintf("%s:%d: ", l.File, l.Line)
	if l.Entry > 0 {
		s += fmt.Sprintf("entry %d: ", l.Entry)
	}
	if l.Resource != "" {
		s += l.Resource + ": "
	}
	return s + l.Why
}

// Import loads files and folders. Bad lines and resources that cannot be stored are in the report and stop nothing;
// an error means that the import itself could not go on (a file that cannot be read, the store, the context), and the
// report then says what was done until there.
func (im *Importer) Import(ctx context.Context, paths ...string) (Report, error) {
	files, err := find(paths)
	if err != nil {
		return Report{}, err
	}
	r := &run{Importer: im, report: Report{SkippedBy: map[string]int{}}, patients: map[string]bool{}, of: len(files)}
	for _, f := range files {
		r.size += f.size
	}
	r.reset()
	if err := r.recall(ctx); err != nil {
		return r.result(), err
	}
	err = r.all(ctx, files)
	if err == nil {
		err = r.forget(ctx)
	}
	return r.result(), err
}

// all reads every file, then again the lines whose owner was not known at their turn.
func (r *run) all(ctx context.Context, files []file) error {
	for _, f := range files {
		if err := r.file(ctx, f); err != nil {
			return fmt.Errorf("importing %s: %w", f.name, err)
		}
		r.report.Files++
		r.tell(f.name)
	}
	return r.again(ctx, files)
}

// again reads the lines that were put off until no more of them find their owner: bytes may wait for a document that
// itself waits for its patient. What is left then is refused.
func (r *run) again(ctx context.Context, files []file) error {
	r.repeat = true
	for waiting := r.waiting(); waiting > 0; waiting = r.waiting() {
		r.next = map[string]map[int][]int{}
		for _, f := range files {
			if len(r.deferred[f.digest]) == 0 {
				continue
			}
			if err := r.file(ctx, f); err != nil {
				return fmt.Errorf("importing %s: %w", f.name, err)
			}
			delete(r.deferred, f.digest) // the same bytes may be there under two names
		}
		r.deferred = r.next
		r.final = r.waiting() == waiting
	}
	return nil
}

// waiting counts the resources put off.
func (r *run) waiting() int {
	n := 0
	for _, lines := range r.deferred {
		for _, entries := range lines {
			n += len(entries)
		}
	}
	return n
}

// run is one import under way.
type run struct {
	*Importer
	report   Report
	patients map[string]bool
	of       int
	size     int64
	bytes    int64

	pending batch
	known   map[string]string // conditional references resolved
	repeat  bool              // lines put off are read again
	final   bool              // nothing more can be waited for

	deferred map[string]map[int][]int // entries of lines to read again, by digest of their file
	next     map[string]map[int][]int // the same, gathered while these are read
	owners   map[record.Ref]string    // patients of the Binaries and Bundles that documents name
	done     map[string]mark          // files dealt with, from the checkpoint
}

func (r *run) reset() {
	r.pending = newBatch()
	r.known = map[string]string{}
	r.deferred = map[string]map[int][]int{}
	r.owners = map[record.Ref]string{}
	r.done = map[string]mark{}
}

func (r *run) result() Report {
	if r.Found == nil {
		r.report.Patients = slices.Sorted(maps.Keys(r.patients))
	}
	slices.SortFunc(r.report.Refused, func(a, b Line) int { // records are written side by side, in no fixed order
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Entry, b.Entry))
	})
	return r.report
}

// file reads one file to its end: in the first pass all lines behind its checkpoint, in the last those put off.
func (r *run) file(ctx context.Context, f file) error {
	m := r.done[f.digest]
	if !r.repeat && m.Done {
		r.report.Resumed += m.Line
		r.report.People += m.People
		r.bytes += f.size
		return nil
	}
	start := r.bytes
	skip := func(n int) bool { return n <= m.Line }
	if r.repeat {
		again := r.deferred[f.digest]
		skip = func(n int) bool { _, put := again[n]; return !put }
	} else {
		r.report.People += m.People
	}
	err := f.values(ctx, skip, func(v value) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if !r.repeat {
			r.bytes = start + v.at
		}
		if v.skipped {
			r.report.Resumed += btoi(!r.repeat)
			return nil
		}
		if v.bad != nil {
			r.bad(f, v.line, v.bad)
		} else {
			r.value(ctx, place{file: f, line: v.line, fits: v.fits}, v.node)
		}
		r.pending.line = v.line
		if r.pending.failed != nil || r.pending.full() {
			return r.flush(ctx, f, false)
		}
		return nil
	})
	if err == nil {
		err = r.flush(ctx, f, true)
	}
	if !r.repeat {
		r.bytes = start + f.size
	}
	return err
}

// found notes a Patient.
func (r *run) found(id string) {
	r.pending.patients = append(r.pending.patients, id)
	r.report.People++
	if r.Found == nil {
		r.patients[id] = true
	}
}

// mute reports whether what stands there was counted in the first pass: of a line read again, only the entries that
// were put off count.
func (r *run) mute(at place) bool {
	return r.repeat && !slices.Contains(r.deferred[at.file.digest][at.line], at.entry)
}

// bad reports a line that is no resource.
func (r *run) bad(f file, n int, err error) {
	if r.repeat {
		return
	}
	r.report.BadLines++
	r.refuse(place{file: f, line: n}, "", "n'est pas une ressource FHIR R4 en JSON : "+err.Error(), "is no FHIR R4 resource in JSON: "+err.Error())
}

func (r *run) refuse(at place, resource, fr, en string) {
	if r.mute(at) {
		return
	}
	r.report.RefusedAll++
	if len(r.report.Refused) < MaxRefused {
		r.report.Refused = append(r.report.Refused, Line{at.file.name, at.line, at.entry, resource, en, fr})
	}
}

func (r *run) read(at place) {
	if !r.mute(at) {
		r.report.Read++
	}
}

func (r *run) skip(at place, resourceType string) {
	if r.mute(at) {
		return
	}
	r.report.Read++
	r.report.Skipped++
	r.report.SkippedBy[resourceType]++
}

func (r *run) tell(name string) {
	if r.Progress != nil {
		r.Progress(Progress{
			File: name, Files: r.report.Files, Of: r.of,
			Bytes: r.bytes, Size: r.size, Read: r.report.Read,
		})
	}
}

// fault reports whether an error of the source is about the resource written rather than about the source.
func fault(err error) bool {
	for _, e := range []error{record.ErrElsewhere, record.ErrInvalid, record.ErrTooLarge, record.ErrConflict, record.ErrNotFound} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

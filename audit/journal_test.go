package audit

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/pontlevis/pontlevis/store"
)

var ctx = context.Background()

// rig is a log over a journal and a store that fail when told to.
type rig struct {
	*Log
	t      *testing.T
	folder string
	db     *stubborn
	acked  []string
}

// stubborn is a store that takes nothing while told so.
type stubborn struct {
	*store.Bolt
	refuse atomic.Bool
}

func (s *stubborn) Update(ctx context.Context, p store.Partition, fn func(store.Tx) error) error {
	if s.refuse.Load() {
		return syscall.ENOSPC
	}
	return s.Bolt.Update(ctx, p, fn)
}

// faulty is a journal's file whose next writes or syncs fail; half of what it was to write it has written.
type faulty struct {
	journalFile
	writing, syncing error
}

func (f *faulty) WriteAt(b []byte, at int64) (int, error) {
	if f.writing != nil {
		_, _ = f.journalFile.WriteAt(b[:len(b)/2], at)
		return len(b) / 2, f.writing
	}
	return f.journalFile.WriteAt(b, at)
}

func (f *faulty) datasync() error {
	if f.syncing != nil {
		return f.syncing
	}
	return f.journalFile.datasync()
}

func newRig(t *testing.T, folder string) *rig {
	t.Helper()
	r, err := openRig(t, folder)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func openRig(t *testing.T, folder string) (*rig, error) {
	t.Helper()
	path := filepath.Join(folder, "audit.db")
	db, err := store.OpenBolt(path)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, folder: folder, db: &stubborn{Bolt: db}}
	r.Log, err = Open(ctx, r.db, Options{
		Origin: "journal.test", Key: ed25519.NewKeyFromSeed(make([]byte, 32)), Journal: JournalOf(path), JournalSize: minJournal,
	})
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	t.Cleanup(func() { r.db.refuse.Store(false); _ = r.Log.Close(); _ = db.Close() })
	return r, nil
}

// log appends an entry of about that many bytes.
func (r *rig) log(bytes int) error {
	e := Entry{ID: NewID(), Patient: "camille", Outcome: Granted, Details: map[string]string{"filling": strings.Repeat("x", bytes)}}
	err := r.Append(ctx, e)
	if err == nil {
		r.acked = append(r.acked, e.ID)
	}
	return err
}

func (r *rig) logs(n, bytes int) {
	r.t.Helper()
	for range n {
		if err := r.log(bytes); err != nil {
			r.t.Fatal(err)
		}
	}
}

// crashed copies the files as they are, as if the power had gone, and returns their folder.
func (r *rig) crashed() string {
	r.t.Helper()
	to := r.t.TempDir()
	for _, name := range []string{"audit.db", "audit.journal"} {
		b, err := os.ReadFile(filepath.Join(r.folder, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(to, name), b, 0o600)
		}
		if err != nil {
			r.t.Fatal(err)
		}
	}
	return to
}

// whole checks that a log holds what was acknowledged, and `most` entries at most, and verifies, before and after it is
// opened.
func whole(t *testing.T, folder string, acked []string, most int) {
	t.Helper()
	vkey, err := VerifierKey("journal.test", ed25519.NewKeyFromSeed(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	stopped, err := VerifyFile(ctx, filepath.Join(folder, "audit.db"), vkey)
	if err != nil || !stopped.OK() {
		t.Fatalf("as it was left: %v\n%s", err, stopped)
	}
	r := newRig(t, folder)
	for _, id := range acked {
		if _, err := r.Entry(ctx, id); err != nil {
			t.Errorf("an acknowledged entry: %v", err)
		}
	}
	open, err := r.Verify(ctx, vkey)
	if err != nil || !open.OK() || open.Root != stopped.Root || open.Size < int64(len(acked)) || open.Size > int64(most) {
		t.Errorf("%d acknowledged, %d at most: %v\n%s\n%s", len(acked), most, err, stopped, open)
	}
}

// The journal alone carries what the store does not take; when it is full nothing more is acknowledged, and once the
// store takes again nothing is missing.
func TestStoreTakesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir())
	r.logs(3, 10)
	r.db.refuse.Store(true)
	var err error
	for n := 0; err == nil; n++ {
		if err = r.log(10_000); n > minJournal/journalBlock {
			t.Fatal("the journal never fills")
		}
	}
	if !errors.Is(err, syscall.ENOSPC) || len(r.acked) < 6 {
		t.Errorf("%d acknowledged, then %v", len(r.acked), err)
	}
	if _, err := r.Entry(ctx, r.acked[0]); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("reading without the newest entries: %v", err)
	}
	whole(t, r.crashed(), r.acked, len(r.acked))
	r.db.refuse.Store(false)
	r.logs(100, 5000)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	_ = r.db.Close()
	whole(t, r.folder, r.acked, len(r.acked))
}

// A group that failed is not acknowledged, and neither stands in the way of the next nor comes back beside it, wherever
// in the journal they are.
func TestJournalFails(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir())
	f := &faulty{journalFile: r.journal.f}
	r.journal.f = f // the committer sleeps
	for round := range 60 {
		r.logs(2, 3000)
		f.writing, f.syncing = nil, nil
		if round%2 == 0 {
			f.writing = syscall.ENOSPC
		} else {
			f.syncing = syscall.ENOSPC
		}
		if err := r.log([]int{10, 20_000}[round%2]); !errors.Is(err, syscall.ENOSPC) {
			t.Fatalf("without a disk: %v", err)
		}
		if round%20 == 0 {
			whole(t, r.crashed(), r.acked, len(r.acked)+1) // nobody was told of it, but it may be there
		}
		f.writing, f.syncing = nil, nil
		if round%3 == 0 {
			if err := r.log(minJournal); err != nil { // too large for the journal
				t.Fatal(err)
			}
		}
		if round%20 == 0 {
			r.logs(1, 10)
			whole(t, r.crashed(), r.acked, len(r.acked))
		}
	}
	f.syncing = syscall.EIO
	if err := r.log(10); !errors.Is(err, syscall.EIO) {
		t.Errorf("a sync that failed: %v", err)
	}
	f.syncing = nil
	if err := r.log(10); !errors.Is(err, syscall.EIO) {
		t.Errorf("after a sync that failed the next is trusted: %v", err)
	}
}

// A journal whose last group is torn is taken up without it; one that lacks a group before others, or goes on from another
// state, is refused and named.
func TestJournalDamaged(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir())
	r.db.refuse.Store(true) // the journal keeps them, however long this takes
	r.logs(8, 1000)
	for _, c := range []struct {
		name    string
		change  func(journal, database string) error
		entries int // negative: refused
	}{
		{"nothing", func(string, string) error { return nil }, 8},
		{"the last group torn", flipped(7*journalBlock + 700), 7},
		{"the last group's header torn", flipped(7*journalBlock + 17), 7},
		{"a group in the middle torn", flipped(3*journalBlock + 700), -1},
		{"the database set back to nothing", func(_, database string) error { return os.Remove(database) }, 8},
		{"no journal", func(journal, _ string) error { return os.Remove(journal) }, 0},
		{"a journal cut off within a block", func(journal, _ string) error { return os.Truncate(journal, 5000) }, -1},
	} {
		folder := r.crashed()
		if err := c.change(filepath.Join(folder, "audit.journal"), filepath.Join(folder, "audit.db")); err != nil {
			t.Fatal(err)
		}
		again, err := openRig(t, folder)
		if c.entries < 0 {
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if n, err := again.Size(ctx); n != int64(c.entries) || err != nil {
			t.Errorf("%s: %d entries, %v", c.name, n, err)
		}
	}
	folder := r.crashed()
	if err := flipped(3*journalBlock+700)(filepath.Join(folder, "audit.journal"), ""); err != nil {
		t.Fatal(err)
	}
	v, err := VerifyFile(ctx, filepath.Join(folder, "audit.db"), r.VerifierKey())
	if err != nil || len(v.Findings) != 1 || v.Findings[0].Kind != Journal {
		t.Errorf("a damaged journal: %v\n%s", err, v)
	}
}

// flipped turns a bit of the journal round.
func flipped(at int64) func(journal, database string) error {
	return func(journal, _ string) error {
		b, err := os.ReadFile(journal)
		if err == nil {
			b[at] ^= 1
			err = os.WriteFile(journal, b, 0o600)
		}
		return err
	}
}

// A journal may only go on from the log it belongs to: not from an earlier state of it, nor with entries of another's.
func TestJournalOfAnother(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir())
	r.logs(3, 10)
	if _, err := r.Entry(ctx, r.acked[0]); err != nil { // the store has three
		t.Fatal(err)
	}
	r.db.refuse.Store(true)
	r.logs(3, 10)
	folder := r.crashed()
	if err := os.Remove(filepath.Join(folder, "audit.db")); err != nil {
		t.Fatal(err)
	}
	if err := flipped(journalBlock+100)(filepath.Join(folder, "audit.journal"), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := openRig(t, folder); !errors.Is(err, ErrDamaged) {
		t.Errorf("a journal whose log was set back: %v", err)
	}
	other := newRig(t, t.TempDir())
	other.logs(3, 10)
	if _, err := other.Entry(ctx, other.acked[0]); err != nil {
		t.Fatal(err)
	}
	other.db.refuse.Store(true)
	other.logs(3, 10)
	mixed := other.crashed()
	b, err := os.ReadFile(filepath.Join(r.folder, "audit.journal"))
	if err == nil {
		err = os.WriteFile(filepath.Join(mixed, "audit.journal"), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openRig(t, mixed); !errors.Is(err, ErrDamaged) {
		t.Errorf("another log's journal: %v", err)
	}
}

// What is erased leaves the journal too.
func TestEraseWipesTheJournal(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir())
	r.logs(3, 10)
	holds := func() bool {
		b, err := os.ReadFile(filepath.Join(r.folder, "audit.journal"))
		if err != nil {
			t.Fatal(err)
		}
		return bytes.Contains(b, []byte(r.acked[1]))
	}
	if !holds() {
		t.Fatal("the entry was never in the journal")
	}
	if err := r.Erase(ctx, r.acked[1]); err != nil {
		t.Fatal(err)
	}
	if holds() {
		t.Error("the journal still tells what was erased")
	}
	r.logs(3, 10)
	whole(t, r.crashed(), append(r.acked[:1:1], r.acked[2:]...), 7)
}

// An id that exists is refused, whether its entry is in the journal alone or in the store.
func TestJournalKnowsIDs(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir())
	for _, id := range []string{"b", "d"} {
		if err := r.Append(ctx, Entry{ID: id}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.Entry(ctx, "b"); err != nil { // the store has it
			t.Fatal(err)
		}
		for _, again := range []string{"b", id} {
			if err := r.Append(ctx, Entry{ID: "new-" + id}, Entry{ID: again}); !errors.Is(err, ErrExists) {
				t.Errorf("%q again: %v", again, err)
			}
		}
		if err := r.Append(ctx, Entry{ID: "c" + id}); err != nil { // waits in the journal
			t.Fatal(err)
		}
		if err := r.Append(ctx, Entry{ID: "c" + id}); !errors.Is(err, ErrExists) {
			t.Errorf("an id that waits: %v", err)
		}
	}
	if n, _ := r.Size(ctx); n != 4 {
		t.Errorf("%d entries", n)
	}
}

// A backup of a log in use is whole without the journal.
func TestBackupNeedsNoJournal(t *testing.T) {
	t.Parallel()
	r := newRig(t, t.TempDir())
	r.logs(20, 100)
	folder := t.TempDir()
	f, err := os.Create(filepath.Join(folder, "audit.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.Backup(ctx, f), f.Close()); err != nil {
		t.Fatal(err)
	}
	whole(t, folder, r.acked, 20)
}

// FuzzJournal holds that no file makes reading a journal panic, and that what it finds is within bounds.
func FuzzJournal(f *testing.F) {
	j := &journal{size: minJournal}
	for n := range 3 {
		j.begin(int64(n), []byte("signed"))
		for i := range n + 1 {
			j.add([]byte(fmt.Sprint("row", i)))
		}
		j.f = &memory{}
		if err := j.write(0, blocks(int64(len(j.buf)))); err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(*j.f.(*memory)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		groups, err := readJournal(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range groups {
			if g.first < 0 || len(g.rows) == 0 {
				t.Errorf("a group of %d entries at %d", len(g.rows), g.first)
			}
		}
		if left, err := outstanding(groups, 1); err == nil && len(left) > 0 && left[0].first != 1 {
			t.Error("a group that continues nothing")
		}
	})
}

// memory is a journal's file in memory.
type memory []byte

func (m *memory) ReadAt(b []byte, at int64) (int, error) { return copy(b, (*m)[at:]), nil }

func (m *memory) WriteAt(b []byte, at int64) (int, error) {
	*m = append((*m)[:at], b...)
	return len(b), nil
}

func (m *memory) datasync() error { return nil }
func (m *memory) Close() error    { return nil }

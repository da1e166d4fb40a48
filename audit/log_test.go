package audit_test

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(childPath) != "" {
		logForEver(os.Getenv(childPath))
		return
	}
	goleak.VerifyTestMain(m)
}

const origin = "test.pontlevis.example/log"

var (
	ctx  = context.Background()
	key  = ed25519.NewKeyFromSeed([]byte("a key for tests, of thirty-two b"))
	noon = time.Date(2026, 11, 2, 12, 0, 0, 123e6, time.UTC)
)

func openStore(t testing.TB) *store.Bolt {
	t.Helper()
	folder := t.TempDir()
	db, err := store.OpenBolt(filepath.Join(folder, "audit.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	journals.Store(db, filepath.Join(folder, "audit.journal"))
	return db
}

// journals holds where the journal of each store is: every test that has a real one logs through a journal, a small one
// that is written round many times.
var journals sync.Map

func options() audit.Options {
	return audit.Options{Origin: origin, Key: key, Now: func() time.Time { return noon }}
}

func openLog(t testing.TB, db store.DB, o audit.Options) *audit.Log {
	t.Helper()
	if path, ok := journals.Load(db); ok && o.Journal == "" {
		o.Journal, o.JournalSize = path.(string), 128<<10
	}
	l, err := audit.Open(ctx, db, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func entry(i int, patient string) audit.Entry {
	return audit.Entry{
		ID:          fmt.Sprintf("decision-%04d", i),
		At:          noon.Add(time.Duration(i) * time.Second),
		Patient:     patient,
		Actor:       audit.Agent{Kind: "professional", ID: "Practitioner/dr-roux", Name: "Dr Roux"},
		Client:      "portal",
		Action:      "read",
		Interaction: "read",
		Outcome:     audit.Granted,
		Rule:        "L6",
		Resources:   []string{fmt.Sprintf("DocumentReference/d%d", i)},
		Types:       map[string]int{"DocumentReference": 1},
	}
}

// fill appends n entries that belong to camille and lucas by turns.
func fill(t testing.TB, l *audit.Log, from, n int) {
	t.Helper()
	for i := from; i < from+n; i++ {
		if err := l.Append(ctx, entry(i, []string{"camille", "lucas"}[i%2])); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAppendAndRead(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	l := openLog(t, db, options())
	want := entry(1, "camille")
	want.Details, want.Labels, want.Parameters = map[string]string{"verb": "give"}, []string{"INVISIBLE_REPRESENTANTS_LEGAUX"}, []string{"date"}
	if err := l.Append(ctx, entry(0, "lucas"), want); err != nil {
		t.Fatal(err)
	}
	want.Sequence = 1
	got, err := l.Entry(ctx, want.ID)
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
	if !got.Hidden("INVISIBLE_REPRESENTANTS_LEGAUX") || got.Hidden("MASQUE_PS") {
		t.Error("Hidden does not tell the labels apart")
	}
	if _, err := l.Entry(ctx, "none"); !errors.Is(err, audit.ErrNotFound) {
		t.Errorf("an unknown id: %v", err)
	}
	if n, err := l.Size(ctx); n != 2 || err != nil {
		t.Errorf("Size %d, %v", n, err)
	}
}

func TestAppendCompletes(t *testing.T) {
	t.Parallel()
	l := openLog(t, openStore(t), options())
	if err := errors.Join(l.Append(ctx), l.Append(ctx, audit.Entry{Patient: "p"}, audit.Entry{Patient: "p"})); err != nil {
		t.Fatal(err)
	}
	entries, err := l.OfPatient(ctx, "p", "", 0)
	if err != nil || len(entries) != 2 || entries[0].ID == entries[1].ID {
		t.Fatalf("%v, %v", entries, err)
	}
	if e := entries[0]; len(e.ID) != 26 || !e.At.Equal(noon) {
		t.Errorf("id %q, at %v", e.ID, e.At)
	}
}

func TestAppendRefuses(t *testing.T) {
	t.Parallel()
	l := openLog(t, openStore(t), options())
	fill(t, l, 0, 1)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	big := entry(9, "p")
	big.Details = map[string]string{"x": strings.Repeat("x", audit.MaxRecord)}
	for name, c := range map[string]struct {
		ctx     context.Context
		entries []audit.Entry
		want    error
	}{
		"an id that exists":    {ctx, []audit.Entry{entry(5, "p"), entry(0, "p")}, audit.ErrExists},
		"an id twice":          {ctx, []audit.Entry{entry(5, "p"), entry(5, "p")}, audit.ErrExists},
		"a large entry":        {ctx, []audit.Entry{big}, audit.ErrTooLarge},
		"a long id":            {ctx, []audit.Entry{{ID: strings.Repeat("x", 5000)}}, audit.ErrTooLarge},
		"too many":             {ctx, make([]audit.Entry, 5000), audit.ErrTooLarge},
		"a cancelled context":  {cancelled, []audit.Entry{entry(6, "p")}, context.Canceled},
		"a cancelled, nothing": {cancelled, nil, context.Canceled},
	} {
		if err := l.Append(c.ctx, c.entries...); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n, _ := l.Size(ctx); n != 1 {
		t.Errorf("refused entries made the log %d long", n)
	}
	if err := errors.Join(l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	if err := l.Append(ctx, entry(7, "p")); !errors.Is(err, audit.ErrClosed) {
		t.Errorf("Append after Close: %v", err)
	}
}

// Many callers at once: each entry is there once, in a tree that verifies, and few commits were needed.
func TestAppendTogether(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	var commits, entries atomic.Int64
	o := options()
	o.OnCommit = func(n int, _ time.Duration) { commits.Add(1); entries.Add(int64(n)) }
	l := openLog(t, db, o)
	const callers, each = 40, 25
	var wg sync.WaitGroup
	for c := range callers {
		wg.Go(func() {
			for i := range each {
				e := entry(c*each+i, fmt.Sprint("patient-", c))
				if err := l.Append(ctx, e); err != nil {
					t.Error(err)
				}
				if _, err := l.Entry(ctx, e.ID); err != nil {
					t.Errorf("an acknowledged entry: %v", err)
				}
				if i%10 == 0 { // disturbs no neighbour
					if err := l.Append(ctx, e); !errors.Is(err, audit.ErrExists) {
						t.Errorf("again: %v", err)
					}
				}
			}
		})
	}
	wg.Wait()
	if err := l.Close(); err != nil { // the hooks run after the callers were woken
		t.Fatal(err)
	}
	if entries.Load() != callers*each || commits.Load() > callers*each/2 {
		t.Errorf("%d entries in %d commits", entries.Load(), commits.Load())
	}
	intact(t, db, callers*each)
	for c := range callers {
		if got, err := l.OfPatient(ctx, fmt.Sprint("patient-", c), "", each+1); len(got) != each || err != nil {
			t.Errorf("patient %d has %d entries, %v", c, len(got), err)
		}
	}
}

func intact(t *testing.T, db store.DB, size int64) audit.Result {
	t.Helper()
	r, err := audit.VerifyStore(ctx, db, []string{verifierKey(t)})
	if err != nil {
		t.Fatal(err)
	}
	if !r.OK() || r.Size != size {
		t.Fatalf("%d entries expected:\n%v", size, r)
	}
	return r
}

func verifierKey(t testing.TB) string {
	t.Helper()
	v, err := audit.VerifierKey(origin, key)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestPaging(t *testing.T) {
	t.Parallel()
	l := openLog(t, openStore(t), options())
	fill(t, l, 0, 50)
	var got []string
	for before := ""; ; {
		page, err := l.Select(ctx, audit.Query{Patient: "camille", Before: before, Limit: 4})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Entries {
			got = append(got, e.ID)
		}
		if before = page.Next; before == "" {
			break
		}
		if len(page.Entries) != 4 {
			t.Errorf("a page of %d", len(page.Entries))
		}
		again, err := l.OfPatient(ctx, "camille", l.Cursor(page.Entries[3]), 4)
		next, _ := l.OfPatient(ctx, "camille", before, 4)
		if d := cmp.Diff(next, again, cmpopts.EquateEmpty()); d != "" || err != nil {
			t.Errorf("the last entry's cursor gives another page: %v\n%s", err, d)
		}
	}
	var want []string
	for i := 48; i >= 0; i -= 2 {
		want = append(want, entry(i, "").ID)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("newest first (-want +got):\n%s", d)
	}
}

func TestSelectFilters(t *testing.T) {
	t.Parallel()
	l := openLog(t, openStore(t), options())
	fill(t, l, 0, 40)
	page, err := l.Select(ctx, audit.Query{
		Patient: "camille", Limit: 3,
		Since: noon.Add(10 * time.Second), Until: noon.Add(30 * time.Second),
		Keep: func(e *audit.Entry) bool { return e.Sequence%4 == 0 },
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	for _, e := range page.Entries {
		got = append(got, e.Sequence)
	}
	if d := cmp.Diff([]int64{28, 24, 20}, got); d != "" || page.Next == "" {
		t.Errorf("next %q (-want +got):\n%s", page.Next, d)
	}
}

func TestCursorIsSealed(t *testing.T) {
	t.Parallel()
	l := openLog(t, openStore(t), options())
	fill(t, l, 0, 10)
	entries, err := l.OfPatient(ctx, "camille", "", 1)
	if err != nil {
		t.Fatal(err)
	}
	good := l.Cursor(entries[0])
	flipped := []byte(good)
	flipped[20] ^= 1
	for _, bad := range []string{"x", "AAAA", string(flipped), good + "AAAA", strings.Repeat("A", 100000)} {
		if _, err := l.OfPatient(ctx, "camille", bad, 1); !errors.Is(err, audit.ErrCursor) {
			t.Errorf("cursor %.30q: %v", bad, err)
		}
	}
	if _, err := l.OfPatient(ctx, "lucas", good, 1); !errors.Is(err, audit.ErrCursor) {
		t.Errorf("another patient's cursor: %v", err)
	}
	if _, err := l.OfPatient(ctx, "camille", good, 1); err != nil {
		t.Errorf("the cursor itself: %v", err)
	}
}

func TestReopen(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	for round := range 5 {
		l := openLog(t, db, options())
		fill(t, l, round*7, 7)
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if r := intact(t, db, 35); r.Checkpoints < 6 { // one at each Close, and the newest
		t.Errorf("%d checkpoints", r.Checkpoints)
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	for name, o := range map[string]audit.Options{
		"no key":     {Origin: origin},
		"no origin":  {Key: key},
		"bad origin": {Origin: "a b", Key: key},
		"bad former": {Origin: origin, Key: key, Former: []string{"x"}},
	} {
		if _, err := audit.Open(ctx, db, o); err == nil {
			t.Errorf("%s: opens", name)
		}
	}
}

// A replaced key takes the log over when the former one is named, and only then.
func TestKeyReplaced(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	first := openLog(t, db, options())
	fill(t, first, 0, 3)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	o := options()
	o.Key = ed25519.NewKeyFromSeed([]byte("another key of thirty-two bytes."))
	if _, err := audit.Open(ctx, db, o); !errors.Is(err, audit.ErrDamaged) {
		t.Errorf("a key of nobody's: %v", err)
	}
	o.Former = []string{first.VerifierKey()}
	second := openLog(t, db, o)
	fill(t, second, 3, 3)
	if r, err := second.Verify(ctx, second.VerifierKey()); err != nil || !r.OK() {
		t.Errorf("%v %v", err, r)
	}
}

package policies

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"
)

// writeBundle puts a bundle on disk, where an administrator would.
func writeBundle(t *testing.T, dir string, bundle fstest.MapFS) {
	t.Helper()
	for name, f := range bundle {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		half := filepath.Join(filepath.Dir(path), ".half") // hidden files are left out: no half-written file is ever seen
		if err := os.WriteFile(half, f.Data, 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(half, path); err != nil {
			t.Fatal(err)
		}
	}
}

type change struct {
	rev *Revision
	err error
}

// followed begins with the small bundle in force and follows a folder of it.
func followed(t *testing.T) (e *Engine, dir string, changes chan change, log *lockedBuffer) {
	t.Helper()
	dir = t.TempDir()
	writeBundle(t, dir, small(t))
	e = NewEngine(load(t, os.DirFS(dir)))
	e.Interval = 5 * time.Millisecond
	log = &lockedBuffer{}
	e.Log = slog.New(slog.NewTextHandler(log, nil))
	changes = make(chan change, 16)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		e.Follow(ctx, dir, func(r *Revision, err error) { changes <- change{r, err} })
	}()
	t.Cleanup(func() { cancel(); <-done })
	return e, dir, changes, log
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func next(t *testing.T, changes chan change) change {
	t.Helper()
	select {
	case c := <-changes:
		return c
	case <-time.After(20 * time.Second):
		t.Fatal("the change of the folder goes unseen")
		return change{}
	}
}

// TestFollowIsAllOrNothing walks a folder through good, bad and good again.
func TestFollowIsAllOrNothing(t *testing.T) {
	t.Parallel()
	e, dir, changes, log := followed(t)
	first := e.Current()

	bad := small(t)
	replace(t, bad, accessFile, `"MASQUE_PS" in`, `"MASQUE" in`)
	writeBundle(t, dir, bad)
	if c := next(t, changes); c.err == nil || !strings.Contains(c.err.Error(), "test_deny_masked") {
		t.Fatalf("a bundle that fails its tests gives %v", c.err)
	}
	if e.Current() != first {
		t.Error("a bad bundle replaced a good one")
	}
	if since, err := e.LastError(); err == nil || since.IsZero() {
		t.Error("the reason of the refusal is not kept")
	}
	if !strings.Contains(log.String(), "test_deny_masked") {
		t.Errorf("the log does not say why: %s", log)
	}

	good := small(t)
	replace(t, good, accessFile, "Ce document est masqué.", "Ce document est caché.")
	writeBundle(t, dir, good)
	c := next(t, changes)
	if c.err != nil || c.rev != e.Current() || c.rev == first {
		t.Fatalf("the good bundle is not in force: %v", c.err)
	}
	if rule, _ := e.Current().Rule("P5"); rule.Reason.FR != "Ce document est caché." {
		t.Errorf("the reason is still %q", rule.Reason.FR)
	}
	if _, err := e.LastError(); err != nil || e.Switches() != 1 {
		t.Errorf("after the change: %v, %d switches", err, e.Switches())
	}
}

// TestFollowSurvivesItsFolder takes the folder away.
func TestFollowSurvivesItsFolder(t *testing.T) {
	t.Parallel()
	e, dir, changes, _ := followed(t)
	first := e.Current()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if c := next(t, changes); c.err == nil {
		t.Error("a missing folder is no error")
	}
	if e.Current() != first {
		t.Error("the revision in force is gone")
	}
}

// TestDecisionsUnderWayKeepTheirRevision activates another revision in the middle of a session.
func TestDecisionsUnderWayKeepTheirRevision(t *testing.T) {
	t.Parallel()
	first := load(t, small(t))
	changed := small(t)
	replace(t, changed, "pontlevis/matrix/data.json", `"letter", `, "")
	second, err := LoadWith(t.Context(), changed, LoadOptions{SkipTests: true})
	if err != nil {
		t.Fatal(err)
	}
	now := first.Loaded.Add(time.Minute)
	e := NewEngine(first)
	e.Now = func() time.Time { return now }
	s, err := e.Current().Session(facts())
	if err != nil {
		t.Fatal(err)
	}
	if e.Age() != time.Minute {
		t.Errorf("the age is %s", e.Age())
	}
	e.Activate(second)
	if d, _ := s.Decide(t.Context(), letter()); !d.Allow || d.Revision != first.Digest {
		t.Errorf("the session under way decides %+v", d)
	}
	if d := decide(t, e.Current(), facts(), letter()); d.Allow || d.Revision != second.Digest {
		t.Errorf("the next session decides %+v", d)
	}
	counts, hits, misses := e.Counts()
	if len(counts) != 2 || hits != 0 || misses != 2 {
		t.Errorf("the counts of both revisions are %v, %d, %d", counts, hits, misses)
	}
}

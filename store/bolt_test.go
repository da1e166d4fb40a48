package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/pontlevis/pontlevis/store"
	"github.com/pontlevis/pontlevis/store/storetest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(childPath) != "" {
		writeForEver(os.Getenv(childPath))
		return
	}
	goleak.VerifyTestMain(m)
}

func TestBoltConforms(t *testing.T) {
	t.Parallel()
	var paths sync.Map // *testing.T → path: the same test opens the same file
	storetest.Run(t, func(t *testing.T) store.DB {
		path, ok := paths.Load(t)
		if !ok {
			path, _ = paths.LoadOrStore(t, filepath.Join(t.TempDir(), "test.db"))
		}
		return open(t, path.(string))
	})
}

func open(t *testing.T, path string) *store.Bolt {
	t.Helper()
	db, err := store.OpenBolt(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func put(t *testing.T, db store.DB, key, value string) {
	t.Helper()
	err := db.Update(context.Background(), "p", func(tx store.Tx) error { return tx.Put([]byte(key), []byte(value)) })
	if err != nil {
		t.Fatal(err)
	}
}

func TestBoltFileIsPrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "db")
	check := func() {
		t.Helper()
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v, %v", info.Mode(), err)
		}
	}
	db := open(t, path)
	check()
	if err := errors.Join(db.Close(), os.Chmod(path, 0o644)); err != nil {
		t.Fatal(err)
	}
	open(t, path)
	check()
}

func TestBoltSaysWhoHoldsTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "db")
	open(t, path)
	_, err := store.OpenBolt(path)
	var held *store.InUseError
	if !errors.Is(err, store.ErrInUse) || !errors.As(err, &held) || held.Path != path {
		t.Fatalf("second OpenBolt: %v", err)
	}
	if runtime.GOOS == "linux" && (held.PID != os.Getpid() || !strings.Contains(err.Error(), "already open in this process")) {
		t.Errorf("the error does not name this process: %v", err)
	}
	for _, c := range []struct {
		e    store.InUseError
		want string
	}{
		{store.InUseError{Path: "f"}, "f is in use by another process"},
		{store.InUseError{Path: "f", PID: 1}, "f is in use by another process (pid 1)"},
		{store.InUseError{Path: "f", PID: 1, Command: "init"}, "f is in use by another process (init, pid 1)"},
	} {
		if c.e.Error() != c.want {
			t.Errorf("%v, want %s", c.e.Error(), c.want)
		}
	}
}

func TestBoltNamesAnotherProcess(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("the table of locks is Linux's")
	}
	path := filepath.Join(t.TempDir(), "db")
	child, acknowledged := startChild(t, path)
	<-acknowledged
	_, err := store.OpenBolt(path)
	if want := fmt.Sprintf("pid %d)", child.Process.Pid); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("the error does not name the child (%s): %v", want, err)
	}
	stopChild(child, acknowledged)
}

func TestBoltRefusesWhatIsNoDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk")
	if err := os.WriteFile(junk, bytes.Repeat([]byte("not a database "), 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{junk, dir, filepath.Join(dir, "missing", "db")} {
		if db, err := store.OpenBolt(path); err == nil {
			t.Errorf("%s opens", path)
			_ = db.Close()
		}
	}
	// A file cut short, as a copy on a full disk leaves it.
	cut := filepath.Join(dir, "cut")
	db := open(t, cut)
	for i := range 200 {
		put(t, db, fmt.Sprint(i), strings.Repeat("x", 500))
	}
	if err := errors.Join(db.Close(), os.Truncate(cut, 5000)); err != nil {
		t.Fatal(err)
	}
	if db, err := store.OpenBolt(cut); err == nil {
		t.Error("a file cut short opens")
		_ = db.Close()
	}
}

func TestBoltReadOnly(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "db")
	if _, err := store.OpenBoltReadOnly(path); err == nil {
		t.Error("a missing file opens for reading")
	}
	db := open(t, path)
	put(t, db, "k", "v")
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 { // two readers at once
		r, err := store.OpenBoltReadOnly(path)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		err = r.View(context.Background(), "p", func(tx store.Tx) error {
			if string(tx.Get([]byte("k"))) != "v" {
				t.Error("the reader misses the value")
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if err := r.Update(context.Background(), "p", func(store.Tx) error { return nil }); !errors.Is(err, store.ErrReadOnly) {
			t.Errorf("Update: %v", err)
		}
	}
}

func TestBoltBackupOpens(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, filepath.Join(dir, "db"))
	put(t, db, "k", "before")
	copied := filepath.Join(dir, "copy")
	f, err := os.Create(copied)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(db.Backup(context.Background(), f), f.Close()); err != nil {
		t.Fatal(err)
	}
	put(t, db, "k", "after")
	err = open(t, copied).View(context.Background(), "p", func(tx store.Tx) error {
		if got := string(tx.Get([]byte("k"))); got != "before" {
			t.Errorf("the backup holds %q", got)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func BenchmarkUpdate(b *testing.B) {
	for _, callers := range []int{1, 16, 64} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			db, err := store.OpenBolt(filepath.Join(b.TempDir(), "db"))
			if err != nil {
				b.Fatal(err)
			}
			defer db.Close()
			b.ReportAllocs()
			spread(b, callers, func(i int) error {
				key := fmt.Appendf(nil, "%016x", uint64(i)*0x9E3779B97F4A7C15)
				return db.Update(context.Background(), "p", func(tx store.Tx) error { return tx.Put(key, key) })
			})
		})
	}
}

// spread runs b.N calls over so many goroutines.
func spread(b *testing.B, callers int, call func(i int) error) {
	next := make(chan int, callers)
	var wg sync.WaitGroup
	for range callers {
		wg.Go(func() {
			for i := range next {
				if err := call(i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range b.N {
		next <- i
	}
	close(next)
	wg.Wait()
}

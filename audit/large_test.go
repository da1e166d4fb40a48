package audit_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
)

// largeLog is the environment variable that asks for the measures of a log of that many entries.
const largeLog = "PONTLEVIS_LOG_ENTRIES"

// TestLargeLog measures a log of as many entries as the environment asks for: how long it takes to open, to read a page of
// a person with four thousand entries, to verify, to back up, and what memory that takes.
func TestLargeLog(t *testing.T) {
	n, err := strconv.ParseInt(os.Getenv(largeLog), 10, 64)
	if err != nil {
		t.Skipf("%s says how many entries", largeLog)
	}
	path := filepath.Join(t.TempDir(), "audit.db")
	o := audit.Options{Origin: origin, Key: key, Journal: audit.JournalOf(path)}
	open := func() (*audit.Log, *store.Bolt) {
		db, err := store.OpenBolt(path)
		if err != nil {
			t.Fatal(err)
		}
		l, err := audit.Open(ctx, db, o)
		if err != nil {
			t.Fatal(err)
		}
		return l, db
	}
	l, db := open()
	began := time.Now()
	fillLarge(t, l, n)
	t.Logf("%d entries appended in %v", n, time.Since(began))
	measure := func(what string, do func() error) {
		t.Helper()
		began := time.Now()
		if err := do(); err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %v, heap and resident %s", what, time.Since(began), memory())
	}
	measure("close", func() error { _ = l.Close(); return db.Close() })
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("file: %d bytes an entry", info.Size()/n)
	measure("open", func() error { l, db = open(); return nil })
	for range 2 {
		measure("a page of 50", func() error {
			_, err := l.Select(ctx, audit.Query{Patient: "camille", Limit: 50})
			return err
		})
	}
	measure("a page of 50 of one month", func() error {
		_, err := l.Select(ctx, audit.Query{Patient: "camille", Limit: 50, Until: time.Now().AddDate(0, -1, 0)})
		return err
	})
	measure("an entry, after reading", func() error { return l.Append(ctx, benchEntry(1)) })
	measure("verify", func() error {
		r, err := l.Verify(ctx, l.VerifierKey())
		if err == nil && !r.OK() {
			err = fmt.Errorf("%s", r)
		}
		return err
	})
	measure("backup", func() error {
		f, err := os.Create(filepath.Join(t.TempDir(), "backup.db"))
		if err != nil {
			return err
		}
		defer f.Close()
		return l.Backup(ctx, f)
	})
	measure("close", func() error { _ = l.Close(); return db.Close() })
}

// fillLarge appends n entries of a hundred thousand patients, four thousand of them camille's.
func fillLarge(t *testing.T, l *audit.Log, n int64) {
	t.Helper()
	const each = 500
	start := time.Now().AddDate(0, -6, 0)
	for at := int64(0); at < n; at += each {
		entries := make([]audit.Entry, min(each, n-at))
		for i := range entries {
			k := at + int64(i)
			entries[i] = benchEntry(k)
			entries[i].At = start.Add(time.Duration(k) * (4000 * time.Hour) / time.Duration(n))
			entries[i].Patient = fmt.Sprintf("patient-%06d", k*7919%100_003)
			if k%max(n/4000, 1) == 0 {
				entries[i].Patient = "camille"
			}
		}
		if err := l.Append(ctx, entries...); err != nil {
			t.Fatal(err)
		}
	}
}

func memory() string {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	status, _ := os.ReadFile("/proc/self/statm")
	var pages, resident int
	_, _ = fmt.Sscan(string(status), &pages, &resident)
	return fmt.Sprintf("%d MB, %d MB", m.HeapAlloc>>20, resident*os.Getpagesize()>>20)
}

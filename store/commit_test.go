package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"go.etcd.io/bbolt"
)

// A commit that finds no room fails for all who shared it, loses nothing that stood, and the next one that fits succeeds.
func TestFullDiskPasses(t *testing.T) {
	t.Parallel()
	const room = 1 << 20
	b, err := openBolt(filepath.Join(t.TempDir(), "db"), bbolt.Options{Timeout: openTimeout, MaxSize: room})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	write := func(key string, size int) error {
		return b.Update(context.Background(), "p", func(tx Tx) error { return tx.Put([]byte(key), make([]byte, size)) })
	}
	if err := write("kept", 1000); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := write("huge", 2*room); err == nil || !strings.Contains(err.Error(), "committing") {
			t.Fatalf("a write beyond the room: %v", err)
		}
		if err := write("small", 10); err != nil {
			t.Fatalf("after a full disk: %v", err)
		}
	}
	err = b.View(context.Background(), "p", func(tx Tx) error {
		if len(tx.Get([]byte("kept"))) != 1000 || tx.Get([]byte("huge")) != nil || tx.Get([]byte("small")) == nil {
			t.Error("the wrong writes are there")
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// Whoever shared a commit that failed hears of it, also those whose own function had failed for what it saw there.
func TestFailedCommitReachesAll(t *testing.T) {
	t.Parallel()
	own, commit := errors.New("own"), errors.New("disk")
	ok, failed, panicked, gone, late := &request{}, &request{err: own}, &request{panicked: 1}, &request{}, &request{}
	for _, r := range []*request{ok, failed, panicked} {
		r.state.Store(taken)
	}
	gone.state.Store(givenUp)
	all := []*request{ok, failed, panicked, gone, late}
	settle(all, commit)
	for i, r := range []*request{ok, failed, late} {
		if !errors.Is(r.err, commit) {
			t.Errorf("request %d gets %v", i, r.err)
		}
	}
	if panicked.err != nil || gone.state.Load() != givenUp || ok.take() || late.take() {
		t.Error("a settled request changes")
	}
}

// After an input/output error nothing is promised any more: the kernel may have thrown away what it could not write.
func TestBrokenDiskStops(t *testing.T) {
	t.Parallel()
	b, err := OpenBolt(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	put := func(tx Tx) error { return tx.Put([]byte("k"), nil) }
	if err := b.Update(context.Background(), "p", put); err != nil {
		t.Fatal(err)
	}
	// The committer alone touches broken; a function it runs is on its side.
	err = b.Update(context.Background(), "p", func(tx Tx) error {
		b.broken = fmt.Errorf("writing failed before: %w", syscall.EIO)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Update(context.Background(), "p", put); !errors.Is(err, syscall.EIO) {
		t.Errorf("Update on a broken disk: %v", err)
	}
	if err := b.View(context.Background(), "p", func(Tx) error { return nil }); err != nil {
		t.Errorf("View: %v", err)
	}
}

// bbolt checks the whole file after each commit while many write, delete and fail.
func TestFileStaysConsistent(t *testing.T) {
	t.Parallel()
	b, err := OpenBolt(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	b.db.StrictMode = true
	var wg sync.WaitGroup
	for w := range 8 {
		wg.Go(func() {
			for i := range 40 {
				err := b.Update(context.Background(), PatientPartition(fmt.Sprint(w%3)), func(tx Tx) error {
					key := Key(fmt.Sprint(w), fmt.Sprint(i%7))
					switch i % 5 {
					case 0:
						return tx.Delete(key)
					case 1:
						return errors.Join(tx.Put(key, nil), context.Canceled)
					}
					return tx.Put(key, make([]byte, i*w*40))
				})
				if err != nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// Groups and commits are bounded; what is beyond goes into the next ones and is served all the same.
func TestGroupsAreBounded(t *testing.T) {
	t.Parallel()
	b, err := OpenBolt(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	var wg sync.WaitGroup
	for i := range maxGroup + 200 {
		wg.Go(func() {
			err := b.Update(context.Background(), "p", func(tx Tx) error { return tx.Put(fmt.Append(nil, i), nil) })
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for range 3 { // together beyond maxCommit
		wg.Go(func() {
			err := b.Update(context.Background(), "p", func(tx Tx) error { return tx.Put([]byte("big"), make([]byte, maxCommit/2+1)) })
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	n := 0
	_ = b.View(context.Background(), "p", func(tx Tx) error {
		for range tx.Scan(nil, nil) {
			n++
		}
		return nil
	})
	if n != maxGroup+201 {
		t.Errorf("%d keys", n)
	}
}

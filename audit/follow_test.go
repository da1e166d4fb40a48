package audit_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pontlevis/pontlevis/audit"
)

func ids(entries []audit.Entry) []string {
	var out []string
	for _, e := range entries {
		out = append(out, e.ID)
	}
	return out
}

// Since gives what was appended, in order, from the journal and from the store alike.
func TestSince(t *testing.T) {
	t.Parallel()
	l := openLog(t, openStore(t), options())
	fill(t, l, 0, 5)
	journalled, next, err := l.Since(ctx, 0, 100)
	if err != nil || next != 5 {
		t.Fatalf("next %d, %v", next, err)
	}
	if _, err := l.OfPatient(ctx, "camille", "", 10); err != nil { // the store takes over
		t.Fatal(err)
	}
	fill(t, l, 5, 3)
	stored, _, err := l.Since(ctx, 0, 5)
	if d := cmp.Diff(journalled, stored); d != "" || err != nil {
		t.Errorf("from the store it differs, %v:\n%s", err, d)
	}
	page, next, err := l.Since(ctx, 3, 4)
	want := []string{"decision-0003", "decision-0004", "decision-0005", "decision-0006"}
	if d := cmp.Diff(want, ids(page)); d != "" || next != 7 || err != nil {
		t.Errorf("next %d, %v:\n%s", next, err, d)
	}
	for k, e := range page {
		if e.Sequence != int64(3+k) {
			t.Errorf("entry %s has sequence %d", e.ID, e.Sequence)
		}
	}
	if page, next, err = l.Since(ctx, 8, 4); len(page) != 0 || next != 8 || err != nil {
		t.Errorf("past the end: %v, next %d, %v", ids(page), next, err)
	}
	if page, next, err = l.Since(ctx, 99, 4); len(page) != 0 || next != 99 || err != nil {
		t.Errorf("far past the end: %v, next %d, %v", ids(page), next, err)
	}
}

// What was erased is passed over; where to go on is told even when nothing is left.
func TestSinceErased(t *testing.T) {
	t.Parallel()
	l := openLog(t, openStore(t), options())
	fill(t, l, 0, 4)
	if err := l.Erase(ctx, "decision-0000", "decision-0001", "decision-0002"); err != nil {
		t.Fatal(err)
	}
	page, next, err := l.Since(ctx, 0, 3)
	if len(page) != 0 || next != 3 || err != nil {
		t.Errorf("%v, next %d, %v", ids(page), next, err)
	}
	if page, next, err = l.Since(ctx, next, 3); len(page) != 2 || page[0].ID != "decision-0003" || next != 5 || err != nil {
		t.Errorf("%v, next %d, %v", ids(page), next, err)
	}
}

// A follower sees each entry once, in order, while many write; then it ends with its context.
func TestFollow(t *testing.T) {
	t.Parallel()
	l := openLog(t, openStore(t), options())
	fill(t, l, 0, 7)
	const writers, each = 4, 60
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for n := range each {
				e := entry(1000*(w+1)+n, "lucas")
				if err := l.Append(ctx, e); err != nil {
					t.Error(err)
				}
				if n%20 == 0 {
					_, _ = l.OfPatient(ctx, "lucas", "", 1) // the store takes over in the midst of it
				}
			}
		})
	}
	running, stop := context.WithCancel(ctx)
	defer stop()
	var seen []string
	err := l.Follow(running, 3, 10, func(entries []audit.Entry, next int64) error {
		for _, e := range entries {
			if want := int64(3 + len(seen)); e.Sequence != want {
				return fmt.Errorf("sequence %d, want %d", e.Sequence, want)
			}
			seen = append(seen, e.ID)
		}
		if next != int64(3+len(seen)) {
			return fmt.Errorf("next is %d after %d", next, len(seen))
		}
		if len(seen) == 4+writers*each {
			stop()
		}
		return nil
	})
	writing.Wait()
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	slices.Sort(seen)
	if len(slices.Compact(seen)) != 4+writers*each {
		t.Errorf("%d entries were seen", len(seen))
	}
}

// A follower that waits hears of one entry soon, and of the end of the log.
func TestFollowWakes(t *testing.T) {
	t.Parallel()
	l := openLog(t, openStore(t), options())
	heard, ended := make(chan string, 1), make(chan error, 1)
	go func() {
		ended <- l.Follow(ctx, 0, 10, func(entries []audit.Entry, _ int64) error {
			heard <- entries[0].ID
			return nil
		})
	}()
	fill(t, l, 0, 1)
	select {
	case id := <-heard:
		if id != "decision-0000" {
			t.Error(id)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it was not woken")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, audit.ErrClosed) {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it goes on after the log was closed")
	}
}

// An error of the follower ends it.
func TestFollowFails(t *testing.T) {
	t.Parallel()
	l := openLog(t, openStore(t), options())
	fill(t, l, 0, 1)
	broken := errors.New("the follower broke")
	if err := l.Follow(ctx, 0, 10, func([]audit.Entry, int64) error { return broken }); !errors.Is(err, broken) {
		t.Error(err)
	}
}

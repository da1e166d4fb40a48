package oauth_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// An attack is one row: what somebody tries, the protection that stops it, and how it is tried. try fails when the attack
// succeeds: each is seen to fail when its guard is taken out (TestGuards).
type attack struct {
	id    string
	what  string // the attack in one sentence
	guard string // the protection's name in guards_test.go
	try   func(w *world)
}

// TestAttacks tries every attack, each on a server of its own.
func TestAttacks(t *testing.T) {
	t.Parallel()
	for _, a := range attacks {
		t.Run(a.id, func(t *testing.T) {
			t.Parallel()
			a.try(newWorld(t))
			if t.Failed() {
				t.Log(a.what)
			}
		})
	}
}

// TestAttacksAreNamed holds the table together: ids are used once, sentences are sentences, guards exist and each of them
// stops something.
func TestAttacksAreNamed(t *testing.T) {
	t.Parallel()
	ids, used, known := map[string]bool{}, map[string]bool{}, guardNames()
	for _, a := range attacks {
		if ids[a.id] || !strings.HasSuffix(a.what, ".") || strings.Count(a.what, ". ") > 0 || !slices.Contains(known, a.guard) {
			t.Errorf("%s: its id is used twice, %q is not one sentence, or there is no guard %q", a.id, a.what, a.guard)
		}
		ids[a.id], used[a.guard] = true, true
	}
	for _, name := range known {
		if !used[name] {
			t.Errorf("no attack is stopped by the guard %q", name)
		}
	}
}

// trial is a testing.TB that keeps to itself whether a row failed.
type trial struct {
	testing.TB
	mu   sync.Mutex
	said []string
}

func (t *trial) Errorf(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.said = append(t.said, fmt.Sprintf(format, args...))
}

func (t *trial) Error(args ...any)                 { t.Errorf("%s", fmt.Sprintln(args...)) }
func (t *trial) Fatalf(format string, args ...any) { t.Errorf(format, args...); runtime.Goexit() }
func (t *trial) Fatal(args ...any)                 { t.Error(args...); runtime.Goexit() }
func (t *trial) Fail()                             { t.Error("failed") }
func (t *trial) FailNow()                          { t.Fatal("failed") }
func (t *trial) Failed() bool                      { t.mu.Lock(); defer t.mu.Unlock(); return len(t.said) > 0 }

// outcome runs a row and returns what it had to say.
func outcome(t testing.TB, a attack) []string {
	own, done := &trial{TB: t}, make(chan struct{})
	go func() {
		defer close(done)
		a.try(newWorld(own))
	}()
	<-done
	own.mu.Lock()
	defer own.mu.Unlock()
	return own.said
}

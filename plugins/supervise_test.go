package plugins

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/gate"
)

// TestRecall stops an app while many invocations are under way: they end, nothing of it is left, and no read goes through.
func TestRecall(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.app("a", "", func(a *App) { a.Limits = Limits{Deadline: 10 * time.Second, Reads: 200} })
	release := make(chan struct{})
	b.gate.answer = func(target string) (*gate.Answer, error) { <-release; return vaccinations(target) }
	var calls sync.WaitGroup
	ends := make(chan error, 4)
	for range 4 {
		calls.Go(func() { _, err := b.call("a", "three"); ends <- err })
	}
	until(t, func() bool { return len(b.gate.targets()) == 4 })
	b.mu.Lock()
	recalled := *b.apps["a"]
	recalled.Label.Status = "recalled"
	b.apps["a"] = &recalled
	b.mu.Unlock()
	close(release)
	b.host.Stop("a", "recalled")
	calls.Wait()
	for range 4 {
		if err := <-ends; !errors.Is(err, ErrStopped) {
			t.Errorf("an invocation under way ended with %v", err)
		}
	}
	if n := len(b.gate.targets()); n != 4 {
		t.Errorf("%d reads went through after the recall", n-4)
	}
	if _, err := b.call("a", "count"); !errors.Is(err, ErrStopped) {
		t.Errorf("it is called again: %v", err)
	}
	if d := b.host.Diagnoses("a"); len(d) != 0 {
		t.Errorf("left of it: %+v", d)
	}
}

// TestLabelAtEachRead withdraws the label between two reads of one invocation, and tells nobody.
func TestLabelAtEachRead(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.app("a", "")
	b.gate.answer = func(target string) (*gate.Answer, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		a := *b.apps["a"]
		a.Label.Status = "suspended"
		b.apps["a"] = &a
		return vaccinations(target)
	}
	if _, err := b.call("a", "three"); !errors.Is(err, ErrStopped) || len(b.gate.targets()) != 1 {
		t.Errorf("%v after %d reads", err, len(b.gate.targets()))
	}
}

// TestWaits holds that nothing begins on a label that nobody has confirmed for too long, and that what runs goes on.
func TestWaits(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.app("a", "")
	wait := func(waits bool) {
		b.mu.Lock()
		defer b.mu.Unlock()
		a := *b.apps["a"]
		a.Waits = waits
		b.apps["a"] = &a
	}
	b.gate.answer = func(target string) (*gate.Answer, error) { wait(true); return vaccinations(target) }
	if _, err := b.call("a", "three"); err != nil {
		t.Errorf("what ran did not go on: %v", err)
	}
	if _, err := b.call("a", "three"); !errors.Is(err, ErrStopped) {
		t.Errorf("something new began: %v", err)
	}
	wait(false)
	if _, err := b.call("a", "three"); err != nil {
		t.Error(err)
	}
}

// TestRests has a plugin crash until it rests, and serve again when it is well.
func TestRests(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.app("a", "raw")
	for range tolerated {
		if _, err := b.call("a", "panic"); !errors.Is(err, ErrCrashed) {
			t.Fatal(err)
		}
	}
	starts := b.host.Diagnoses("a")[0].Starts
	if _, err := b.call("a", "state"); !errors.Is(err, ErrBroken) {
		t.Fatalf("it does not rest: %v", err)
	}
	d := b.host.Diagnoses("a")[0]
	if d.Starts != starts || d.Failures != tolerated || d.Last.Kind != "crashed" || !strings.Contains(d.Last.Status, "2") {
		t.Errorf("diagnosis %+v", d)
	}
	until(t, func() bool { _, err := b.call("a", "state"); return err == nil })
	if d := b.host.Diagnoses("a")[0]; d.Failures != 0 {
		t.Errorf("it is well, and %+v", d)
	}
}

// TestNeighbours has hostile plugins hold all that they get, and an honest one go on.
func TestNeighbours(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(o *Options) { o.Processes = 8 })
	for _, id := range []string{"hostile-1", "hostile-2"} {
		b.app(id, "raw", func(a *App) { a.Limits.Deadline = 4 * time.Second })
	}
	b.app("honest", "")
	if _, err := b.call("honest", "count"); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var hostile sync.WaitGroup
	for i := range 40 {
		hostile.Go(func() { _, _ = b.callWith(ctx, fmt.Sprint("hostile-", i%2+1), "never", nil) })
	}
	until(t, func() bool {
		n := 0
		for _, d := range b.host.Diagnoses("") {
			n += d.Running
		}
		return n >= 4
	})
	for range 10 {
		begun := time.Now()
		if _, err := b.call("honest", "count"); err != nil {
			t.Fatal(err)
		} else if took := time.Since(begun); took > 2*time.Second {
			t.Errorf("the honest one waited %v", took)
		}
	}
	stop()
	hostile.Wait()
}

// TestKillsFirst ends a process that would never answer a request to shut down: at once, because it is not asked.
func TestKillsFirst(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if _, err := asked(t, b, b.app("a", "deaf")); err != nil {
		t.Error(err)
	}
}

func until(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			stack := make([]byte, 1<<20)
			t.Fatalf("it does not come to that\n%s", stack[:runtime.Stack(stack, true)][:8<<10])
		}
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc here")
	}
	return len(all)
}

package plugins

import (
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/gate"
)

// upgrade puts a next version on the air as the catalogue does: the one before is the former for a while, with no more than
// both may; then the host is told.
func (b *bench) upgrade(id string, next Release, time time.Duration, change ...func(now *App)) {
	b.Helper()
	b.mu.Lock()
	now := *b.apps[id]
	former := now
	former.Until, former.Former = b.host.Now().Add(time), nil
	now.Release, now.Former = next, &former
	for _, f := range change {
		f(&now)
	}
	b.apps[id] = &now
	b.mu.Unlock()
	b.host.Follow(b.Context(), id)
}

// states are the versions of an app on the host, with what each does.
func (b *bench) states(id string) (out []string) {
	for _, d := range b.host.Diagnoses(id) {
		out = append(out, d.Version+" "+d.State)
	}
	return out
}

// gated holds the reads of the bench until release is called.
func (b *bench) gated() (release func()) {
	held := make(chan struct{})
	b.gate.mu.Lock()
	b.gate.held = held
	b.gate.mu.Unlock()
	release = sync.OnceFunc(func() { close(held) })
	b.Cleanup(release)
	return release
}

// TestUpgradeUnderLoad puts a version on the air while calls are made without a pause. The new one is kept from coming up for
// a while: until it has, the old one answers; from then on the new one; no call fails, and nothing is left of the old one.
func TestUpgradeUnderLoad(t *testing.T) {
	t.Parallel()
	var switched atomic.Bool
	hold := make(chan struct{})
	var next Release
	b := newBench(t, func(o *Options) {
		open := o.Open
		o.Open = func(ctx context.Context, app string, r Release) (io.ReadCloser, error) {
			if r.Version == "2.0.0" {
				<-hold
			}
			return open(ctx, app, r)
		}
		o.Meter.Upgraded = func(_, from, to string, serves bool) { switched.Store(serves && from == "1.0.0" && to == "2.0.0") }
	})
	b.app("a", "", func(a *App) { a.Limits.Deadline = 10 * time.Second })
	next = b.release("2.0.0", "")
	var old, late, fresh atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	var callers sync.WaitGroup
	for range 3 {
		callers.Go(func() {
			for ctx.Err() == nil {
				after := switched.Load()
				out, err := b.call("a", "count")
				switch {
				case err != nil:
					t.Errorf("a call fails: %v", err)
					return
				case len(out.Cards) == 0:
					t.Error("a call is empty")
				case out.Version == "2.0.0":
					fresh.Add(1)
				case after:
					t.Errorf("%s answers a call that began after the switch", out.Version)
				default:
					old.Add(1)
				}
				if out != nil && out.Version == "1.0.0" && b.states("a")[0] == "2.0.0 starts" {
					late.Add(1)
				}
			}
		})
	}
	defer callers.Wait()
	defer stop()
	until(t, func() bool { return old.Load() >= 3 })
	b.upgrade("a", next, time.Minute)
	until(t, func() bool { return late.Load() >= 3 }) // the old one answers as long as the new one is not there
	close(hold)
	until(t, func() bool { return fresh.Load() >= 6 })
	until(t, func() bool { return slices.Equal(b.states("a"), []string{"2.0.0 serves"}) })
	t.Logf("%d answers of the old version, %d of them beside the new one, then %d of the new one", old.Load(), late.Load(), fresh.Load())
}

// TestUpgradeWarms has the new version wait with fresh processes before anybody calls, if the old one was in use; and leaves
// one alone that nobody used.
func TestUpgradeWarms(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.app("a", "")
	next := b.release("2.0.0", "")
	if _, err := b.call("a", "count"); err != nil {
		t.Fatal(err)
	}
	b.upgrade("a", next, time.Minute)
	until(t, func() bool {
		d := b.host.Diagnoses("a")
		return len(d) == 1 && d[0].Version == "2.0.0" && d[0].Idle == b.host.Spares
	})
	starts := b.host.Diagnoses("a")[0].Starts
	if out, err := b.call("a", "count"); err != nil || out.Version != "2.0.0" {
		t.Fatal(out, err)
	}
	if starts < b.host.Spares {
		t.Errorf("%d starts", starts)
	}
	b.app("b", "")
	b.upgrade("b", next, time.Minute)
	if d := b.host.Diagnoses("b"); len(d) != 0 {
		t.Errorf("nobody called it, and %+v", d)
	}
}

// TestUpgradeUnderWay lets a call that began on the old version finish on it, with no more than both may from then on.
func TestUpgradeUnderWay(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.app("a", "", func(a *App) { a.Limits.Deadline = 10 * time.Second })
	if _, err := b.call("a", "count"); err != nil {
		t.Fatal(err)
	}
	before := len(b.gate.targets())
	release := b.gated()
	done := make(chan struct{})
	go func() {
		defer close(done)
		if out, err := b.call("a", "three"); err != nil || out.Version != "1.0.0" {
			t.Errorf("a call that was under way: %+v, %v", out, err)
		}
	}()
	until(t, func() bool { return len(b.gate.targets()) > before })
	narrow := gate.Label{Status: "online", Exchange: true, Purposes: []string{"TREAT"}, Directions: []string{"read"}}
	b.upgrade("a", b.release("2.0.0", ""), time.Minute, func(a *App) {
		a.Label.Categories, a.Scopes = []string{"AllergyIntolerance"}, []string{"patient/AllergyIntolerance.rs"}
		a.Former.Label, a.Former.Scopes = narrow, nil
	})
	until(t, func() bool { return slices.Equal(b.states("a"), []string{"2.0.0 serves", "1.0.0 ends"}) })
	release()
	<-done
	b.gate.mu.Lock()
	defer b.gate.mu.Unlock()
	if n := len(b.gate.grants) - before; n != 3 {
		t.Fatalf("%d reads", n)
	}
	for k, g := range b.gate.grants[before+1:] {
		if len(g.Client.Label.Categories) > 0 || len(g.Scopes) > 0 {
			t.Errorf("read %d after the switch was asked with more than both versions may: %+v, %v", k+1, g.Client.Label, g.Scopes)
		}
	}
	until(t, func() bool { return slices.Equal(b.states("a"), []string{"2.0.0 serves"}) })
}

// TestUpgradeInVain puts a version on the air that does not come up: the old one answers for its time, what it still runs then
// is ended, and the new one's diagnosis says why.
func TestUpgradeInVain(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64 // of the clock
	vain := make(chan bool, 1)
	b := newBench(t, func(o *Options) {
		o.Patience = 5 * time.Second
		o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
		o.Meter.Upgraded = func(_, _, _ string, serves bool) { vain <- !serves }
	})
	b.app("a", "", func(a *App) { a.Limits.Deadline = 10 * time.Second })
	serve := func() (string, error) {
		out, err := b.call("a", "count")
		if err != nil {
			return "", err
		}
		return out.Version, nil
	}
	if _, err := serve(); err != nil {
		t.Fatal(err)
	}
	b.upgrade("a", b.release("2.0.0", "exit"), time.Minute)
	for range 5 {
		if v, err := serve(); v != "1.0.0" {
			t.Fatalf("%q serves, %v", v, err)
		}
	}
	ahead.Store(int64(51 * time.Second)) // less is left than a call may take
	if v, err := serve(); !errors.Is(err, ErrStart) && !errors.Is(err, ErrBroken) {
		t.Errorf("the old one begins in the last part of its time: %q, %v", v, err)
	}
	ahead.Store(int64(61 * time.Second))
	b.host.Follow(t.Context(), "a")
	if got := b.states("a"); !slices.Equal(got, []string{"2.0.0 serves"}) {
		t.Errorf("after its time: %v", got)
	}
	if d := b.host.Diagnoses("a")[0]; d.Last.Kind != "start" || d.Failures == 0 {
		t.Errorf("its vendor reads %+v", d)
	}
	if !<-vain {
		t.Error("it is counted as if the new one had come up")
	}
}

// TestUpgradeEnds ends a call of the old version that is still under way when its time is over, by itself.
func TestUpgradeEnds(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.app("a", "", func(a *App) { a.Limits.Deadline = 10 * time.Second })
	b.gated()
	ended := make(chan error, 1)
	go func() { _, err := b.call("a", "three"); ended <- err }()
	until(t, func() bool { return len(b.gate.targets()) == 1 })
	b.upgrade("a", b.release("2.0.0", ""), 300*time.Millisecond)
	if err := <-ended; !errors.Is(err, ErrStopped) {
		t.Errorf("it ended with %v", err)
	}
	until(t, func() bool { return slices.Equal(b.states("a"), []string{"2.0.0 serves"}) })
}

// TestRecallWhileDraining recalls an app while a call of each of its versions is under way: both end, and no read goes
// through; and only the old one's, when it is the old one's label alone that is withdrawn.
func TestRecallWhileDraining(t *testing.T) {
	t.Parallel()
	for _, whole := range []bool{true, false} {
		b := newBench(t)
		b.app("a", "", func(a *App) { a.Limits.Deadline = 10 * time.Second })
		release := b.gated()
		ends := map[string]chan error{"1.0.0": make(chan error, 1), "2.0.0": make(chan error, 1)}
		begin := func(version string, reads int) {
			go func() { _, err := b.call("a", "three"); ends[version] <- err }()
			until(t, func() bool { return len(b.gate.targets()) == reads })
		}
		begin("1.0.0", 1)
		b.upgrade("a", b.release("2.0.0", ""), time.Minute)
		until(t, func() bool { return slices.Equal(b.states("a"), []string{"2.0.0 serves", "1.0.0 ends"}) })
		begin("2.0.0", 2)
		b.mu.Lock()
		now := *b.apps["a"]
		now.Former = nil
		if whole {
			now.Label.Status = "recalled"
		}
		b.apps["a"] = &now
		b.mu.Unlock()
		b.host.Follow(t.Context(), "a")
		left := b.states("a")
		if whole && len(left) > 0 || !whole && !slices.Equal(left, []string{"2.0.0 serves"}) {
			t.Errorf("whole %v: left are %v", whole, left)
		}
		release()
		for version, end := range ends {
			err := <-end
			if stops := whole || version == "1.0.0"; stops != errors.Is(err, ErrStopped) || !stops && err != nil {
				t.Errorf("whole %v: the call on %s ended with %v", whole, version, err)
			}
		}
		want := 2 // the two that were under way
		if !whole {
			want = 4
		}
		if n := len(b.gate.targets()); n != want {
			t.Errorf("whole %v: %d reads, want %d", whole, n, want)
		}
	}
}

// TestRecallBeforeTheSwitch recalls an app while its old version still serves beside one that does not come up: of neither a
// process is left, those that only wait among them.
func TestRecallBeforeTheSwitch(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.app("a", "")
	if _, err := b.call("a", "count"); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return b.host.Diagnoses("a")[0].Idle > 0 })
	b.upgrade("a", b.release("2.0.0", "exit"), time.Minute)
	b.host.mu.Lock()
	lines := slices.Clone(b.host.apps["a"])
	b.host.mu.Unlock()
	if got := b.states("a"); !slices.Equal(got, []string{"2.0.0 starts", "1.0.0 serves"}) {
		t.Fatalf("%v", got)
	}
	b.mu.Lock()
	now := *b.apps["a"]
	now.Label.Status = "recalled"
	b.apps["a"] = &now
	b.mu.Unlock()
	b.host.Stop("a", "recalled")
	if slices.ContainsFunc(lines, (*line).lives) || len(b.states("a")) > 0 {
		t.Errorf("left of it: %+v", b.host.Diagnoses("a"))
	}
}

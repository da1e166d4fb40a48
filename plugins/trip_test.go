package plugins

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/plugins/cage"
)

// TestNoEscapeGoesUntold: what a process tries is told once, also of one that nobody asks anything: that is tried, or that
// waits for its call until it is ended.
func TestNoEscapeGoesUntold(t *testing.T) {
	t.Parallel()
	told := make(chan Trip, 10)
	b := newBench(t, func(o *Options) { o.Meter.Tripped = func(t Trip) { told <- t } })
	want := Trip{Version: "1.0.0", Kind: TripCall, Detail: caughtCall}
	expect := func(app string) {
		t.Helper()
		want.App = app
		select {
		case got := <-told:
			if d := cmp.Diff(want, got); d != "" {
				t.Error(d)
			}
		case <-time.After(patience):
			t.Fatalf("%s: nobody was told", app)
		}
		if n := len(told); n > 0 {
			t.Errorf("%s: told %d times more", app, n)
		}
	}

	if err := b.host.Try(t.Context(), b.app("early", "trips")); err == nil {
		t.Error("one that tries to escape at once comes up")
	}
	expect("early")

	idle := b.line(b.app("idle", "restless"))
	if p, f := idle.start(t.Context()); f == nil {
		for end := time.Now().Add(patience); p.alive() && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		}
		idle.mu.Lock()
		idle.idle = append(idle.idle, p)
		idle.mu.Unlock()
	}
	b.host.Stop("idle", "a test")
	expect("idle")
}

// TestGreetingTellsOfAnEscape: what is only tried in the cage is asked nothing, and what it tries is told all the same.
func TestGreetingTellsOfAnEscape(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for mode, trip := range map[string]string{"": "", "trips": TripCall, "garbage": TripHandshake, "exit": ""} {
		r := b.release("1.0.0", mode)
		b.mu.Lock()
		bits := b.bits[r.SHA256]
		b.mu.Unlock()
		image, err := cage.Seal(bytes.NewReader(bits), r.SHA256, r.Size)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Greet(t.Context(), b.host.Warden, image, Limits{}, cage.S1)
		var f *Failure
		if errors.As(err, &f) != (mode != "") || f != nil && f.Trip() != trip {
			t.Errorf("%q: %v (%+v)", mode, err, f)
		}
		image.Close()
	}
}

// TestTryThatWasCutShort: a version for which there was no place, or whose trial somebody left, was not refused.
func TestTryThatWasCutShort(t *testing.T) {
	t.Parallel()
	ctx, leave := context.WithCancel(t.Context())
	b := newBench(t, func(o *Options) {
		open := o.Open
		o.Open = func(c context.Context, app string, r Release) (io.ReadCloser, error) {
			if r.Version == "2.0.0" {
				leave()
			}
			return open(c, app, r)
		}
	})
	a := b.app("a", "exit")
	if err := b.host.Try(t.Context(), a); !errors.Is(err, ErrStart) {
		t.Fatal(err)
	}
	refused := b.states("a")
	next := *a
	next.Release = b.release("2.0.0", "")
	for range 2 { // the second time before there is a place
		if err := b.host.Try(ctx, &next); !errors.Is(err, ErrBusy) {
			t.Errorf("it was left: %v", err)
		}
		if d := cmp.Diff(refused, b.states("a")); d != "" {
			t.Errorf("what was tried before stands: %s", d)
		}
	}
	if err := b.host.Try(t.Context(), &next); err != nil || len(b.states("a")) > 0 {
		t.Errorf("one that comes up: %v, %v", err, b.states("a"))
	}
}

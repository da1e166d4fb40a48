//go:build linux && (amd64 || arm64)

package cage

import "testing"

// TestHello starts the least plugin there is in the best cage that this machine has.
func TestHello(t *testing.T) {
	t.Parallel()
	w := open(t, S1)
	t.Logf("%+v", w.Report())
	r := start(t, w, image(t, "hello"), Limits{}, S1)
	if got, want := ask(t, r), "hello from 1 of 1000\n"; got != want {
		t.Errorf("it said %q, want %q", got, want)
	}
}

// TestOlderClone starts a process where a filter around the warden knows no clone3, as in containers.
func TestOlderClone(t *testing.T) {
	t.Parallel()
	for _, omit := range [][]Measure{{newerClone}, {newerClone, namespaces}} {
		r := start(t, open(t, S0, omit...), image(t, "hello"), Limits{}, S1)
		if got, want := ask(t, r)[:5], "hello"; got != want {
			t.Errorf("it said %q, want %q", got, want)
		}
	}
}

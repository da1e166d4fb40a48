package gate

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/pontlevis/pontlevis/space"
)

// TestChangeHoldsAtTheNextRequest: whatever is settled, by whatever road, while others read all the time.
func TestChangeHoldsAtTheNextRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	for range 4 {
		readers.Go(func() {
			for ctx.Err() == nil { // what they read is remembered: it must never be what a later request goes by
				r := httptest.NewRequestWithContext(ctx, http.MethodGet, testBase+"/DocumentReference/report", nil)
				r.Header.Set("Authorization", "Bearer dr-lam")
				w.gate.Endpoint().ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
	defer readers.Wait()
	defer stop()
	w.put("camille", document("report", by("dr-benali")))
	blocked, withdrawn, masks, open := false, false, false, true
	flips := map[string]func(){
		"block": func() {
			blocked = !blocked
			w.put("camille", strings.Replace(consent("camille", "block-lam", space.Block, "2026-01-01", about("dr-lam")), `"active"`, status(blocked), 1))
		},
		"consent": func() {
			withdrawn = !withdrawn
			w.put("camille", strings.Replace(consent("camille", "sharing", space.Initial, "2026-01-01", `"type":"permit"`), `"active"`, status(!withdrawn), 1))
		},
		"mask": func() {
			masks = !masks
			patch := liftMask
			if masks {
				patch = setMask
			}
			if open {
				w.patch("camille", "/DocumentReference/report", patch).is(200)
			} else {
				masks = !masks
			}
		},
		"life": func() {
			open = !open
			w.live("camille", map[bool]string{true: space.Open, false: space.Suspended}[open])
		},
	}
	rapid.Check(t, func(rt *rapid.T) {
		for range 5 {
			name := rapid.SampledFrom([]string{"block", "consent", "mask", "life"}).Draw(rt, "flip")
			flips[name]()
			want := 200
			if blocked || withdrawn || masks || !open {
				want = 404
			}
			if got := w.get("dr-lam", "/DocumentReference/report").Code; got != want {
				rt.Fatalf("after %s (blocked %v, withdrawn %v, masked %v, open %v): %d, want %d", name, blocked, withdrawn, masks, open, got, want)
			}
		}
	})
}

func status(active bool) string {
	return map[bool]string{true: `"active"`, false: `"inactive"`}[active]
}

// TestSnapshotsAreBounded, and never given for another version than the one asked for.
func TestSnapshotsAreBounded(t *testing.T) {
	t.Parallel()
	s := newSnapshots()
	for k := range maxSnapshots + 10 {
		s.put(fmt.Sprint(k), snapshot{sequence: 1, lifecycle: 1, facts: &space.Facts{}})
	}
	if len(s.all) > maxSnapshots {
		t.Errorf("%d snapshots", len(s.all))
	}
	last := fmt.Sprint(maxSnapshots + 9)
	if s.get(last, 1, 1) == nil || s.get(last, 2, 1) != nil || s.get(last, 1, 2) != nil || s.get("nobody", 1, 1) != nil {
		t.Error("a snapshot is given for another version, or not for its own")
	}
}

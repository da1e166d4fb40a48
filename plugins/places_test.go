package plugins

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"pgregory.net/rapid"
)

// TestPlacesAreShared plays with places at random, and holds after each step that none is lost or given twice, that whoever
// has none never waits beside a free one, and that nobody's second is given while somebody waits for a first.
func TestPlacesAreShared(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.IntRange(1, 12).Draw(t, "total")
		p := newPlaces(total, func(string) bool { return false })
		held := map[string]int{}
		type waits struct {
			app  string
			got  chan struct{}
			stop context.CancelFunc
		}
		var queue []waits
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			app := fmt.Sprint("app-", rapid.IntRange(0, 4).Draw(t, "app"))
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0, 1:
				ctx, stop := context.WithCancel(context.Background())
				got := make(chan struct{})
				go func() {
					if p.take(ctx, app) == nil {
						close(got)
					}
				}()
				settle(p)
				queue = append(queue, waits{app, got, stop})
			case 2:
				if held[app] > 0 {
					held[app]--
					p.give(app)
				}
			case 3:
				if p.try(app) {
					held[app]++
				}
			}
			settle(p)
			rest := queue[:0]
			for _, w := range queue {
				select {
				case <-w.got:
					held[w.app]++
				default:
					rest = append(rest, w)
				}
			}
			queue = rest
			p.mu.Lock()
			sum := 0
			for app, n := range p.held {
				sum += n
				if n <= 0 {
					t.Fatalf("%s holds %d", app, n)
				}
			}
			if sum+p.free != total || p.free < 0 {
				t.Fatalf("%d held and %d free of %d", sum, p.free, total)
			}
			for _, app := range p.arrival {
				if p.free > 0 && p.held[app] == 0 {
					t.Fatalf("%s has none and waits beside a free one", app)
				}
			}
			p.mu.Unlock()
		}
		for _, w := range queue {
			w.stop()
		}
	})
}

// settle lets goroutines come to where they wait.
func settle(p *places) {
	for range 50 {
		p.mu.Lock()
		p.mu.Unlock() // whoever holds it comes first
		runtime.Gosched()
	}
}

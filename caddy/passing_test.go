package pontlevis

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestSettleWaitsForThoseBefore: and for nobody who came later.
func TestSettleWaitsForThoseBefore(t *testing.T) {
	t.Parallel()
	var p passing
	before := p.enter()
	settled := make(chan int64, 1)
	go func() { settled <- p.settle(context.Background(), time.Minute) }()
	for p.era.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	after := p.enter()
	select {
	case <-settled:
		t.Fatal("it did not wait for a request that had begun before")
	case <-time.After(20 * time.Millisecond):
	}
	before.Add(-1)
	if left := <-settled; left != 0 {
		t.Errorf("%d are left", left)
	}
	if left := p.settle(context.Background(), 20*time.Millisecond); left != 1 {
		t.Errorf("time is up, and %d are left, want 1", left)
	}
	late := p.enter()
	if left := p.settle(context.Background(), 20*time.Millisecond); left < 1 {
		t.Error("those that an earlier call gave up on are forgotten")
	}
	after.Add(-1)
	late.Add(-1)
	if left := p.settle(context.Background(), time.Minute); left != 0 {
		t.Errorf("%d are left of nobody", left)
	}
}

// TestNothingPassesASettle: whoever entered before a settle began has left when it returns, under load.
func TestNothingPassesASettle(t *testing.T) {
	t.Parallel()
	var p passing
	var closed atomic.Int64
	var running sync.WaitGroup
	stop := make(chan struct{})
	for range 8 {
		running.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				c := p.enter()
				began := closed.Load() // what was decided when this request was let in
				time.Sleep(20 * time.Microsecond)
				if closed.Load()-began > 1 {
					t.Error("a request of before a recall was still under way after it")
				}
				c.Add(-1)
			}
		})
	}
	for range 200 {
		closed.Add(1)
		p.settle(context.Background(), time.Minute)
	}
	close(stop)
	running.Wait()
}

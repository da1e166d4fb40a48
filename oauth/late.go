package oauth

import (
	"context"
	"sync/atomic"
	"time"
)

// What a network may get wrong before its refusals come late.
const (
	lateBurst  = 50 // client authentications that fail
	lateRefill = 200 * time.Millisecond
	latePause  = 100 * time.Millisecond
	maxLate    = 4096 // that are held at once: past it they are answered as they come, which memory bounds better
)

// late holds back the refusals of a network whose clients fail to authenticate again and again. A wrong secret costs a
// few microseconds, but a flood of them, each sent as soon as the last was answered, would take the processor from
// everybody else; held for a moment, it asks no faster than it is answered. Who is right is never held.
type late struct{ held atomic.Int64 }

func (l *late) hold(ctx context.Context, t *throttle, network string) {
	if t.take([]throttleKey{{"refused clients of " + network, lateBurst, lateRefill}}) == 0 {
		return
	}
	defer l.held.Add(-1)
	if l.held.Add(1) > maxLate {
		return
	}
	timer := time.NewTimer(latePause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

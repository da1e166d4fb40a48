package pontlevis

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// settleTime is how long a recall waits for requests that began before it.
const settleTime = 5 * time.Second

// passing knows which requests are under way, so that whoever ends a right can wait for those that began before. It costs
// a request two additions.
type passing struct {
	era   atomic.Uint64
	count [2]atomic.Int64 // of requests that began in eras of even and odd number
	one   sync.Mutex      // held by whoever waits
}

// enter counts a request, in what it returns, until that is counted down.
func (p *passing) enter() *atomic.Int64 {
	for {
		era := p.era.Load()
		c := &p.count[era&1]
		c.Add(1)
		if p.era.Load() == era {
			return c
		}
		c.Add(-1) // somebody began to wait in between: this request is of the next era
	}
}

// through counts the requests of a handler.
func (p *passing) through(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer p.enter().Add(-1)
		next.ServeHTTP(w, r)
	})
}

// settle returns when every request has ended that was under way when it was called, or when the time is up: how many
// were left then.
func (p *passing) settle(ctx context.Context, most time.Duration) (left int64) {
	p.one.Lock()
	defer p.one.Unlock()
	deadline := time.Now().Add(most)
	era := p.era.Load()
	former, current := &p.count[(era+1)&1], &p.count[era&1]
	if left := drained(ctx, former, deadline); left > 0 { // some that an earlier call gave up on
		return left + current.Load()
	}
	p.era.Add(1) // what begins from here on counts as former, and is not waited for
	return drained(ctx, current, deadline)
}

// drained waits until a count is nought, or until the deadline; what it is then.
func drained(ctx context.Context, c *atomic.Int64, deadline time.Time) int64 {
	for wait := 50 * time.Microsecond; c.Load() > 0 && time.Now().Before(deadline) && ctx.Err() == nil; wait = min(2*wait, 5*time.Millisecond) {
		time.Sleep(wait)
	}
	return c.Load()
}

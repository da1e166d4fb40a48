package pontlevis

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// recalls times how long an app that was stopped goes on being given anything: from the step to the first request that is
// refused for it. It lives with the state, across reloads.
type recalls struct {
	waiting atomic.Int64 // so that a request costs nothing while none is
	mu      sync.Mutex
	since   map[string]time.Time
	observe atomic.Pointer[func(time.Duration)]
}

// maxRecalls bounds the apps whose first refusal is waited for.
const maxRecalls = 1000

// began notes that an app was stopped; the first time counts.
func (r *recalls) began(app string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, known := r.since[app]; known || len(r.since) >= maxRecalls {
		return
	}
	if r.since == nil {
		r.since = map[string]time.Time{}
	}
	r.since[app] = at
	r.waiting.Store(int64(len(r.since)))
}

// met notes that a request met the app in this state.
func (r *recalls) met(app string, online bool, now time.Time) {
	if r.waiting.Load() == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	at, known := r.since[app]
	if !known {
		return
	}
	delete(r.since, app)
	r.waiting.Store(int64(len(r.since)))
	if observe := r.observe.Load(); observe != nil && !online {
		(*observe)(now.Sub(at))
	}
}

// measureRecalls shows the times from a recall to the first refusal.
func (m *meter) measureRecalls(r *recalls) error {
	refused := prometheus.NewHistogram(prometheus.HistogramOpts{
		Name: "pontlevis_recall_to_refusal_seconds", Help: "Time from the suspension or recall of an app until a request of it was first refused for that.",
		Buckets: []float64{.0005, .001, .005, .01, .05, .1, .5, 1, 5, 30, 60, 600, 3600, 86400},
	})
	observe := func(took time.Duration) { refused.Observe(took.Seconds()) }
	r.observe.Store(&observe)
	return register(m.registry, refused)
}

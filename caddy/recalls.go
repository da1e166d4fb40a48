package pontlevis

import (
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// recalls times how long an app that was stopped goes on being given anything: from the step to the first request that is
// refused for it. It lives with the state, across reloads.
type recalls struct {
	waiting atomic.Int64 // apps whose first refusal is waited for, so that a request costs nothing while none is
	mu      sync.Mutex
	since   map[string]stopped
	observe atomic.Pointer[func(time.Duration)]
}

// stopped is when an app was stopped, and whether it was refused since.
type stopped struct {
	at   time.Time
	told bool
}

// maxRecalls bounds the apps whose first refusal is waited for.
const maxRecalls = 1000

// sameStop is within what time an app that is stopped twice was stopped once: by the log, and by the step that follows it.
const sameStop = time.Minute

// began notes that an app was stopped; the first time counts.
func (r *recalls) began(app string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	was, known := r.since[app]
	if known && (!was.told || at.Sub(was.at) < sameStop) {
		return
	}
	if len(r.since) >= maxRecalls {
		maps.DeleteFunc(r.since, func(_ string, s stopped) bool { return s.told })
		if len(r.since) >= maxRecalls {
			return
		}
	}
	if r.since == nil {
		r.since = map[string]stopped{}
	}
	r.since[app] = stopped{at: at}
	r.waiting.Add(1)
}

// vain notes that an app was not stopped after all.
func (r *recalls) vain(app string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if was, known := r.since[app]; known && !was.told && was.at.Equal(at) {
		delete(r.since, app)
		r.waiting.Add(-1)
	}
}

// met notes that a request met the app in this state.
func (r *recalls) met(app string, online bool, now time.Time) {
	if r.waiting.Load() == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	was, known := r.since[app]
	if !known || was.told || online && now.Sub(was.at) < sameStop { // the step that stops it is still being taken
		return
	}
	r.waiting.Add(-1)
	if online {
		delete(r.since, app)
		return
	}
	r.since[app] = stopped{was.at, true}
	if observe := r.observe.Load(); observe != nil {
		(*observe)(now.Sub(was.at))
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

package pontlevis

import (
	"context"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/policies"
)

// meter is what pontlevis tells Caddy's metrics. No label names a person, a patient or an app.
type meter struct {
	registry  *prometheus.Registry
	decisions *prometheus.CounterVec
	requests  *prometheus.HistogramVec
	logged    prometheus.Histogram
	denied    *prometheus.HistogramVec
	events    *prometheus.CounterVec

	ruled, answered sync.Map // children of decisions and requests, found once
}

type answerKey struct {
	interaction string
	status      int
}

// children gives what a metric has under some labels: the lookup by label values hashes each of them every time.
func children[K comparable, V any](known *sync.Map, labels K, find func() V) V {
	if c, ok := known.Load(labels); ok {
		return c.(V)
	}
	c := find()
	known.Store(labels, c)
	return c
}

func newMeter(r *prometheus.Registry, s *state) (*meter, error) {
	fine := []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}
	m := &meter{
		registry: r,
		decisions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pontlevis_decisions_total", Help: "Decisions of the policies, by the rule that decided and the outcome.",
		}, []string{"rule", "outcome"}),
		requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "pontlevis_request_duration_seconds", Help: "Time to answer at the FHIR endpoint, by interaction and status.", Buckets: fine,
		}, []string{"interaction", "status"}),
		logged: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "pontlevis_audit_lag_seconds", Help: "Time until the access log held an access durably, before which nothing was answered.", Buckets: fine,
		}),
		denied: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "pontlevis_time_to_deny_seconds", Help: "Time from the arrival of a change of a space (mask, block, consent), or of the revocation of a token, until it was in force for every next request.", Buckets: fine,
		}, []string{"change"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pontlevis_security_events_total", Help: "What the authorization server noticed: sign-ins, refusals, a code or refresh token used twice.",
		}, []string{"kind"}),
	}
	commits := prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "pontlevis_audit_commits_total", Help: "Commits of the access log; entries share them.",
	}, func() float64 { return float64(s.commits.count.Load()) })
	entries := prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "pontlevis_audit_entries_total", Help: "Entries that the access log has made durable.",
	}, func() float64 { return float64(s.commits.entries.Load()) })
	return m, register(r, m.decisions, m.requests, m.logged, m.denied, m.events, commits, entries)
}

func register(r *prometheus.Registry, all ...prometheus.Collector) error {
	for _, c := range all {
		if err := r.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// security counts an event of the authorization server.
func (m *meter) security(_ context.Context, e oauth.Event) { m.events.WithLabelValues(e.Kind).Inc() }

// follow shows which policies are in force, and for how long.
func (m *meter) follow(e *policies.Engine) {
	m.registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "pontlevis_policy_age_seconds", Help: "Time since the policies in force were loaded.",
		}, func() float64 { return e.Age().Seconds() }),
		revisionInfo{e},
		fastPath{e},
	)
}

// revisionInfo names the revision in force as a label, as is usual for what has no number.
type revisionInfo struct{ engine *policies.Engine }

var revisionDesc = prometheus.NewDesc("pontlevis_policy_revision_info", "The policies in force, by digest.", []string{"revision"}, nil)

func (r revisionInfo) Describe(ch chan<- *prometheus.Desc) { ch <- revisionDesc }

func (r revisionInfo) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.MustNewConstMetric(revisionDesc, prometheus.GaugeValue, 1, r.engine.Current().Digest)
}

// gate is the meter as the gate takes it.
func (m *meter) gate() gate.Meter {
	return gate.Meter{
		Decided: func(rule, outcome string, n int) {
			children(&m.ruled, [2]string{rule, outcome}, func() prometheus.Counter {
				return m.decisions.WithLabelValues(rule, outcome)
			}).Add(float64(n))
		},
		Answered: func(interaction string, status int, took time.Duration) {
			children(&m.answered, answerKey{interaction, status}, func() prometheus.Observer {
				return m.requests.WithLabelValues(interaction, strconv.Itoa(status))
			}).Observe(took.Seconds())
		},
		Logged: func(took time.Duration) { m.logged.Observe(took.Seconds()) },
		Denied: func(change string, took time.Duration) { m.denied.WithLabelValues(change).Observe(took.Seconds()) },
	}
}

// revocation times the revocation endpoint like any other change that must hold at the next request: when it has answered,
// the token is refused.
func (m *meter) revocation(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, answer := time.Now(), caddyhttp.NewResponseRecorder(w, nil, nil)
		next.ServeHTTP(answer, r)
		if r.Method == http.MethodPost && answer.Status() == http.StatusOK {
			m.denied.WithLabelValues("token").Observe(time.Since(began).Seconds())
		}
	})
}

// commitMeter counts what the access log commits. It lives with the state, across reloads.
type commitMeter struct{ count, entries atomic.Int64 }

func (c *commitMeter) observe(entries int, _ time.Duration) {
	c.count.Add(1)
	c.entries.Add(int64(entries))
}

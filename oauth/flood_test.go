package oauth_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/oauth"
)

// BenchmarkFlood has four honest systems ask for tokens while a flood of wrong credentials comes from another network: it
// may take its share of what is waited for, and no more. It reports how many honest requests were answered in a second,
// and what they waited.
func BenchmarkFlood(b *testing.B) {
	const honest, flooding, lasting = 4, 64, 2 * time.Second
	for _, flood := range []string{"none", "secrets", "assertions"} {
		b.Run(flood, func(b *testing.B) {
			w := newWorld(b, func(_ *world, c *oauth.Config) {
				c.Log, c.Event = nil, nil
				c.Address = func(r *http.Request) string { return r.Header.Get("X-Network") }
			})
			forms := w.assertedForms(6000)
			wrong := w.wrongForms(flood)
			var next, refused atomic.Int64
			stop, flooded := make(chan struct{}), sync.WaitGroup{}
			if wrong != nil {
				for range flooding {
					flooded.Go(func() {
						for {
							select {
							case <-stop:
								return
							default:
								if w.from("198.51.100.7", wrong) == http.StatusOK {
									b.Error("a wrong credential was taken")
								}
								refused.Add(1)
							}
						}
					})
				}
			}
			var mu sync.Mutex
			var waited []time.Duration
			var served sync.WaitGroup
			begun := time.Now()
			for range honest {
				served.Go(func() {
					for time.Since(begun) < lasting {
						i := int(next.Add(1)) - 1
						if i >= len(forms) {
							return
						}
						at := time.Now()
						if status := w.from("192.0.2.1", forms[i]); status != http.StatusOK {
							b.Errorf("an honest request: %d", status)
						}
						mu.Lock()
						waited = append(waited, time.Since(at))
						mu.Unlock()
					}
				})
			}
			served.Wait()
			took := time.Since(begun)
			close(stop)
			flooded.Wait()
			slices.Sort(waited)
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(len(waited))/took.Seconds(), "honest/s")
			b.ReportMetric(float64(refused.Load())/took.Seconds(), "refused/s")
			b.ReportMetric(float64(waited[len(waited)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(waited[len(waited)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}

// wrongForms are credentials that cost as much to check as right ones.
func (w *world) wrongForms(kind string) url.Values {
	switch kind {
	case "secrets":
		return pairs("grant_type", "client_credentials", "wrong", "secret")
	case "assertions":
		newSigner(w.t, w, "lab-key")
		other := newSigner(w.t, w, "other-key")
		return pairs("grant_type", "client_credentials", "client_assertion_type", assertionType, "client_assertion", other.sign(assertionOf(w, "lab-key"), nil))
	}
	return nil
}

// from sends a form to the token endpoint from an address.
func (w *world) from(address string, form url.Values) int {
	r, err := http.NewRequest("POST", "/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Error(err)
		return 0
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("X-Network", address)
	if form.Has("wrong") {
		r.SetBasicAuth("backend-lab", "wrong")
	}
	rec := httptest.NewRecorder()
	w.server.Handler().ServeHTTP(rec, r)
	return rec.Code
}

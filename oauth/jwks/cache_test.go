package jwks

import (
	"context"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// publisher is an app's https server that publishes a key set.
type publisher struct {
	t       testing.TB
	http    *httptest.Server
	fetches atomic.Int64
	mu      sync.Mutex
	serve   http.HandlerFunc
}

func newPublisher(t testing.TB) *publisher {
	p := &publisher{t: t}
	p.http = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.fetches.Add(1)
		p.mu.Lock()
		serve := p.serve
		p.mu.Unlock()
		serve(w, r)
	}))
	p.http.Config.ErrorLog = log.New(io.Discard, "", 0)
	p.http.StartTLS()
	t.Cleanup(p.http.Close)
	return p
}

func (p *publisher) answer(serve http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.serve = serve
}

// publish serves keys with these kids under a Cache-Control.
func (p *publisher) publish(control string, kids ...string) {
	var keys []jose.JSONWebKey
	for _, kid := range kids {
		keys = append(keys, jose.JSONWebKey{Key: ecKey(p.t).Public(), KeyID: kid})
	}
	body := written(p.t, keys...)
	p.answer(func(w http.ResponseWriter, _ *http.Request) {
		if control != "" {
			w.Header().Set("Cache-Control", control)
		}
		_, _ = w.Write(body)
	})
}

func (p *publisher) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(p.http.Certificate())
	return pool
}

// clock is a time that a test moves.
type clock struct{ ns atomic.Int64 }

func (c *clock) now() time.Time          { return time.Unix(1_800_000_000, c.ns.Load()) }
func (c *clock) advance(d time.Duration) { c.ns.Add(int64(d)) }

func newFetcher(t testing.TB, p *publisher) (*Fetcher, *clock) {
	c := new(clock)
	f := New(Options{Loopback: true, Roots: p.roots(), Now: c.now})
	t.Cleanup(f.Close)
	return f, c
}

func with(kid string) func(*jose.JSONWebKeySet) bool {
	return func(set *jose.JSONWebKeySet) bool { return Has(set, kid) }
}

func (p *publisher) expect(f *Fetcher, kid string, found bool, fetches int64) {
	p.t.Helper()
	set, err := f.Keys(p.t.Context(), p.http.URL, with(kid))
	if err != nil || Has(set, kid) != found || p.fetches.Load() != fetches {
		p.t.Fatalf("kid %s: %v %v after %d fetches, want found %v after %d", kid, set, err, p.fetches.Load(), found, fetches)
	}
}

// SMART App Launch 2.2 R341–342: a set is cached as its Cache-Control says, and never longer.
func TestCacheControl(t *testing.T) {
	t.Parallel()
	for control, life := range map[string]time.Duration{
		"max-age=90": 90 * time.Second, "public, max-age=600": 10 * time.Minute, "max-age=86400": 20 * time.Minute,
		"": 5 * time.Minute, "public": 5 * time.Minute, "max-age=90, max-age=600": 90 * time.Second, `max-age="90"`: 90 * time.Second,
	} {
		t.Run(control, func(t *testing.T) {
			t.Parallel()
			p := newPublisher(t)
			f, c := newFetcher(t, p)
			p.publish(control, "a")
			p.expect(f, "a", true, 1)
			c.advance(life - time.Millisecond)
			p.expect(f, "a", true, 1)
			c.advance(time.Millisecond)
			p.expect(f, "a", true, 2)
		})
	}
	for control, age := range map[string]string{"no-store": "", "no-cache, max-age=60": "", "max-age=0": "", "max-age=nonsense": "", "max-age=60": "60"} {
		h := http.Header{"Cache-Control": {control}}
		if age != "" {
			h.Set("Age", age)
		}
		if life := lifetime(h); life != 0 {
			t.Errorf("%s, age %s: kept for %v", control, age, life)
		}
	}
}

// A set that may not be cached is fetched anew for whoever asks, but once a second however many ask.
func TestUncachedSetIsShared(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	f, _ := newFetcher(t, p)
	p.publish("no-store", "a")
	began := time.Now()
	for range 3 {
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if set, err := f.Keys(t.Context(), p.http.URL, with("a")); err != nil || !Has(set, "a") {
					t.Errorf("%v %v", set, err)
				}
			})
		}
		all.Wait()
	}
	if n := p.fetches.Load(); n < 2 || n > 1+int64(time.Since(began)/fetchGap)+1 {
		t.Errorf("%d fetches in %v", n, time.Since(began))
	}
}

// A client that rotates its keys is served at once; somebody who invents key identifiers causes one fetch a minute.
func TestUnknownKid(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	f, c := newFetcher(t, p)
	p.publish("max-age=1200", "a")
	p.expect(f, "a", true, 1)
	p.publish("max-age=1200", "a", "b")
	p.expect(f, "b", true, 2)
	for _, kid := range []string{"x", "y", "z"} {
		p.expect(f, kid, false, 2)
	}
	c.advance(forcedGap)
	p.expect(f, "x", false, 3)
	p.expect(f, "y", false, 3)
	p.answer(http.NotFound)
	c.advance(forcedGap)
	p.expect(f, "x", false, 4)
	p.expect(f, "a", true, 4) // still fresh: the failure of a forced fetch takes nothing away
}

// A set that is past is not used because its server is down, and a server that is down is not asked at each request.
func TestFailure(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	f, c := newFetcher(t, p)
	p.publish("max-age=60", "a")
	p.expect(f, "a", true, 1)
	p.answer(http.NotFound)
	c.advance(time.Minute)
	for range 3 {
		if set, err := f.Keys(t.Context(), p.http.URL, with("a")); err == nil || p.fetches.Load() != 2 {
			t.Fatalf("%v %v after %d fetches", set, err, p.fetches.Load())
		}
	}
	p.publish("max-age=60", "a")
	c.advance(failureGap)
	p.expect(f, "a", true, 3)
}

// What an app's server may try against the one that fetches from it.
func TestAttackFetch(t *testing.T) {
	t.Parallel()
	inner := newPublisher(t)
	inner.publish("", "a")
	for name, serve := range map[string]http.HandlerFunc{
		"redirect into the network": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, inner.http.URL, http.StatusFound) },
		"a huge set": func(w http.ResponseWriter, _ *http.Request) {
			set := written(t, jose.JSONWebKey{Key: ecKey(t).Public(), KeyID: "a"})
			_, _ = w.Write([]byte(strings.Repeat(" ", 200<<10) + string(set)))
		},
		"headers that never end": func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X", strings.Repeat("x", 64<<10)) },
		"a page":                 func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) },
		"an error with a set": func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(http.StatusInternalServerError)
			inner.serve(w, r)
		},
		"an answer that drips": func(w http.ResponseWriter, r *http.Request) {
			for range 100 {
				if _, err := w.Write([]byte(" ")); err != nil || http.NewResponseController(w).Flush() != nil {
					return
				}
				select {
				case <-r.Context().Done():
					return
				case <-time.After(100 * time.Millisecond):
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newPublisher(t)
			p.answer(serve)
			f, _ := newFetcher(t, p)
			began := time.Now()
			if set, err := f.Keys(t.Context(), p.http.URL, with("a")); err == nil || time.Since(began) > 6*time.Second {
				t.Errorf("%v %v after %v", set, err, time.Since(began))
			}
		})
	}
	t.Cleanup(func() {
		if n := inner.fetches.Load(); n != 0 {
			t.Errorf("the inner server was asked %d times", n)
		}
	})
}

// The address that counts is the one that is dialled: a name that means this machine is of no use, whatever it meant
// when somebody looked before (DNS rebinding).
func TestAttackInnerAddress(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	p.publish("", "a")
	f := New(Options{Roots: p.roots()})
	t.Cleanup(f.Close)
	for _, url := range []string{
		p.http.URL, strings.Replace(p.http.URL, "127.0.0.1", "localhost", 1), strings.Replace(p.http.URL, "127.0.0.1", "[::ffff:127.0.0.1]", 1),
		"http://127.0.0.1:1/", "http://example.org/jwks", "https://169.254.169.254/latest/meta-data", "file:///etc/passwd", "https://u:p@example.org/",
	} {
		if set, err := f.Keys(t.Context(), url, with("a")); err == nil {
			t.Errorf("%s: %v", url, set)
		}
	}
	if n := p.fetches.Load(); n != 0 {
		t.Errorf("the server on this machine was asked %d times", n)
	}
}

// A fetch serves all who wait for it, also when the one who began it goes away.
func TestOneFetchForAll(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	f, _ := newFetcher(t, p)
	p.publish("", "a")
	serve, hold := p.serve, make(chan struct{})
	p.answer(func(w http.ResponseWriter, r *http.Request) {
		<-hold
		serve(w, r)
	})
	first, leave := context.WithCancel(t.Context())
	gone := make(chan error)
	go func() {
		_, err := f.Keys(first, p.http.URL, with("a"))
		gone <- err
	}()
	for p.fetches.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	leave()
	if err := <-gone; err == nil {
		t.Error("the first did not go away")
	}
	var all sync.WaitGroup
	for range maxAwaiting - 1 {
		all.Go(func() {
			if set, err := f.Keys(t.Context(), p.http.URL, with("a")); err != nil || !Has(set, "a") {
				t.Errorf("%v %v", set, err)
			}
		})
	}
	time.AfterFunc(100*time.Millisecond, func() { close(hold) })
	all.Wait()
	if n := p.fetches.Load(); n != 1 {
		t.Errorf("%d fetches", n)
	}
}

// Close ends what is under way, and afterwards nothing is fetched.
func TestClose(t *testing.T) {
	t.Parallel()
	p := newPublisher(t)
	p.answer(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	f, _ := newFetcher(t, p)
	ended := make(chan error)
	go func() {
		_, err := f.Keys(context.Background(), p.http.URL, with("a"))
		ended <- err
	}()
	for p.fetches.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	began := time.Now()
	f.Close()
	if err := <-ended; err == nil || time.Since(began) > fetchTimeout/2 {
		t.Errorf("%v after %v", err, time.Since(began))
	}
	if _, err := f.Keys(context.Background(), p.http.URL, with("a")); err == nil {
		t.Error("a closed fetcher fetched")
	}
}

// Memory stays bounded however many URLs are asked for.
func TestForget(t *testing.T) {
	t.Parallel()
	f := New(Options{})
	t.Cleanup(f.Close)
	far := time.Now().Add(time.Hour)
	for i := range 3 * maxEntries {
		f.mu.Lock()
		f.entry(strings.Repeat("u", 1+i%7) + time.Duration(i).String()).expires = far
		f.mu.Unlock()
	}
	if len(f.entries) > maxEntries {
		t.Errorf("%d entries", len(f.entries))
	}
}

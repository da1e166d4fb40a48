package oauth_test

import (
	"crypto/elliptic"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/oauth"
)

// asking is a client at an address, without a network in between.
type asking struct {
	handler http.Handler
	address string
}

func (a asking) introspect(form url.Values, basic string) int {
	r := httptest.NewRequest("POST", "/oauth2/introspect", strings.NewReader(form.Encode()))
	r.RemoteAddr = a.address
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if id, secret, ok := strings.Cut(basic, ":"); ok {
		r.SetBasicAuth(id, secret)
	}
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	return w.Code
}

func assertionForm(assertion string) url.Values {
	return url.Values{"token": {"x"}, "client_assertion_type": {assertionType}, "client_assertion": {assertion}}
}

// quiet is a world that logs nothing, with a client that has a key, and an assertion in its name by somebody else's.
func quiet(t testing.TB) (w *world, good func() string, forged string) {
	w = newWorld(t, func(_ *world, c *oauth.Config) { c.Log = nil })
	key := ecKey(t, elliptic.P384())
	err := w.server.PutClient(t.Context(), oauth.Client{ID: "dpi", Kind: "backend", AuthMethod: oauth.AuthKeyJWT, JWKS: keySet(t, key.Public()), Scopes: []string{"system/*.rs"}})
	if err != nil {
		t.Fatal(err)
	}
	good = func() string { return signed(t, jose.ES384, key, assertionOf(w, "dpi")) }
	return w, good, signed(t, jose.ES384, ecKey(t, elliptic.P384()), assertionOf(w, "dpi"))
}

// flood sends forged assertions from one network by many hands until stop is called, and counts those that were checked.
func flood(handler http.Handler, forged string) (checked *atomic.Int64, stop func()) {
	checked = new(atomic.Int64)
	var over atomic.Bool
	var hands sync.WaitGroup
	for i := range 60 {
		hands.Go(func() {
			mine := asking{handler, fmt.Sprintf("[2001:db8:0:1::%x]:1", i+1)}
			for !over.Load() {
				if mine.introspect(assertionForm(forged), "") == http.StatusUnauthorized {
					checked.Add(1)
				}
			}
		})
	}
	return checked, func() {
		over.Store(true)
		hands.Wait()
	}
}

// Sixty hands of one network flood the server with assertions whose signature is wrong, which is the dearest thing to
// refuse. A client elsewhere waits for a few of their checks at each request, not for all that were there before.
func TestAttackFloodOfAssertions(t *testing.T) {
	t.Parallel()
	w, good, forged := quiet(t)
	checked, stop := flood(w.server.Handler(), forged)
	defer stop()
	for checked.Load() < 100 { // until the line is full
		time.Sleep(time.Millisecond)
	}
	mine := asking{w.server.Handler(), "198.51.100.9:1"}
	if status := mine.introspect(assertionForm(good()), ""); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	var before []int
	for range 30 { // a wrong signature too: a good one is followed by a durable write, and the flood goes on meanwhile
		start := checked.Load()
		if status := mine.introspect(assertionForm(forged), ""); status != http.StatusUnauthorized {
			t.Fatalf("status %d", status)
		}
		before = append(before, int(checked.Load()-start))
	}
	slices.Sort(before)
	if median := before[len(before)/2]; median > 15 {
		t.Errorf("a request waits for %d checks of the flood: %v", median, before)
	}
}

// BenchmarkClientAuthentication is what it costs to know a client, and to refuse one.
func BenchmarkClientAuthentication(b *testing.B) {
	w, good, forged := quiet(b)
	mine := asking{w.server.Handler(), "198.51.100.9:1"}
	run := func(name string, status int, ask func() int) {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if got := ask(); got != status {
					b.Fatal(got)
				}
			}
		})
	}
	run("secret", 200, func() int { return mine.introspect(url.Values{"token": {"x"}}, "resource:"+w.secret) })
	run("wrong_secret", 401, func() int { return mine.introspect(url.Values{"token": {"x"}}, "resource:wrong") })
	run("unknown_client", 401, func() int { return mine.introspect(url.Values{"token": {"x"}}, "nobody:wrong") })
	run("wrong_claims", 401, func() int { return mine.introspect(assertionForm("e30.e30.e30"), "") })
	run("wrong_signature_ES384", 401, func() int { return mine.introspect(assertionForm(forged), "") })
	b.Run("assertion_ES384", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			assertion := good()
			b.StartTimer()
			if got := mine.introspect(assertionForm(assertion), ""); got != 200 {
				b.Fatal(got)
			}
		}
	})
	b.Run("assertion_ES384_under_a_flood", func(b *testing.B) {
		checked, stop := flood(w.server.Handler(), forged)
		defer stop()
		for checked.Load() < 100 {
			time.Sleep(time.Millisecond)
		}
		for b.Loop() {
			b.StopTimer()
			assertion := good()
			b.StartTimer()
			if got := mine.introspect(assertionForm(assertion), ""); got != 200 {
				b.Fatal(got)
			}
		}
	})
	b.Run("secret_under_a_flood", func(b *testing.B) {
		checked, stop := flood(w.server.Handler(), forged)
		defer stop()
		for checked.Load() < 100 {
			time.Sleep(time.Millisecond)
		}
		for b.Loop() {
			if got := mine.introspect(url.Values{"token": {"x"}}, "resource:"+w.secret); got != 200 {
				b.Fatal(got)
			}
		}
	})
}

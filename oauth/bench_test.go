package oauth_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
)

// Benchmarks of tokens, over a durable store and through the whole handler. What counts is cpu-µs/op: the CPU time of the
// process per operation, with the store's writer and the collector; the time per operation is mostly the disk's.

// processor is the CPU time that this process has used.
func processor() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// measured runs fn b.N times, from many callers at once when callers is more than one, and reports the CPU time of one.
func measured(b *testing.B, callers int, fn func(i int)) {
	b.Helper()
	b.ReportAllocs()
	b.SetParallelism(callers)
	b.ResetTimer()
	before := processor()
	if callers <= 1 {
		for i := range b.N {
			fn(i)
		}
	} else {
		var next atomic.Int64
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				fn(int(next.Add(1) - 1))
			}
		})
	}
	b.StopTimer()
	b.ReportMetric(float64((processor()-before).Nanoseconds())/1000/float64(b.N), "cpu-µs/op")
}

// fast is a world without the log at debug level and without events, as in production at rest.
func fast(b *testing.B) *world {
	return newWorld(b, func(_ *world, c *oauth.Config) { c.Log, c.Event = nil, nil })
}

// serve sends a form to the handler without a network between.
func (w *world) serve(path string, form url.Values, basic string, proofs ...string) *httptest.ResponseRecorder {
	r, err := http.NewRequest("POST", path, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	r.RemoteAddr = "192.0.2.1:1"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if id, secret, ok := strings.Cut(basic, ":"); ok {
		r.SetBasicAuth(id, secret)
	}
	r.Header["Dpop"] = proofs
	rec := httptest.NewRecorder()
	w.server.Handler().ServeHTTP(rec, r)
	return rec
}

func (w *world) mustServe(path string, form url.Values, basic string) *httptest.ResponseRecorder {
	rec := w.serve(path, form, basic)
	if rec.Code != http.StatusOK {
		w.t.Errorf("%d %s", rec.Code, rec.Body)
	}
	return rec
}

// BenchmarkTokenCheck is the gate's question of each request: whose token is this?
func BenchmarkTokenCheck(b *testing.B) {
	b.Run("bearer", func(b *testing.B) {
		w := fast(b)
		token := gate.Bearer(w.tokens().text("access_token"))
		measured(b, 1, func(int) {
			if _, err := w.server.Authenticate(b.Context(), token); err != nil {
				b.Fatal(err)
			}
		})
	})
	b.Run("DPoP", func(b *testing.B) {
		w := fast(b)
		p := w.settle().newProver()
		token := w.boundToken(p)
		shown := make([]gate.Presented, b.N)
		for i := range shown {
			shown[i] = p.at(token)
		}
		measured(b, 1, func(i int) {
			if _, err := w.server.Authenticate(b.Context(), shown[i]); err != nil {
				b.Fatal(err)
			}
		})
	})
}

// BenchmarkTokenIssue is the token endpoint.
func BenchmarkTokenIssue(b *testing.B) {
	b.Run("client_credentials/secret", func(b *testing.B) {
		w := fast(b)
		measured(b, 32, func(int) { w.mustServe("/oauth2/token", pairs("grant_type", "client_credentials"), w.lab()) })
	})
	b.Run("client_credentials/assertion", func(b *testing.B) {
		w := fast(b)
		forms := w.assertedForms(b.N)
		measured(b, 8, func(i int) { w.mustServe("/oauth2/token", forms[i], "") })
	})
	for name, scope := range map[string]string{"code": "launch/patient offline_access patient/*.rs", "code/id_token": "openid launch/patient offline_access patient/*.rs"} {
		b.Run(name, func(b *testing.B) {
			w := fast(b)
			browser, codes := w.newBrowser(), make([]string, b.N)
			for i := range codes {
				codes[i] = browser.code("scope", scope)
			}
			measured(b, 8, func(i int) { w.mustServe("/oauth2/token", codeForm(codes[i]), "") })
		})
	}
	b.Run("refresh", func(b *testing.B) {
		w := fast(b)
		token := w.tokens("scope", "launch/patient offline_access patient/*.rs").text("refresh_token")
		measured(b, 1, func(int) {
			body := w.mustServe("/oauth2/token", refreshForm(token), "").Body.Bytes()
			_, rest, _ := bytes.Cut(body, []byte(`"refresh_token":"`))
			fresh, _, _ := bytes.Cut(rest, []byte(`"`))
			token = string(fresh)
		})
	})
}

// assertedForms are requests for tokens by private_key_jwt, signed with ES256.
func (w *world) assertedForms(n int) []url.Values {
	sign := w.keyed("lab", oauth.Client{Kind: "backend", Scopes: []string{"system/*.rs"}, Reference: "Organization/labo"})
	forms := make([]url.Values, n)
	for i := range forms {
		forms[i] = pairs("grant_type", "client_credentials", "client_assertion_type", assertionType, "client_assertion", sign(w.url+"/oauth2/token"))
	}
	return forms
}

// BenchmarkTokenIntrospect is another resource server's question.
func BenchmarkTokenIntrospect(b *testing.B) {
	w := fast(b)
	form := url.Values{"token": {w.tokens().text("access_token")}}
	measured(b, 1, func(int) { w.mustServe("/oauth2/introspect", form, "resource:"+w.secret) })
}

// BenchmarkTokenSignature is what the signatures cost alone, to be taken off what goes beside them.
func BenchmarkTokenSignature(b *testing.B) {
	digest := sha256.Sum256([]byte("x"))
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	signature, err := ecdsa.SignASN1(rand.Reader, ec, digest[:])
	if err != nil {
		b.Fatal(err)
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("ES256/verify", func(b *testing.B) {
		measured(b, 1, func(int) { ecdsa.VerifyASN1(&ec.PublicKey, digest[:], signature) })
	})
	b.Run("RS256/sign", func(b *testing.B) {
		measured(b, 1, func(int) {
			if _, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, digest[:]); err != nil {
				b.Fatal(err)
			}
		})
	})
}

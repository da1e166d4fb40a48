package upstream

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/test/clock"
)

// stub is a provider whose every answer a test can bend.
type stub struct {
	t      *testing.T
	server *httptest.Server

	mu       sync.Mutex
	asked    map[string]int // requests by path
	keys     []jose.JSONWebKey
	key      any    // signs
	kid      string // of key
	alg      jose.SignatureAlgorithm
	meta     map[string]any
	claims   map[string]any // of the id_token
	person   map[string]any // of the userinfo
	signed   bool           // userinfo as a JWT
	token    http.HandlerFunc
	userinfo http.HandlerFunc
	keysFunc http.HandlerFunc
	active   map[string]any
	form     url.Values // the last one at the token endpoint
	basic    string     // the last Authorization header there
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

func newECKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func newStub(t *testing.T) *stub {
	t.Helper()
	s := &stub{t: t, asked: make(map[string]int), kid: "one", alg: jose.ES256}
	key := newECKey(t)
	s.key = key
	s.keys = []jose.JSONWebKey{{Key: key.Public(), KeyID: "one", Use: "sig", Algorithm: "ES256"}}
	m := http.NewServeMux()
	m.HandleFunc("/.well-known/openid-configuration", s.count(func(w http.ResponseWriter, _ *http.Request) { answer(w, s.meta) }))
	m.HandleFunc("/keys", s.count(func(w http.ResponseWriter, r *http.Request) {
		if s.keysFunc != nil {
			s.keysFunc(w, r)
			return
		}
		answer(w, jose.JSONWebKeySet{Keys: s.keys})
	}))
	m.HandleFunc("/token", s.count(s.serveToken))
	m.HandleFunc("/userinfo", s.count(s.serveUserinfo))
	m.HandleFunc("/introspect", s.count(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.FormValue("token") == "" || r.URL.RawQuery != "" {
			t.Errorf("introspection by %s with query %q", r.Method, r.URL.RawQuery)
		}
		s.basic = r.Header.Get("Authorization")
		answer(w, s.active)
	}))
	s.server = httptest.NewServer(m)
	t.Cleanup(s.server.Close)
	s.meta = map[string]any{
		"issuer": s.server.URL, "authorization_endpoint": s.server.URL + "/authorize", "token_endpoint": s.server.URL + "/token",
		"userinfo_endpoint": s.server.URL + "/userinfo", "jwks_uri": s.server.URL + "/keys",
		"introspection_endpoint": s.server.URL + "/introspect", "end_session_endpoint": s.server.URL + "/end",
	}
	s.person = map[string]any{"sub": "sub-1", "given_name": "Angela Claire", "family_name": "DUBOIS"}
	return s
}

func (s *stub) count(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked[r.URL.Path]++
		next(w, r)
	}
}

func (s *stub) times(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked[path]
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (s *stub) serveToken(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s.form, s.basic = r.PostForm, r.Header.Get("Authorization")
	if s.token != nil {
		s.token(w, r)
		return
	}
	answer(w, map[string]any{"access_token": "at-1", "token_type": "Bearer", "expires_in": 60, "id_token": s.sign(s.claims)})
}

func (s *stub) serveUserinfo(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.userinfo != nil:
		s.userinfo(w, r)
	case r.Header.Get("Authorization") != "Bearer at-1":
		w.WriteHeader(http.StatusUnauthorized)
	case s.signed:
		w.Header().Set("Content-Type", "application/jwt; charset=utf-8")
		_, _ = w.Write([]byte(s.sign(s.person)))
	default:
		answer(w, s.person)
	}
}

// sign makes a compact JWT of claims with the stub's key.
func (s *stub) sign(claims map[string]any) string {
	s.t.Helper()
	body, err := json.Marshal(claims)
	if err != nil {
		s.t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: s.alg, Key: jose.JSONWebKey{Key: s.key, KeyID: s.kid}}, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	jws, err := signer.Sign(body)
	if err != nil {
		s.t.Fatal(err)
	}
	raw, err := jws.CompactSerialize()
	if err != nil {
		s.t.Fatal(err)
	}
	return raw
}

// unsigned is a JWT of alg none.
func unsigned(claims map[string]any) string {
	body, _ := json.Marshal(claims)
	b64 := base64.RawURLEncoding.EncodeToString
	return b64([]byte(`{"alg":"none"}`)) + "." + b64(body) + "."
}

// begun is an attempt at the stub and the provider it was begun with.
type begun struct {
	*stub
	provider *Provider
	attempt  *Attempt
	clock    *clock.Clock
}

func (s *stub) config() Config {
	return Config{
		Name: "stub", Issuer: s.server.URL, ClientID: "client-1", ClientSecret: "se cret+/", Kind: KindPatient,
		Scopes: []string{"profile"}, ACR: []string{"eidas1", "eidas2"}, Reach: ReachLoopback,
		Map: Mapping{Name: []string{"given_name", "family_name"}},
	}
}

// begin begins a sign-in that would succeed.
func (s *stub) begin(change ...func(*Config, *Attempt)) *begun {
	s.t.Helper()
	c := s.config()
	clock := clock.New(time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC))
	a := &Attempt{
		Redirect: "https://pont.example/oauth2/callback/stub", State: "state-1", Nonce: "nonce-1",
		Verifier: strings.Repeat("v", 43), Began: clock.Now(),
	}
	for _, f := range change {
		f(&c, a)
	}
	p, err := New(c, clock.Now)
	if err != nil {
		s.t.Fatal(err)
	}
	now := clock.Now().Unix()
	s.claims = map[string]any{
		"iss": s.server.URL, "sub": "sub-1", "aud": "client-1", "exp": now + 60, "iat": now, "nonce": "nonce-1", "acr": "eidas1",
		"at_hash": halfHash("at-1"),
	}
	return &begun{s, p, a, clock}
}

func halfHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return base64.RawURLEncoding.EncodeToString(sum[:16])
}

func (b *begun) finish(answer ...string) (*Login, error) {
	values := url.Values{"code": {"code-1"}, "state": {"state-1"}}
	for i := 0; i+1 < len(answer); i += 2 {
		if values.Del(answer[i]); answer[i+1] != "" {
			values.Set(answer[i], answer[i+1])
		}
	}
	return b.provider.Finish(b.t.Context(), b.attempt, values)
}

func with(m map[string]any, more map[string]any) map[string]any {
	out := maps.Clone(m)
	for k, v := range more {
		if out[k] = v; v == nil {
			delete(out, k)
		}
	}
	return out
}

func sha256Of(s string) [sha256.Size]byte { return sha256.Sum256([]byte(s)) }

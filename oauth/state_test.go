package oauth_test

import (
	"context"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/store"
	"github.com/pontlevis/pontlevis/web"
)

// A client that nobody here wrote completes the code flow, refreshes, and understands an error.
func TestForeignClient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	config := &oauth2.Config{
		ClientID: "glycare-pro", ClientSecret: w.secret, RedirectURL: redirectURI, Scopes: []string{"openid", "offline_access", "patient/*.rs"},
		Endpoint: oauth2.Endpoint{AuthURL: w.url + "/oauth2/authorize", TokenURL: w.url + "/oauth2/token"},
	}
	v := oauth2.GenerateVerifier()
	b := w.newBrowser()
	link := config.AuthCodeURL("st", oauth2.S256ChallengeOption(v), oauth2.SetAuthURLParam("aud", w.url+"/fhir"))
	p := b.submit(b.signIn(b.get(strings.TrimPrefix(link, w.url)), "camille"), "decision", "allow", "patient", "camille")
	token, err := config.Exchange(t.Context(), p.location.Query().Get("code"), oauth2.VerifierOption(v))
	if err != nil || token.Extra("patient") != "camille" || !w.alive(token.AccessToken) {
		t.Fatalf("%v %v", token, err)
	}
	token.Expiry = time.Now().Add(-time.Minute)
	fresh, err := config.TokenSource(t.Context(), token).Token()
	if err != nil || fresh.AccessToken == token.AccessToken || !w.alive(fresh.AccessToken) {
		t.Fatalf("refresh: %v", err)
	}
	_, err = config.Exchange(t.Context(), "nothing", oauth2.VerifierOption(v))
	if e, ok := err.(*oauth2.RetrieveError); !ok || e.ErrorCode != "invalid_grant" {
		t.Errorf("error %v", err)
	}
	backend := clientcredentials.Config{ClientID: "backend-lab", ClientSecret: w.secret, TokenURL: w.url + "/oauth2/token"}
	if got, err := backend.Token(t.Context()); err != nil || !w.alive(got.AccessToken) {
		t.Errorf("client credentials: %v", err)
	}
}

// Tokens, sessions and signing keys outlive a restart; another secret opens none of them.
func TestRestart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	db, err := store.OpenBolt(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	pages, err := web.New(web.Options{})
	if err != nil {
		t.Fatal(err)
	}
	open := func(secret string) (*oauth.Server, error) {
		return oauth.New(oauth.Config{
			DB: db, Issuer: "https://gate.example", FHIR: "https://gate.example/fhir", Apps: &catalogue{labels: map[string]string{}},
			Relations: relations{}, Pages: pages, Secret: []byte(strings.Repeat(secret, 32)),
		})
	}
	first, err := open("a")
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if err := first.PutClient(ctx, oauth.Client{ID: "portal", Kind: "portal", AuthMethod: oauth.AuthNone, Scopes: []string{"patient/*.rs"}}); err != nil {
		t.Fatal(err)
	}
	token, _, err := first.Mint(ctx, oauth.MintRequest{Person: "patient:abc", Client: "portal"})
	if err != nil {
		t.Fatal(err)
	}
	jwks := keysOf(first)
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := open("a")
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if _, err := second.Authenticate(ctx, gate.Bearer(token)); err != nil {
		t.Errorf("the token died with the process: %v", err)
	}
	if keysOf(second) != jwks || !strings.Contains(jwks, "RS256") || strings.Contains(jwks, `"d"`) {
		t.Errorf("keys before %s, after %s", jwks, keysOf(second))
	}
	if _, err := open("b"); err == nil {
		t.Error("another secret opened the signing keys")
	}
}

func keysOf(s *oauth.Server) string {
	rec := newRecorder()
	r, _ := http.NewRequest("GET", "/oauth2/jwks", nil)
	s.Handler().ServeHTTP(rec, r)
	return rec.body.String()
}

// recorder is a ResponseWriter that keeps the body.
type recorder struct {
	header http.Header
	body   strings.Builder
}

func newRecorder() *recorder                    { return &recorder{header: http.Header{}} }
func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(int)             {}
func (r *recorder) Write(b []byte) (int, error) { return r.body.Write(b) }

// On https every cookie is a __Host- cookie and Secure (B18).
func TestCookiesOnHTTPS(t *testing.T) {
	t.Parallel()
	db, err := store.OpenBolt(filepath.Join(t.TempDir(), "x.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	pages, _ := web.New(web.Options{Secure: true})
	s, err := oauth.New(oauth.Config{
		DB: db, Issuer: "https://gate.example", FHIR: "https://gate.example/fhir", Apps: &catalogue{labels: map[string]string{"glycare": "online"}},
		Relations: relations{}, Pages: pages, Secret: []byte(strings.Repeat("k", 32)),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.PutClient(t.Context(), oauth.Client{ID: "glycare", Kind: "smart", AuthMethod: oauth.AuthNone, RedirectURIs: []string{redirectURI}, Scopes: []string{"openid"}}); err != nil {
		t.Fatal(err)
	}
	rec := newRecorder()
	q := (&world{url: "https://gate.example"}).request("scope", "openid")
	r, _ := http.NewRequest("GET", "/oauth2/authorize?"+q.Encode(), nil)
	s.Handler().ServeHTTP(rec, r)
	cookies := rec.header.Values("Set-Cookie")
	if len(cookies) == 0 {
		t.Fatalf("no cookie: %v %s", rec.header, rec.body.String())
	}
	for _, c := range cookies {
		if !strings.HasPrefix(c, "__Host-") || !strings.Contains(c, "Secure") || strings.Contains(c, "Domain=") {
			t.Errorf("cookie %q", c)
		}
	}
}

// Everything that expires leaves the store; what lives stays.
func TestSweep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.tokens("scope", "openid launch/patient patient/*.rs") // no refresh: all of it ends within minutes
	kept := w.tokens()
	if n, err := w.server.Sweep(t.Context()); err != nil || n != 0 {
		t.Fatalf("swept %d living rows, %v", n, err)
	}
	w.clock.Advance(20 * time.Minute)
	if n, err := w.server.Sweep(t.Context()); err != nil || n < 4 { // grant, code and access token; the other access token
		t.Errorf("swept %d rows, %v", n, err)
	}
	if w.alive(r.text("access_token")) {
		t.Error("an expired token lives")
	}
	if got := w.refresh(kept.text("refresh_token")); got.status != 200 {
		t.Errorf("a living family was swept: %d %s", got.status, got.raw)
	}
	w.clock.Advance(9 * time.Hour)
	if _, err := w.server.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rows := w.rows(); rows["session"]+rows["transaction"]+rows["access"] != 0 || rows["grant"] != 1 {
		t.Errorf("rows left: %v", rows)
	}
	w.clock.Advance(91 * 24 * time.Hour)
	if _, err := w.server.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if rows := w.rows(); len(rows) != 0 {
		t.Errorf("rows left at the end: %v", rows)
	}
}

// rows counts what is in the token partitions, by kind.
func (w *world) rows() map[string]int {
	w.t.Helper()
	out, seen := map[string]int{}, map[store.Partition]bool{}
	for i := range 1024 {
		const alphabet = "abcdefghijklmnopqrstuvwxyz234567"
		p := store.TokenPartition(string(alphabet[i/32]) + string(alphabet[i%32]))
		if seen[p] {
			continue
		}
		seen[p] = true
		err := w.db.View(context.Background(), p, func(tx store.Tx) error {
			for key := range tx.Scan(store.Key("oauth"), nil) {
				out[store.KeyParts(key)[1]]++
			}
			return nil
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
	return out
}

// Online access ends with the browser session at the latest.
func TestOnlineAccessEndsWithTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.tokens("scope", "launch/patient online_access patient/*.rs")
	token := r.text("refresh_token")
	for range 15 {
		w.clock.Advance(30 * time.Minute)
		got := w.refresh(token)
		if got.status != 200 {
			t.Fatalf("within the session: %d %s", got.status, got.raw)
		}
		token = got.text("refresh_token")
	}
	w.clock.Advance(31 * time.Minute)
	if got := w.refresh(token); got.status != 400 {
		t.Errorf("after eight hours: %d", got.status)
	}
}

package oauth_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/scope"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
	"github.com/pontlevis/pontlevis/store"
)

// background is the context of what no single test owns.
var background = context.Background()

// rules are the built-in policies, loaded once for all tests.
var rules = sync.OnceValues(func() (*policies.Engine, error) {
	r, err := policies.LoadWith(background, policies.Embedded(), policies.LoadOptions{SkipTests: true})
	if err != nil {
		return nil, err
	}
	return policies.NewEngine(r), nil
})

// door is a real gate in front of an empty store, whose grants are the world's.
func (w *world) door() http.Handler {
	w.t.Helper()
	db, err := store.OpenBolt(filepath.Join(w.t.TempDir(), "records.db"))
	if err != nil {
		w.t.Fatal(err)
	}
	engine, err := rules()
	if err != nil {
		w.t.Fatal(err)
	}
	records, err := record.OpenEmbedded(db, w.clock.Now)
	if err != nil {
		w.t.Fatal(err)
	}
	records.Base = w.url + "/fhir"
	log, err := audit.Open(w.t.Context(), db, audit.Options{
		Origin: "oauth.test", Key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize)), Now: w.clock.Now, Keep: 1000 * time.Hour,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _, _ = log.Close(), db.Close() })
	g, err := gate.New(gate.Config{
		Records: records, Lives: space.Lifecycles{DB: db}, Policies: engine, Log: log, Grants: w.server, Base: w.url + "/fhir",
		Key: bytes.Repeat([]byte{1}, 32), Now: w.clock.Now,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return g.Endpoint()
}

// through asks the gate for something and tells whether the token was accepted: without one the gate says 401, and the
// policies are asked no more.
func (w *world) through(door http.Handler, token string) bool {
	r := httptest.NewRequest("GET", w.url+"/fhir/Observation/none", nil)
	r.Header.Set("Authorization", "Bearer "+token)
	rec := httptest.NewRecorder()
	door.ServeHTTP(rec, r)
	return rec.Code != http.StatusUnauthorized
}

// TestEndings does each operation that ends access, and asks the gate again: it is in force at the next request, and
// ends nothing else.
func TestEndings(t *testing.T) {
	t.Parallel()
	const scopes = "openid launch/patient online_access patient/Observation.rs patient/Condition.rs"
	for name, tt := range map[string]struct {
		end    func(s *oauth.Server, mine oauth.Access) error
		others bool // whether another app's access for the same patient lives on
	}{
		"one grant":        {func(s *oauth.Server, a oauth.Access) error { return s.RevokeGrant(background, a.Grant) }, true},
		"one app":          {func(s *oauth.Server, a oauth.Access) error { return s.RevokeAll(background, a.Patient, a.Client) }, true},
		"one session":      {func(s *oauth.Server, a oauth.Access) error { return s.EndSession(background, a.Person, a.Session) }, true},
		"all of a patient": {func(s *oauth.Server, a oauth.Access) error { return s.RevokeAll(background, a.Patient, "") }, false},
		"every scope": {func(s *oauth.Server, a oauth.Access) error {
			for _, word := range a.Scopes {
				if err := s.EndScope(background, a.Grant, word); err != nil {
					return err
				}
			}
			return nil
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.app(oauth.Client{ID: "second"})
			door := w.door()
			mine := w.tokens("scope", scopes)
			other := w.redeem(w.newBrowser().code("client_id", "second"), "client_id", "second")
			list, err := w.server.Accesses(t.Context(), "camille")
			if err != nil || len(list) != 2 {
				t.Fatalf("%d accesses are listed, want 2: %v", len(list), err)
			}
			i := 0
			if list[0].Client != "glycare" {
				i = 1
			}
			for _, token := range []string{mine.text("access_token"), other.text("access_token")} {
				if !w.through(door, token) {
					t.Fatal("refused before anything ended")
				}
			}
			if err := tt.end(w.server, list[i]); err != nil {
				t.Fatal(err)
			}
			if w.through(door, mine.text("access_token")) {
				t.Error("the next request of the ended access is accepted")
			}
			if r := w.refresh(mine.text("refresh_token")); r.status != http.StatusBadRequest || r.text("error") != "invalid_grant" {
				t.Errorf("it is refreshed: %d %s", r.status, r.raw)
			}
			if w.through(door, other.text("access_token")) != tt.others {
				t.Errorf("another app's next request is accepted: %v", !tt.others)
			}
			left, err := w.server.Accesses(t.Context(), "camille")
			if err != nil || len(left) != map[bool]int{true: 1, false: 0}[tt.others] {
				t.Errorf("left: %v %v", left, err)
			}
		})
	}
}

// TestEndScope takes one scope away: what it opened is closed at the next request, also for a plugin that acts on the
// grant, and the rest stays open.
func TestEndScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	exchangers(t, w, "plugin-a")
	door := w.door()
	r := w.tokens("scope", "openid launch/patient offline_access patient/Observation.rs patient/Condition.r")
	derived := w.exchange("plugin-a", r.text("access_token")).text("access_token")
	narrow := w.refresh(r.text("refresh_token"), "scope", "patient/Observation.rs")
	list, err := w.server.Accesses(t.Context(), "camille")
	if err != nil || len(list) != 1 {
		t.Fatalf("%v %v", list, err)
	}
	want := oauth.Access{
		Grant: list[0].Grant, Client: "glycare", Person: "camille", Kind: "patient", Patient: "camille", Lasting: "offline",
		Scopes: []string{"openid", "launch/patient", "offline_access", "patient/Observation.rs", "patient/Condition.r"},
		Since:  list[0].Since, Until: list[0].Until, Session: list[0].Session,
	}
	if d := cmp.Diff(want, list[0]); d != "" {
		t.Errorf("access (-want +got):\n%s", d)
	}
	if err := w.server.EndScope(t.Context(), list[0].Grant, "patient/Observation.rs"); err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"the app": r.text("access_token"), "the plugin": derived} {
		if !w.through(door, token) {
			t.Errorf("%s is refused", name)
		}
		g, err := w.server.Authenticate(t.Context(), gate.Bearer(token))
		if err != nil || covers(g.Scopes, "patient/Observation.rs") || !covers(g.Scopes, "patient/Condition.r") {
			t.Errorf("%s has %v %v", name, g, err)
		}
	}
	if g, err := w.server.Authenticate(t.Context(), gate.Bearer(narrow.text("access_token"))); err == nil && len(g.Scopes) > 0 {
		t.Errorf("a token of that scope alone has %v", g.Scopes)
	}
	if again := w.refresh(narrow.text("refresh_token"), "scope", "patient/Observation.rs"); again.text("error") != "invalid_scope" {
		t.Errorf("the scope is refreshed: %s", again.raw)
	}
	all := w.refresh(narrow.text("refresh_token"))
	if all.status != http.StatusOK || all.text("scope") != "openid launch/patient offline_access patient/Condition.r" {
		t.Errorf("refreshing what is left: %d %s", all.status, all.raw)
	}
}

func covers(held []string, word string) bool { return scope.Covered(held, []string{word}) }

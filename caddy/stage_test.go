package pontlevis

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/pontlevis/pontlevis/catalog/rehearsal"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
)

// rehearsing is a server with a rehearsal beside it, as a config provisions it.
func rehearsing(t *testing.T) *App {
	t.Helper()
	ctx, stop := caddy.NewContext(caddy.Context{Context: t.Context()})
	a := &App{Data: t.TempDir(), Issuer: "http://127.0.0.1:8700", Rehearsal: &Rehearsal{Issuer: "http://127.0.0.1:8702"}}
	t.Cleanup(func() {
		stop()
		if err := a.Cleanup(); err != nil {
			t.Error(err)
		}
	})
	if err := a.Provision(ctx); err != nil {
		t.Fatal(err)
	}
	return a
}

// act is an app that acts for one of the invented people.
type act struct {
	t     *testing.T
	app   *App
	token string
}

// agree lets an app in, as a person who has signed in, and gives its token.
func agree(t *testing.T, a *App, client string, p rehearsal.Person) act {
	t.Helper()
	token, _, err := a.services.oauth.Mint(t.Context(), oauth.MintRequest{Person: p.Login, Patient: p.Patient, Client: client})
	if err != nil {
		t.Fatal(err)
	}
	g, err := a.services.oauth.Authenticate(t.Context(), gate.Bearer(token))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&relations{gate: a.services.gate}).agree(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	return act{t, a, token}
}

// get reads over the token; 401 when it is not accepted.
func (x act) get(target string) int {
	x.t.Helper()
	g, err := x.app.services.oauth.Authenticate(x.t.Context(), gate.Bearer(x.token))
	if err != nil {
		return http.StatusUnauthorized
	}
	answer, err := x.app.services.gate.Ask(x.t.Context(), g, http.MethodGet, target, nil, nil)
	if err != nil {
		return http.StatusForbidden
	}
	return answer.Status
}

// until waits for something that follows from the access log.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("never came: " + what)
		}
	}
}

// An app rehearses with people who behave: one lets it read, one hides a document when it has begun, one disconnects
// it half way. What it did is kept.
func TestRehearsal(t *testing.T) {
	t.Parallel()
	a := rehearsing(t)
	server := a.rehearsal
	all := server.services.rehearsals
	raw, err := os.ReadFile(filepath.FromSlash("../catalog/manifest/testdata/glycare.json"))
	if err != nil {
		t.Fatal(err)
	}
	r, admitted, err := all.Open(t.Context(), raw, "http://127.0.0.1:8700/vendor/try")
	if err != nil {
		t.Fatal(err)
	}
	found := func() rehearsal.Findings {
		held, err := all.Get(context.Background(), r.App)
		if err != nil {
			t.Fatal(err)
		}
		return held.Findings
	}
	reads := agree(t, server, admitted.Client, r.Player(rehearsal.Agrees))
	if status := reads.get("Observation?patient=" + r.Player(rehearsal.Agrees).Patient); status != 200 {
		t.Fatalf("a declared read: %d", status)
	}
	if status := reads.get("DocumentReference?patient=" + r.Player(rehearsal.Agrees).Patient); status == 200 {
		t.Error("a read that the manifest does not declare was given")
	}
	until(t, "what was read", func() bool { f := found(); return f.Reads >= 1 && f.Types["Observation"] > 0 })

	masks := agree(t, server, admitted.Client, r.Player(rehearsal.Masks))
	if status := masks.get("Observation?patient=" + r.Player(rehearsal.Masks).Patient); status != 200 {
		t.Errorf("before hiding: %d", status)
	}
	until(t, "the document that is hidden", func() bool { return !found().MaskedAt.IsZero() })

	leaves := agree(t, server, admitted.Client, r.Player(rehearsal.Leaves))
	for range 3 {
		if status := leaves.get("Observation?patient=" + r.Player(rehearsal.Leaves).Patient); status != 200 {
			t.Errorf("before leaving: %d", status)
		}
	}
	until(t, "the disconnection", func() bool { return !found().LeftAt.IsZero() })
	if status := leaves.get("Observation?patient=" + r.Player(rehearsal.Leaves).Patient); status != 401 {
		t.Errorf("after leaving: %d", status)
	}
	if f := found(); f.UsedAfter != 1 || f.ReadAfter != 0 {
		t.Errorf("after leaving: %d uses of a dead token, %d reads", f.UsedAfter, f.ReadAfter)
	}
}

// Nothing of a rehearsal is known to the server of real people, and nothing of theirs to it.
func TestRehearsalIsApart(t *testing.T) {
	t.Parallel()
	a := rehearsing(t)
	raw, err := os.ReadFile(filepath.FromSlash("../catalog/manifest/testdata/glycare.json"))
	if err != nil {
		t.Fatal(err)
	}
	r, admitted, err := a.rehearsal.services.rehearsals.Open(t.Context(), raw, "")
	if err != nil {
		t.Fatal(err)
	}
	mine := agree(t, a.rehearsal, admitted.Client, r.Player(rehearsal.Agrees))
	if status := (act{t, a, mine.token}).get("Patient/" + r.Player(rehearsal.Agrees).Patient); status != 401 {
		t.Errorf("a token of the rehearsal on the server of real people: %d", status)
	}
	if _, err := a.services.oauth.Client(t.Context(), admitted.Client); err == nil {
		t.Error("the client of a rehearsal is a client of the server of real people")
	}
	if _, err := a.services.oauth.Person(t.Context(), r.Player(rehearsal.Agrees).Login); err == nil {
		t.Error("an invented person has an account on the server of real people")
	}
	if a.services.rehearsals != nil {
		t.Error("apps rehearse on the server of real people")
	}
	if _, err := os.Stat(filepath.Join(a.state.dir, rehearsalFolder, keyFile)); err != nil {
		t.Error("the rehearsal has no keys of its own")
	}
}

// Each invented record has something of every kind that an app may declare, all ids are its own, and no INS is there twice.
func TestTroupes(t *testing.T) {
	t.Parallel()
	a := rehearsing(t)
	seen := map[string]bool{}
	for n, prefix := range []string{"rone", "rtwo"} {
		people, err := stage{a.rehearsal}.Invent(t.Context(), prefix, n, "a password of twelve")
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range people {
			if p.INS != "" && seen[p.INS] {
				t.Errorf("%s has the INS of somebody else", p.Login)
			}
			seen[p.INS] = true
			if p.Patient == "" {
				continue
			}
			answer, err := a.rehearsal.services.gate.Ask(t.Context(), stage{a.rehearsal}.as(p.Patient), http.MethodGet, "Patient/"+p.Patient, nil, nil)
			if err != nil {
				t.Fatalf("%s: %v", p.Login, err)
			}
			var who struct{ Name []struct{ Family string } }
			if err := json.Unmarshal(answer.Body, &who); err != nil || !strings.HasSuffix(p.Name, who.Name[0].Family) {
				t.Errorf("%s is called %s", p.Name, answer.Body)
			}
		}
	}
}

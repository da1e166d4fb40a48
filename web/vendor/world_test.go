package vendor

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/catalog/rehearsal"
	"github.com/pontlevis/pontlevis/demo"
	"github.com/pontlevis/pontlevis/store"
	"github.com/pontlevis/pontlevis/test/pages"
)

// stage has invented people without a server behind them: what a try does there is tested in a browser, over the real one.
type stage struct{ secret string }

func (stage) Invent(_ context.Context, prefix string, number int, _ string) ([]rehearsal.Person, error) {
	var out []rehearsal.Person
	for _, p := range (demo.Troupe{Prefix: prefix, Number: number}).Players() {
		out = append(out, rehearsal.Person{Part: p.Part, Name: p.Name, Login: p.Key, Patient: p.Patient, INS: p.INS})
	}
	return out, nil
}

func (s stage) Admit(_ context.Context, m *manifest.Manifest, _ string) (rehearsal.Admission, error) {
	return rehearsal.Admission{Client: m.ID, Secret: s.secret}, nil
}
func (stage) Hide(context.Context, string) error          { return nil }
func (stage) Leave(context.Context, string, string) error { return nil }
func (stage) Log() *audit.Log                             { return nil }

// elsewhere answers what a try asks of the server of rehearsals.
type elsewhere struct{}

func (elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	out := httptest.NewRecorder()
	if strings.HasSuffix(r.URL.Path, "/.well-known/smart-configuration") {
		_, _ = out.WriteString(`{"authorization_endpoint":"https://try.example/oauth2/authorize","token_endpoint":"https://try.example/oauth2/token"}`)
		return out.Result(), nil
	}
	out.WriteHeader(http.StatusBadRequest)
	_, _ = out.WriteString(`{"error":"invalid_grant"}`)
	return out.Result(), nil
}

// world is the desk before a real authorization server and catalogue.
type world struct {
	*pages.World
	apps catalog.Apps
	all  *rehearsal.Rehearsals
}

func newWorld(t *testing.T, change ...func(*Options)) *world {
	t.Helper()
	w := pages.New(t)
	apps := catalog.Apps{DB: w.DB, Now: time.Now}
	all := &rehearsal.Rehearsals{DB: w.DB, Stage: stage{secret: "a secret of the rehearsal"}, Now: time.Now}
	o := Options{Apps: apps, Issuer: w.URL, Theatre: func() *Theatre {
		return &Theatre{All: all, Issuer: "https://try.example", Client: &http.Client{Transport: elsewhere{}}}
	}}
	for _, f := range change {
		f(&o)
	}
	p, err := New(w.Desk, o)
	if err != nil {
		t.Fatal(err)
	}
	p.Mount(w.Mux)
	return &world{w, apps, all}
}

// arrive makes an account by the page, and gives the browser in which it is signed in.
func (w *world) arrive(mail, company string) *pages.Browser {
	w.Helper()
	b := w.Visitor()
	at := b.Get("/vendor/signup").Submit("input[name=mail]", "name", "Ada Lenoir", "mail", mail, "company", company,
		"new-password", "une courbe monte, une autre descend", "new-password-again", "une courbe monte, une autre descend")
	if at.At != "/vendor" {
		w.Fatalf("signing up led to %s: %s", at.At, at.Text())
	}
	return b
}

// begin makes an app from a preset.
func (w *world) begin(b *pages.Browser, preset, id string) *pages.Page {
	w.Helper()
	page := b.Get("/vendor").Submit("input[name=id]", "preset", preset, "id", id, "fr", "Mes courbes", "en", "My curves").Is(http.StatusOK)
	if page.At != "/vendor/apps/"+id {
		w.Fatalf("a new app led to %s: %s", page.At, page.Text())
	}
	return page
}

// played has an app do in its rehearsal all that the criteria ask.
func (w *world) played(t *testing.T, app string) {
	t.Helper()
	now := time.Now()
	for _, e := range []rehearsal.Event{{Kind: "grant"}, {Kind: "token", Bound: "dpop"}, {Kind: "refused"}} {
		e.Client, e.At = app, now
		if err := w.all.Note(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	err := w.DB.Update(t.Context(), store.Global, func(tx store.Tx) error {
		var held rehearsal.Rehearsal
		key := store.Key("rehearsal", app)
		if _, err := store.GetJSON(tx, key, &held); err != nil {
			return err
		}
		held.Findings.Reads, held.Findings.LeftAt, held.Findings.Types = 3, now, map[string]int{"Observation": 3}
		return store.PutJSON(tx, key, held)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Package pages puts people of the cast before pages of theirs, for the tests of those: a real gate and authorization server
// behind, browsers without scripts in front.
package pages

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/demo"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/account"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/record/importer"
	"github.com/pontlevis/pontlevis/space"
	"github.com/pontlevis/pontlevis/store"
	"github.com/pontlevis/pontlevis/web"
	"github.com/pontlevis/pontlevis/web/visit"
)

var rules = sync.OnceValues(func() (*policies.Revision, error) {
	return policies.LoadWith(context.Background(), policies.Embedded(), policies.LoadOptions{SkipTests: true})
})

var hash = sync.OnceValue(func() string { return account.HashPassword(demo.Password) })

// World is a server of pages over a real gate with the cast of the demonstration.
type World struct {
	testing.TB
	URL     string // of the server: pages, sign-in and assets
	Gate    *gate.Gate
	People  *oauth.Server
	Entries *audit.Log
	DB      store.DB // of records and of all state but the log
	Desk    *visit.Desk
	Mux     *http.ServeMux // for the pages under test
}

// relations are whom people act for, as the records say through the gate.
type relations struct{ gate *gate.Gate }

func (r *relations) ActsFor(ctx context.Context, p *oauth.Person) ([]oauth.Relation, error) {
	all, err := r.gate.Delegations(ctx, p.Reference)
	var out []oauth.Relation
	for _, d := range all {
		out = append(out, oauth.Relation{Kind: d.Kind, Patient: d.Patient, Name: d.Name, Until: d.Until})
	}
	return out, err
}

func (*relations) PatientsOf(context.Context, *oauth.Person) ([]oauth.Relation, error) {
	return nil, nil
}

func (*relations) FindPatient(context.Context, *oauth.Person, string) (oauth.Relation, bool, error) {
	return oauth.Relation{}, false, nil
}

func (*relations) OpenPatient(context.Context, *oauth.Person, string) (oauth.Relation, bool, error) {
	return oauth.Relation{}, false, nil
}

// catalogue has the apps of the cast.
type catalogue struct{}

func (catalogue) App(_ context.Context, client string) (oauth.App, bool, error) {
	for _, a := range demo.Apps(demo.Credentials{}) {
		if a.Client.ID == client {
			return shown(a)
		}
	}
	return oauth.App{}, false, nil
}

// shown is an app of the cast as on the air with all that its manifest asks.
func shown(a demo.App) (oauth.App, bool, error) {
	var entry catalog.App
	if a.Entry != nil {
		entry = *a.Entry
	} else {
		m, err := a.Manifest()
		if err != nil {
			return oauth.App{}, false, err
		}
		entry = catalog.Labelled(m, "", time.Time{})
	}
	return oauth.App{
		Label:     gate.Label{Status: "online", Exchange: true, Purposes: entry.Purposes, Categories: entry.Categories, Directions: entry.Directions, Only: entry.Only},
		Publisher: entry.Publisher, Category: entry.Category,
		FR: oauth.AppText{Name: entry.Name.FR, Purpose: entry.Purpose.FR}, EN: oauth.AppText{Name: entry.Name.EN, Purpose: entry.Purpose.EN},
	}, true, nil
}

// must stops a test at what cannot go wrong.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// New starts a server without pages; they are mounted on Mux. change may put something before the records of the gate, or
// set what it leaves out.
func New(t testing.TB, change ...func(*gate.Config)) *World {
	t.Helper()
	dir := t.TempDir()
	db := must[*store.Bolt](t)(store.OpenBolt(filepath.Join(dir, "db")))
	logDB := must[*store.Bolt](t)(store.OpenBolt(filepath.Join(dir, "log")))
	log := must[*audit.Log](t)(audit.Open(t.Context(), logDB, audit.Options{Origin: "pages.test", Key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))}))
	records := must[*record.Embedded](t)(record.OpenEmbedded(db, time.Now))
	server := httptest.NewUnstartedServer(nil)
	w := &World{TB: t, URL: "http://" + server.Listener.Addr().String(), Entries: log, DB: db, Mux: http.NewServeMux()}
	records.Base = w.URL + "/fhir"
	look := must[*web.Renderer](t)(web.New(web.Options{}))
	rel := &relations{}
	w.People = must[*oauth.Server](t)(oauth.New(oauth.Config{
		DB: db, Issuer: w.URL, FHIR: w.URL + "/fhir", Apps: catalogue{}, Relations: rel, Pages: look, Secret: bytes.Repeat([]byte{3}, 32),
		Opener: rel,
	}))
	lives := space.Lifecycles{DB: db}
	config := gate.Config{
		Records: records, Lives: lives, Policies: policies.NewEngine(must[*policies.Revision](t)(rules())), Log: log, Grants: w.People,
		Base: w.URL + "/fhir", Key: bytes.Repeat([]byte{1}, 32), Drills: demo.Drills,
	}
	for _, f := range change {
		f(&config)
	}
	w.Gate = must[*gate.Gate](t)(gate.New(config))
	rel.gate = w.Gate
	w.load(dir, records, lives)
	w.Desk = &visit.Desk{People: w.People, Gate: w.Gate, Look: look, Now: time.Now}
	w.Mux.Handle("/oauth2/", w.People.Handler())
	w.Mux.Handle("/assets/", look.Assets())
	server.Config.Handler = w.Mux
	server.Start()
	t.Cleanup(func() {
		server.Close()
		_ = w.People.Close()
		_, _, _ = log.Close(), logDB.Close(), db.Close()
	})
	return w
}

// load imports the cast.
func (w *World) load(dir string, records *record.Embedded, lives space.Lifecycles) {
	w.Helper()
	for _, p := range demo.People(hash()) {
		if err := w.People.PutPerson(w.Context(), p); err != nil {
			w.Fatal(err)
		}
	}
	for _, a := range demo.Apps(demo.Credentials{}) { // but for those that have keys of their own, which are not known here
		if err := w.People.PutClient(w.Context(), a.Client); err != nil && a.Client.AuthMethod == oauth.AuthNone {
			w.Fatal(err)
		}
	}
	all := must[[][]byte](w)(demo.Cast{Base: w.URL + "/fhir", Now: time.Now()}.Resources())
	file := filepath.Join(dir, "cast.ndjson")
	if err := os.WriteFile(file, append(bytes.Join(all, []byte("\n")), '\n'), 0o600); err != nil {
		w.Fatal(err)
	}
	im := importer.Importer{Source: records, Base: w.URL + "/fhir"}
	if report, err := im.Import(w.Context(), file); err != nil || len(report.Refused) > 0 {
		w.Fatal(err, report)
	}
	for patient, want := range must[map[string]space.Lifecycle](w)(demo.Lifecycles(time.Now())) {
		if _, err := lives.Change(w.Context(), patient, func(space.Lifecycle) (space.Lifecycle, error) { return want, nil }); err != nil {
			w.Fatal(err)
		}
	}
}

// Grant is that of a professional of the cast who reads through the portal.
func (w *World) Grant(key string) *gate.Grant {
	w.Helper()
	p := must[*oauth.Person](w)(w.People.Person(w.Context(), key))
	return &gate.Grant{
		ID: "test-" + key, Client: gate.Client{ID: "portal", Kind: "portal", Category: "health"}, Scopes: []string{"user/*.cruds"},
		Actor: gate.Actor{
			Kind: "professional", ID: p.Reference, Name: p.Name, Identities: append(p.Identities, p.Reference), Organizations: p.Organizations,
			Profession: p.Profession, Speciality: p.Speciality,
		},
		Purpose: "TREAT", Mode: "normal", Since: time.Now().Add(-time.Minute), Until: time.Now().Add(time.Hour),
	}
}

// As is what the gate answers a professional of the cast who reads through the portal.
func (w *World) As(key, target string) (status int, n *fhir.Node) {
	w.Helper()
	a, err := w.Gate.Ask(w.Context(), w.Grant(key), http.MethodGet, target, nil, nil)
	var no *gate.Refusal
	if errors.As(err, &no) {
		return no.Status, nil
	}
	if err != nil {
		w.Fatal(err)
	}
	return a.Status, must[*fhir.Node](w)(fhir.Parse(a.Body, fhir.Limits{}))
}

// Reads tells whether a professional gets one resource.
func (w *World) Reads(key, target string) bool {
	w.Helper()
	status, _ := w.As(key, target)
	return status == http.StatusOK
}

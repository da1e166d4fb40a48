package sharing_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/pontlevis/pontlevis/audit"
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
	"github.com/pontlevis/pontlevis/web/sharing"
	"github.com/pontlevis/pontlevis/web/visit"
)

var rules = sync.OnceValues(func() (*policies.Revision, error) {
	return policies.LoadWith(context.Background(), policies.Embedded(), policies.LoadOptions{SkipTests: true})
})

var hash = sync.OnceValue(func() string { return account.HashPassword(demo.Password) })

// world is the pages over a real gate with the cast of the demonstration.
type world struct {
	testing.TB
	url    string
	gate   *gate.Gate
	people *oauth.Server
	log    *audit.Log
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
	for _, a := range demo.Apps(time.Now(), demo.Credentials{}) {
		if a.Client.ID == client {
			return oauth.App{
				Label:     gate.Label{Status: "online", Exchange: true, Purposes: a.Entry.Purposes, Categories: a.Entry.Categories, Directions: a.Entry.Directions},
				Publisher: a.Entry.Publisher, Category: a.Entry.Category,
				FR: oauth.AppText{Name: a.Entry.Name.FR, Purpose: a.Entry.Purpose.FR}, EN: oauth.AppText{Name: a.Entry.Name.EN, Purpose: a.Entry.Purpose.EN},
			}, true, nil
		}
	}
	return oauth.App{}, false, nil
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

func newWorld(t *testing.T) *world {
	t.Helper()
	dir := t.TempDir()
	db := must[*store.Bolt](t)(store.OpenBolt(filepath.Join(dir, "db")))
	logDB := must[*store.Bolt](t)(store.OpenBolt(filepath.Join(dir, "log")))
	log := must[*audit.Log](t)(audit.Open(t.Context(), logDB, audit.Options{Origin: "sharing.test", Key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))}))
	records := must[*record.Embedded](t)(record.OpenEmbedded(db, time.Now))
	server := httptest.NewUnstartedServer(nil)
	w := &world{TB: t, url: "http://" + server.Listener.Addr().String(), log: log}
	records.Base = w.url + "/fhir"
	look := must[*web.Renderer](t)(web.New(web.Options{}))
	rel := &relations{}
	w.people = must[*oauth.Server](t)(oauth.New(oauth.Config{
		DB: db, Issuer: w.url, FHIR: w.url + "/fhir", Apps: catalogue{}, Relations: rel, Pages: look, Secret: bytes.Repeat([]byte{3}, 32),
	}))
	lives := space.Lifecycles{DB: db}
	w.gate = must[*gate.Gate](t)(gate.New(gate.Config{
		Records: records, Lives: lives, Policies: policies.NewEngine(must[*policies.Revision](t)(rules())), Log: log, Grants: w.people,
		Base: w.url + "/fhir", Key: bytes.Repeat([]byte{1}, 32),
	}))
	rel.gate = w.gate
	w.load(dir, records, lives)
	pages := must[*sharing.Pages](t)(sharing.New(&visit.Desk{People: w.people, Gate: w.gate, Look: look, Now: time.Now}))
	mux := http.NewServeMux()
	pages.Mount(mux)
	mux.Handle("/oauth2/", w.people.Handler())
	mux.Handle("/assets/", look.Assets())
	server.Config.Handler = mux
	server.Start()
	t.Cleanup(func() {
		server.Close()
		_ = w.people.Close()
		_, _, _ = log.Close(), logDB.Close(), db.Close()
	})
	return w
}

// load imports the cast.
func (w *world) load(dir string, records *record.Embedded, lives space.Lifecycles) {
	w.Helper()
	for _, p := range demo.People(hash()) {
		if err := w.people.PutPerson(w.Context(), p); err != nil {
			w.Fatal(err)
		}
	}
	for _, a := range demo.Apps(time.Now(), demo.Credentials{}) {
		if err := w.people.PutClient(w.Context(), a.Client); err != nil && a.Client.AuthMethod == oauth.AuthNone {
			w.Fatal(err)
		}
	}
	all := must[[][]byte](w)(demo.Cast{Base: w.url + "/fhir", Now: time.Now()}.Resources())
	file := filepath.Join(dir, "cast.ndjson")
	if err := os.WriteFile(file, append(bytes.Join(all, []byte("\n")), '\n'), 0o600); err != nil {
		w.Fatal(err)
	}
	im := importer.Importer{Source: records, Base: w.url + "/fhir"}
	if report, err := im.Import(w.Context(), file); err != nil || len(report.Refused) > 0 {
		w.Fatal(err, report)
	}
	for patient, want := range must[map[string]space.Lifecycle](w)(demo.Lifecycles(time.Now())) {
		if _, err := lives.Change(w.Context(), patient, func(space.Lifecycle) (space.Lifecycle, error) { return want, nil }); err != nil {
			w.Fatal(err)
		}
	}
}

// as is what the gate answers a professional of the cast who reads through the portal.
func (w *world) as(key, target string) (status int, n *fhir.Node) {
	w.Helper()
	p := must[*oauth.Person](w)(w.people.Person(w.Context(), key))
	g := &gate.Grant{
		ID: "test-" + key, Client: gate.Client{ID: "portal", Kind: "portal", Category: "health"}, Scopes: []string{"user/*.cruds"},
		Actor: gate.Actor{
			Kind: "professional", ID: p.Reference, Name: p.Name, Identities: append(p.Identities, p.Reference), Organizations: p.Organizations,
			Profession: p.Profession, Speciality: p.Speciality,
		},
		Purpose: "TREAT", Mode: "normal", Since: time.Now().Add(-time.Minute), Until: time.Now().Add(time.Hour),
	}
	a, err := w.gate.Ask(w.Context(), g, http.MethodGet, target, nil, nil)
	var no *gate.Refusal
	if errors.As(err, &no) {
		return no.Status, nil
	}
	if err != nil {
		w.Fatal(err)
	}
	return a.Status, must[*fhir.Node](w)(fhir.Parse(a.Body, fhir.Limits{}))
}

// reads tells whether a professional gets one resource.
func (w *world) reads(key, target string) bool {
	w.Helper()
	status, _ := w.as(key, target)
	return status == http.StatusOK
}

// browser is a person's browser without scripts.
type browser struct {
	w      *world
	client *http.Client
	lang   string
}

// signIn opens a browser in which one of the cast is signed in.
func (w *world) signIn(key string) *browser {
	w.Helper()
	jar, _ := cookiejar.New(nil)
	b := &browser{w: w, client: &http.Client{Jar: jar, Timeout: time.Minute}, lang: "en"}
	p := b.get("/space").submit("input[name=password]", "login", key, "password", demo.Password)
	if !strings.HasPrefix(p.at, "/space") {
		w.Fatalf("%s was led to %s: %s", key, p.at, p.text())
	}
	return b
}

// page is what a browser shows after redirects.
type page struct {
	b      *browser
	status int
	at     string // path and query
	root   *html.Node
	raw    string
}

func (b *browser) send(method, path string, form url.Values) *page {
	b.w.Helper()
	r := must[*http.Request](b.w)(http.NewRequest(method, b.w.url+path, strings.NewReader(form.Encode())))
	r.Header.Set("Accept-Language", b.lang)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", b.w.url)
	}
	res := must[*http.Response](b.w)(b.client.Do(r))
	defer res.Body.Close()
	raw := must[[]byte](b.w)(io.ReadAll(res.Body))
	return &page{b, res.StatusCode, res.Request.URL.RequestURI(), must[*html.Node](b.w)(html.Parse(bytes.NewReader(raw))), string(raw)}
}

func (b *browser) get(path string) *page { b.w.Helper(); return b.send(http.MethodGet, path, nil) }

// is fails the test when the status is another.
func (p *page) is(status int) *page {
	p.b.w.Helper()
	if p.status != status {
		p.b.w.Fatalf("%s: status %d, want %d: %s", p.at, p.status, status, p.text())
	}
	return p
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func hasAttribute(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// text is what a person reads.
func (p *page) text() string { return textOf(p.root) }

func textOf(root *html.Node) string {
	var out []string
	for n := range root.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "script" && n.Parent.Data != "style" {
			out = append(out, n.Data)
		}
	}
	return strings.Join(strings.Fields(strings.Join(out, " ")), " ")
}

// says fails the test when a sentence is not on the page.
func (p *page) says(want ...string) *page {
	p.b.w.Helper()
	for _, one := range want {
		if !strings.Contains(p.text(), one) {
			p.b.w.Fatalf("%s does not say %q: %s", p.at, one, p.text())
		}
	}
	return p
}

// silent fails the test when something is on the page.
func (p *page) silent(unwanted ...string) *page {
	p.b.w.Helper()
	for _, one := range unwanted {
		if strings.Contains(p.raw, one) {
			p.b.w.Fatalf("%s says %q: %s", p.at, one, p.text())
		}
	}
	return p
}

// submit sends the first form that has a control "tag[name=value]" or "tag[value=…]", with what its fields hold and more.
// A button that is named so is the one that is pressed.
func (p *page) submit(control string, fields ...string) *page {
	p.b.w.Helper()
	form, pressed := p.form(control)
	if form == nil {
		p.b.w.Fatalf("%s has no form with %s: %s", p.at, control, p.raw)
	}
	values := fieldsOf(form)
	if pressed != nil && pressed.Data == "button" && attribute(pressed, "name") != "" {
		values.Set(attribute(pressed, "name"), attribute(pressed, "value"))
	}
	for k := 0; k+1 < len(fields); k += 2 {
		values.Set(fields[k], fields[k+1])
	}
	path := attribute(form, "action")
	if strings.EqualFold(attribute(form, "method"), "get") {
		return p.b.get(path + "?" + values.Encode())
	}
	return p.b.send(http.MethodPost, path, values)
}

// fieldsOf are what the fields of a form hold when it is sent as it is.
func fieldsOf(form *html.Node) url.Values {
	values := url.Values{}
	for n := range form.Descendants() {
		name := attribute(n, "name")
		switch {
		case name == "" || hasAttribute(n, "disabled"):
		case n.Data == "input" && (attribute(n, "type") == "radio" || attribute(n, "type") == "checkbox"):
			if hasAttribute(n, "checked") {
				values.Add(name, attribute(n, "value"))
			}
		case n.Data == "input":
			values.Set(name, attribute(n, "value"))
		case n.Data == "select":
			values.Set(name, chosen(n))
		}
	}
	return values
}

func chosen(list *html.Node) string {
	first, any := "", false
	for n := range list.Descendants() {
		if n.Data == "option" {
			if hasAttribute(n, "selected") {
				return attribute(n, "value")
			}
			if !any {
				first, any = attribute(n, "value"), true
			}
		}
	}
	return first
}

// form finds a form by a control of it: "input[name=password]", "button[value=mask]", with further "[name=value]" that
// hidden fields of the form must have.
func (p *page) form(control string) (form, found *html.Node) {
	tag, rest, _ := strings.Cut(control, "[")
	wants := strings.Split(strings.TrimSuffix(rest, "]"), "][")
	for f := range p.root.Descendants() {
		if f.Data != "form" {
			continue
		}
		for n := range f.Descendants() {
			name, value, _ := strings.Cut(wants[0], "=")
			if n.Data == tag && hasAttribute(n, name) && attribute(n, name) == value && holds(f, wants[1:]) {
				return f, n
			}
		}
	}
	return nil, nil
}

// holds tells whether a form has hidden fields of these names and values.
func holds(form *html.Node, wants []string) bool {
	for _, want := range wants {
		name, value, _ := strings.Cut(want, "=")
		there := false
		for n := range form.Descendants() {
			there = there || n.Data == "input" && attribute(n, "name") == name && attribute(n, "value") == value
		}
		if !there {
			return false
		}
	}
	return true
}

// does presses the button of the form by which something is done, told by its "do", to what its fields say.
func (p *page) does(do string, fields ...string) *page {
	p.b.w.Helper()
	if form, _ := p.form("button[value=" + do + "]" + asked(fields)); form != nil {
		return p.submit("button[value="+do+"]"+asked(fields), fields...)
	}
	return p.submit("input[value="+do+"]"+asked(fields), fields...)
}

// asked narrows a control to a form that already names whom or what it is about.
func asked(fields []string) string {
	out := ""
	for k := 0; k+1 < len(fields); k += 2 {
		if fields[k] == "document" || fields[k] == "consent" || fields[k] == "client" {
			out += fmt.Sprintf("[%s=%s]", fields[k], fields[k+1])
		}
	}
	return out
}

func jsonOf(v any) []byte {
	b, _ := json.Marshal(v)
	return b
}

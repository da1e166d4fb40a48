package review_test

import (
	"bytes"
	"context"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/cases"
	"github.com/pontlevis/pontlevis/demo"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/account"
	"github.com/pontlevis/pontlevis/test/house"
	"github.com/pontlevis/pontlevis/web"
	"github.com/pontlevis/pontlevis/web/review"
	"github.com/pontlevis/pontlevis/web/visit"
)

var hash = sync.OnceValue(func() string { return account.HashPassword(demo.Password) })

// office is the pages over a house with a register of cases.
type office struct {
	*house.House
	testing.TB
	url   string
	cases *cases.Register
}

type relations struct{}

func (relations) ActsFor(context.Context, *oauth.Person) ([]oauth.Relation, error) { return nil, nil }
func (relations) PatientsOf(context.Context, *oauth.Person) ([]oauth.Relation, error) {
	return nil, nil
}
func (relations) FindPatient(context.Context, *oauth.Person, string) (oauth.Relation, bool, error) {
	return oauth.Relation{}, false, nil
}
func (relations) OpenPatient(context.Context, *oauth.Person, string) (oauth.Relation, bool, error) {
	return oauth.Relation{}, false, nil
}

type apps struct{}

func (apps) App(context.Context, string) (oauth.App, bool, error) { return oauth.App{}, false, nil }

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{House: house.New(t), TB: t}
	server := httptest.NewUnstartedServer(nil)
	o.url = "http://" + server.Listener.Addr().String()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	look, err := web.New(web.Options{})
	must(err)
	people, err := oauth.New(oauth.Config{
		DB: o.DB, Issuer: o.url, FHIR: o.url + "/fhir", Apps: apps{}, Relations: relations{}, Pages: look, Secret: bytes.Repeat([]byte{3}, 32),
	})
	must(err)
	for _, p := range demo.People(hash()) {
		must(people.PutPerson(t.Context(), p))
	}
	o.cases, err = cases.New(t.Context(), cases.Config{DB: o.DB, Log: o.House.Log, Now: o.Clock.Now})
	must(err)
	o.cases.Through(o.Gate)
	o.Gate.Overdue = o.cases.Due
	pages, err := review.New(&visit.Desk{People: people, Gate: o.Gate, Look: look, Now: o.Clock.Now}, o.cases)
	must(err)
	mux := http.NewServeMux()
	pages.Mount(mux)
	mux.Handle("/oauth2/", people.Handler())
	server.Config.Handler = mux
	server.Start()
	t.Cleanup(func() { server.Close(); _ = people.Close() })
	return o
}

// glass opens camille's record as dr-urgence; it returns the case.
func (o *office) glass() string {
	o.Helper()
	g, err := o.Glass(o.Context(), "g1", "dr-urgence", "camille", 1)
	if err != nil {
		o.Fatal(err)
	}
	if _, err := o.Gate.Ask(o.Context(), g, "GET", "AllergyIntolerance?patient=camille", nil, nil); err != nil {
		o.Fatal(err)
	}
	if err := o.cases.Catch(o.Context()); err != nil {
		o.Fatal(err)
	}
	all, err := o.cases.Of(o.Context(), o.Grant("camille", "camille", ""))
	if err != nil || len(all) == 0 {
		o.Fatal(all, err)
	}
	return all[0].ID
}

// browser is somebody's, without scripts.
type browser struct {
	o      *office
	client *http.Client
	lang   string
}

var csrf = regexp.MustCompile(`name="csrf" value="([^"]+)"`)
var action = regexp.MustCompile(`<form[^>]* action="([^"]+)"`)
var hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)"`)

// signIn opens a browser in which one of the cast is signed in, on a page.
func (o *office) signIn(key, path string) (*browser, string) {
	o.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		o.Fatal(err)
	}
	b := &browser{o, &http.Client{Jar: jar, Timeout: time.Minute}, "fr"}
	_, page := b.get(path)
	form := url.Values{"login": {key}, "password": {demo.Password}}
	for _, field := range hidden.FindAllStringSubmatch(page[:strings.Index(page, "</form>")], -1) {
		form.Set(field[1], html.UnescapeString(field[2]))
	}
	to := ""
	for _, found := range action.FindAllStringSubmatch(page, -1) {
		if to == "" && strings.HasPrefix(found[1], "/oauth2") {
			to = html.UnescapeString(found[1])
		}
	}
	_, page = b.post(to, form)
	return b, page
}

func (b *browser) send(r *http.Request) (int, string) {
	b.o.Helper()
	r.Header.Set("Accept-Language", b.lang)
	res, err := b.client.Do(r)
	if err != nil {
		b.o.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		b.o.Fatal(err)
	}
	return res.StatusCode, html.UnescapeString(string(raw))
}

func (b *browser) get(path string) (int, string) {
	b.o.Helper()
	r, err := http.NewRequestWithContext(b.o.Context(), http.MethodGet, b.o.url+path, nil)
	if err != nil {
		b.o.Fatal(err)
	}
	return b.send(r)
}

func (b *browser) post(path string, form url.Values) (int, string) {
	b.o.Helper()
	r, err := http.NewRequestWithContext(b.o.Context(), http.MethodPost, b.o.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.o.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", b.o.url)
	return b.send(r)
}

// holds fails the test for each text that a page lacks.
func (o *office) holds(page string, want ...string) {
	o.Helper()
	page = strings.ReplaceAll(page, "\u00a0", " ")
	for _, text := range want {
		if !strings.Contains(page, text) {
			o.Errorf("%q is not on the page:\n%s", text, page[max(0, strings.Index(page, "<main")):])
		}
	}
}

// The reviewer finds the case in the queue, reads the facts without anything of the record, and closes it with a verdict.
func TestReviewer(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	id := o.glass()
	if _, err := o.cases.Say(t.Context(), o.Grant("camille", "camille", ""), id, "Je ne <le> connais pas."); err != nil {
		t.Fatal(err)
	}
	b, queue := o.signIn("reviewer", "/pro/cases")
	o.holds(queue, "En attente : 1", "Dr Paul Leroy", "Hôpital de la Rive", "La personne est inconsciente.", "/pro/cases/"+id, "Encore ouvert", "La personne s’est exprimée", `href="/pro/cases" aria-current="page"`)
	if strings.Contains(queue, "Camille") {
		t.Error("the queue names the patient")
	}
	status, page := b.get("/pro/cases/" + id)
	if status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	o.holds(page, "Camille Durand", "A ouvert les informations vitales.", `Allergies <span class="count">(1)</span>`, "Je ne <le> connais pas.", "Justifié")
	for _, never := range []string{"énicilline", "AllergyIntolerance", "camille-", "unconscious", "bris_de_glace"} {
		if strings.Contains(page, never) {
			t.Errorf("%q is on the page", never)
		}
	}
	form := url.Values{"csrf": {csrf.FindStringSubmatch(page)[1]}, "note": {"Appel du SAMU."}}
	if status, page = b.post("/pro/cases/"+id, form); status != http.StatusUnprocessableEntity || !strings.Contains(page, "Choisissez une conclusion") || !strings.Contains(page, "Appel du SAMU.") {
		t.Errorf("no verdict: %d", status)
	}
	form.Set("verdict", "justified")
	if status, page = b.post("/pro/cases/"+id, url.Values{"verdict": {"justified"}}); status != http.StatusForbidden {
		t.Errorf("a form without its token: %d", status)
	}
	if status, page = b.post("/pro/cases/"+id, form); status != http.StatusOK {
		t.Fatalf("closing: %d", status)
	}
	o.holds(page, "L’examen est clos", "Rien à examiner")
	if _, page = b.post("/pro/cases/"+id, form); !strings.Contains(page, "déjà clos") {
		t.Error("it is closed twice")
	}
	b.lang = "en"
	_, page = b.get("/pro/cases/" + id)
	o.holds(page, "Justified: the emergency and the reason are established.", "Appel du SAMU.", "Closed", "An emergency access")
}

// A question shows its words, and its answer is needed.
func TestQuestion(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	about := o.glass()
	q, err := o.cases.Ask(t.Context(), o.Grant("camille", "camille", ""), about, "Qui était-ce ?")
	if err != nil {
		t.Fatal(err)
	}
	b, _ := o.signIn("reviewer", "/pro/cases")
	_, page := b.get("/pro/cases/" + q.ID)
	o.holds(page, "Qui était-ce ?", "Réponse à la personne", "La question a reçu sa réponse.")
	form := url.Values{"csrf": {csrf.FindStringSubmatch(page)[1]}, "verdict": {"answered"}}
	if status, page := b.post("/pro/cases/"+q.ID, form); status != http.StatusUnprocessableEntity || !strings.Contains(page, "Cette note ne peut pas être gardée") {
		t.Errorf("no answer: %d", status)
	}
	form.Set("note", "Le docteur Leroy, aux urgences.")
	if status, page := b.post("/pro/cases/"+q.ID, form); status != http.StatusOK || !strings.Contains(page, "L’examen est clos") {
		t.Errorf("%d", status)
	}
}

// Nobody else sees any of it, and what one may not see looks like what is not there.
func TestNobodyElse(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	id := o.glass()
	for key, want := range map[string]int{"dr-roux": http.StatusForbidden, "camille": http.StatusNotFound, "dr-urgence": http.StatusForbidden} {
		b, _ := o.signIn(key, "/pro/cases")
		for _, list := range []string{"/pro/cases", "/label/cases"} {
			if status, page := b.get(list); status != want || strings.Contains(page, "Leroy</dd>") {
				t.Errorf("%s on %s: %d", key, list, status)
			}
			shown, there := b.get(list + "/" + id)
			status, absent := b.get(list + "/nothing")
			if key != "dr-urgence" && (shown != status || strings.ReplaceAll(there, id, "nothing") != absent) {
				t.Errorf("%s: a case that is there (%d) does not look like one that is not (%d)", key, shown, status)
			}
			if shown == http.StatusOK {
				t.Errorf("%s sees %s/%s", key, list, id)
			}
		}
	}
}

// The authority sees what is late, and the figures; the establishment alone concludes.
func TestAuthority(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	b, page := o.signIn("authority", "/label/cases")
	o.holds(page, "Rien ne vous attend", "Aucun accès d’urgence n’a encore eu lieu.")
	id := o.glass()
	_, page = b.get("/label/cases")
	o.holds(page, "Rien ne vous attend", "Hôpital de la Rive")
	o.Clock.Advance(73 * time.Hour)
	_, page = b.get("/label/cases")
	o.holds(page, "En attente : 1", "/label/cases/"+id, "<strong>1</strong>")
	status, page := b.get("/label/cases/" + id)
	if status != http.StatusOK || strings.Contains(page, "<textarea") {
		t.Errorf("status %d", status)
	}
	o.holds(page, "L’établissement seul conclut cet examen.")
	reviewer, page := o.signIn("reviewer", "/pro/cases")
	o.holds(page, "En retard : 1.")
	_, page = reviewer.get("/pro/cases/" + id)
	form := url.Values{"csrf": {csrf.FindStringSubmatch(page)[1]}, "verdict": {"not-justified"}, "note": {"Rien."}}
	if status, _ := reviewer.post("/pro/cases/"+id, form); status != http.StatusOK {
		t.Fatalf("closing: %d", status)
	}
	b.lang = "en"
	_, page = b.get("/label/cases")
	o.holds(page, "Nothing waits for you", "Hôpital de la Rive", "Closed late")
}

// What an app had not declared waits for the authority, who concludes it with a word on what was done.
func TestAuthorityOnApps(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	now := o.Clock.Now()
	err := o.cases.Differs(t.Context(), "entry-1", "Glycare", now, now.AddDate(0, 0, 7), cases.Use{App: "glycare", Month: "2026-11", Category: "documents", Direction: "read"})
	if err != nil {
		t.Fatal(err)
	}
	b, page := o.signIn("authority", "/label/cases")
	o.holds(page, "Une application a fait ce qu’elle n’avait pas déclaré", "A lu : Documents.", "Sa fiche et son label ne le disent pas.", "Glycare")
	_, page = b.get("/label/cases/entry-1-app")
	o.holds(page, "entry-1", "L’éditeur doit le déclarer, ou cesser.", "Premier accès le")
	form := url.Values{"csrf": {csrf.FindStringSubmatch(page)[1]}, "verdict": {"declare"}, "note": {"La prochaine version le déclare."}}
	if status, _ := b.post("/label/cases/entry-1-app", form); status != http.StatusOK {
		t.Fatalf("closing: %d", status)
	}
	_, page = b.get("/label/cases/entry-1-app")
	o.holds(page, "La prochaine version le déclare.", "L’éditeur doit le déclarer, ou cesser.")
	if strings.Contains(page, "<textarea") {
		t.Error("it may be concluded twice")
	}
}

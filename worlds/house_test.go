package worlds

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/cases"
	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/notice"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/account"
	"github.com/pontlevis/pontlevis/web"
	"github.com/pontlevis/pontlevis/web/card"
	"github.com/pontlevis/pontlevis/web/emergency"
	"github.com/pontlevis/pontlevis/web/history"
	"github.com/pontlevis/pontlevis/web/pro"
	"github.com/pontlevis/pontlevis/web/review"
	"github.com/pontlevis/pontlevis/web/sharing"
	"github.com/pontlevis/pontlevis/web/visit"
)

// house is a world with the pages of people over it, and those who are signed in there.
type house struct {
	*place
	people  *oauth.Server
	cases   *cases.Register
	notices *notice.Service
	door    http.Handler
}

// mounted is a part of the pages.
type mounted interface{ Mount(mux *http.ServeMux) }

func opened[P mounted](p P, err error) (mounted, error) { return p, err }

// parts are the pages of people, as New of each package gives them.
func (h *house) parts(desk *visit.Desk) (all []mounted, err error) {
	for _, open := range []func() (mounted, error){
		func() (mounted, error) { return opened(sharing.New(desk, nil, nil)) },
		func() (mounted, error) { return opened(card.New(desk, issuer)) },
		func() (mounted, error) { return opened(history.New(desk, h.cases, h.notices)) },
		func() (mounted, error) { return opened(emergency.New(desk)) },
		func() (mounted, error) { return opened(pro.New(desk, h.notices)) },
		func() (mounted, error) { return opened(review.New(desk, h.cases)) },
	} {
		p, err := open()
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

const (
	issuer    = "http://worlds.localhost"
	password  = "Pont-levis!2026"
	insSystem = "urn:oid:1.2.250.1.213.1.4.8"
)

var look = sync.OnceValue(func() *web.Renderer {
	r, err := web.New(web.Options{})
	if err != nil {
		panic(err)
	}
	return r
})

// settle opens the pages over a store. The caller closes them.
func settle(db *memory, at time.Time) (*house, error) {
	p, err := open(db, at)
	if err != nil {
		return nil, err
	}
	h := &house{place: p}
	acts := &acting{p.gate}
	h.people, err = oauth.New(oauth.Config{
		DB: db, Issuer: issuer, FHIR: issuer + "/fhir", Apps: noApps{}, Relations: acts, Opener: acts, Pages: look(),
		Secret: bytes.Repeat([]byte{3}, 32), Now: p.now,
	})
	if err != nil {
		return nil, err
	}
	if err := h.follow(); err != nil {
		return nil, err
	}
	desk := &visit.Desk{People: h.people, Gate: p.gate, Look: look(), Now: p.now}
	all, err := h.parts(desk)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/", desk.NotFound)
	mux.Handle("/oauth2/", h.people.Handler())
	for _, part := range all {
		part.Mount(mux)
	}
	h.door = mux
	return h, nil
}

// follow has a register of cases and inboxes follow the log.
func (h *house) follow() (err error) {
	h.cases, err = cases.New(context.Background(), cases.Config{DB: h.db, Log: h.log, Now: h.now})
	if err != nil {
		return err
	}
	h.notices, err = notice.New(notice.Config{DB: h.db, Log: h.log, Now: h.now, Base: issuer})
	if err != nil {
		return err
	}
	h.cases.Through(h.gate)
	h.notices.Through(h.gate)
	return nil
}

// catch lets the register and the inboxes take in what was logged.
func (h *house) catch() error {
	return errors.Join(h.cases.Catch(context.Background()), h.notices.Catch(context.Background()))
}

func (h *house) close() {
	_ = h.people.Close()
	h.place.close()
}

// visit asks for a page, or sends a form, as a browser with some cookies.
func (h *house) visit(cookies map[string]string, method, target string, form url.Values) *httptest.ResponseRecorder {
	return h.send(cookies, method, target, "application/x-www-form-urlencoded", form.Encode())
}

// upload sends a form that may hold a file, without one.
func (h *house) upload(cookies map[string]string, target string, form url.Values) *httptest.ResponseRecorder {
	var body strings.Builder
	w := multipart.NewWriter(&body)
	_ = w.SetBoundary("worlds")
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range form[name] {
			_ = w.WriteField(name, value)
		}
	}
	_ = w.Close()
	return h.send(cookies, http.MethodPost, target, w.FormDataContentType(), body.String())
}

func (h *house) send(cookies map[string]string, method, target, kind, body string) *httptest.ResponseRecorder {
	r, err := http.NewRequest(method, issuer+target, strings.NewReader(body))
	if err != nil {
		rec := httptest.NewRecorder()
		rec.WriteHeader(http.StatusBadRequest)
		return rec
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Origin", issuer)
	}
	r.Header.Set("Accept-Language", "fr")
	for name, value := range cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	rec := httptest.NewRecorder()
	h.door.ServeHTTP(rec, r)
	return rec
}

// acting is whom people act for, and how records open, as the gate says.
type acting struct{ gate *gate.Gate }

func (a *acting) ActsFor(ctx context.Context, p *oauth.Person) ([]oauth.Relation, error) {
	all, err := a.gate.Delegations(ctx, p.Reference)
	var out []oauth.Relation
	for _, d := range all {
		out = append(out, oauth.Relation{Kind: d.Kind, Patient: d.Patient, Name: d.Name, Until: d.Until})
	}
	return out, err
}

func (*acting) PatientsOf(context.Context, *oauth.Person) ([]oauth.Relation, error) { return nil, nil }

func (a *acting) FindPatient(ctx context.Context, p *oauth.Person, ins string) (oauth.Relation, bool, error) {
	patient, name, found, err := a.gate.Find(ctx, grants[p.Key+"*"], insSystem+"|"+ins)
	return oauth.Relation{Kind: "professional", Patient: patient, Name: name}, found, err
}

func (a *acting) OpenPatient(ctx context.Context, p *oauth.Person, patient string) (oauth.Relation, bool, error) {
	name, found, err := a.gate.Known(ctx, grants[p.Key+"*"], patient)
	return oauth.Relation{Kind: "professional", Patient: patient, Name: name}, found, err
}

func (a *acting) EmergencyReason(mode, code string) (fr, en string, known bool) {
	words, known := a.gate.EmergencyReason(mode, code)
	return words.FR, words.EN, known
}

func (a *acting) EmergencyMode(regulating bool) string { return a.gate.EmergencyMode(regulating) }

func (a *acting) EmergencyLife() time.Duration {
	life, _ := a.gate.EmergencyLife()
	return life
}

func (a *acting) OpenEmergency(ctx context.Context, g *gate.Grant, whose string) (*gate.Opening, error) {
	if !strings.ContainsAny(whose, "/|") {
		whose = insSystem + "|" + whose
	}
	return a.gate.OpenEmergency(ctx, g, whose)
}

func (a *acting) EndEmergency(ctx context.Context, g *gate.Grant) error {
	return a.gate.EndEmergency(ctx, g)
}

func (a *acting) Consult(ctx context.Context, g *gate.Grant, professional string) error {
	return a.gate.Consult(ctx, g, professional)
}

// noApps is a catalogue without apps.
type noApps struct{}

func (noApps) App(context.Context, string) (oauth.App, bool, error) {
	return oauth.App{Label: gate.Label{Status: catalog.Unlisted}}, false, nil
}

// accounts are those of the cast who sign in.
func accounts() (all []oauth.Person) {
	hash := account.HashPassword(password)
	for _, name := range []string{"camille", "lucas", "nora", "paul", "odile"} {
		all = append(all, oauth.Person{Key: name, Kind: "patient", Patient: name, INS: "ins-" + name, Reference: "Patient/" + name})
	}
	for name, kind := range map[string]string{"karim": "representative", "oncle": "carer", "sofia": "carer"} {
		all = append(all, oauth.Person{Key: name, Kind: kind, Reference: "RelatedPerson/" + name})
	}
	for name, profession := range professions {
		all = append(all, oauth.Person{Key: name, Kind: "professional", Reference: "Practitioner/" + name, RPPS: "rpps-" + name,
			Profession: profession, Organization: name, Organizations: []string{"Organization/" + name}})
	}
	for k := range all {
		all[k].Login, all[k].Name, all[k].PasswordHash = all[k].Key, all[k].Key, hash
	}
	return all
}

// lobby is the store that every house is a fork of, with the cookies of those who are signed in.
type lobby struct {
	db      *memory
	cookies map[string]map[string]string
}

var entrance = sync.OnceValue(func() *lobby {
	luck.next(3)
	l := &lobby{db: foundation().fork(), cookies: map[string]map[string]string{}}
	h, err := settle(l.db, requestsFrom.Add(-time.Minute))
	if err != nil {
		panic(err)
	}
	for _, p := range accounts() {
		if err := h.people.PutPerson(context.Background(), p); err != nil {
			panic(err)
		}
		if l.cookies[p.Key], err = h.signIn(p.Key); err != nil {
			panic(err)
		}
	}
	_ = h.people.Close()
	_, _ = h.log.Close(), error(nil)
	return l
})

// signIn goes through the sign-in page, and gives the cookies of the browser then.
func (h *house) signIn(login string) (map[string]string, error) {
	cookies := map[string]string{}
	keep := func(rec *httptest.ResponseRecorder) {
		for _, c := range rec.Result().Cookies() {
			cookies[c.Name] = c.Value
		}
	}
	rec := h.visit(cookies, http.MethodGet, "/oauth2/sessions", nil)
	for range 5 {
		keep(rec)
		if to := rec.Header().Get("Location"); rec.Code/100 == 3 {
			rec = h.visit(cookies, http.MethodGet, strings.TrimPrefix(to, issuer), nil)
			continue
		}
		form := formWith(rec.Body.String(), "login")
		if form == nil {
			if rec.Code != http.StatusOK {
				return nil, fmt.Errorf("%s: status %d: %s", login, rec.Code, rec.Body)
			}
			return cookies, nil
		}
		form.fields.Set("login", login)
		form.fields.Set("password", password)
		rec = h.visit(cookies, http.MethodPost, form.action, form.fields)
	}
	return nil, fmt.Errorf("%s does not get in: %d %s", login, rec.Code, rec.Body)
}

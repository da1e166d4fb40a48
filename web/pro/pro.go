package pro

import (
	"embed"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/web/sentence"
	"github.com/pontlevis/pontlevis/web/visit"
)

//go:embed pages/*.html texts/*.json
var files embed.FS

// Home is the path of the part.
const Home = "/pro"

// Pages are the pages of professionals. They are safe for concurrent use.
type Pages struct {
	*visit.Part
	maker *sentence.Maker
	inbox Inbox
}

// New reads the pages. inbox holds what professionals were told. An error means that the build itself is wrong.
func New(desk *visit.Desk, inbox Inbox) (*Pages, error) {
	part, err := desk.Part(Home, files)
	if err != nil {
		return nil, err
	}
	maker, err := sentence.New()
	if err != nil {
		return nil, err
	}
	return &Pages{Part: part, maker: maker, inbox: inbox}, nil
}

// Mount serves /pro and what is below it, but for what has a pattern of its own there.
func (p *Pages) Mount(mux *http.ServeMux) {
	serve := p.Handle(p.serve, http.MethodGet, http.MethodPost)
	mux.Handle(Home, serve)
	mux.Handle(Home+"/", serve)
}

// room is one request of a professional, below the record of one patient where it names one.
type room struct {
	*visit.Visit
	p     *Pages
	id    string      // of the patient, as the address names it; "" for the pages about none
	path  []string    // steps below the patient, or below /pro
	grant *gate.Grant // for that patient, or for none in particular
	form  url.Values  // checked, after a POST
	own   *gate.Own   // of the patient, once the record was seen to open
}

// serve finds the page. The pages about no patient in particular have names of their own below /pro.
func (p *Pages) serve(v *visit.Visit) {
	if !v.Person.Professional() {
		v.Show(http.StatusForbidden, "professionals", nil)
		return
	}
	r := &room{Visit: v, p: p, path: strings.Split(strings.Trim(strings.TrimPrefix(v.R.URL.Path, Home), "/"), "/")}
	do := r.pageOf(general, r.path)
	if do == nil && r.path[0] != "" {
		r.id, r.path = r.path[0], r.path[1:]
		do = r.pageOf(ofPatient, r.path)
	}
	if do == nil {
		v.Nothing()
		return
	}
	grant, ok, err := v.Grant(r.id)
	switch {
	case err != nil:
		v.Fail(err)
		return
	case !ok:
		v.Nothing()
		return
	}
	r.grant = grant
	do(r)
}

// pages are named by method and steps; "*" stands for any one step.
type pages map[string]func(*room)

var general = pages{
	"GET ":         (*room).patients,
	"POST find":    (*room).find,
	"GET requests": (*room).requests,
	"GET notices":  (*room).notices,
}

var ofPatient = pages{
	"GET ":                    (*room).record,
	"GET document/*":          (*room).document,
	"GET document/*/content":  (*room).content,
	"POST document/*/release": (*room).release,
	"POST document/*/answer":  (*room).answer,
	"GET deposit":             (*room).depositForm,
	"POST deposit":            (*room).deposit,
	"GET colleagues":          (*room).colleagues,
	"GET consent":             (*room).consentForm,
	"POST consent":            (*room).consent,
}

func (r *room) pageOf(all pages, path []string) func(*room) {
	method := r.R.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	steps := append([]string{}, path...)
	if do := all[method+" "+strings.Join(steps, "/")]; do != nil {
		return do
	}
	if len(steps) > 1 {
		steps[1] = "*"
	}
	return all[method+" "+strings.Join(steps, "/")]
}

// posted checks the form that was sent; when it returns false it has answered itself.
func (r *room) posted() bool {
	form, ok := r.Form()
	r.form = form
	return ok
}

// opened finds out that the record opens, and why, for the head of each page about a patient. When it returns false it
// has answered itself: the same for a record that is shut and for none.
func (r *room) opened() bool {
	own, ok, err := r.p.Gate.Opened(r.Context(), r.grant, r.id)
	switch {
	case err != nil:
		r.Fail(err)
		return false
	case !ok:
		r.shut(http.StatusNotFound, ShutPage{})
		return false
	}
	r.own = own
	return true
}

// to is a path below the patient.
func (r *room) to(steps ...string) string {
	out := Home + "/" + url.PathEscape(r.id)
	for _, step := range steps {
		out += "/" + url.PathEscape(step)
	}
	return out
}

// Frame is what every page about a patient shows around its own.
type Frame struct {
	CSRF string
	Now  time.Time
	Path string // of the record: /pro/{patient}
	Who  *Patient
	Done string // what was just done, the key of its sentence; "" for nothing
}

// doings are what a page may say was just done.
var doings = map[string]bool{
	"masked": true, "declined": true, "released": true, "deposited": true, "replaced": true, "consented": true,
}

func (r *room) frame() Frame {
	f := Frame{CSRF: r.CSRF(), Now: r.Now(), Path: r.to(), Who: r.patientOf(r.own)}
	if done := r.R.URL.Query().Get("done"); r.R.Method != http.MethodPost && doings[done] {
		f.Done = done
	}
	return f
}

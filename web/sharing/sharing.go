package sharing

import (
	"embed"
	"net/http"
	"net/url"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web/visit"
)

//go:embed pages/*.html texts/*.json
var files embed.FS

// Pages are the pages of sharing. They are safe for concurrent use.
type Pages struct {
	desk *visit.Desk
	part *visit.Part

	schedules Schedules // nil: no app runs by itself
	asker     Asker     // nil: no app runs inside
}

// New reads the pages of sharing. schedules tell which apps run by themselves, asker asks those that run inside; nil where none
// do.
func New(desk *visit.Desk, schedules Schedules, asker Asker) (*Pages, error) {
	part, err := desk.Part("/space", files)
	if err != nil {
		return nil, err
	}
	return &Pages{desk: desk, part: part, schedules: schedules, asker: asker}, nil
}

// Mount gives each page its address.
func (p *Pages) Mount(mux *http.ServeMux) {
	get := func(path string, show func(*room)) { mux.Handle(path, p.handle(show, http.MethodGet)) }
	get("/space", (*room).showWho)
	get("/space/person", (*room).showPerson)
	get("/space/find", (*room).showFound)
	get("/space/documents", (*room).showDocuments)
	get("/space/document", (*room).showDocument)
	get("/space/choices", (*room).showChoices)
	get("/space/apps", (*room).showApps)
	get("/space/agenda", (*room).showAgenda)
	mux.Handle("GET /space/apps/ask", p.handle(func(r *room) { r.Go(r.to("/space/apps")) }, http.MethodGet)) // an answer is not kept
	mux.Handle("/space/apps/ask", p.handle((*room).ask, http.MethodPost))
	get("/space/people", (*room).showHelpers)
	get("/space/eyes", (*room).showEyes)
	mux.Handle("/space/accept", p.part.Handle(p.accept, http.MethodGet, http.MethodPost))
	mux.Handle("/space/change", p.handle((*room).change, http.MethodPost))
}

// accept serves a page of somebody who may have no space yet.
func (p *Pages) accept(v *visit.Visit) {
	r := &room{Visit: v, pages: p}
	if v.Person.Professional() {
		v.Nothing()
		return
	}
	if v.R.Method == http.MethodPost {
		var ok bool
		if r.form, ok = v.Form(); !ok {
			return
		}
	}
	r.accept()
}

// room is one request about one space, by somebody who acts for whom it is.
type room struct {
	*visit.Visit
	pages  *Pages
	grant  *gate.Grant
	whose  oauth.Relation
	choice []oauth.Relation // all whom they act for
	form   url.Values       // checked, after a POST
	said   []oauth.Said     // why what it asked for was refused
	knows  bool             // the visitor may read the choices of the space
}

// handle finds for whom a request is: the person named by "for", or else the first whom the visitor acts for, themselves
// where they have a space.
func (p *Pages) handle(do func(*room), method string) http.Handler {
	return p.part.Handle(func(v *visit.Visit) {
		r := &room{Visit: v, pages: p}
		patient := v.R.URL.Query().Get("for")
		if method == http.MethodPost {
			form, ok := v.Form()
			if !ok {
				return
			}
			r.form, patient = form, form.Get("for")
		}
		if ok, err := r.enter(patient); err != nil {
			v.Fail(err)
		} else if !ok {
			v.Nothing()
		} else {
			do(r)
		}
	}, method)
}

func (r *room) enter(patient string) (ok bool, err error) {
	if r.choice, err = r.ActsFor(); err != nil {
		return false, err
	}
	for _, c := range r.choice {
		if patient == "" || c.Patient == patient {
			r.whose = c
			break
		}
	}
	if r.whose.Patient == "" {
		return false, nil
	}
	r.grant, ok, err = r.Grant(r.whose.Patient)
	return ok, err
}

// own tells whether the space is the visitor's own.
func (r *room) own() bool { return r.whose.Kind == "patient" }

// to is the address of a page about the same space, with pairs of names and values.
func (r *room) to(path string, pairs ...string) string {
	query := url.Values{}
	for k := 0; k+1 < len(pairs); k += 2 {
		if pairs[k+1] != "" {
			query.Set(pairs[k], pairs[k+1])
		}
	}
	if !r.own() {
		query.Set("for", r.whose.Patient)
	}
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

// Frame is what every page of sharing shows around its own.
type Frame struct {
	CSRF    string
	For     string // the patient of the space, posted back by each form
	Name    string // whose space it is
	Kind    string // as what the visitor acts: oauth.Relation.Kind
	Own     bool
	Choices []oauth.Relation
	Here    string // path of the page
	Tabs    []string
	Done    *Done        // what was just changed
	Said    []oauth.Said // why the last change was refused
	Settled bool         // the visitor may read the choices of the space
	May     []oauth.Said // why the visitor may change nothing here; nil when they may

	room *room
}

// tabs are the pages of sharing in the order of their tabs; the text of one is "sharing.tab." and its path.
var tabs = []string{"/space", "/space/documents", "/space/people", "/space/choices", "/space/apps", "/space/agenda", "/space/eyes", "/space/card"}

// To is the address of a page about the same space.
func (f Frame) To(path string, pairs ...string) string { return f.room.to(path, pairs...) }

// Same tells whether a choice is the space on the page.
func (f Frame) Same(c oauth.Relation) bool { return c.Patient == f.For }

func (r *room) frame() Frame {
	return Frame{
		CSRF: r.CSRF(), For: r.whose.Patient, Name: r.whose.Name, Kind: r.whose.Kind, Own: r.own(), Choices: r.choice,
		Here: r.here(), Tabs: tabs, Said: r.said, Settled: r.knows, room: r,
	}
}

// here is the path of the page: of the one that a form leads back to, after a POST.
func (r *room) here() string {
	if r.form != nil {
		return r.form.Get("back")
	}
	return r.R.URL.Path
}

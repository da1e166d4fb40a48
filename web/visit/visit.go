package visit

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web"
)

// Desk is what the parts share: who signs in, the gate, and the look. Every field is required.
type Desk struct {
	People *oauth.Server
	Gate   *gate.Gate
	Look   *web.Renderer
	Now    func() time.Time
}

// Part is one part of the pages at the desk.
type Part struct {
	*Desk
	pages *web.Part
	home  string // path of the part, for the navigation: "/space"
}

// Part reads a part's pages, texts and assets (see web.Renderer.Part). home is its path.
func (d *Desk) Part(home string, files fs.FS) (*Part, error) {
	pages, err := d.Look.Part(files)
	if err != nil {
		return nil, fmt.Errorf("the pages of %s: %w", home, err)
	}
	return &Part{Desk: d, pages: pages, home: home}, nil
}

// Visit is one request of a signed-in person for a page of a part.
type Visit struct {
	*oauth.Visitor
	W http.ResponseWriter
	R *http.Request

	part *Part
}

// Handle serves a page with one of the methods (GET stands for HEAD too) to whoever is signed in, and asks everybody else to
// sign in and come back.
func (p *Part) Handle(do func(*Visit), methods ...string) http.Handler {
	return p.allowing(methods, func(w http.ResponseWriter, r *http.Request) {
		if visitor := p.People.Visitor(w, r); visitor != nil {
			do(&Visit{Visitor: visitor, W: w, R: r, part: p})
		}
	})
}

// allowing answers methods that a page does not have.
func (p *Part) allowing(methods []string, do http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		if !slices.Contains(methods, method) {
			w.Header().Set("Allow", strings.Join(methods, ", "))
			p.Look.Problem(w, r, http.StatusMethodNotAllowed, oauth.ProblemPage{Kind: oauth.ProblemNotFound})
			return
		}
		do(w, r)
	})
}

// HandleAnybody serves a page that needs nobody to be signed in, with one of the methods. What the page does for whoever is, it
// does after Visit.Known.
func (p *Part) HandleAnybody(do func(*Visit), methods ...string) http.Handler {
	return p.allowing(methods, func(w http.ResponseWriter, r *http.Request) {
		visitor, err := p.People.Known(w, r)
		v := &Visit{Visitor: visitor, W: w, R: r, part: p}
		if err != nil {
			v.Fail(err)
			return
		}
		do(v)
	})
}

// Known tells whether somebody is signed in. Where it may be false, nothing of the Visitor may be used before.
func (v *Visit) Known() bool { return v.Visitor != nil }

// SignInFirst asks whoever is not signed in to sign in, and brings them back to the page.
func (v *Visit) SignInFirst() { v.part.People.SignInFirst(v.W, v.R) }

// Context is that of the request.
func (v *Visit) Context() context.Context { return v.R.Context() }

// Within is the same visit in another context, for what may take only so long.
func (v *Visit) Within(ctx context.Context) *Visit {
	c := *v
	c.R = v.R.WithContext(ctx)
	return &c
}

// Now is the time of the desk.
func (v *Visit) Now() time.Time { return v.part.Now() }

// Language tells in which language the page will be: "fr" or "en".
func (v *Visit) Language() string { return v.part.Look.Language(v.W, v.R) }

// Say is a text of the part in the visitor's language, for what is written elsewhere than in a template.
func (v *Visit) Say(key string, args ...any) string {
	return v.part.pages.Text(v.Language(), key, args...)
}

// Ask takes a FHIR request through the gate for a grant: "GET", "Consent?patient=camille". The error is a *gate.Refusal, or a
// failure; Fail turns either into a page.
func (v *Visit) Ask(g *gate.Grant, method, target string, header http.Header, body []byte) (*gate.Answer, error) {
	return v.part.Gate.Ask(v.Context(), g, method, target, header, body)
}

// Get reads one resource, "Consent/x". A *gate.Refusal with status 404 says that there is none that the visitor may see; what
// names no one resource is answered so too.
func (v *Visit) Get(g *gate.Grant, target string) (*fhir.Resource, error) {
	kind, id, _ := strings.Cut(target, "/")
	if !fhir.IsType(kind) || !fhir.IsID(id) {
		return nil, &gate.Refusal{Status: http.StatusNotFound, Issues: []fhir.Issue{{
			Severity: "error", Code: "not-found", FR: "Rien ici que vous puissiez voir.", EN: "Nothing here that you may see.",
		}}}
	}
	a, err := v.Ask(g, http.MethodGet, target, nil, nil)
	if err != nil {
		return nil, err
	}
	return fhir.ParseResource(a.Body)
}

// maxPages bounds how many pages of a search one page of ours reads.
const maxPages = 20

// Found is what a search gave: the matches and what came with them, in order, the notices that the answer gave in words, and
// the target of the next page, "" when there is none.
type Found struct {
	Matches  []*fhir.Resource
	Included []*fhir.Resource
	Notices  []fhir.Issue
	Next     string
}

// Search asks for one page of a search: "DocumentReference?patient=camille&_count=50".
func (v *Visit) Search(g *gate.Grant, target string) (*Found, error) {
	a, err := v.Ask(g, http.MethodGet, target, nil, nil)
	if err != nil {
		return nil, err
	}
	return read(a.Body, v.part.Gate.Base)
}

// All asks for every page of a search, a thousand entries each and twenty pages at most; Next is set when there would be more.
func (v *Visit) All(g *gate.Grant, target string) (*Found, error) {
	all := &Found{Next: target}
	for range maxPages {
		page, err := v.Search(g, all.Next)
		if err != nil {
			return nil, err
		}
		all.Matches, all.Included = append(all.Matches, page.Matches...), append(all.Included, page.Included...)
		all.Notices, all.Next = append(all.Notices, page.Notices...), page.Next
		if page.Next == "" {
			break
		}
	}
	return all, nil
}

// read takes a searchset Bundle apart.
func read(body []byte, base string) (*Found, error) {
	bundle, err := fhir.ParseResource(body)
	if err != nil {
		return nil, fmt.Errorf("reading the answer of a search: %w", err)
	}
	f := &Found{}
	for _, link := range bundle.Node().Get("link").Items() {
		if link.Get("relation").Text() == "next" {
			f.Next = strings.TrimPrefix(link.Get("url").Text(), base+"/")
		}
	}
	for _, entry := range bundle.Node().Get("entry").Items() {
		r, err := fhir.ParseResource(entry.Get("resource").Bytes())
		if err != nil {
			return nil, fmt.Errorf("reading the answer of a search: %w", err)
		}
		switch entry.Get("search").Get("mode").Text() {
		case "include":
			f.Included = append(f.Included, r)
		case "outcome":
			f.Notices = append(f.Notices, fhir.Issues(r.Node())...)
		default:
			f.Matches = append(f.Matches, r)
		}
	}
	return f, nil
}

// Show answers with a page of the part.
func (v *Visit) Show(status int, name string, page any) { v.ShowWith(status, name, page, web.Shown{}) }

// ShowWith is Show with a script or the camera.
func (v *Visit) ShowWith(status int, name string, page any, s web.Shown) {
	if v.Known() {
		s.Nav = v.nav()
	}
	v.part.pages.Write(v.W, v.R, status, name, page, s)
}

// Open answers with a page of the part for which nobody has to be signed in.
func (p *Part) Open(w http.ResponseWriter, r *http.Request, status int, name string, page any, s web.Shown) {
	p.pages.Write(w, r, status, name, page, s)
}

// Go leads on to a page after a change, so that reloading repeats nothing.
func (v *Visit) Go(path string) { http.Redirect(v.W, v.R, path, http.StatusSeeOther) }

// NotFound answers a path that no part has.
func (d *Desk) NotFound(w http.ResponseWriter, r *http.Request) {
	d.Look.Problem(w, r, http.StatusNotFound, oauth.ProblemPage{Kind: oauth.ProblemNotFound})
}

// Nothing answers that there is nothing at this address that the visitor may see.
func (v *Visit) Nothing() {
	v.part.Look.Problem(v.W, v.R, http.StatusNotFound, oauth.ProblemPage{Kind: oauth.ProblemNotFound})
}

// Fail answers with what went wrong: a refusal of the gate in its own words, anything else as a trouble that passes, whose
// cause goes to the log. What is not there for somebody who is no professional is answered as an address with nothing: the
// gate's words for it tell a professional how a record opens.
func (v *Visit) Fail(err error) {
	var no *gate.Refusal
	if !errors.As(err, &no) {
		slog.ErrorContext(v.Context(), "a page could not answer", "path", v.R.URL.Path, "cause", err)
		v.W.Header().Set("Retry-After", "5")
		v.part.Look.Problem(v.W, v.R, http.StatusServiceUnavailable, oauth.ProblemPage{Kind: oauth.ProblemTrouble})
		return
	}
	if no.Retry > 0 {
		v.W.Header().Set("Retry-After", strconv.Itoa(int(no.Retry.Seconds())))
	}
	if no.Status == http.StatusNotFound && !v.Person.Professional() {
		v.Nothing()
		return
	}
	v.part.Look.Problem(v.W, v.R, no.Status, oauth.ProblemPage{Kind: oauth.ProblemRefused, Said: Said(no.Issues)})
}

package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/pontlevis/pontlevis/gate"
)

// Bounds of a form of the pages of people: bytes of the body, and values.
const (
	maxOwnForm   = 64 << 10
	maxOwnValues = 500
)

// ownClient is the app that our own pages are: the space itself, which goes by the rights of whoever looks at it.
var ownClient = gate.Client{ID: "pontlevis", Kind: "portal", Category: "health", Label: gate.Label{Status: "online"}}

// Visitor is somebody signed in who asks for one of our own pages. It serves one request.
type Visitor struct {
	Person *Person // a professional is in the work situation that they chose

	s       *Server
	w       http.ResponseWriter
	r       *http.Request
	session *sessionRecord
}

// Visitor says who is signed in in the browser that sent r. It returns nil when it has answered itself: nobody is signed in,
// so that the page for it leads back here, or a professional with several work situations has to choose one first.
func (s *Server) Visitor(w http.ResponseWriter, r *http.Request) *Visitor {
	session, person, err := s.currentSession(r.Context(), r)
	switch {
	case err != nil:
		s.trouble(w, r, err)
		return nil
	case person == nil:
		s.askSignIn(w, r, returnPath(r), wish{})
		return nil
	}
	v := &Visitor{Person: person, s: s, w: w, r: r, session: session}
	if person.Professional() {
		if v.Person = person.In(session.Situation); v.Person == nil {
			v.askSituation(returnPath(r))
			return nil
		}
	}
	return v
}

// returnPath is where a browser comes back to after a detour: the page it asked for. What a form posted is not kept.
func returnPath(r *http.Request) string {
	path := "/" + strings.TrimLeft(r.URL.EscapedPath(), "/\\")
	if r.Method == http.MethodGet && r.URL.RawQuery != "" && len(r.URL.RawQuery) <= 1024 {
		path += "?" + r.URL.RawQuery
	}
	return path
}

// SessionID names the session to its owner; it opens nothing.
func (v *Visitor) SessionID() string { return v.session.ID }

// CSRF is the token that each form of the page posts back as csrf.
func (v *Visitor) CSRF() string { return v.s.csrf(v.about(), v.s.browser(v.w, v.r)) }

// about names the session in tokens of forms, and the cookie it has now: signing in again makes older pages' forms void.
func (v *Visitor) about() string {
	return "own " + v.session.ID + " " + signatureOf(v.s.cookie(v.r, cookieSession))
}

// Form reads a posted form: from our own origin, with the page's token, of at most 64 KiB and 500 values of valid text. A
// name may come several times, as boxes that are ticked do; what stands in the address does not count. When it returns
// false it has answered itself.
func (v *Visitor) Form() (url.Values, bool) {
	return v.posted(maxOwnForm, func() error { return v.r.ParseForm() })
}

// Upload is Form for a form with files, of at most limit bytes in all, kept in memory.
func (v *Visitor) Upload(limit int64) (url.Values, bool) {
	return v.posted(limit, func() error { return v.r.ParseMultipartForm(limit) })
}

func (v *Visitor) posted(limit int64, parse func() error) (url.Values, bool) {
	if v.r.Method != http.MethodPost || v.s.cross.Check(v.r) != nil {
		return nil, v.refuseForm(http.StatusForbidden)
	}
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, limit)
	if err := parse(); err != nil {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return nil, v.refuseForm(http.StatusRequestEntityTooLarge)
		}
		return nil, v.refuseForm(http.StatusBadRequest)
	}
	form := v.r.PostForm
	if !readable(form) {
		return nil, v.refuseForm(http.StatusBadRequest)
	}
	if !v.s.csrfMatches(v.about(), v.s.cookie(v.r, cookieBrowser), form.Get("csrf")) {
		return nil, v.refuseForm(http.StatusForbidden)
	}
	return form, true
}

// readable tells whether a form is text, and not more of it than a page of ours asks.
func readable(form url.Values) bool {
	n := 0
	for name, values := range form {
		n += len(values)
		for _, text := range append(values, name) {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				return false
			}
		}
	}
	return n <= maxOwnValues
}

func (v *Visitor) refuseForm(status int) bool {
	v.s.pages.Problem(v.w, v.r, status, ProblemPage{Kind: ProblemForm})
	return false
}

// ActsFor lists whom a person who is no professional acts for, their own space first; nobody for a professional.
func (v *Visitor) ActsFor() ([]Relation, error) {
	if v.Person.Professional() {
		return nil, nil
	}
	return v.s.actsFor(v.r.Context(), v.Person)
}

// Grant is what the visitor may do through our own pages: on the record of patient, a logical id, which a professional may
// leave out, and as whose holder, representative, carer or helper anybody else must be known. ok is false when they act
// for no such person, which says nothing of whether there is one.
func (v *Visitor) Grant(patient string) (g *gate.Grant, ok bool, err error) {
	rec := &grantRecord{
		ID: "own-" + signatureOf("own " + v.session.ID + " " + patient)[:24], Patient: patient, Mode: "normal", Situation: v.session.Situation,
		Since: v.session.Begun, Expires: v.session.End, Auth: v.session.Auth, ACR: v.session.ACR, AMR: v.session.AMR,
	}
	scopes := []string{"patient/*.cruds"}
	if v.Person.Professional() {
		rec.Kind, rec.Purpose, scopes[0] = "professional", "TREAT", "user/*.cruds"
	} else {
		relation, known, err := v.relation(patient)
		if err != nil || !known {
			return nil, false, err
		}
		rec.Kind, rec.Purpose, rec.Patient, rec.Actor = relation.Kind, "PATRQT", relation.Patient, relation.Actor
	}
	person, err := v.s.Person(v.r.Context(), v.Person.Key)
	if err != nil {
		return nil, false, err
	}
	return &gate.Grant{
		ID: rec.ID, Actor: v.s.actor(rec, nil, person), Client: ownClient, Scopes: scopes,
		Patient: rec.Patient, Purpose: rec.Purpose, Mode: rec.Mode, Since: rec.Since, Until: rec.Expires,
		Auth: rec.Auth, ACR: rec.ACR, AMR: rec.AMR,
	}, true, nil
}

// Roles are the parts of the visitor in the review of emergency accesses (reviewer, authority) and in the catalogue
// (vendor, label).
func (v *Visitor) Roles() []string {
	if !v.Person.Professional() && v.Person.Kind != KindAgent {
		return nil
	}
	rec := &grantRecord{Kind: v.Person.Kind, Situation: v.session.Situation}
	person, err := v.s.Person(v.r.Context(), v.Person.Key)
	if err != nil {
		return nil
	}
	return v.s.actor(rec, nil, person).Roles
}

// Self is the visitor in their own name, for no record: what opens nothing, and says who asks.
func (v *Visitor) Self() (*gate.Grant, error) {
	person, err := v.s.Person(v.r.Context(), v.Person.Key)
	if err != nil {
		return nil, err
	}
	rec := &grantRecord{Kind: person.Kind, Situation: v.session.Situation}
	return &gate.Grant{
		ID: "own-" + signatureOf("own " + v.session.ID)[:24], Actor: v.s.actor(rec, nil, person), Client: ownClient, Scopes: []string{"patient/*.cruds"},
		Purpose: "PATRQT", Mode: "normal", Since: v.session.Begun, Until: v.session.End, Auth: v.session.Auth, ACR: v.session.ACR, AMR: v.session.AMR,
	}, nil
}

// relation finds through which relation the visitor acts for a patient; the first of them when none is named.
func (v *Visitor) relation(patient string) (Relation, bool, error) {
	all, err := v.ActsFor()
	if err != nil {
		return Relation{}, false, err
	}
	for _, r := range all {
		if r.Patient == patient || patient == "" {
			return r, true, nil
		}
	}
	return Relation{}, false, nil
}

// KnownApp is an app as people see it, and as a grant through it would name it at this instant.
type KnownApp struct {
	View   AppView
	Client gate.Client
	Scopes []string // all that it may ask of a person's record
}

// App is the app that a grant names; one that is known neither here nor in the catalogue goes by the id alone, and may do nothing.
func (v *Visitor) App(client string) (KnownApp, error) {
	c, err := v.s.appClient(v.r.Context(), client)
	if err != nil {
		return KnownApp{}, err
	}
	app, _, err := v.s.allowed(v.r.Context(), c)
	out := KnownApp{View: view(c, app), Client: gate.Client{ID: c.labelled(), Kind: c.Kind, Category: app.Category, Label: app.Label}, Scopes: []string{}}
	for _, scope := range c.Scopes {
		if strings.HasPrefix(scope, "patient/") {
			out.Scopes = append(out.Scopes, scope)
		}
	}
	return out, err
}

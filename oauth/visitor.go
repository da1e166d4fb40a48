package oauth

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/pontlevis/pontlevis/gate"
)

// maxOwnForm bounds the body of a form of our own pages, in bytes.
const maxOwnForm = 64 << 10

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
func (v *Visitor) CSRF() string { return v.s.csrf("own "+v.session.ID, v.s.browser(v.w, v.r)) }

// Form reads a posted form of at most 64 KiB. When it returns false it has answered itself: the form came from elsewhere,
// or cannot be read.
func (v *Visitor) Form() (url.Values, bool) {
	if v.s.cross.Check(v.r) != nil {
		return nil, v.refuseForm(http.StatusForbidden, ProblemForm)
	}
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxOwnForm)
	if err := v.r.ParseForm(); err != nil {
		return nil, v.refuseForm(http.StatusBadRequest, ProblemForm)
	}
	return v.checked()
}

// Upload is Form for a form with files, of at most limit bytes in all, kept in memory.
func (v *Visitor) Upload(limit int64) (url.Values, bool) {
	if v.s.cross.Check(v.r) != nil {
		return nil, v.refuseForm(http.StatusForbidden, ProblemForm)
	}
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, limit)
	if err := v.r.ParseMultipartForm(limit); err != nil {
		status := http.StatusBadRequest
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			status = http.StatusRequestEntityTooLarge
		}
		return nil, v.refuseForm(status, ProblemForm)
	}
	return v.checked()
}

// checked compares the token of the form. Only what was posted counts, never the address.
func (v *Visitor) checked() (url.Values, bool) {
	if !v.s.csrfMatches("own "+v.session.ID, v.s.cookie(v.r, cookieBrowser), v.r.PostForm.Get("csrf")) {
		return nil, v.refuseForm(http.StatusForbidden, ProblemForm)
	}
	return v.r.PostForm, true
}

func (v *Visitor) refuseForm(status int, kind string) bool {
	v.s.pages.Problem(v.w, v.r, status, ProblemPage{Kind: kind})
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
		ID: rec.ID, Actor: actorOf(rec, nil, person), Client: ownClient, Scopes: scopes,
		Patient: rec.Patient, Purpose: rec.Purpose, Mode: rec.Mode, Since: rec.Since, Until: rec.Expires,
		Auth: rec.Auth, ACR: rec.ACR, AMR: rec.AMR,
	}, true, nil
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

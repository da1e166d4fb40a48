package oauth

import (
	"context"
	"net/http"
	"slices"
)

// Known says who is signed in in the browser that sent r, for a page that anybody may see: nil for nobody, and for a
// professional who has not said yet in which work situation they are. It answers nothing.
func (s *Server) Known(w http.ResponseWriter, r *http.Request) (*Visitor, error) {
	session, person, err := s.currentSession(r.Context(), r)
	if err != nil || person == nil {
		return nil, err
	}
	v := &Visitor{Person: person, s: s, w: w, r: r, session: session}
	if person.Professional() {
		if v.Person = person.In(session.Situation); v.Person == nil {
			return nil, nil
		}
	}
	return v, nil
}

// SignInFirst asks whoever is not signed in to sign in, and brings them back to the page.
func (s *Server) SignInFirst(w http.ResponseWriter, r *http.Request) {
	s.askSignIn(w, r, returnPath(r), wish{})
}

// Opens tells whether an app can be opened from a record at this instant, and the origin that opening it leads to: the
// form-action of the page that offers it must allow that.
func (s *Server) Opens(ctx context.Context, client string) (origin string, ok bool, err error) {
	_, origin, ok, err = s.openable(ctx, client)
	return origin, ok, err
}

// Open makes a launch of an app for this visitor and a patient whom they act for, and gives the address that opens it (SMART App
// Launch 2.2, EHR launch). ok is false when there is no such app or patient for them.
func (v *Visitor) Open(client, patient string) (address string, ok bool, err error) {
	all, err := v.ActsFor()
	if err != nil || !slices.ContainsFunc(all, func(r Relation) bool { return r.Patient == patient }) {
		return "", false, err
	}
	if _, ok, err = v.s.Opens(v.r.Context(), client); err != nil || !ok {
		return "", false, err
	}
	l := &launchRecord{ID: newID(), Client: client, Person: v.Person.Key, Patient: patient, Expires: v.s.now().Add(launchLife)}
	a, f := v.s.keepLaunch(v.r, l)
	if f != nil {
		return "", false, f
	}
	return a.URL, a.URL != "", nil
}

package oauth

import (
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"

	"github.com/pontlevis/pontlevis/oauth/scope"
	"github.com/pontlevis/pontlevis/store"
)

// launchRequest is the body of POST /oauth2/launch.
type launchRequest struct {
	Client      string        `json:"client_id"`
	User        string        `json:"user"`
	Patient     string        `json:"patient"`
	Encounter   string        `json:"encounter"`
	FHIRContext []contextItem `json:"fhirContext"`
	Intent      string        `json:"intent"`
	Banner      *bool         `json:"need_patient_banner"`
}

// launchAnswer gives the value of the parameter launch, how long it may be used in seconds, and where to send the
// person, when the app has said where it is launched.
type launchAnswer struct {
	Launch    string `json:"launch"`
	ExpiresIn int64  `json:"expires_in"`
	URL       string `json:"launch_url,omitempty"`
}

// serveLaunch lets a portal or an EHR open an app where its user is: it keeps the context, once and for minutes, and
// gives the opaque value that the app will present (SMART 2.2, app-launch#app-launch-launch). Its bearer needs the scope
// urn:pontlevis:launch. The launch gives nobody a right: who signs in reads what they may read anyway.
func (s *Server) serveLaunch(w http.ResponseWriter, r *http.Request) {
	s.offerNonce(w, r)
	a, f := s.makeLaunch(w, r)
	if f != nil {
		s.writeFailure(w, r, f)
		return
	}
	writeJSON(w, http.StatusCreated, a)
}

func (s *Server) makeLaunch(w http.ResponseWriter, r *http.Request) (*launchAnswer, *failure) {
	g, p, f := s.launcher(r)
	if f != nil {
		return nil, f
	}
	ask, f := readLaunch(w, r)
	if f != nil {
		return nil, f
	}
	l := &launchRecord{
		ID: newID(), Client: ask.Client, User: ask.User, Patient: ask.Patient, By: g.Client, Expires: s.now().Add(launchLife),
		Context: launchContext{Encounter: ask.Encounter, FHIRContext: ask.FHIRContext, Intent: ask.Intent, Banner: ask.Banner},
	}
	if p != nil { // who opens an app uses it themselves
		l.Person = p.Key
	}
	if l.Patient == "" {
		l.Patient = g.Patient
	}
	wrong := l.check()
	switch {
	case wrong != "":
		return nil, refuse(codeInvalidRequest, wrong)
	case g.Patient != "" && l.Patient != g.Patient:
		return nil, refuse(codeInvalidRequest, "The patient is not the one of this token.")
	case p != nil && l.User != "" && l.User != p.Reference:
		return nil, refuse(codeInvalidRequest, "The user is not the person of this token.")
	}
	return s.keepLaunch(r, l)
}

// keepLaunch gives a launch its value and keeps it until its app comes.
func (s *Server) keepLaunch(r *http.Request, l *launchRecord) (*launchAnswer, *failure) {
	a := &launchAnswer{ExpiresIn: int64(launchLife.Seconds())}
	a.Launch, l.Sig = s.newToken(prefixLaunch, l.ID)
	var f *failure
	if a.URL, f = s.launchURL(r, l.Client, a.Launch); f != nil {
		return nil, f
	}
	err := s.db.Update(r.Context(), partitionOf(l.ID), func(tx store.Tx) error {
		return putExpiring(tx, launchKey(l.ID, l.Sig), l, l.Expires)
	})
	if err != nil {
		return nil, broken(err)
	}
	return a, nil
}

// launcher is who makes a launch: a live grant whose scopes allow it.
func (s *Server) launcher(r *http.Request) (*grantRecord, *Person, *failure) {
	if r.Method != http.MethodPost {
		f := refuse(codeInvalidRequest, "This endpoint takes POST alone.")
		f.Status = http.StatusMethodNotAllowed
		return nil, nil, f
	}
	presented, ok := s.presented(r)
	if !ok {
		return nil, nil, refuse(codeInvalidToken, "Send one access token in the Authorization header.")
	}
	g, a, err := s.liveToken(r.Context(), presented.Token)
	if f := tokenFailure(presented.Scheme, err); f != nil {
		return nil, nil, f
	}
	c, p, err := s.parties(r.Context(), g)
	if errors.Is(err, ErrNotFound) {
		return nil, nil, refuse(codeInvalidToken, "The client or the person of this token may not act any more.")
	}
	if err != nil {
		return nil, nil, broken(err)
	}
	if f := tokenFailure(presented.Scheme, s.checkBound(r.Context(), &presented, c, a.Bound)); f != nil {
		return nil, nil, f
	}
	if f := s.admit(r.Context(), c); f != nil {
		return nil, nil, refuse(codeInvalidToken, f.Description)
	}
	if !slices.Contains(a.scopes(g), scope.Launches) {
		return nil, nil, &failure{Status: http.StatusForbidden, Code: "insufficient_scope", Description: "The scope " + scope.Launches + " is required."}
	}
	return g, p, nil
}

func readLaunch(w http.ResponseWriter, r *http.Request) (*launchRequest, *failure) {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		f := refuse(codeInvalidRequest, "The body must be application/json.")
		f.Status = http.StatusUnsupportedMediaType
		return nil, f
	}
	in := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	in.DisallowUnknownFields()
	var ask launchRequest
	if err := in.Decode(&ask); err != nil {
		return nil, refuse(codeInvalidRequest, "The body is no launch: an object with client_id, user, patient, encounter, fhirContext, intent or need_patient_banner.")
	}
	if _, err := in.Token(); !errors.Is(err, io.EOF) {
		return nil, refuse(codeInvalidRequest, "The body holds more than one object.")
	}
	return &ask, nil
}

// launchURL is where an app is opened; "" for a launch that names none, or one that has not said where.
func (s *Server) launchURL(r *http.Request, client, handle string) (string, *failure) {
	if client == "" {
		return "", nil
	}
	c, err := s.clientNow(r.Context(), client)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return "", broken(err)
	}
	if c == nil || c.Disabled || !slices.Contains(c.Scopes, "launch") {
		return "", refuse(codeInvalidRequest, "No app of this client_id is launched from a record.")
	}
	if c.LaunchURI == "" {
		return "", nil
	}
	u, err := url.Parse(c.LaunchURI)
	if err != nil {
		return "", broken(err)
	}
	q := u.Query()
	q.Set("iss", s.fhir)
	q.Set("launch", handle)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

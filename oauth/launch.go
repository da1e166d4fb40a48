package oauth

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/oauth/scope"
	"github.com/pontlevis/pontlevis/store"
)

// Bounds of a launch.
const (
	launchLife     = 5 * time.Minute // from the page that opens an app to the app's authorization request
	maxFHIRContext = 20              // objects of fhirContext
	maxIntent      = 256             // bytes
)

// launchContext is what an app is told of where it was opened (SMART 2.2, app-launch#launch-context-arrives…).
type launchContext struct {
	Encounter   string        `json:"encounter,omitempty"` // logical id
	FHIRContext []contextItem `json:"fhirContext,omitempty"`
	Intent      string        `json:"intent,omitempty"`
	// Banner is false where the page around the app shows who the patient is already.
	Banner *bool `json:"need_patient_banner,omitempty"`
}

// contextItem is one object of fhirContext (SMART 2.2, app-launch#fhircontext-exp).
type contextItem struct {
	Reference  string          `json:"reference,omitempty"`
	Canonical  string          `json:"canonical,omitempty"`
	Identifier *itemIdentifier `json:"identifier,omitempty"`
	Type       string          `json:"type,omitempty"`
	Role       string          `json:"role,omitempty"`
}

type itemIdentifier struct {
	System string `json:"system,omitempty"`
	Value  string `json:"value"`
}

// launchRecord is a launch that waits for its app: for whom, where, and by whom it was made.
type launchRecord struct {
	ID      string        `json:"id"`
	Client  string        `json:"client,omitempty"` // the app it is for; "" any
	Person  string        `json:"person,omitempty"` // key of who opened the app; "" any
	User    string        `json:"user,omitempty"`   // reference of who is to sign in; "" any
	Patient string        `json:"patient,omitempty"`
	Context launchContext `json:"context,omitzero"`
	By      string        `json:"by,omitempty"`  // client that made it; "" our own page
	Used    time.Time     `json:"used,omitzero"` // when a grant came of it
	Expires time.Time     `json:"expires"`
	Sig     string        `json:"sig"`
}

func launchKey(id, sig string) []byte { return store.Key("oauth", "launch", id, sig) }

// check holds a launch to SMART's rules; the sentence says what is wrong, "" when nothing is.
func (l *launchRecord) check() string {
	c := &l.Context
	switch {
	case l.Patient != "" && !fhir.IsID(l.Patient), c.Encounter != "" && !fhir.IsID(c.Encounter):
		return "patient and encounter are logical ids."
	case len(c.Intent) > maxIntent || hasControl(c.Intent):
		return "intent is a short text."
	case len(c.FHIRContext) > maxFHIRContext:
		return "fhirContext has too many objects."
	case l.User != "" && !relative(l.User):
		return "user is a reference: Practitioner/x, Patient/x."
	}
	for _, item := range c.FHIRContext {
		if wrong := item.check(); wrong != "" {
			return wrong
		}
	}
	return ""
}

func (i *contextItem) check() string {
	kind, _, _ := strings.Cut(i.Reference, "/")
	switch {
	case i.Reference == "" && i.Canonical == "" && i.Identifier == nil:
		return "Each object of fhirContext has a reference, a canonical or an identifier."
	case i.Reference != "" && !relative(i.Reference):
		return "The reference of a fhirContext object is relative: Type/id."
	case i.Identifier != nil && i.Identifier.Value == "":
		return "The identifier of a fhirContext object has a value."
	case i.Type != "" && (!fhir.IsType(i.Type) || kind != "" && i.Type != kind):
		return "The type of a fhirContext object is that of its reference."
	case (kind == "Patient" || kind == "Encounter" || i.Type == "Patient" || i.Type == "Encounter") && (i.Role == "" || i.Role == "launch"):
		return "A Patient or an Encounter is in fhirContext only with a role of its own (SMART 2.2): patient and encounter have parameters."
	}
	for _, text := range []string{i.Canonical, i.Role, i.Type} {
		if len(text) > maxURI || hasControl(text) {
			return "A text of fhirContext is too long."
		}
	}
	return ""
}

// relative tells whether a text is a relative reference to a resource of R4.
func relative(reference string) bool {
	kind, id, ok := strings.Cut(reference, "/")
	return ok && fhir.IsType(kind) && fhir.IsID(id)
}

// errNoLaunch says that a launch is not known, is over, was used, or is somebody else's.
var errNoLaunch = errors.New("the launch is not known any more")

// launchNamed finds the launch of an authorization request.
func (s *Server) launchNamed(ctx context.Context, handle string, c *Client) (*launchRecord, error) {
	id, sig, ok := s.parseToken(prefixLaunch, handle)
	if !ok {
		return nil, errNoLaunch
	}
	var l launchRecord
	err := s.db.View(ctx, partitionOf(id), func(tx store.Tx) error {
		found, err := store.GetJSON(tx, launchKey(id, sig), &l)
		if err == nil && !found {
			err = errNoLaunch
		}
		return err
	})
	switch {
	case err != nil:
		return nil, err
	case !l.Used.IsZero(), !s.now().Before(l.Expires), l.Client != "" && l.Client != c.ID:
		return nil, errNoLaunch
	}
	return &l, nil
}

// launchScopes are the scopes of an authorization request with what its launch may give: no launch context without a
// launch, no encounter where there is none.
func launchScopes(scopes []string, l *launchRecord) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(word string) bool {
		return word == "launch" && l == nil || word == "launch/encounter" && (l == nil || l.Context.Encounter == "")
	})
}

// launch finds what an authorization request was launched with, nil for one that an app began by itself.
func (s *Server) launchOf(ctx context.Context, c *Client, handle string, scopes []string) (*launchRecord, *failure) {
	if handle == "" {
		return nil, nil
	}
	l, err := s.launchNamed(ctx, handle, c)
	switch {
	case errors.Is(err, errNoLaunch):
		return nil, refuse(codeInvalidRequest, "This launch is not known, was used already, is over, or is for another app.")
	case err != nil:
		return nil, broken(err)
	case !slices.Contains(scopes, "launch"):
		return nil, refuse(codeInvalidScope, "A launch from a record needs the scope launch.")
	}
	return l, nil
}

// follow leads a sign-in to the patient of its launch. It answers itself when it returns false: whoever the launch was
// not made for, and whoever that record does not open to, is sent back to the app.
func (s *Server) follow(v *visit) bool {
	l := v.tx.Launch
	if l == nil || v.person == nil {
		return true
	}
	if l.Person != "" && l.Person != v.person.Key || l.User != "" && l.User != v.person.Reference {
		s.turnAway(v, "The launch was made for another person.")
		return false
	}
	if l.Patient == "" || v.tx.Chooser == v.person.Key && v.tx.Patient == l.Patient {
		return true
	}
	found, ok, err := s.patientOfLaunch(v, l.Patient)
	if err == nil && ok {
		v.tx.Patient, v.tx.Name, v.tx.Chooser = found.Patient, found.Name, v.person.Key
		err = s.keepChoice(v, found)
	}
	switch {
	case err != nil:
		s.trouble(v.w, v.r, err)
	case !ok:
		s.turnAway(v, "The record of this launch does not open to this person.")
	}
	return err == nil && ok
}

func (s *Server) turnAway(v *visit, why string) {
	s.tell(v.r.Context(), "refused", v.client.ID, v.person.Key, "")
	s.returnError(v.w, v.r, v.tx.Form["redirect_uri"], v.tx.State, refuse(codeAccessDenied, why))
}

// patientOfLaunch finds the patient of a launch among those that the person may open.
func (s *Server) patientOfLaunch(v *visit, patient string) (Relation, bool, error) {
	if v.person.Professional() {
		return s.relations.OpenPatient(v.r.Context(), v.person, patient)
	}
	all, err := s.actsFor(v.r.Context(), v.person)
	i := slices.IndexFunc(all, func(r Relation) bool { return r.Patient == patient })
	if err != nil || i < 0 {
		return Relation{}, false, err
	}
	return all[i], true, nil
}

// claimLaunch uses a launch up: one grant comes of it, however many requests carried it.
func (s *Server) claimLaunch(ctx context.Context, l *launchRecord) error {
	if l == nil {
		return nil
	}
	return s.db.Update(ctx, partitionOf(l.ID), func(tx store.Tx) error {
		var row launchRecord
		found, err := store.GetJSON(tx, launchKey(l.ID, l.Sig), &row)
		if err != nil {
			return err
		}
		if !found || !row.Used.IsZero() {
			return errNoLaunch
		}
		row.Used = s.now()
		return store.PutJSON(tx, launchKey(l.ID, l.Sig), row)
	})
}

// context is the part of a launch that a grant with these scopes keeps.
func (l *launchRecord) context(scopes []string) launchContext {
	if l == nil || !slices.Contains(scopes, "launch") {
		return launchContext{}
	}
	return l.Context
}

// launchParameters are what the token response and the introspection say of where an app was opened (SMART 2.2,
// app-launch#launch-context-arrives…, R168-190; token-introspection, R274).
type launchParameters struct {
	Patient     string        `json:"patient,omitempty"`
	Encounter   string        `json:"encounter,omitempty"`
	FHIRContext []contextItem `json:"fhirContext,omitempty"`
	Banner      *bool         `json:"need_patient_banner,omitempty"`
	Intent      string        `json:"intent,omitempty"`
	Style       string        `json:"smart_style_url,omitempty"`
}

// launchParameters are those of a grant.
func (s *Server) launchParameters(g *grantRecord) launchParameters {
	out := launchParameters{Encounter: g.Context.Encounter, FHIRContext: g.Context.FHIRContext, Intent: g.Context.Intent}
	if scope.WantsPatient(g.Scopes) || slices.Contains(g.Scopes, "launch") {
		out.Patient = g.Patient
	}
	if out.Patient != "" {
		banner := true
		if out.Banner = &banner; g.Context.Banner != nil {
			out.Banner = g.Context.Banner
		}
	}
	if g.Person != "" {
		out.Style = s.issuer + s.style.path
	}
	return out
}

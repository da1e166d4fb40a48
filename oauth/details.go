package oauth

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/gate"
)

// Types of authorization details (RFC 9396 §2).
const (
	detailGlass        = "break_glass"  // an emergency access to one record (rules.md E1–E4)
	detailConsultation = "consultation" // the person's explicit consent to one consultation (rules.md P1)
	detailPurpose      = "purpose"      // one of the purposes that the app's label declares (rules.md A1)
)

const (
	lastStage      = 3
	maxDetails     = 3 // one of each type
	maxTypedReason = 500
)

// detail is one authorization detail that is understood. Members that its type has not are refused.
type detail struct {
	Type string `json:"type"`

	// break_glass: the record by Patient ("Patient/id") or by Identifier (an INS, or "system|value"), one of the two; a
	// coded reason of the mode; how far it opens, from 1; for the last stage a reason in the person's own words.
	Patient     string `json:"patient,omitempty"`
	Identifier  string `json:"identifier,omitempty"`
	Mode        string `json:"mode,omitempty"` // bris_de_glace, centre_15
	Reason      string `json:"reason,omitempty"`
	Stage       int    `json:"stage,omitempty"`
	TypedReason string `json:"typed_reason,omitempty"`
	Extend      bool   `json:"extend,omitempty"` // asks for more time than the access under way has left (rules.md E3)

	Professional string `json:"professional,omitempty"` // consultation: "Practitioner/id", or an identifier "system|value"
	Purpose      string `json:"purpose,omitempty"`      // purpose: a code of v3-PurposeOfUse
}

// Opener does what authorization details ask for beyond a token, as the policies decide. An error that is a *gate.Refusal
// is told to the person in its words.
type Opener interface {
	// EmergencyReason gives a coded reason of an emergency mode in words.
	EmergencyReason(mode, code string) (fr, en string, known bool)
	// EmergencyMode is the mode of an emergency access that says none, for somebody who regulates calls or anybody else.
	EmergencyMode(regulating bool) string
	// EmergencyLife is how long an emergency access lasts (rules.md E3); a grant of no length gives nothing.
	EmergencyLife() time.Duration
	// OpenEmergency decides and logs the opening of the emergency access that g stands for, in the record that whose
	// names: "Patient/id", an INS or "system|value". The result says whose record it is and when the access ends.
	OpenEmergency(ctx context.Context, g *gate.Grant, whose string) (*gate.Opening, error)
	// EndEmergency logs that the person of g ends their emergency access before its time.
	EndEmergency(ctx context.Context, g *gate.Grant) error
	// Consult keeps the consent of the person of g to one consultation by a professional.
	Consult(ctx context.Context, g *gate.Grant, professional string) error
}

// detailTypes are the types that are served.
func (s *Server) detailTypes() []string {
	if s.opener == nil {
		return []string{detailPurpose}
	}
	return []string{detailGlass, detailConsultation, detailPurpose}
}

var (
	practitionerForm = regexp.MustCompile(`^(Practitioner|PractitionerRole|Organization)/[A-Za-z0-9.-]{1,64}$`)
	patientForm      = regexp.MustCompile(`^Patient/[A-Za-z0-9.-]{1,64}$`)
	identifierForm   = regexp.MustCompile(`^[a-z][a-zA-Z0-9+.-]*:[^|\s]{1,150}\|[^|\s]{1,60}$`)
	purposeForm      = regexp.MustCompile(`^[A-Z]{1,20}$`)
)

func badDetail(description string) *failure { return refuse(codeInvalidDetails, description) }

// readDetails parses authorization_details strictly (RFC 9396 §5: an unknown type, an unknown or missing member refuse
// the request). The result is nil when raw is "".
func (s *Server) readDetails(raw string) ([]detail, *failure) {
	if raw == "" {
		return nil, nil
	}
	d := json.NewDecoder(strings.NewReader(raw))
	d.DisallowUnknownFields()
	var all []detail
	if err := d.Decode(&all); err != nil || d.More() {
		return nil, badDetail("authorization_details is an array of objects of the types that the metadata lists, each with its own members.")
	}
	if len(all) == 0 || len(all) > maxDetails {
		return nil, badDetail("One to three authorization details may be asked for.")
	}
	for i := range all {
		if slices.ContainsFunc(all[:i], func(o detail) bool { return o.Type == all[i].Type }) {
			return nil, badDetail("Each type of authorization detail may be asked for once.")
		}
		if !slices.Contains(s.detailTypes(), all[i].Type) {
			return nil, badDetail("An authorization detail has a type that is not served here.")
		}
		if f := s.checkDetail(&all[i]); f != nil {
			return nil, f
		}
	}
	if detailOf(all, detailGlass) != nil && detailOf(all, detailConsultation) != nil {
		return nil, badDetail("A consultation and an emergency exclude each other.")
	}
	return all, nil
}

func (s *Server) checkDetail(d *detail) *failure {
	switch d.Type {
	case detailGlass:
		return s.checkGlass(d)
	case detailConsultation:
		if *d != (detail{Type: d.Type, Professional: d.Professional}) {
			return badDetail("consultation has one member: professional.")
		}
		if !practitionerForm.MatchString(d.Professional) && !identifierForm.MatchString(d.Professional) {
			return badDetail(`consultation needs professional: "Practitioner/id", or an identifier "system|value".`)
		}
	case detailPurpose:
		if *d != (detail{Type: d.Type, Purpose: d.Purpose}) || !purposeForm.MatchString(d.Purpose) {
			return badDetail("purpose has one member: purpose, a code of v3-PurposeOfUse.")
		}
	}
	return nil
}

// checkGlass checks an emergency access and fills in what it leaves to be understood.
func (s *Server) checkGlass(d *detail) *failure {
	if d.Mode == "" {
		d.Mode = s.opener.EmergencyMode(false) // a regulating doctor's software names the other
	}
	if d.Stage == 0 {
		d.Stage = 1
	}
	_, _, known := s.opener.EmergencyReason(d.Mode, d.Reason)
	switch {
	case d.Professional != "" || d.Purpose != "":
		return badDetail("break_glass has the members patient or identifier, mode, reason, stage, typed_reason and extend.")
	case (d.Patient == "") == (d.Identifier == ""):
		return badDetail("break_glass needs patient or identifier, one of the two.")
	case d.Patient != "" && !patientForm.MatchString(d.Patient):
		return badDetail(`patient is a reference, "Patient/id".`)
	case d.Identifier != "" && !insForm.MatchString(d.Identifier) && !identifierForm.MatchString(d.Identifier):
		return badDetail(`identifier is an INS, or "system|value".`)
	case !known:
		return badDetail("break_glass needs a coded reason of its mode, bris_de_glace or centre_15.")
	case d.Stage < 1 || d.Stage > lastStage:
		return badDetail("stage is 1, 2 or 3.")
	case d.Stage > 1 && d.Patient == "":
		return badDetail("A further stage names the record by patient, as the token of the first did.")
	case len(d.TypedReason) > maxTypedReason || hasControl(d.TypedReason):
		return badDetail("typed_reason is one line of at most 500 bytes.")
	case d.Stage == lastStage && strings.TrimSpace(d.TypedReason) == "":
		return badDetail("The last stage needs typed_reason: why the masked documents are needed.")
	}
	return nil
}

// whose names the record of an emergency access.
func (d *detail) whose() string { return first(d.Patient, d.Identifier) }

// detailOf finds the detail of a type, nil when there is none.
func detailOf(all []detail, kind string) *detail {
	for i := range all {
		if all[i].Type == kind {
			return &all[i]
		}
	}
	return nil
}

// detailsOf reads the authorization details of a request for authorization by a client.
func (s *Server) detailsOf(ctx context.Context, c *Client, raw string) ([]detail, *failure) {
	all, f := s.readDetails(raw)
	if f != nil || detailOf(all, detailPurpose) == nil {
		return all, f
	}
	return all, s.checkPurpose(ctx, c, detailOf(all, detailPurpose).Purpose)
}

// checkPurpose holds a purpose to those that the client's label declares; the portal, which has no label, and a system of
// the operator's own have one purpose each.
func (s *Server) checkPurpose(ctx context.Context, c *Client, purpose string) *failure {
	app, _, err := s.allowed(ctx, c)
	if err != nil {
		return broken(err)
	}
	if !slices.Contains(app.Label.Purposes, purpose) && (c.Purpose == "" || purpose != c.Purpose) {
		return badDetail("The purpose is not one that the app's label declares.")
	}
	return nil
}

// narrowDetails gives the details of one access token, out of those of its grant (RFC 9396 §6): the same or fewer, and an
// emergency at an earlier stage. What an emergency grant is for cannot be left out: it is for nothing else.
func narrowDetails(held, asked []detail) ([]detail, *failure) {
	var out []detail
	for _, want := range asked {
		have := detailOf(held, want.Type)
		if have == nil {
			return nil, badDetail("An authorization detail was not granted.")
		}
		given := *have
		if want.Stage < given.Stage {
			given.Stage = want.Stage
		}
		want.TypedReason, want.Extend = given.TypedReason, given.Extend
		if want != given {
			return nil, badDetail("An authorization detail differs from what was granted.")
		}
		out = append(out, given)
	}
	if detailOf(held, detailGlass) != nil && detailOf(asked, detailGlass) == nil {
		return nil, badDetail("An emergency grant is for the emergency alone.")
	}
	return out, nil
}

// deriveDetails gives a derived grant the details of its subject's token, which may be of an earlier stage than the
// subject's grant, or what is asked of them.
func (g *grantRecord) deriveDetails(held, asked []detail) (f *failure) {
	g.Details = held
	if asked != nil {
		if g.Details, f = narrowDetails(held, asked); f != nil {
			return f
		}
	}
	if d := detailOf(g.Details, detailGlass); d != nil {
		g.Stage, g.TypedReason = d.Stage, d.TypedReason
	}
	return nil
}

// details are the access token's: its own when narrower, else the grant's.
func (a *accessRecord) details(g *grantRecord) []detail {
	if a.Details != nil {
		return a.Details
	}
	return g.Details
}

// bindDetails gives an access token the details that its request asks for. A back-end's own grant has none to narrow: it
// may ask for one of its declared purposes.
func (s *Server) bindDetails(ctx context.Context, x *exchange, asked []detail) *failure {
	if asked == nil {
		return nil
	}
	if d := detailOf(asked, detailPurpose); x.create && x.grant.Kind == "system" && d != nil && len(asked) == 1 {
		x.grant.Purpose, x.grant.Details = d.Purpose, asked
		return s.checkPurpose(ctx, x.client, d.Purpose)
	}
	var f *failure
	x.details, f = narrowDetails(x.grant.Details, asked)
	return f
}

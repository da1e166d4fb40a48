package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth/scope"
)

// Token types of RFC 8693 §3.
const (
	typeAccessToken = "urn:ietf:params:oauth:token-type:access_token"
	typeJWT         = "urn:ietf:params:oauth:token-type:jwt"
)

// maxActors bounds how many systems may act one for the other.
const maxActors = 3

// Subjects verifies tokens that an OpenID Provider elsewhere has given, such as Pro Santé Connect, for token exchange.
type Subjects interface {
	// Subject verifies a token of the given type (RFC 8693 §3) with the provider that issued it and tells whom it stands
	// for. ErrSubject is every token that does not count; another error says that the provider could not be asked.
	Subject(ctx context.Context, token, tokenType string) (Subject, error)
}

// ErrSubject says that a subject token does not count.
var ErrSubject = errors.New("the subject token is not accepted")

// Subject is the professional that a token of an OpenID Provider elsewhere stands for.
type Subject struct {
	Person    string    // key of a registered professional
	Situation string    // work situation in which they act, "" for one of a single situation
	Auth      time.Time // when they signed in there
	ACR       string
	AMR       []string
	Expires   time.Time // of the token: what is given for it ends no later
}

// exchangeSubject gives a system a token to act for who a subject token stands for (RFC 8693). It only ever narrows: the
// scopes are the subject's cut by what is asked and by what the client is registered for, the patient, the purpose and the
// mode are the subject's, the end is no later. The grant names both, and dies with the subject's.
func (s *Server) exchangeSubject(r *http.Request, c *Client, form url.Values) (*answer, *failure) {
	ctx := r.Context()
	if f := s.admitNew(ctx, c); f != nil { // a grant of this client begins
		return nil, f
	}
	foreign, f := s.exchangeTarget(form)
	if f != nil {
		return nil, f
	}
	if !form.Has("subject_token") || !form.Has("subject_token_type") {
		return nil, refuse(codeInvalidRequest, "subject_token and subject_token_type are needed.")
	}
	if form.Has("actor_token") != form.Has("actor_token_type") {
		return nil, refuse(codeInvalidRequest, "actor_token and actor_token_type come together.")
	}
	if f := s.checkActor(ctx, c, form); f != nil {
		return nil, f
	}
	var g *grantRecord
	if strings.HasPrefix(form.Get("subject_token"), prefixAccess) && form.Get("subject_token_type") == typeAccessToken {
		g, f = s.derive(ctx, c, form)
	} else {
		g, f = s.adopt(ctx, c, form)
	}
	if f != nil {
		return nil, f
	}
	x := &exchange{client: c, grant: g, create: true, alone: true}
	var a *answer
	if foreign != "" {
		a, f = s.issueJWT(ctx, x, foreign)
	} else {
		a, f = s.issue(ctx, x, nil)
	}
	if f != nil {
		return nil, f
	}
	s.tell(ctx, "token_exchange", c.ID, g.Person, g.ID)
	return a, nil
}

// exchangeTarget reads for whom the token is: our FHIR endpoint (""), or another resource server, which gets a JWT.
func (s *Server) exchangeTarget(form url.Values) (foreign string, f *failure) {
	wanted := form.Get("requested_token_type")
	for _, name := range []string{"resource", "audience"} {
		switch target := strings.TrimSuffix(form.Get(name), "/"); {
		case target == "" || target == s.fhir && wanted != typeJWT:
		case slices.Contains(s.resources, target) && (foreign == "" || foreign == target):
			foreign = target
		default:
			return "", refuse(codeInvalidTarget, name+" is no resource server that tokens are given for here.")
		}
	}
	switch {
	case wanted != "" && wanted != typeAccessToken && wanted != typeJWT:
		return "", refuse(codeInvalidRequest, "requested_token_type is one of "+typeAccessToken+", "+typeJWT+".")
	case foreign != "" && wanted != typeJWT:
		return "", refuse(codeInvalidRequest, "A token for another resource server is a JWT: ask for "+typeJWT+".")
	case foreign == "" && wanted == typeJWT:
		return "", refuse(codeInvalidTarget, "A JWT is given for another resource server alone: name it by resource.")
	}
	return foreign, nil
}

// checkActor accepts as the actor the client itself, named by a token of its own.
func (s *Server) checkActor(ctx context.Context, c *Client, form url.Values) *failure {
	if !form.Has("actor_token") {
		return nil
	}
	no := refuse(codeInvalidRequest, "actor_token is an access token that the client got in its own name.")
	if form.Get("actor_token_type") != typeAccessToken {
		return no
	}
	g, a, f := s.tokenOfSubject(ctx, form.Get("actor_token"))
	if f != nil {
		return f
	}
	if g.Client != c.ID || g.Person != "" || !a.Bound.holds(senderOf(ctx).shown) {
		return no
	}
	return nil
}

// tokenOfSubject reads an access token of ours that lives.
func (s *Server) tokenOfSubject(ctx context.Context, token string) (*grantRecord, *accessRecord, *failure) {
	g, a, err := s.liveToken(ctx, token)
	var refused *gate.TokenError
	if errors.As(err, &refused) {
		return nil, nil, refuse(codeInvalidRequest, refused.Description) // RFC 8693 §2.2.2
	}
	if err != nil {
		return nil, nil, broken(err)
	}
	return g, a, nil
}

// derive makes the grant for a subject token of our own.
func (s *Server) derive(ctx context.Context, c *Client, form url.Values) (*grantRecord, *failure) {
	subject, a, f := s.tokenOfSubject(ctx, form.Get("subject_token"))
	if f != nil {
		return nil, f
	}
	switch {
	case subject.Person == "":
		return nil, refuse(codeInvalidRequest, "A system's own token is not exchanged: each system asks for its own.")
	case subject.Client == c.ID:
		return nil, refuse(codeInvalidRequest, "A client does not act for itself.")
	case !a.Bound.holds(senderOf(ctx).shown): // who cannot use the token cannot exchange it either
		s.tell(ctx, "proof_refused", c.ID, "", subject.ID)
		return nil, refuse(codeInvalidRequest, "The subject token is bound to another key or certificate.")
	case len(subject.Acts) >= maxActors:
		return nil, refuse(codeInvalidRequest, "Too many systems act one for the other.")
	}
	scopes, f := narrowFor(c, a.scopes(subject), form)
	if f != nil {
		return nil, f
	}
	now := s.now()
	g := *subject
	g.ID, g.Parent, g.Client, g.Scopes = newID(), subject.ID, c.ID, scopes
	g.Acts = append([]string{c.ID}, subject.Acts...)
	g.Since, g.Expires = now, earlier(now.Add(backendLife), a.Expires)
	g.Head, g.Previous, g.Grace, g.Sealed, g.Bound, g.Nonce, g.Session = "", "", time.Time{}, nil, binding{}, "", ""
	if f := g.deriveDetails(a.details(subject), senderOf(ctx).details); f != nil {
		return nil, f
	}
	var err error
	if g.Ended, err = s.endings(ctx, g.Patient, g.Client); err != nil {
		return nil, broken(err)
	}
	if _, err := s.lineage(ctx, &g, c); err != nil {
		return nil, lineageFailure(err)
	}
	return &g, nil
}

func lineageFailure(err error) *failure {
	var refused *gate.TokenError
	if errors.As(err, &refused) {
		return refuse(codeInvalidRequest, refused.Description)
	}
	return broken(err)
}

// narrowFor cuts what a subject's token may do by what is asked and by what the client is registered for. Nothing that
// outlives the subject's token is given on.
func narrowFor(c *Client, held []string, form url.Values) ([]string, *failure) {
	asked := strings.Fields(form.Get("scope"))
	if len(asked) == 0 {
		asked = held
	} else if !scope.Covered(held, asked) {
		return nil, refuse(codeInvalidScope, "An exchange may ask for what the subject token has or less.")
	}
	scopes := slices.DeleteFunc(scope.Narrow(c.Scopes, asked), func(w string) bool {
		return !strings.HasPrefix(w, "patient/") && !strings.HasPrefix(w, "user/")
	})
	if len(scopes) == 0 {
		return nil, refuse(codeInvalidScope, "None of these scopes is registered for this client.")
	}
	return scopes, nil
}

// adopt makes the grant for the token of an OpenID Provider elsewhere (ANS, API REST Pro Santé Connectée). The scopes have
// to be named; nobody has chosen a patient, so there are none for one patient.
func (s *Server) adopt(ctx context.Context, c *Client, form url.Values) (g *grantRecord, f *failure) {
	kind := form.Get("subject_token_type")
	if s.subjects == nil || kind != typeAccessToken && kind != typeJWT {
		return nil, refuse(codeInvalidRequest, "This kind of subject token is not accepted here.")
	}
	if !form.Has("scope") {
		return nil, refuse(codeInvalidScope, "scope is needed: name what the professional is to do.")
	}
	subject, err := s.subjects.Subject(ctx, form.Get("subject_token"), kind)
	if errors.Is(err, ErrSubject) {
		s.tell(ctx, "subject_refused", c.ID, "", "")
		return nil, refuse(codeInvalidRequest, "The subject token is not accepted.")
	}
	if err != nil {
		return nil, broken(err)
	}
	p, err := s.Person(ctx, subject.Person)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, broken(err)
	}
	if p == nil || p.Disabled || !p.Professional() {
		return nil, refuse(codeInvalidRequest, "The subject token stands for nobody who may act here.")
	}
	if subject.Situation == "" {
		if subject.Situation, f = situationAsked(p, form.Get("work_situation")); f != nil {
			return nil, f
		}
	}
	if !p.works(subject.Situation) {
		return nil, refuse(codeInvalidRequest, "The subject token stands for nobody who may act here.")
	}
	asked := strings.Fields(form.Get("scope"))
	scopes := slices.DeleteFunc(scope.Narrow(c.Scopes, asked), func(w string) bool { return !strings.HasPrefix(w, "user/") })
	if len(scopes) == 0 {
		return nil, refuse(codeInvalidScope, "None of these scopes is registered for this client, or none is of the form user/….")
	}
	now := s.now()
	g = &grantRecord{
		ID: newID(), Client: c.ID, Acts: []string{c.ID}, Person: p.Key, Kind: "professional", Scopes: scopes, Purpose: "TREAT", Mode: "normal",
		Situation: subject.Situation, Since: now, Expires: earlier(now.Add(accessLife), subject.Expires),
		Auth: subject.Auth, ACR: subject.ACR, AMR: subject.AMR,
	}
	if !now.Before(g.Expires) {
		return nil, refuse(codeInvalidRequest, "The subject token has expired.")
	}
	return g, nil
}

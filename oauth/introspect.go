package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth/keyring"
	"github.com/pontlevis/pontlevis/oauth/scope"
)

// introspection is the answer of RFC 7662 §2.2 with the launch parameters of SMART 2.2 token-introspection (R271-R283),
// the confirmation of RFC 9449 and RFC 8705 and the actor of RFC 8693.
type introspection struct {
	Active   bool     `json:"active"`
	Scope    string   `json:"scope,omitempty"`
	Client   string   `json:"client_id,omitempty"`
	Type     string   `json:"token_type,omitempty"`
	Expires  int64    `json:"exp,omitempty"`
	Issued   int64    `json:"iat,omitempty"`
	Issuer   string   `json:"iss,omitempty"`
	Subject  string   `json:"sub,omitempty"`
	Audience string   `json:"aud,omitempty"`
	Auth     int64    `json:"auth_time,omitempty"`
	ACR      string   `json:"acr,omitempty"`
	AMR      []string `json:"amr,omitempty"`
	FHIRUser string   `json:"fhirUser,omitempty"`

	launchParameters
	Bound   *binding `json:"cnf,omitempty"`                   // to whom the token is bound
	Act     *actor   `json:"act,omitempty"`                   // who acts for the subject
	Details []detail `json:"authorization_details,omitempty"` // RFC 9396 §9.2
}

// serveIntrospect tells a confidential client about its own tokens, and a resource server (Client.Introspects) about
// any. A token of somebody else is told as inactive, exactly like one that does not exist.
func (s *Server) serveIntrospect(w http.ResponseWriter, r *http.Request) {
	form, f := postForm(w, r)
	if f != nil {
		s.writeFailure(w, r, f)
		return
	}
	caller, f := s.introspector(r, form)
	if f == nil && !form.Has("token") {
		f = refuse(codeInvalidRequest, "token is missing.")
	}
	if f != nil {
		s.writeFailure(w, r, f)
		return
	}
	out, err := s.introspect(r.Context(), caller, form.Get("token"))
	var refused *gate.TokenError
	if errors.As(err, &refused) || errors.Is(err, ErrNotFound) {
		out, err = &introspection{}, nil
	}
	if err != nil {
		s.writeFailure(w, r, broken(err))
		return
	}
	writeJSON(w, http.StatusOK, out)
}

// introspector authenticates who asks: a client by its credentials, or a resource server by an access token that it got in
// its own name and that covers system/*.rs (SMART 2.2, R282-R283). Any other token opens nothing: whoever holds one must
// not learn of others (RFC 7662 §4).
func (s *Server) introspector(r *http.Request, form url.Values) (*Client, *failure) {
	if scheme, _, _ := strings.Cut(r.Header.Get("Authorization"), " "); strings.EqualFold(scheme, gate.SchemeBearer) || strings.EqualFold(scheme, gate.SchemeDPoP) {
		return s.bearing(r)
	}
	c, f := s.authenticateClient(r, form, s.issuer+pathIntrospect)
	switch {
	case f != nil:
		return nil, f
	case !c.Confidential():
		return nil, refuse(codeInvalidClient, "A public client cannot introspect tokens.")
	case c.Introspects: // who asks about others' tokens has to be one that may ask at all
		return c, s.admit(r.Context(), c)
	}
	return c, nil
}

func (s *Server) bearing(r *http.Request) (*Client, *failure) {
	p, ok := s.presented(r)
	if !ok {
		return nil, refuse(codeInvalidToken, "Send one access token in the Authorization header.")
	}
	g, err := s.Authenticate(r.Context(), p)
	var refused *gate.TokenError
	if errors.As(err, &refused) {
		return nil, refuse(codeInvalidToken, refused.Description)
	}
	if err != nil {
		return nil, broken(err)
	}
	token, _, err := s.liveToken(r.Context(), p.Token)
	if err != nil {
		return nil, broken(err)
	}
	c, err := s.Client(r.Context(), token.Client)
	if err != nil {
		return nil, broken(err)
	}
	if !c.Introspects || g.Actor.Kind != "system" || !scope.Covered(g.Scopes, []string{"system/*.rs"}) {
		return nil, &failure{
			Status: http.StatusForbidden, Code: "insufficient_scope",
			Description: "Introspection takes a system's own token that covers system/*.rs, from a client registered for it.",
		}
	}
	return c, s.admit(r.Context(), c)
}

// introspect describes a living token to a caller; ErrNotFound or a *gate.TokenError when there is nothing to tell.
func (s *Server) introspect(ctx context.Context, caller *Client, token string) (*introspection, error) {
	out, g, err := s.known7662(ctx, token)
	if err != nil {
		return nil, err
	}
	if g.Client != caller.ID && !caller.Introspects {
		return nil, ErrNotFound
	}
	c, p, err := s.parties(ctx, g)
	if err != nil {
		return nil, err
	}
	if g.Parent != "" {
		l, err := s.lineage(ctx, g, c)
		if err != nil {
			return nil, err
		}
		out.Scope = strings.Join(scope.Narrow(l.scopes, strings.Fields(out.Scope)), " ")
	} else if app, ok, err := s.allowed(ctx, c); err != nil || !ok { // no policy of ours answers for an app that was stopped
		return nil, errors.Join(err, ErrNotFound)
	} else {
		out.Scope = strings.Join(app.cover(c, strings.Fields(out.Scope)), " ")
	}
	out.Active, out.Client, out.Issuer, out.Subject = true, g.Client, s.issuer, s.subject(g)
	out.launchParameters, out.ACR, out.AMR, out.Act = s.launchParameters(g), g.ACR, g.AMR, actorsOf(g.Acts)
	if !g.Auth.IsZero() {
		out.Auth = g.Auth.Unix()
	}
	if p != nil && slices.Contains(g.Scopes, "fhirUser") {
		out.FHIRUser = s.fhirUser(g, p)
	}
	return out, nil
}

// known7662 reads an access token, opaque or a JWT, or a refresh token that lives, whatever the hint says.
func (s *Server) known7662(ctx context.Context, token string) (*introspection, *grantRecord, error) {
	switch {
	case strings.HasPrefix(token, prefixAccess):
		return s.knownAccess(ctx, token)
	case strings.HasPrefix(token, "ey"): // a JSON object in base64url
		return s.knownJWT(ctx, token)
	}
	id, hash, ok := s.parseToken(prefixRefresh, token)
	if !ok {
		return nil, nil, ErrNotFound
	}
	g, err := s.livingGrant(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if hash != g.Head {
		return nil, nil, ErrNotFound
	}
	return &introspection{Scope: strings.Join(g.Scopes, " "), Issued: g.Since.Unix(), Expires: g.Expires.Unix(), Audience: s.issuer}, g, nil
}

func (s *Server) knownAccess(ctx context.Context, token string) (*introspection, *grantRecord, error) {
	g, a, err := s.liveToken(ctx, token)
	if err != nil {
		return nil, nil, err
	}
	out := &introspection{
		Scope: strings.Join(a.scopes(g), " "), Type: a.Bound.tokenType(), Issued: a.Issued.Unix(), Expires: a.Expires.Unix(), Audience: s.fhir,
	}
	if out.Details = a.details(g); a.Bound != (binding{}) {
		out.Bound = &a.Bound
	}
	return out, g, nil
}

// knownJWT reads a JWT access token: signed by us, of that very type, for a grant that lives.
func (s *Server) knownJWT(ctx context.Context, token string) (*introspection, *grantRecord, error) {
	payload, err := s.ring.Verify(ctx, typeAccessJWT, token)
	if errors.Is(err, keyring.ErrSignature) {
		err = ErrNotFound
	}
	if err != nil {
		return nil, nil, err
	}
	var c accessClaims
	if err := json.Unmarshal(payload, &c); err != nil || s.now().Unix() >= c.Expires || len(c.Grant) != idLength {
		return nil, nil, ErrNotFound
	}
	g, err := s.livingGrant(ctx, c.Grant)
	if err != nil {
		return nil, nil, err
	}
	var bound binding
	if c.Bound != nil {
		bound = *c.Bound
	}
	return &introspection{
		Scope: strings.Join(scope.Narrow(g.Scopes, strings.Fields(c.Scope)), " "), Type: bound.tokenType(), Issued: c.Issued, Expires: c.Expires,
		Audience: c.Audience, Bound: c.Bound, Details: c.Details,
	}, g, nil
}

// livingGrant reads a grant that may be used; ErrNotFound else.
func (s *Server) livingGrant(ctx context.Context, id string) (*grantRecord, error) {
	g, _, err := s.readGrant(ctx, id, "")
	if err != nil {
		return nil, err
	}
	ended, err := s.ended(ctx, g)
	if err != nil {
		return nil, err
	}
	going, err := s.goesOn(ctx, g)
	if err != nil {
		return nil, err
	}
	if ended || !going || !g.live(s.now()) {
		return nil, ErrNotFound
	}
	return g, nil
}

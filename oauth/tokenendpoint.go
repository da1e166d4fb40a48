package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/ory/fosite"

	"github.com/pontlevis/pontlevis/oauth/scope"
)

// answer is a token response (RFC 6749 §5.1, SMART 2.2 app-launch#response-5).
type answer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"` // seconds
	Scope        string `json:"scope"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	IssuedType   string `json:"issued_token_type,omitempty"` // RFC 8693 §2.2.1
	launchParameters
	Details []detail `json:"authorization_details,omitempty"` // as granted (RFC 9396 §7)
}

// serveToken is the token endpoint.
func (s *Server) serveToken(w http.ResponseWriter, r *http.Request) {
	s.offerNonce(w, r)
	form, f := postForm(w, r)
	if f == nil {
		var a *answer
		if a, f = s.exchangeToken(r, form); f == nil {
			writeJSON(w, http.StatusOK, a)
			return
		}
	}
	s.writeFailure(w, r, f)
}

func (s *Server) exchangeToken(r *http.Request, form url.Values) (*answer, *failure) {
	grant, f := s.tokenGrantNamed(form.Get("grant_type"))
	if f != nil {
		return nil, f
	}
	if f := s.nameRefresher(r, form); f != nil {
		return nil, f
	}
	client, f := s.authenticateClient(r, form, s.issuer+pathToken)
	if f != nil {
		return nil, f
	}
	if !(registered{client}).GetGrantTypes().Has(grant.name) {
		return nil, refuse(codeUnauthorizedClient, "This client may not use this grant.")
	}
	if f := s.admit(r.Context(), client); f != nil {
		return nil, f
	}
	if !grant.targets {
		if f := s.checkTarget(form); f != nil {
			return nil, f
		}
		if f := checkTokenType(form); f != nil {
			return nil, f
		}
	}
	who, f := s.checkSenderOf(r, client, pathToken)
	if f == nil {
		who.details, f = s.readDetails(form.Get("authorization_details"))
	}
	if f != nil {
		return nil, f
	}
	return grant.serve(withSender(r, who), client, form)
}

// checkTarget accepts only our own FHIR endpoint as the audience of a token (SMART aud, RFC 8707 resource).
func (s *Server) checkTarget(form url.Values) *failure {
	for _, name := range []string{"aud", "resource", "audience"} {
		if form.Has(name) && strings.TrimSuffix(form.Get(name), "/") != s.fhir {
			return refuse(codeInvalidTarget, name+" is not the FHIR endpoint of this server.")
		}
	}
	return nil
}

// redeemCode exchanges an authorization code (RFC 6749 §4.1.3, RFC 7636 §4.5).
func (s *Server) redeemCode(r *http.Request, c *Client, form url.Values) (*answer, *failure) {
	ctx := r.Context()
	if !form.Has("code") {
		return nil, refuse(codeInvalidRequest, "code is missing.")
	}
	if !form.Has("code_verifier") {
		return nil, refuse(codeInvalidGrant, "code_verifier is missing.")
	}
	x := &exchange{client: c}
	fields := keep(form, "grant_type", "code", "redirect_uri", "code_verifier")
	a, f := s.run(ctx, x, fields, nil)
	if x.revoke != "" {
		s.tell(ctx, x.revoke, c.ID, "", x.grant.ID)
		if err := s.revokeFamily(ctx, x.grant.ID, x.revoke); err != nil {
			return nil, broken(err)
		}
	}
	return a, f
}

// clientCredentials gives a back-end system a token in its own name (SMART backend-services).
func (s *Server) clientCredentials(r *http.Request, c *Client, form url.Values) (*answer, *failure) {
	ctx := r.Context()
	asked := strings.Fields(form.Get("scope"))
	if len(asked) == 0 {
		asked = c.Scopes
	}
	scopes := scope.Without(scope.Without(scope.Narrow(c.Scopes, asked), "patient"), "user")
	scopes = slices.DeleteFunc(scopes, func(w string) bool { return !strings.HasPrefix(w, "system/") && w != scope.Launches })
	scopes, f := s.remaining(ctx, c, scopes)
	if f != nil {
		return nil, f
	}
	if len(scopes) == 0 {
		return nil, refuse(codeInvalidScope, "None of these scopes is registered for this client.")
	}
	now := s.now()
	purpose := c.Purpose
	if purpose == "" {
		purpose = "TREAT"
	}
	g := &grantRecord{
		ID: newID(), Client: c.ID, Kind: "system", Scopes: scopes, Purpose: purpose, Mode: "normal",
		Since: now, Expires: now.Add(backendLife),
	}
	x := &exchange{client: c, grant: g, create: true}
	fields := url.Values{"grant_type": {grantClient}, "scope": {strings.Join(scopes, " ")}}
	return s.run(ctx, x, fields, scopes)
}

// run leads one exchange through fosite and commits it. scopes, when given, are the exact scopes of the access token.
func (s *Server) run(ctx context.Context, x *exchange, fields url.Values, scopes []string) (*answer, *failure) {
	ctx = withExchange(ctx, x)
	r := formRequest(ctx, fields)
	ar, err := s.engine.NewAccessRequest(ctx, r, newSession(x.grant, x.client.ID))
	if err != nil {
		return nil, s.explain(ctx, x, err)
	}
	if f := s.ready(ctx, x); f != nil {
		return nil, f
	}
	if f := s.bind(ctx, x); f != nil {
		return nil, f
	}
	ar.SetID(x.grant.ID)
	if request, ok := ar.(*fosite.AccessRequest); ok && scopes != nil {
		request.GrantedScope = scopes
	}
	response, err := s.engine.NewAccessResponse(ctx, ar)
	if err != nil {
		return nil, s.explain(ctx, x, err)
	}
	x.access.Bound, x.access.Details = x.bound, x.details
	a := s.answerOf(x, response)
	if f := s.sealAnswer(x, fields, a); f != nil {
		return nil, f
	}
	if f := s.claim(ctx, x.client.ID); f != nil {
		return nil, f
	}
	if err := s.commit(ctx, x); err != nil {
		if errors.Is(err, errNotHead) { // refresh.go asks again: the winner's answer may be shared
			return nil, &failure{Status: http.StatusBadRequest, Code: codeInvalidGrant, cause: err}
		}
		if errors.Is(err, errCodeUsed) {
			s.tell(ctx, "code_replay", x.client.ID, "", x.grant.ID)
		}
		return nil, lostRace(err)
	}
	return a, nil
}

// explain turns fosite's refusal into an answer and tells the log what may be an attack.
func (s *Server) explain(ctx context.Context, x *exchange, err error) *failure {
	f := fromFosite(err)
	if x.code != nil && x.revoke == "" && f.Code == codeInvalidGrant && strings.Contains(f.Description, "PKCE") {
		s.tell(ctx, "pkce_mismatch", x.client.ID, x.grant.Person, x.grant.ID)
	}
	return f
}

// ready checks, before anything is issued, that the grant's person still may act and that the grant was not ended as
// part of all a patient's grants.
func (s *Server) ready(ctx context.Context, x *exchange) *failure {
	if x.grant.Person == "" {
		return nil
	}
	p, err := s.Person(ctx, x.grant.Person)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return broken(err)
	}
	if p == nil || p.Disabled || x.grant.Kind == "professional" && !p.works(x.grant.Situation) {
		return refuse(codeInvalidGrant, "The person of this grant may not act any more.")
	}
	if f := s.attended(ctx, x.grant); f != nil {
		return f
	}
	ended, err := s.ended(ctx, x.grant)
	if err != nil {
		return broken(err)
	}
	if ended || !x.grant.live(s.now()) {
		return refuse(codeInvalidGrant, "The grant has ended.")
	}
	return nil
}

func (s *Server) answerOf(x *exchange, r fosite.AccessResponder) *answer {
	a := &answer{AccessToken: r.GetAccessToken()}
	s.fillAnswer(a, x)
	a.Details = x.access.details(x.grant)
	if !x.keepsHead() { // or else the client keeps the one it has
		a.RefreshToken, _ = r.GetExtra("refresh_token").(string)
	}
	a.IDToken, _ = r.GetExtra("id_token").(string)
	return a
}

// scopes are the access token's: its own when narrower, else the grant's.
func (a *accessRecord) scopes(g *grantRecord) []string {
	if a.Scopes != nil {
		return scope.Narrow(g.Scopes, a.Scopes) // the grant may have lost some since
	}
	return g.Scopes
}

// keep copies the named fields, so that nothing else reaches fosite.
func keep(form url.Values, names ...string) url.Values {
	out := url.Values{}
	for _, n := range names {
		if form.Has(n) {
			out.Set(n, form.Get(n))
		}
	}
	return out
}

// formRequest is a request whose parameters have been parsed and cleaned already: fosite parses nothing.
func formRequest(ctx context.Context, fields url.Values) *http.Request {
	r := &http.Request{Method: http.MethodPost, URL: &url.URL{}, Header: http.Header{}, Form: fields, PostForm: fields}
	return r.WithContext(ctx)
}

// sealAnswer keeps the answer to a refresh for a client that lost it, readable with the presented token alone.
func (s *Server) sealAnswer(x *exchange, fields url.Values, a *answer) *failure {
	if x.rotateFrom == "" {
		return nil
	}
	plain, err := json.Marshal(repeated{Scope: fields.Get("scope"), Bound: x.bound, Details: x.details, Answer: a})
	if err == nil {
		key := mac(s.secrets.grace, fields.Get("refresh_token"))
		x.sealed, err = seal(key, plain, "refresh "+x.grant.ID)
	}
	if err != nil {
		return broken(err)
	}
	return nil
}

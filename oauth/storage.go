package oauth

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/handler/pkce"
	"github.com/ory/fosite/token/jwt"
)

// storage shows the server's flat records to fosite as the sessions it knows. Its reads go to the store once per
// exchange; its writes are gathered in the exchange of the context and reach the store in commit alone.
type storage struct{ *Server }

// session is what fosite carries through an exchange. The records are the truth; this is a view on them.
type session struct {
	*fosite.DefaultSession
	claims  *jwt.IDTokenClaims
	headers *jwt.Headers
	grant   *grantRecord
}

func newSession(g *grantRecord, subject string) *session {
	return &session{
		DefaultSession: &fosite.DefaultSession{Subject: subject},
		claims:         &jwt.IDTokenClaims{Subject: subject},
		headers:        &jwt.Headers{},
		grant:          g,
	}
}

// IDTokenClaims and IDTokenHeaders make session an openid.Session.
func (s *session) IDTokenClaims() *jwt.IDTokenClaims { return s.claims }

// IDTokenHeaders returns the header values of the id_token; the signer fills its own.
func (s *session) IDTokenHeaders() *jwt.Headers { return s.headers }

// Clone copies what an exchange may change.
func (s *session) Clone() fosite.Session { return newSession(s.grant, s.Subject) }

// request shows a grant as the request that it came from.
func (st storage) request(g *grantRecord, c *Client, form url.Values) fosite.Requester {
	return &fosite.Request{
		ID: g.ID, RequestedAt: g.Since, Client: registered{c}, Form: form,
		RequestedScope: g.Scopes, GrantedScope: g.Scopes,
		RequestedAudience: fosite.Arguments{}, GrantedAudience: fosite.Arguments{},
		Session: newSession(g, st.subject(g)),
	}
}

func (st storage) GetClient(ctx context.Context, id string) (fosite.Client, error) {
	if x := exchangeOf(ctx); x != nil && x.client != nil && x.client.ID == id {
		return registered{x.client}, nil
	}
	c, err := st.Client(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return nil, fosite.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return registered{c}, nil
}

// The server checks client assertions itself (assertion.go), so fosite's own register of jti is closed.
func (st storage) ClientAssertionJWTValid(context.Context, string) error { return fosite.ErrJTIKnown }
func (st storage) SetClientAssertionJWT(context.Context, string, time.Time) error {
	return fosite.ErrJTIKnown
}

func (st storage) CreateAuthorizeCodeSession(ctx context.Context, signature string, r fosite.Requester) error {
	x := exchangeOf(ctx)
	grant, hash := splitSignature(signature)
	if x == nil || x.grant == nil || grant != x.grant.ID {
		return errNothingToDo
	}
	now := st.now()
	x.newCodeSig = hash
	x.newCode = &codeRecord{
		Grant: grant, Client: x.client.ID, Redirect: r.GetRequestForm().Get("redirect_uri"), JKT: x.codeKey,
		Dies: now.Add(codeLife), Expires: x.grant.Expires,
	}
	return nil
}

// loadCode reads the code once for the exchange.
func (st storage) loadCode(ctx context.Context, signature string) (*exchange, error) {
	x := exchangeOf(ctx)
	grant, hash := splitSignature(signature)
	if x == nil || hash == "" {
		return nil, fosite.ErrNotFound
	}
	if x.code != nil && x.codeSig == hash {
		return x, nil
	}
	g, c, err := st.readGrant(ctx, grant, hash)
	if errors.Is(err, ErrNotFound) {
		return nil, fosite.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	x.grant, x.code, x.codeSig = g, c, hash
	return x, nil
}

func (st storage) GetAuthorizeCodeSession(ctx context.Context, signature string, _ fosite.Session) (fosite.Requester, error) {
	x, err := st.loadCode(ctx, signature)
	if err != nil {
		return nil, err
	}
	if x.code.Client != x.client.ID { // another client learns nothing and harms nobody
		st.tell(ctx, "foreign_client", x.client.ID, "", x.grant.ID)
		return nil, fosite.ErrNotFound
	}
	r := st.request(x.grant, x.client, url.Values{"redirect_uri": {x.code.Redirect}})
	if !x.code.Used.IsZero() {
		return r, fosite.ErrInvalidatedAuthorizeCode
	}
	if !st.now().Before(x.code.Dies) || !x.grant.live(st.now()) {
		return nil, fosite.ErrNotFound
	}
	return r, nil
}

func (st storage) InvalidateAuthorizeCodeSession(ctx context.Context, signature string) error {
	x, err := st.loadCode(ctx, signature)
	if err != nil {
		return err
	}
	x.redeem = true
	return nil
}

func (st storage) CreatePKCERequestSession(ctx context.Context, signature string, r fosite.Requester) error {
	x := exchangeOf(ctx)
	if _, hash := splitSignature(signature); x == nil || x.newCode == nil || hash != x.newCodeSig {
		return errNothingToDo
	}
	x.newCode.Challenge = r.GetRequestForm().Get("code_challenge")
	return nil
}

func (st storage) GetPKCERequestSession(ctx context.Context, signature string, _ fosite.Session) (fosite.Requester, error) {
	x, err := st.loadCode(ctx, signature)
	if err != nil {
		return nil, err
	}
	return st.request(x.grant, x.client, url.Values{
		"code_challenge": {x.code.Challenge}, "code_challenge_method": {"S256"},
	}), nil
}

// DeletePKCERequestSession does nothing: the challenge lives in the code's own row, and a failed attempt must leave it
// there (a wrong verifier followed by none would otherwise pass).
func (st storage) DeletePKCERequestSession(context.Context, string) error { return nil }

// CreateOpenIDConnectSession does nothing: the grant holds the nonce and the time of sign-in.
func (st storage) CreateOpenIDConnectSession(context.Context, string, fosite.Requester) error {
	return nil
}

func (st storage) GetOpenIDConnectSession(ctx context.Context, code string, r fosite.Requester) (fosite.Requester, error) {
	x, err := st.loadCode(ctx, tokens(st).AuthorizeCodeSignature(ctx, code))
	if err != nil {
		return nil, err
	}
	if !r.GetGrantedScopes().Has("openid") {
		return nil, openid.ErrNoSessionFound
	}
	found := st.request(x.grant, x.client, url.Values{})
	found.SetSession(r.GetSession())
	return found, nil
}

// DeleteOpenIDConnectSession does nothing, as CreateOpenIDConnectSession.
func (st storage) DeleteOpenIDConnectSession(context.Context, string) error { return nil }

func (st storage) CreateAccessTokenSession(ctx context.Context, signature string, r fosite.Requester) error {
	x := exchangeOf(ctx)
	if x == nil || x.grant == nil {
		return errNothingToDo
	}
	_, hash := splitSignature(signature)
	now := st.now()
	life := x.client.profile().access
	x.accessSig = hash
	x.access = &accessRecord{Grant: x.grant.ID, Issued: now, Expires: earlier(now.Add(life), x.grant.Expires)}
	if !slices.Equal(r.GetGrantedScopes(), x.grant.Scopes) {
		x.access.Scopes = r.GetGrantedScopes()
	}
	return nil
}

// The access token's row is read by Authenticate and by introspection alone, never through fosite, whose introspection
// takes refresh tokens for access tokens.
func (st storage) GetAccessTokenSession(context.Context, string, fosite.Session) (fosite.Requester, error) {
	return nil, fosite.ErrNotFound
}
func (st storage) DeleteAccessTokenSession(context.Context, string) error { return nil }

func (st storage) CreateRefreshTokenSession(ctx context.Context, signature, _ string, _ fosite.Requester) error {
	x := exchangeOf(ctx)
	if x == nil {
		return errNothingToDo
	}
	if !x.keepsHead() {
		_, x.head = splitSignature(signature)
	}
	return nil
}

// GetRefreshTokenSession serves the head alone: refresh.go has dealt with every other token before fosite is asked.
func (st storage) GetRefreshTokenSession(ctx context.Context, signature string, _ fosite.Session) (fosite.Requester, error) {
	x := exchangeOf(ctx)
	_, hash := splitSignature(signature)
	if x == nil || x.grant == nil || hash == "" || hash != x.grant.Head {
		return nil, fosite.ErrNotFound
	}
	return st.request(x.grant, x.client, url.Values{}), nil
}

func (st storage) DeleteRefreshTokenSession(context.Context, string) error { return nil }

func (st storage) RotateRefreshToken(ctx context.Context, _, signature string) error {
	x := exchangeOf(ctx)
	if x == nil {
		return errNothingToDo
	}
	if !x.keepsHead() {
		_, x.rotateFrom = splitSignature(signature)
	}
	return nil
}

// RevokeRefreshToken and RevokeAccessToken are how fosite answers a replayed code: the family must die.
func (st storage) RevokeRefreshToken(ctx context.Context, _ string) error {
	if x := exchangeOf(ctx); x != nil {
		x.revoke = "code_replay"
	}
	return nil
}

// RevokeAccessToken is RevokeRefreshToken: both name the family.
func (st storage) RevokeAccessToken(ctx context.Context, id string) error {
	return st.RevokeRefreshToken(ctx, id)
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// registered shows a Client to fosite.
type registered struct{ *Client }

func (r registered) GetID() string                      { return r.ID }
func (r registered) GetHashedSecret() []byte            { return nil }
func (r registered) GetRedirectURIs() []string          { return r.RedirectURIs }
func (r registered) GetResponseTypes() fosite.Arguments { return fosite.Arguments{"code"} }
func (r registered) GetScopes() fosite.Arguments        { return r.Scopes }
func (r registered) GetAudience() fosite.Arguments      { return nil }
func (r registered) IsPublic() bool                     { return !r.Confidential() }
func (r registered) GetGrantTypes() fosite.Arguments {
	return r.grantTypes()
}

// GetResponseModes allows the default mode to be named.
func (r registered) GetResponseModes() []fosite.ResponseModeType {
	return []fosite.ResponseModeType{fosite.ResponseModeQuery}
}

var (
	_ fosite.Storage                     = storage{}
	_ oauth2.CoreStorage                 = storage{}
	_ oauth2.TokenRevocationStorage      = storage{}
	_ pkce.PKCERequestStorage            = storage{}
	_ openid.OpenIDConnectRequestStorage = storage{}
	_ openid.Session                     = (*session)(nil)
	_ fosite.ResponseModeClient          = registered{}
)

package oauth

import (
	"context"
	"net/http"
	"net/url"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"
	"github.com/ory/fosite/handler/openid"
	"github.com/ory/fosite/handler/pkce"

	"github.com/pontlevis/pontlevis/oauth/scope"
)

// newEngine assembles fosite from the four grants that are served, one by one: what is not listed here cannot be
// reached. Every field that fosite would fill lazily is filled, because its lazy defaults race.
func (s *Server) newEngine() fosite.OAuth2Provider {
	c := &fosite.Config{
		AccessTokenLifespan: accessLife, RefreshTokenLifespan: s.offline, AuthorizeCodeLifespan: codeLife,
		IDTokenLifespan: idTokenLife, IDTokenIssuer: s.issuer, AccessTokenIssuer: s.issuer,
		TokenURL: s.issuer + pathToken, MinParameterEntropy: 1, TokenEntropy: 32,
		EnforcePKCE: true, EnforcePKCEForPublicClients: true, OmitRedirectScopeParam: true,
		ScopeStrategy:                scopeStrategy,
		AudienceMatchingStrategy:     fosite.ExactAudienceMatchingStrategy,
		ClientAuthenticationStrategy: authenticated,
		ClientSecretsHasher:          refuseHasher{},
		RefreshTokenScopes:           []string{"offline_access", "online_access"},
		SanitationWhiteList:          []string{"redirect_uri", "code_challenge", "code_challenge_method", "nonce"},
		RedirectSecureChecker: func(ctx context.Context, u *url.URL) bool {
			return checkRedirect(u.String()) == nil
		},
		GlobalSecret: s.secrets.token, HMACHasher: nil,
		ResponseModeHandlerExtension: &fosite.DefaultResponseModeHandler{},
		AllowedPromptValues:          []string{"login", "none", "consent", "select_account"},
	}
	st, ts := storage{s}, tokens{s}
	ids := &openid.IDTokenHandleHelper{IDTokenStrategy: idTokens{s}}
	code := &oauth2.AuthorizeExplicitGrantHandler{
		AccessTokenStrategy: ts, RefreshTokenStrategy: ts, AuthorizeCodeStrategy: ts,
		CoreStorage: st, TokenRevocationStorage: st, Config: c,
	}
	oidc := &openid.OpenIDConnectExplicitHandler{
		OpenIDConnectRequestStorage:   st,
		OpenIDConnectRequestValidator: openid.NewOpenIDConnectRequestValidator(nil, c),
		Config:                        c, IDTokenHandleHelper: ids,
	}
	proof := &pkce.Handler{AuthorizeCodeStrategy: ts, Storage: st, Config: c}
	c.AuthorizeEndpointHandlers.Append(code)
	c.AuthorizeEndpointHandlers.Append(oidc)
	c.AuthorizeEndpointHandlers.Append(proof)
	c.TokenEndpointHandlers.Append(code)
	c.TokenEndpointHandlers.Append(proof)
	c.TokenEndpointHandlers.Append(oidc)
	c.TokenEndpointHandlers.Append(&oauth2.RefreshTokenGrantHandler{
		AccessTokenStrategy: ts, RefreshTokenStrategy: ts, TokenRevocationStorage: st, Config: c,
	})
	c.TokenEndpointHandlers.Append(&openid.OpenIDConnectRefreshHandler{IDTokenHandleHelper: ids, Config: c})
	c.TokenEndpointHandlers.Append(&oauth2.ClientCredentialsGrantHandler{
		HandleHelper: &oauth2.HandleHelper{AccessTokenStrategy: ts, AccessTokenStorage: st, Config: c}, Config: c,
	})
	return fosite.NewOAuth2Provider(st, c)
}

// scopeStrategy is the SMART scope algebra in fosite's terms.
func scopeStrategy(held []string, want string) bool { return scope.Covered(held, []string{want}) }

// authenticated hands fosite the client that clientauth.go has authenticated for this exchange.
func authenticated(ctx context.Context, _ *http.Request, _ url.Values) (fosite.Client, error) {
	x := exchangeOf(ctx)
	if x == nil || x.client == nil {
		return nil, fosite.ErrInvalidClient
	}
	return registered{x.client}, nil
}

// refuseHasher stands where fosite keeps bcrypt, which nothing here may use.
type refuseHasher struct{}

func (refuseHasher) Compare(context.Context, []byte, []byte) error { return fosite.ErrInvalidClient }
func (refuseHasher) Hash(context.Context, []byte) ([]byte, error) {
	return nil, fosite.ErrMisconfiguration
}

package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"
)

// issue gives the tokens of a grant that fosite knows no handler for (device code, token exchange), and commits them with
// the exchange. scopes, when given, are those of the access token. A refresh token and an id_token go with the scopes that
// ask for them, as in the code flow, unless the exchange is derived from another grant.
func (s *Server) issue(ctx context.Context, x *exchange, scopes []string) (*answer, *failure) {
	if f := s.ready(ctx, x); f != nil {
		return nil, f
	}
	if f := s.bind(ctx, x); f != nil {
		return nil, f
	}
	if scopes == nil {
		scopes = x.grant.Scopes
	}
	ctx = withExchange(ctx, x)
	st, r := storage{s}, storage{s}.request(x.grant, x.client, url.Values{})
	for _, word := range scopes {
		r.GrantScope(word)
	}
	a := &answer{}
	access, signature, err := tokens{s}.GenerateAccessToken(ctx, r)
	if err == nil {
		err = st.CreateAccessTokenSession(ctx, signature, r)
	}
	if err != nil {
		return nil, broken(err)
	}
	if !x.alone && x.grant.Person != "" {
		if f := s.accompany(ctx, x, a, access); f != nil {
			return nil, f
		}
	}
	x.access.Bound, x.access.Details = x.bound, x.details
	a.AccessToken, a.Details = access, x.access.details(x.grant)
	s.fillAnswer(a, x)
	if f := s.claim(ctx, x.client.ID); f != nil {
		return nil, f
	}
	if x.alone {
		a.IssuedType = typeAccessToken
	}
	if err := s.commit(ctx, x); err != nil {
		if errors.Is(err, errCodeUsed) {
			s.tell(ctx, "code_replay", x.client.ID, "", x.grant.ID)
		}
		return nil, lostRace(err)
	}
	return a, nil
}

// accompany adds the refresh token and the id_token that the grant's scopes ask for.
func (s *Server) accompany(ctx context.Context, x *exchange, a *answer, access string) *failure {
	if slices.Contains(x.grant.Scopes, "offline_access") || slices.Contains(x.grant.Scopes, "online_access") {
		a.RefreshToken, x.head = s.newToken(prefixRefresh, x.grant.ID)
	}
	if !slices.Contains(x.grant.Scopes, "openid") {
		return nil
	}
	r := storage{s}.request(x.grant, x.client, url.Values{})
	if sess, ok := r.GetSession().(*session); ok {
		sum := sha256.Sum256([]byte(access)) // OpenID Connect Core §3.1.3.6: both algorithms hash with SHA-256
		sess.claims.AccessTokenHash = base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
	}
	var err error
	if a.IDToken, err = (idTokens{s}).GenerateIDToken(ctx, idTokenLife, r); err != nil {
		return broken(err)
	}
	return nil
}

// fillAnswer says what an access token is, as every grant's answer does.
func (s *Server) fillAnswer(a *answer, x *exchange) {
	a.TokenType, a.launchParameters = x.access.Bound.tokenType(), s.launchParameters(x.grant)
	a.ExpiresIn = int64(x.access.Expires.Sub(x.access.Issued).Seconds())
	a.Scope = strings.Join(x.access.scopes(x.grant), " ")
}

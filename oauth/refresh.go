package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"github.com/pontlevis/pontlevis/oauth/scope"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// repeated is the sealed answer to a refresh, with the scope that was asked and the key that asked: only the same
// question gets it again.
type repeated struct {
	Scope   string   `json:"scope"`
	Bound   binding  `json:"cnf,omitzero"`
	Details []detail `json:"details,omitempty"`
	Answer  *answer  `json:"answer"`
}

// refresh rotates a refresh token (RFC 6749 §6, RFC 9700 §4.14). A family has one living token, its head.
//
//	the head                              → rotated; one of many simultaneous requests wins
//	the one before, within the grace      → the winner's answer again, as long as the new head is unused
//	any other token of the family         → reuse: the whole family dies
//	a token of another client             → refused, and the owner's family is left alone
func (s *Server) refresh(r *http.Request, c *Client, form url.Values) (*answer, *failure) {
	if !form.Has("refresh_token") {
		return nil, refuse(codeInvalidRequest, "refresh_token is missing.")
	}
	for range 3 {
		a, again, f := s.tryRefresh(r.Context(), c, form)
		if !again {
			return a, f
		}
	}
	return nil, refuse(codeInvalidGrant, "The refresh token is being used by too many requests at once.")
}

// nameRefresher fills in the client of a refresh that names none, when the token is a public client's: fhirclient does not
// send client_id there, and RFC 6749 §3.2.1 wants it with a code alone. Whoever holds such a token could name its client
// anyway; a confidential client is never filled in, so that it has to authenticate.
func (s *Server) nameRefresher(r *http.Request, form url.Values) *failure {
	if form.Get("grant_type") != "refresh_token" || form.Has("client_id") || form.Has("client_assertion") || r.Header.Get("Authorization") != "" {
		return nil
	}
	id, _, ok := s.parseToken(prefixRefresh, form.Get("refresh_token"))
	if !ok {
		return nil
	}
	g, _, err := s.readGrant(r.Context(), id, "")
	if errors.Is(err, ErrNotFound) || err == nil && g == nil {
		return nil
	}
	if err != nil {
		return broken(err)
	}
	c, err := s.Client(r.Context(), g.Client)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return broken(err)
	}
	if c != nil && c.AuthMethod == AuthNone {
		form.Set("client_id", c.ID)
	}
	return nil
}

func (s *Server) tryRefresh(ctx context.Context, c *Client, form url.Values) (a *answer, again bool, f *failure) {
	token := form.Get("refresh_token")
	id, hash, ok := s.parseToken(prefixRefresh, token)
	if !ok {
		return nil, false, refuse(codeInvalidGrant, "The refresh token is not valid.")
	}
	g, _, err := s.readGrant(ctx, id, "")
	if err != nil && !errors.Is(err, ErrNotFound) {
		return nil, false, broken(err)
	}
	switch {
	case g == nil:
		return nil, false, refuse(codeInvalidGrant, "The refresh token is not valid.")
	case g.Client != c.ID:
		s.tell(ctx, "foreign_client", c.ID, "", g.ID)
		return nil, false, refuse(codeInvalidGrant, "The refresh token is not valid.")
	case !g.live(s.now()):
		return nil, false, refuse(codeInvalidGrant, "The grant has ended.")
	case !g.Bound.holds(senderOf(ctx).shown): // a stolen token: it neither gives anything nor ends the grant
		s.tell(ctx, "proof_refused", c.ID, g.Person, g.ID)
		return nil, false, refuse(codeInvalidGrant, "The refresh token is bound to another key or certificate.")
	case hash == g.Head:
		return s.rotate(ctx, c, g, form)
	case hash == g.Previous && s.now().Before(g.Grace):
		a, f = s.repeat(ctx, c, g, form)
		return a, false, f
	}
	s.tell(ctx, "refresh_reuse", c.ID, g.Person, g.ID)
	if err := s.revokeFamily(ctx, g.ID, "refresh_reuse"); err != nil {
		return nil, false, broken(err)
	}
	return nil, false, refuse(codeInvalidGrant, "The refresh token was used already. The grant has been ended.")
}

func (s *Server) rotate(ctx context.Context, c *Client, g *grantRecord, form url.Values) (*answer, bool, *failure) {
	scopes := strings.Fields(form.Get("scope"))
	if len(scopes) == 0 {
		scopes = g.Scopes
	} else if !scope.Covered(g.Scopes, scopes) {
		return nil, false, refuse(codeInvalidScope, "A refresh may ask for what was granted or less.")
	}
	scopes, f := s.remaining(ctx, c, scopes)
	if f != nil {
		return nil, false, f
	}
	x := &exchange{client: c, grant: g}
	a, f := s.run(ctx, x, keep(form, "grant_type", "refresh_token", "scope"), scopes)
	return a, f != nil && errors.Is(f.cause, errNotHead), f
}

// repeat gives the answer of the rotation that has already happened. Nothing is written and the window stays as it is,
// so it cannot be renewed; a revoked app or person gets nothing.
func (s *Server) repeat(ctx context.Context, c *Client, g *grantRecord, form url.Values) (*answer, *failure) {
	if f := s.ready(ctx, &exchange{client: c, grant: g}); f != nil {
		return nil, f
	}
	key := mac(s.secrets.grace, form.Get("refresh_token"))
	plain, err := unseal(key, g.Sealed, "refresh "+g.ID)
	if err != nil {
		return nil, refuse(codeInvalidGrant, "The refresh token was used already.")
	}
	var kept repeated
	if err := json.Unmarshal(plain, &kept); err != nil {
		return nil, broken(err)
	}
	if kept.Bound != senderOf(ctx).bound {
		return nil, refuse(codeInvalidGrant, "The refresh token was used already, with another key.")
	}
	if !slices.Equal(kept.Details, senderOf(ctx).details) {
		return nil, refuse(codeInvalidGrant, "The refresh token was used already, with other authorization details.")
	}
	if kept.Scope != form.Get("scope") {
		return nil, refuse(codeInvalidGrant, "The refresh token was used already, with another scope.")
	}
	if f := s.claim(ctx, c.ID); f != nil {
		return nil, f
	}
	return kept.Answer, nil
}

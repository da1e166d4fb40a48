package oauth

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/store"
)

// introspection is the answer of RFC 7662 §2.2 with the launch context of SMART 2.2 token-introspection.
type introspection struct {
	Active   bool   `json:"active"`
	Scope    string `json:"scope,omitempty"`
	Client   string `json:"client_id,omitempty"`
	Type     string `json:"token_type,omitempty"`
	Expires  int64  `json:"exp,omitempty"`
	Issued   int64  `json:"iat,omitempty"`
	Issuer   string `json:"iss,omitempty"`
	Subject  string `json:"sub,omitempty"`
	Audience string `json:"aud,omitempty"`
	FHIRUser string `json:"fhirUser,omitempty"`

	launchParameters

	Bound *binding `json:"cnf,omitempty"` // to whom the token is bound
}

// serveIntrospect tells a confidential client about its own tokens, and a resource server (Client.Introspects) about
// any. A token of somebody else is told as inactive, exactly like one that does not exist. A bearer token is no way in:
// whoever holds a token must not learn of others (RFC 7662 §4).
func (s *Server) serveIntrospect(w http.ResponseWriter, r *http.Request) {
	form, f := postForm(w, r)
	if f != nil {
		s.writeFailure(w, r, f)
		return
	}
	client, f := s.authenticateClient(r, form, s.issuer+pathIntrospect)
	if f == nil && !client.Confidential() {
		f = refuse(codeInvalidClient, "A public client cannot introspect tokens.")
	}
	if f == nil && !form.Has("token") {
		f = refuse(codeInvalidRequest, "token is missing.")
	}
	if f != nil {
		s.writeFailure(w, r, f)
		return
	}
	out, err := s.introspect(r.Context(), client, form)
	if err != nil {
		s.writeFailure(w, r, broken(err))
		return
	}
	writeJSON(w, http.StatusOK, out)
}

func (s *Server) introspect(ctx context.Context, c *Client, form url.Values) (*introspection, error) {
	out, g, err := s.known7662(ctx, form.Get("token"))
	var refused *gate.TokenError
	if errors.As(err, &refused) || errors.Is(err, ErrNotFound) {
		return &introspection{}, nil
	}
	if err != nil {
		return nil, err
	}
	if g.Client != c.ID && !c.Introspects {
		return &introspection{}, nil
	}
	_, p, err := s.parties(ctx, g)
	if errors.Is(err, ErrNotFound) {
		return &introspection{}, nil
	}
	if err != nil {
		return nil, err
	}
	out.Active, out.Client, out.Issued, out.Issuer = true, g.Client, g.Since.Unix(), s.issuer
	out.Subject, out.Audience, out.launchParameters = s.subject(g), s.fhir, s.launchParameters(g)
	if p != nil && slices.Contains(g.Scopes, "fhirUser") {
		out.FHIRUser = s.fhirUser(g, p)
	}
	return out, nil
}

// known7662 reads an access or a refresh token that lives, whatever the hint says.
func (s *Server) known7662(ctx context.Context, token string) (*introspection, *grantRecord, error) {
	if strings.HasPrefix(token, prefixAccess) {
		g, a, err := s.liveToken(ctx, token)
		if err != nil {
			return nil, nil, err
		}
		out := &introspection{Scope: strings.Join(a.scopes(g), " "), Type: a.Bound.tokenType(), Expires: a.Expires.Unix()}
		if a.Bound != (binding{}) {
			out.Bound = &a.Bound
		}
		return out, g, nil
	}
	id, hash, ok := s.parseToken(prefixRefresh, token)
	if !ok {
		return nil, nil, ErrNotFound
	}
	g, _, err := s.readGrant(ctx, id, "")
	if err != nil {
		return nil, nil, err
	}
	ended, err := s.ended(ctx, g)
	if err != nil {
		return nil, nil, err
	}
	if ended || !g.live(s.now()) || hash != g.Head {
		return nil, nil, ErrNotFound
	}
	return &introspection{Scope: strings.Join(g.Scopes, " "), Expires: g.Expires.Unix()}, g, nil
}

// serveRevoke ends a token (RFC 7009). A refresh token ends its family; an access token ends alone. A token that is
// unknown, dead or somebody else's is answered 200 and left alone; a store that fails is answered 503, never 200.
func (s *Server) serveRevoke(w http.ResponseWriter, r *http.Request) {
	form, f := postForm(w, r)
	if f != nil {
		s.writeFailure(w, r, f)
		return
	}
	client, f := s.authenticateClient(r, form, s.issuer+pathRevoke)
	if f == nil && !form.Has("token") {
		f = refuse(codeInvalidRequest, "token is missing.")
	}
	if f == nil {
		if err := s.revokeToken(r.Context(), client, form.Get("token")); err != nil {
			f = broken(err)
		}
	}
	if f != nil {
		s.writeFailure(w, r, f)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

func (s *Server) revokeToken(ctx context.Context, c *Client, token string) error {
	prefix := prefixRefresh // any refresh token of the family counts, a rotated one too
	if strings.HasPrefix(token, prefixAccess) {
		prefix = prefixAccess
	}
	id, hash, ok := s.parseToken(prefix, token)
	if !ok {
		return nil
	}
	g, _, err := s.readGrant(ctx, id, "")
	if errors.Is(err, ErrNotFound) || err == nil && g.Client != c.ID {
		return nil
	}
	if err != nil {
		return err
	}
	s.tell(ctx, "revoked", c.ID, g.Person, g.ID)
	if prefix == prefixRefresh {
		return s.revokeFamily(ctx, id, "revoked")
	}
	return s.db.Update(ctx, partitionOf(id), func(tx store.Tx) error { return tx.Delete(accessKey(id, hash)) })
}

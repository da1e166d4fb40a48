package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/pontlevis/pontlevis/oauth/keyring"
	"github.com/pontlevis/pontlevis/store"
)

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
	if strings.HasPrefix(token, "ey") {
		var err error
		if id, err = s.grantOfJWT(ctx, token); err != nil {
			return err
		}
		ok = id != ""
	}
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
	if prefix == prefixRefresh || len(g.Acts) > 0 { // what was exchanged has one token, and is nothing without it
		return s.revokeFamily(ctx, id, "revoked")
	}
	return s.db.Update(ctx, partitionOf(id), func(tx store.Tx) error { return tx.Delete(accessKey(id, hash)) })
}

// grantOfJWT is the grant of a JWT access token that we signed, expired or not; "" for any other.
func (s *Server) grantOfJWT(ctx context.Context, token string) (string, error) {
	payload, err := s.ring.Verify(ctx, typeAccessJWT, token)
	if errors.Is(err, keyring.ErrSignature) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var c accessClaims
	if err := json.Unmarshal(payload, &c); err != nil || len(c.Grant) != idLength {
		return "", nil
	}
	return c.Grant, nil
}

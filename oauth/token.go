package oauth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"strings"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/oauth2"

	"github.com/pontlevis/pontlevis/store"
)

// What the server hands out begins with a prefix of its own, so that leak scanners know it. After it come the grant's
// id (26 characters), 128 random bits (26) and an authentication code (26): a forged or mistyped value is refused
// before the store is asked, and the grant's id names the partition the rows are in.
const (
	prefixAccess  = "pl_at_"
	prefixRefresh = "pl_rt_"
	prefixCode    = "pl_ac_"
	prefixLaunch  = "pl_la_" // no token, but as hard to guess

	idLength    = 26
	tokenLength = len(prefixAccess) + 3*idLength
)

// partitionOf is the partition of a grant, a sign-in transaction or a browser session. Two characters decide, so that
// the sweep can name every partition by trying all pairs.
func partitionOf(id string) store.Partition {
	if len(id) < 2 {
		return store.TokenPartition("")
	}
	return store.TokenPartition(id[:2])
}

// newToken makes a token of the family grant, and the signature under which its row is kept.
func (s *Server) newToken(prefix, grant string) (token, signature string) {
	body := prefix + grant + newID()
	token = body + s.tokenCode(body)
	return token, signatureOf(token)
}

func (s *Server) tokenCode(body string) string {
	return lower32.EncodeToString(mac(s.secrets.token, body)[:16])
}

// parseToken checks a token's form, prefix and authentication code, and returns the grant's id and the signature. It
// tells nothing of whether the token still lives.
func (s *Server) parseToken(prefix, token string) (grant, signature string, ok bool) {
	if len(token) != tokenLength || !strings.HasPrefix(token, prefix) {
		return "", "", false
	}
	body := token[:tokenLength-idLength]
	if !hmac.Equal([]byte(s.tokenCode(body)), []byte(token[tokenLength-idLength:])) {
		return "", "", false
	}
	return body[len(prefix) : len(prefix)+idLength], signatureOf(token), true
}

// signatureOf is the SHA-256 of a token, all the store ever knows of it.
func signatureOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return lower32.EncodeToString(sum[:])
}

// tokens is fosite's token strategy. A signature is "grant.hash", or "" for what is no token of ours; no row has that.
type tokens struct{ *Server }

func (t tokens) generate(prefix string, r fosite.Requester) (string, string, error) {
	token, signature := t.newToken(prefix, r.GetID())
	return token, r.GetID() + "." + signature, nil
}

func (t tokens) signature(prefix, token string) string {
	grant, signature, ok := t.parseToken(prefix, token)
	if !ok {
		return ""
	}
	return grant + "." + signature
}

func (t tokens) validate(prefix, token string) error {
	if _, _, ok := t.parseToken(prefix, token); !ok {
		return fosite.ErrInvalidTokenFormat
	}
	return nil
}

func (t tokens) AccessTokenSignature(_ context.Context, token string) string {
	return t.signature(prefixAccess, token)
}

func (t tokens) GenerateAccessToken(_ context.Context, r fosite.Requester) (string, string, error) {
	return t.generate(prefixAccess, r)
}

func (t tokens) ValidateAccessToken(_ context.Context, _ fosite.Requester, token string) error {
	return t.validate(prefixAccess, token)
}

func (t tokens) RefreshTokenSignature(_ context.Context, token string) string {
	return t.signature(prefixRefresh, token)
}

func (t tokens) GenerateRefreshToken(_ context.Context, r fosite.Requester) (string, string, error) {
	return t.generate(prefixRefresh, r)
}

func (t tokens) ValidateRefreshToken(_ context.Context, _ fosite.Requester, token string) error {
	return t.validate(prefixRefresh, token)
}

func (t tokens) AuthorizeCodeSignature(_ context.Context, token string) string {
	return t.signature(prefixCode, token)
}

func (t tokens) GenerateAuthorizeCode(_ context.Context, r fosite.Requester) (string, string, error) {
	return t.generate(prefixCode, r)
}

func (t tokens) ValidateAuthorizeCode(_ context.Context, _ fosite.Requester, token string) error {
	return t.validate(prefixCode, token)
}

var _ oauth2.CoreStrategy = tokens{}

package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/openid"
)

// idTokens is fosite's id_token strategy over the server's own clock and key ring.
type idTokens struct{ *Server }

// idClaims are the claims of an id_token (OpenID Connect Core §2, SMART 2.2 scopes-for-requesting-identity-data).
type idClaims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	Expires  int64    `json:"exp"`
	Issued   int64    `json:"iat"`
	Auth     int64    `json:"auth_time"`
	ACR      string   `json:"acr,omitempty"`
	AMR      []string `json:"amr,omitempty"`
	Session  string   `json:"sid,omitempty"` // what a logout token names (OpenID Connect Back-Channel Logout §2.1)
	Nonce    string   `json:"nonce,omitempty"`
	Hash     string   `json:"at_hash,omitempty"`
	ID       string   `json:"jti"`
	FHIRUser string   `json:"fhirUser,omitempty"`
	Profile  string   `json:"profile,omitempty"`
	Name     string   `json:"name,omitempty"`
}

// GenerateIDToken signs who signed in, for the client of the exchange.
func (t idTokens) GenerateIDToken(ctx context.Context, life time.Duration, r fosite.Requester) (string, error) {
	sess, ok := r.GetSession().(*session)
	if !ok || sess.grant == nil || sess.grant.Person == "" {
		return "", errors.New("an id_token needs a person")
	}
	person, err := t.Person(ctx, sess.grant.Person)
	if err != nil {
		return "", fmt.Errorf("writing an id_token: %w", err)
	}
	now := t.now()
	claims := idClaims{
		Issuer: t.issuer, Subject: t.subject(sess.grant), Audience: r.GetClient().GetID(),
		Expires: now.Add(life).Unix(), Issued: now.Unix(), Auth: sess.grant.Auth.Unix(),
		ACR: sess.grant.ACR, AMR: sess.grant.AMR, Session: sess.grant.Session, Nonce: sess.grant.Nonce, Hash: sess.claims.AccessTokenHash, ID: newID(),
	}
	t.describe(&claims, sess.grant, person)
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	alg := jose.RS256
	if c, ok := r.GetClient().(registered); ok {
		alg = c.idTokenAlgorithm()
	}
	signed, err := t.ring.Sign(ctx, alg, typeIDToken, payload)
	if err != nil {
		return "", fmt.Errorf("writing an id_token: %w", err)
	}
	return signed, nil
}

// typeIDToken is the header typ of an id_token (RFC 7519 §5.1).
const typeIDToken = "JWT"

// idTokenAlgorithm signs the client's id_tokens: what it registered, else what its profile asks for.
func (c *Client) idTokenAlgorithm() jose.SignatureAlgorithm {
	for _, alg := range []jose.SignatureAlgorithm{jose.SignatureAlgorithm(c.IDTokenAlg), c.profile().idTokens} {
		if alg != "" {
			return alg
		}
	}
	return jose.RS256
}

// describe adds the claims that the granted scopes let the app know.
func (s *Server) describe(c *idClaims, g *grantRecord, p *Person) {
	if slices.Contains(g.Scopes, "fhirUser") || slices.Contains(g.Scopes, "profile") {
		c.FHIRUser = s.fhirUser(g, p)
		c.Profile = c.FHIRUser // SMART v1 clients read it here
	}
	if slices.Contains(g.Scopes, "profile") {
		c.Name = p.Name
	}
}

// fhirUser is the absolute URL of the person's resource (SMART 2.2, R205): who acts for another is a RelatedPerson
// there.
func (s *Server) fhirUser(g *grantRecord, p *Person) string {
	ref := p.Reference
	if g.Actor != "" {
		ref = g.Actor
	}
	return s.fhir + "/" + ref
}

// subject is the stable identifier of a person towards apps. It is derived, so that keys, logins and national
// identifiers stay inside.
func (s *Server) subject(g *grantRecord) string {
	if g.Person == "" {
		return g.Client
	}
	return s.subjectOf(g.Person)
}

func (s *Server) subjectOf(person string) string {
	return lower32.EncodeToString(mac(s.secrets.subject, person)[:16])
}

var _ openid.OpenIDConnectTokenStrategy = idTokens{}

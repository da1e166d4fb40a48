package oauth

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// typeAccessJWT is the header typ of a JWT access token (RFC 9068 §2.1).
const typeAccessJWT = "at+jwt"

// accessClaims are the claims of a JWT access token (RFC 9068 §2.2) with the actor of RFC 8693 §4.1.
type accessClaims struct {
	Issuer   string   `json:"iss"`
	Subject  string   `json:"sub"`
	Audience string   `json:"aud"`
	Client   string   `json:"client_id"`
	Expires  int64    `json:"exp"`
	Issued   int64    `json:"iat"`
	ID       string   `json:"jti"`
	Scope    string   `json:"scope"`
	Auth     int64    `json:"auth_time,omitempty"`
	ACR      string   `json:"acr,omitempty"`
	AMR      []string `json:"amr,omitempty"`
	Patient  string   `json:"patient,omitempty"`
	Act      *actor   `json:"act,omitempty"`
	Bound    *binding `json:"cnf,omitempty"`
	Details  []detail `json:"authorization_details,omitempty"` // RFC 9396 §9.1
	Grant    string   `json:"grant"`                           // lets introspection ask whether the grant still lives
}

// actor is who acts for the subject, and for whom that one acts (RFC 8693 §4.1).
type actor struct {
	Subject string `json:"sub"`
	Act     *actor `json:"act,omitempty"`
}

// actorsOf nests the systems that act in a grant, the nearest outermost.
func actorsOf(acts []string) *actor {
	var out *actor
	for i := len(acts) - 1; i >= 0; i-- {
		out = &actor{Subject: acts[i], Act: out}
	}
	return out
}

// issueJWT gives a short JWT for another resource server. Our own FHIR endpoint takes opaque tokens alone: what it opens
// is asked of the live grant at each request, not read from what was signed once.
func (s *Server) issueJWT(ctx context.Context, x *exchange, audience string) (*answer, *failure) {
	if f := s.ready(ctx, x); f != nil {
		return nil, f
	}
	if f := s.bind(ctx, x); f != nil {
		return nil, f
	}
	g, now := x.grant, s.now()
	claims := accessClaims{
		Issuer: s.issuer, Subject: s.subject(g), Audience: audience, Client: g.Client, Expires: g.Expires.Unix(), Issued: now.Unix(),
		ID: newID(), Scope: strings.Join(g.Scopes, " "), ACR: g.ACR, AMR: g.AMR, Patient: g.Patient, Act: actorsOf(g.Acts), Grant: g.ID,
		Details: g.Details,
	}
	if !g.Auth.IsZero() {
		claims.Auth = g.Auth.Unix()
	}
	if x.bound != (binding{}) {
		claims.Bound = &x.bound
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return nil, broken(err)
	}
	token, err := s.ring.Sign(ctx, jose.ES256, typeAccessJWT, payload)
	if err != nil {
		return nil, broken(err)
	}
	if f := s.claim(ctx, x.client.ID); f != nil {
		return nil, f
	}
	if err := s.commit(ctx, x); err != nil {
		return nil, lostRace(err)
	}
	return &answer{
		AccessToken: token, IssuedType: typeJWT, TokenType: x.bound.tokenType(), Scope: claims.Scope,
		ExpiresIn: int64(g.Expires.Sub(now).Seconds()), launchParameters: s.launchParameters(g), Details: g.Details,
	}, nil
}

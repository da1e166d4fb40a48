package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/gate"
)

// cdsAlgorithms sign the tokens of CDS Hooks clients (CDS Hooks 2.0, "Trusting CDS Clients").
var cdsAlgorithms = []jose.SignatureAlgorithm{jose.ES384, jose.RS384}

// maxAudiences bounds how many services one such token may name.
const maxAudiences = 4

// IsOwn reports whether a bearer token has the form of an access token of this server, as no JWT has.
func (s *Server) IsOwn(token string) bool {
	_, _, ok := s.parseToken(prefixAccess, token)
	return ok
}

// CDSClient authenticates the system that calls a CDS Hooks service by the JWT it signed: iss is the id of a registered
// client, whose registered keys alone are asked; aud is the URL that is called; exp, iat and jti are required, and a jti
// serves once. address is whose request it is. It returns the client with its label of this instant, and a
// *gate.TokenError when the token is not accepted or the client may not act.
func (s *Server) CDSClient(ctx context.Context, token, audience, address string) (gate.Client, error) {
	c, expires, jti, err := s.checkCDS(ctx, token, audience, networkOf(address))
	if errors.Is(err, errTrouble) {
		return gate.Client{}, fmt.Errorf("checking the token of a CDS client: %w", err)
	}
	if err != nil {
		s.log.DebugContext(ctx, "the token of a CDS client is refused", "cause", err)
		s.proof.late.hold(ctx, s.throttle, networkOf(address))
		return gate.Client{}, invalidToken("The token of the CDS client is not accepted.")
	}
	app, ok, err := s.allowed(ctx, c)
	if err != nil {
		return gate.Client{}, fmt.Errorf("reading an app's label: %w", err)
	}
	if !ok {
		return gate.Client{}, invalidToken("The label of the CDS client does not allow access.")
	}
	if err := s.burn(ctx, c.ID, jti, expires); errors.Is(err, errReplayed) {
		return gate.Client{}, invalidToken("The token of the CDS client was used already.")
	} else if err != nil {
		return gate.Client{}, err
	}
	return gate.Client{ID: c.labelled(), Kind: c.Kind, Category: app.Category, Label: app.Label}, nil
}

// checkCDS checks all of a token but whether it was used: what is cheap comes first.
func (s *Server) checkCDS(ctx context.Context, token, audience, network string) (c *Client, expires time.Time, jti string, err error) {
	if len(token) > maxAssertion {
		return nil, expires, "", errors.New("too long")
	}
	signed, err := jose.ParseSignedCompact(token, cdsAlgorithms)
	if err != nil {
		return nil, expires, "", fmt.Errorf("parsing: %w", err)
	}
	claims := new(assertionClaims)
	if err := json.Unmarshal(signed.UnsafePayloadWithoutVerification(), claims); err != nil {
		return nil, expires, "", fmt.Errorf("reading the claims: %w", err)
	}
	if expires, err = s.checkCDSClaims(claims, audience); err != nil {
		return nil, expires, "", err
	}
	c, err = s.Client(ctx, claims.Issuer)
	if errors.Is(err, ErrNotFound) || err == nil && (c.Disabled || c.JWKSURI == "" && len(c.JWKS) == 0) {
		return nil, expires, "", errors.New("iss is no client with keys")
	}
	if err != nil {
		return nil, expires, "", fmt.Errorf("%w: %w", errTrouble, err)
	}
	return c, expires, claims.ID, s.checkSignature(ctx, c, signed, network)
}

func (s *Server) checkCDSClaims(a *assertionClaims, audience string) (expires time.Time, err error) {
	var one string
	var several []string
	if json.Unmarshal(a.Audience, &one) == nil {
		several = []string{one}
	} else if json.Unmarshal(a.Audience, &several) != nil || len(several) > maxAudiences {
		return expires, errors.New("aud must be the URL that is called")
	}
	if !slices.Contains(several, audience) {
		return expires, errors.New("aud must be the URL that is called")
	}
	if a.Issuer == "" || len(a.Issuer) > 256 || a.ID == "" || len(a.ID) > maxJTI || a.Expires == nil || a.Issued == nil {
		return expires, errors.New("iss, exp, iat and jti are required")
	}
	now := s.now()
	expires, ok := numericDate(a.Expires)
	if !ok || !now.Before(expires.Add(assertionLeeway)) || expires.After(now.Add(assertionLife+assertionLeeway)) {
		return expires, errors.New("exp is past, or more than five minutes ahead")
	}
	for _, t := range []*float64{a.NotBefore, a.Issued} {
		if at, ok := numericDate(t); t != nil && (!ok || at.After(now.Add(assertionLeeway))) {
			return expires, errors.New("nbf or iat is in the future")
		}
	}
	return expires, nil
}

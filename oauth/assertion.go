package oauth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/oauth/jwks"
	"github.com/pontlevis/pontlevis/store"
)

// Bounds of a client assertion (RFC 7523 §3, SMART 2.2 client-confidential-asymmetric, R335-340).
const (
	maxAssertion    = 8 << 10
	assertionLife   = 5 * time.Minute  // an assertion may live this long
	assertionLeeway = 30 * time.Second // clocks may differ this much: FAPI 2.0 wants 10 s accepted and more than 60 s refused
	maxJTI          = 256
)

// assertionAlgorithms are those that some profile accepts.
var assertionAlgorithms = smartAlgorithms

var (
	errReplayed = errors.New("the assertion was used already")
	errTrouble  = errors.New("the credential could not be checked")
)

type assertionClaims struct {
	Issuer    string          `json:"iss"`
	Subject   string          `json:"sub"`
	Audience  json.RawMessage `json:"aud"`
	ID        string          `json:"jti"`
	Expires   *float64        `json:"exp"`
	NotBefore *float64        `json:"nbf"`
	Issued    *float64        `json:"iat"`
}

// assertionSubject reads the subject without believing it: it only says whose keys to check against. Clients that use
// private_key_jwt often send no client_id (RFC 7521 §4.2 makes it optional).
func assertionSubject(assertion string) string {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 || len(assertion) > maxAssertion {
		return ""
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return ""
	}
	var c assertionClaims
	if json.Unmarshal(payload, &c) != nil || len(c.Subject) > 256 {
		return ""
	}
	return c.Subject
}

// checkAssertion verifies a private_key_jwt assertion of c and burns its jti. What is cheap comes first, so that a flood
// of nonsense costs little: the claims, then the keys, then the signature in its turn, and last a write. network
// names whose turn it is. errTrouble tells that the server could not check.
func (s *Server) checkAssertion(ctx context.Context, c *Client, assertion, endpoint, network string) error {
	if len(assertion) > maxAssertion {
		return errors.New("too long")
	}
	signed, err := jose.ParseSignedCompact(assertion, c.profile().algorithms)
	if err != nil {
		return fmt.Errorf("parsing: %w", err)
	}
	claims := new(assertionClaims)
	if err := json.Unmarshal(signed.UnsafePayloadWithoutVerification(), claims); err != nil {
		return fmt.Errorf("reading the claims: %w", err)
	}
	expires, err := s.checkClaims(c, claims, endpoint)
	if err != nil {
		return err
	}
	if err := s.checkSignature(ctx, c, signed, network); err != nil {
		return err
	}
	return s.burn(ctx, c.ID, claims.ID, expires)
}

// checkSignature finds the one key that the header names and checks the signature with it, when the turn comes (SMART
// 2.2 client-confidential-asymmetric#signature-verification).
func (s *Server) checkSignature(ctx context.Context, c *Client, signed *jose.JSONWebSignature, network string) error {
	if len(signed.Signatures) != 1 {
		return errors.New("an assertion has one signature")
	}
	header := signed.Signatures[0].Protected
	uri, err := s.publishedAt(ctx, c)
	if err != nil {
		return fmt.Errorf("%w: %w", errTrouble, err)
	}
	if jku, has := header.ExtraHeaders["jku"]; header.JSONWebKey != nil || has && (uri == "" || jku != uri) {
		return errors.New("keys come from the registration alone: no jwk header, and no jku but the registered URL")
	}
	set, err := s.keysOf(ctx, c, header.KeyID)
	if err != nil {
		return err
	}
	key, err := jwks.Find(set, header.KeyID, jose.SignatureAlgorithm(header.Algorithm))
	if err != nil {
		return err
	}
	end, err := s.proof.turns.wait(ctx, network)
	if err != nil {
		return fmt.Errorf("%w: %w", errTrouble, err)
	}
	defer end()
	_, err = signed.Verify(key.Key)
	return err
}

// publishedAt is where a client publishes its keys, as the app's manifest says now; "" where it does not.
func (s *Server) publishedAt(ctx context.Context, c *Client) (string, error) {
	w, _, err := s.entryOf(ctx, c)
	if w != nil && (w.JWKSURI != "" || len(w.JWKS) > 0) {
		return w.JWKSURI, err
	}
	return c.JWKSURI, err
}

// keysOf returns the client's keys: those registered by value, or those it publishes, fetched again when none has kid.
func (s *Server) keysOf(ctx context.Context, c *Client, kid string) (*jose.JSONWebKeySet, error) {
	return s.keysThat(ctx, c, func(set *jose.JSONWebKeySet) bool { return jwks.Has(set, kid) })
}

// keysThat returns the client's keys; those it publishes are fetched again when they do not serve. Where the app's manifest
// names keys they are those, as it stands now: one that a later version dropped may be in other hands.
func (s *Server) keysThat(ctx context.Context, c *Client, serve func(*jose.JSONWebKeySet) bool) (*jose.JSONWebKeySet, error) {
	w, held, err := s.entryOf(ctx, c)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errTrouble, err)
	case held && w == nil:
		return nil, errors.New("the app is no longer in the catalogue")
	case w != nil && w.JWKSURI != "":
		return s.proof.published.Keys(ctx, w.JWKSURI, serve)
	case w != nil && len(w.JWKS) > 0:
		return jwks.Parse(w.JWKS)
	case w != nil && w.Kind == "backend":
		return nil, errors.New("the app's manifest names no keys any more")
	}
	if c.JWKSURI != "" {
		return s.proof.published.Keys(ctx, c.JWKSURI, serve)
	}
	return s.proof.sets.of(c)
}

// checkClaims holds an assertion to RFC 7523 §3 as the client's profile narrows it: SMART takes the token endpoint or
// the issuer as the audience, FAPI 2.0 the issuer alone (§5.3.2).
func (s *Server) checkClaims(c *Client, a *assertionClaims, endpoint string) (expires time.Time, err error) {
	if a.Issuer != c.ID || a.Subject != c.ID {
		return expires, errors.New("iss and sub must be the client")
	}
	var audience string // a single string: several audiences are how an assertion is replayed elsewhere
	if json.Unmarshal(a.Audience, &audience) != nil ||
		audience != s.issuer && (c.profile().issuerOnly || audience != s.issuer+pathToken && audience != endpoint) {
		return expires, errors.New("aud must be the issuer, or the token endpoint where the profile allows it")
	}
	if a.ID == "" || len(a.ID) > maxJTI || a.Expires == nil {
		return expires, errors.New("jti and exp are required")
	}
	now := s.now()
	expires, okExp := numericDate(a.Expires)
	if !okExp || !now.Before(expires.Add(assertionLeeway)) || expires.After(now.Add(assertionLife+assertionLeeway)) {
		return expires, errors.New("exp is past, or more than five minutes ahead")
	}
	for _, t := range []*float64{a.NotBefore, a.Issued} {
		if at, ok := numericDate(t); t != nil && (!ok || at.After(now.Add(assertionLeeway))) {
			return expires, errors.New("nbf or iat is in the future")
		}
	}
	return expires, nil
}

// numericDate reads a NumericDate (RFC 7519 §2) within the years that time.Time handles safely.
func numericDate(f *float64) (time.Time, bool) {
	if f == nil || !(*f > 0 && *f < 1<<40) {
		return time.Time{}, false
	}
	return time.Unix(int64(*f), 0), true
}

// burn keeps the jti until the assertion is past, per client: one client cannot burn another's.
func (s *Server) burn(ctx context.Context, client, jti string, expires time.Time) error {
	key := store.Key("oauth", "jti", client, jti)
	end := expires.Add(2 * assertionLeeway)
	var outcome error
	err := s.db.Update(ctx, partitionOf(signatureOf(client)), func(tx store.Tx) error {
		outcome = nil
		if tx.Get(key) != nil {
			outcome = errReplayed
			return nil
		}
		return putExpiring(tx, key, sweepable{Expires: end}, end)
	})
	if err != nil {
		return fmt.Errorf("%w: keeping the assertion's jti: %w", errTrouble, err)
	}
	return outcome
}

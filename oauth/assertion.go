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

	"github.com/pontlevis/pontlevis/store"
)

// Bounds of a client assertion (RFC 7523 §3, SMART 2.2 client-confidential-asymmetric, R335-340).
const (
	maxAssertion    = 8 << 10
	assertionLife   = 5 * time.Minute  // an assertion may live this long
	assertionLeeway = 10 * time.Second // clocks may differ this much
	maxJTI          = 256
)

// assertionAlgorithms are those that some profile accepts.
var assertionAlgorithms = smartAlgorithms

var errReplayed = errors.New("the assertion was used already")

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

// checkAssertion verifies a private_key_jwt assertion of c and burns its jti.
func (s *Server) checkAssertion(ctx context.Context, c *Client, assertion, endpoint string) error {
	claims, err := verifyAssertion(c, assertion)
	if err != nil {
		return err
	}
	expires, err := s.checkClaims(c, claims, endpoint)
	if err != nil {
		return err
	}
	return s.burn(ctx, c.ID, claims.ID, expires)
}

func verifyAssertion(c *Client, assertion string) (*assertionClaims, error) {
	if len(assertion) > maxAssertion {
		return nil, errors.New("too long")
	}
	set, err := c.keys()
	if err != nil {
		return nil, err
	}
	signed, err := jose.ParseSignedCompact(assertion, c.profile().algorithms)
	if err != nil {
		return nil, fmt.Errorf("parsing: %w", err)
	}
	header := signed.Signatures[0].Protected
	if _, has := header.ExtraHeaders["jku"]; has || header.JSONWebKey != nil {
		return nil, errors.New("keys come from the registration alone, not from jku or jwk headers")
	}
	keys := set.Key(header.KeyID)
	if header.KeyID == "" || len(keys) != 1 {
		return nil, errors.New("exactly one registered key must have the assertion's kid")
	}
	payload, err := signed.Verify(keys[0].Key)
	if err != nil {
		return nil, err
	}
	claims := new(assertionClaims)
	return claims, json.Unmarshal(payload, claims)
}

func (s *Server) checkClaims(c *Client, a *assertionClaims, endpoint string) (expires time.Time, err error) {
	if a.Issuer != c.ID || a.Subject != c.ID {
		return expires, errors.New("iss and sub must be the client")
	}
	var audience string // a single string: several audiences are how an assertion is replayed elsewhere
	if json.Unmarshal(a.Audience, &audience) != nil ||
		audience != s.issuer && audience != s.issuer+pathToken && audience != endpoint {
		return expires, errors.New("aud must be the token endpoint or the issuer")
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
		return fmt.Errorf("keeping the assertion's jti: %w", err)
	}
	return outcome
}

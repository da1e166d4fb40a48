package oauth

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/oauth/jwks"
)

const maxStatement = 32 << 10

// statement is a software statement that was verified (RFC 7591 §2.3): what its issuer vouches for.
type statement struct {
	own      bool // by this server's own catalogue
	software string
	digest   []byte // SHA-256 of the statement, so that a label can be traced to it
	claims   map[string]json.RawMessage
}

var statementAlgorithms = append([]jose.SignatureAlgorithm{jose.RS256}, smartAlgorithms...)

var errUntrusted = errors.New("the statement is not signed by an authority that is trusted here")

// verifyStatement checks a software statement against the keys of the catalogue's authority. It must name the software
// and its own end.
func (s *Server) verifyStatement(ctx context.Context, raw, network string) (*statement, *failure) {
	signed, err := jose.ParseSignedCompact(raw, statementAlgorithms)
	if err != nil || len(raw) > maxStatement {
		return nil, refuse(codeInvalidStatement, "The software statement is no signed JWT of an algorithm that is accepted.")
	}
	header := signed.Signatures[0].Protected
	if header.JSONWebKey != nil || header.ExtraHeaders["jku"] != nil {
		return nil, unapproved(errUntrusted)
	}
	key, own, err := s.statementKey(header)
	if err != nil {
		return nil, unapproved(errUntrusted)
	}
	end, err := s.proof.turns.wait(ctx, network)
	if err != nil {
		return nil, broken(err)
	}
	payload, err := signed.Verify(key.Key)
	end()
	if err != nil {
		return nil, unapproved(errUntrusted)
	}
	sum := sha256.Sum256([]byte(raw))
	out := &statement{digest: sum[:], own: own}
	if err := json.Unmarshal(payload, &out.claims); err != nil {
		return nil, refuse(codeInvalidStatement, "The software statement holds no claims.")
	}
	if err := s.checkStatement(payload, out); err != nil {
		return nil, refuse(codeInvalidStatement, err.Error())
	}
	return out, nil
}

// statementKey finds the key that a statement says it is signed by: the own catalogue's, or an authority's.
func (s *Server) statementKey(header jose.Header) (key *jose.JSONWebKey, own bool, err error) {
	algorithm := jose.SignatureAlgorithm(header.Algorithm)
	if k := s.registration.Own; k != nil && header.KeyID == k.KeyID {
		key, err = jwks.Find(&jose.JSONWebKeySet{Keys: []jose.JSONWebKey{*k}}, header.KeyID, algorithm)
		return key, true, err
	}
	if s.registration.Trust == nil {
		return nil, false, errUntrusted
	}
	key, err = jwks.Find(s.registration.Trust, header.KeyID, algorithm)
	return key, false, err
}

// claim is one claim of a statement; nil has none.
func (v *statement) claim(name string) (raw json.RawMessage, has bool) {
	if v == nil {
		return nil, false
	}
	raw, has = v.claims[name]
	return raw, has
}

func unapproved(cause error) *failure {
	f := refuse(codeUnapprovedStatement, cause.Error())
	f.cause = cause
	return f
}

// checkStatement holds a statement to its issuer, its time and its audience.
func (s *Server) checkStatement(payload []byte, out *statement) error {
	var c struct {
		Issuer    string          `json:"iss"`
		Audience  json.RawMessage `json:"aud"`
		Software  string          `json:"software_id"`
		Expires   *float64        `json:"exp"`
		Issued    *float64        `json:"iat"`
		NotBefore *float64        `json:"nbf"`
	}
	if err := json.Unmarshal(payload, &c); err != nil {
		return errors.New("a claim of the software statement has the wrong type")
	}
	if c.Software == "" {
		return errors.New("the software statement must name its software_id")
	}
	want := s.registration.Issuer
	if out.own {
		want = s.issuer
	}
	if want != "" && c.Issuer != want {
		return fmt.Errorf("the software statement must come from %s", want)
	}
	if len(c.Audience) > 0 {
		var one string
		if json.Unmarshal(c.Audience, &one) != nil || one != s.issuer {
			return errors.New("the software statement is for another server")
		}
	}
	if !s.within(c.Expires, c.NotBefore, c.Issued) {
		return errors.New("the software statement must have an end, and be within its time")
	}
	out.software = c.Software
	return nil
}

// within tells whether now is before the end and not before any of the other times.
func (s *Server) within(end *float64, begins ...*float64) bool {
	now := s.now()
	until, ok := numericDate(end)
	if !ok || !now.Before(until) {
		return false
	}
	for _, f := range begins {
		if at, ok := numericDate(f); f != nil && (!ok || at.After(now.Add(assertionLeeway))) {
			return false
		}
	}
	return true
}

package oauth

import (
	"encoding/json"
	"net/http"

	"github.com/pontlevis/pontlevis/gate"
)

// AssertionSubject lets the fuzz test reach what reads an assertion before it is verified.
var AssertionSubject = assertionSubject

// Parameters lets the fuzz test reach the parser of forms and queries.
func Parameters(raw string) (map[string][]string, bool) {
	v, f := parameters(raw)
	return v, f == nil
}

// ParseToken tells whether a token has the form and code of this server.
func (s *Server) ParseToken(token string) bool {
	for _, prefix := range []string{prefixAccess, prefixRefresh, prefixCode} {
		if _, _, ok := s.parseToken(prefix, token); ok {
			return true
		}
	}
	return false
}

// Presented lets a test look at how a request's token is read.
func (s *Server) Presented(r *http.Request) (gate.Presented, bool) { return s.presented(r) }

// TokenPartitions lets a test look for what is written down.
var TokenPartitions = tokenPartitions

// DescribedClient lets the fuzz test reach what reads a registration under a statement's claims.
func DescribedClient(request, claims []byte) (*Client, bool) {
	var asked, vouched map[string]json.RawMessage
	if json.Unmarshal(request, &asked) != nil || json.Unmarshal(claims, &vouched) != nil || asked == nil {
		return nil, false
	}
	overlay(asked, vouched)
	m, f := metadataOf(asked)
	if f != nil {
		return nil, false
	}
	c, f := m.client()
	return c, f == nil
}

// ReadDetails lets the fuzz test reach the parser of authorization details; the details come back as they would be
// written.
func (s *Server) ReadDetails(raw string) (string, bool) {
	all, f := s.readDetails(raw)
	out, err := json.Marshal(all)
	return string(out), f == nil && err == nil
}

// ProfessionalsAtOnce is how many professionals are looked at in one reading.
const ProfessionalsAtOnce = professionalsAtOnce

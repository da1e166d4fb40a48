package oauth

import (
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

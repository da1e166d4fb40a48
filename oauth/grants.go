package oauth

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Grant types that the token endpoint serves (RFC 6749 §4, §6).
const (
	grantCode    = "authorization_code"
	grantRefresh = "refresh_token"
	grantClient  = "client_credentials"
)

// tokenGrant is one grant type of the token endpoint. A file that serves another adds its line to tokenGrants; discovery
// and the refusals of unknown ones follow from the table.
type tokenGrant struct {
	name  string
	serve func(r *http.Request, c *Client, form url.Values) (*answer, *failure)
	// targets is set where the grant itself checks the audience that is asked; all others give tokens for our own FHIR
	// endpoint alone.
	targets bool
}

func (s *Server) tokenGrants() []tokenGrant {
	return []tokenGrant{
		{name: grantCode, serve: s.redeemCode},
		{name: grantRefresh, serve: s.refresh},
		{name: grantClient, serve: s.clientCredentials},
		{name: grantDevice, serve: s.redeemDevice},
		{name: grantTokenExchange, serve: s.exchangeSubject, targets: true},
	}
}

// grantTypes names what the table serves, in its order.
func (s *Server) grantTypes() []string {
	var names []string
	for _, g := range s.tokenGrants() {
		names = append(names, g.name)
	}
	return names
}

// tokenGrantNamed finds the grant type that a request names.
func (s *Server) tokenGrantNamed(kind string) (tokenGrant, *failure) {
	if kind == "" {
		return tokenGrant{}, refuse(codeInvalidRequest, "grant_type is missing.")
	}
	all := s.tokenGrants()
	i := slices.IndexFunc(all, func(g tokenGrant) bool { return g.name == kind })
	if i < 0 {
		return tokenGrant{}, refuse(codeUnsupportedGrant, "Supported grants: "+strings.Join(s.grantTypes(), ", ")+".")
	}
	return all[i], nil
}

package oauth

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/gate"
)

// serveUserinfo tells who signed in (OpenID Connect Core §5.3). The token comes in the Authorization header alone.
func (s *Server) serveUserinfo(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		w.Header().Set("Allow", "GET, POST")
		f := refuse(codeInvalidRequest, "This endpoint takes GET and POST.")
		f.Status = http.StatusMethodNotAllowed
		s.writeFailure(w, r, f)
		return
	}
	bearer, ok := BearerToken(r)
	if !ok {
		s.writeFailure(w, r, refuse(codeInvalidToken, "Send one access token in the Authorization header."))
		return
	}
	claims, f := s.userinfo(r, bearer)
	if f != nil {
		s.writeFailure(w, r, f)
		return
	}
	writeJSON(w, http.StatusOK, claims)
}

func (s *Server) userinfo(r *http.Request, bearer string) (map[string]string, *failure) {
	g, a, err := s.liveToken(r.Context(), bearer)
	var refused *gate.TokenError
	if errors.As(err, &refused) {
		return nil, refuse(codeInvalidToken, refused.Description)
	}
	if err != nil {
		return nil, broken(err)
	}
	c, p, err := s.parties(r.Context(), g)
	if errors.Is(err, ErrNotFound) {
		return nil, refuse(codeInvalidToken, "The client or the person of this token may not act any more.")
	}
	if err != nil {
		return nil, broken(err)
	}
	if f := s.admit(r.Context(), c); f != nil {
		return nil, refuse(codeInvalidToken, f.Description)
	}
	if p == nil || !slices.Contains(a.scopes(g), "openid") {
		return nil, &failure{Status: http.StatusForbidden, Code: "insufficient_scope", Description: "The openid scope is required."}
	}
	var id idClaims
	s.describe(&id, g, p)
	out := map[string]string{"sub": s.subject(g)}
	for name, value := range map[string]string{"fhirUser": id.FHIRUser, "profile": id.Profile, "name": id.Name} {
		if value != "" {
			out[name] = value
		}
	}
	return out, nil
}

// BearerToken returns the one bearer token of a request's Authorization header. The scheme's case does not matter (RFC
// 9110 §11.1); a token in the query or the body is never read, and refuses the request when it comes beside the header
// (RFC 6750 §2).
func BearerToken(r *http.Request) (string, bool) {
	headers := r.Header.Values("Authorization")
	if len(headers) != 1 || strings.Contains(r.URL.RawQuery, "access_token") && r.URL.Query().Has("access_token") {
		return "", false
	}
	scheme, token, ok := strings.Cut(headers[0], " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" || strings.ContainsAny(token, " \t,") {
		return "", false
	}
	return token, true
}

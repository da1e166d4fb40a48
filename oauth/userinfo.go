package oauth

import (
	"errors"
	"net/http"
	"slices"

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
	presented, ok := s.presented(r)
	if !ok {
		s.writeFailure(w, r, refuse(codeInvalidToken, "Send one access token in the Authorization header."))
		return
	}
	claims, f := s.userinfo(r, presented)
	if f != nil {
		s.writeFailure(w, r, f)
		return
	}
	writeJSON(w, http.StatusOK, claims)
}

func (s *Server) userinfo(r *http.Request, presented gate.Presented) (map[string]string, *failure) {
	g, a, err := s.liveToken(r.Context(), presented.Token)
	if f := tokenFailure(presented.Scheme, err); f != nil {
		return nil, f
	}
	c, p, err := s.parties(r.Context(), g)
	if errors.Is(err, ErrNotFound) {
		return nil, refuse(codeInvalidToken, "The client or the person of this token may not act any more.")
	}
	if err != nil {
		return nil, broken(err)
	}
	if f := tokenFailure(presented.Scheme, s.checkBound(r.Context(), &presented, c, a.Bound)); f != nil {
		return nil, f
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

// tokenFailure is why an access token that came under a scheme is not taken at an endpoint of ours, nil when there is no
// error.
func tokenFailure(scheme string, err error) *failure {
	var no *gate.TokenError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &no):
		f := refuse(no.Code, no.Description)
		told := *no
		if told.Scheme == "" {
			told.Scheme = scheme
		}
		f.Status, f.token = http.StatusUnauthorized, &told
		return f
	}
	return broken(err)
}

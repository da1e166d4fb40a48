package oauth

import (
	"net/http"
	"strings"
)

// Paths of the endpoints, below the issuer.
const (
	pathAuthorize  = "/oauth2/authorize"
	pathPush       = "/oauth2/par"
	pathContinue   = "/oauth2/continue"
	pathSignOut    = "/oauth2/sign-out"
	pathSignedOut  = "/oauth2/signed-out"
	pathSessions   = "/oauth2/sessions"
	pathApps       = "/oauth2/apps"
	pathToken      = "/oauth2/token"
	pathDevice     = "/oauth2/device"
	pathDeviceCode = "/oauth2/device/code"
	pathIntrospect = "/oauth2/introspect"
	pathRevoke     = "/oauth2/revoke"
	pathJWKS       = "/oauth2/jwks"
	pathUserinfo   = "/oauth2/userinfo"
	pathLaunch     = "/oauth2/launch"
	pathServer     = "/.well-known/oauth-authorization-server"
	pathOpenID     = "/.well-known/openid-configuration"
	pathResource   = "/.well-known/oauth-protected-resource"
	pathSMART      = "/.well-known/smart-configuration" // below the FHIR base
)

// routes maps each path to its endpoint and puts CORS in front where browsers' apps call (SMART 2.2, R16-17). The
// authorization endpoint has none: it is a page, and a script has no business there (RFC 9700 §2.6).
func (s *Server) routes() http.Handler {
	m := http.NewServeMux()
	m.HandleFunc(pathAuthorize, s.serveAuthorize)
	m.HandleFunc(pathContinue, s.serveContinue)
	m.HandleFunc(pathSignOut, s.serveSignOut)
	m.HandleFunc(pathPush, s.forApps("POST", s.servePush))
	m.HandleFunc(pathEndSession, s.serveEndSession)
	m.HandleFunc(pathEndSessionYes, s.serveLeave)
	m.HandleFunc(pathSignedOut, s.serveSignedOut)
	m.HandleFunc(pathElsewhere, s.serveElsewhere)
	m.HandleFunc(pathCallback, s.serveCallback)
	m.HandleFunc(pathSessions, s.serveSessions)
	m.HandleFunc(pathApps, s.serveApps)
	m.HandleFunc(pathSituation, s.serveSituation)
	m.HandleFunc(pathToken, s.forApps("POST", s.serveToken))
	m.HandleFunc(pathRevoke, s.forApps("POST", s.serveRevoke))
	m.HandleFunc(pathUserinfo, s.forApps("GET, POST", s.serveUserinfo))
	m.HandleFunc(pathDevice, s.serveDevice)
	m.HandleFunc(pathDeviceCode, s.serveDeviceCode)
	m.HandleFunc(pathLaunch, s.forApps("POST", s.serveLaunch))
	if s.brands != nil {
		m.HandleFunc(pathBrands, forEveryone(s.brands.serve(s)))
	}
	m.HandleFunc(s.style.path, forEveryone(s.serveStyle))
	m.HandleFunc(pathIntrospect, s.serveIntrospect)
	if s.registration != nil {
		m.HandleFunc(pathRegister, s.serveRegister)
		m.HandleFunc(pathRegister+"/", s.serveRegistration)
	}
	m.HandleFunc(pathJWKS, forEveryone(s.serveJWKS))
	m.HandleFunc(pathServer, forEveryone(s.document(s.serverMetadata())))
	m.HandleFunc(pathOpenID, forEveryone(s.document(s.openIDMetadata())))
	m.HandleFunc(pathResource, forEveryone(s.document(s.resourceMetadata())))
	m.HandleFunc(pathResource+s.fhirPath(), forEveryone(s.document(s.resourceMetadata())))
	m.HandleFunc(s.fhirPath()+pathSMART, forEveryone(s.document(s.smartConfiguration())))
	m.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusNotFound, map[string]string{"error": "not_found"})
	})
	return m
}

// fhirPath is the path of the FHIR base, such as "/fhir".
func (s *Server) fhirPath() string {
	_, rest, _ := strings.Cut(s.fhir, "://")
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return rest[i:]
	}
	return ""
}

// forEveryone lets scripts of any origin read a public document.
func forEveryone(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Access-Control-Allow-Origin", "*")
		if r.Method == http.MethodOptions {
			preflight(w, "GET")
			return
		}
		next(w, r)
	}
}

// forApps lets scripts of registered origins call an endpoint. No cookie ever counts there, so credentials are not
// allowed.
func (s *Server) forApps(methods string, next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Origin")
		if origin := r.Header.Get("Origin"); origin != "" && s.originRegistered(r.Context(), origin) {
			w.Header().Set("Access-Control-Allow-Origin", origin)
			w.Header().Set("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After, DPoP-Nonce")
		}
		if r.Method == http.MethodOptions {
			preflight(w, methods)
			return
		}
		next(w, r)
	}
}

func preflight(w http.ResponseWriter, methods string) {
	h := w.Header()
	if h.Get("Access-Control-Allow-Origin") != "" {
		h.Set("Access-Control-Allow-Methods", methods)
		h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Accept, DPoP")
		h.Set("Access-Control-Max-Age", "600")
	}
	w.WriteHeader(http.StatusNoContent)
}

package oauth

import (
	"encoding/json"
	"net/http"

	"github.com/pontlevis/pontlevis/oauth/dpop"
	"github.com/pontlevis/pontlevis/oauth/keyring"
	"github.com/pontlevis/pontlevis/oauth/scope"
)

// metadata is a discovery document: one generator, four views, the same issuer in each byte for byte.
type metadata map[string]any

// common are the members that the views share (RFC 8414 §2).
func (s *Server) common() metadata {
	m := metadata{
		"issuer":                                           s.issuer,
		"authorization_endpoint":                           s.issuer + pathAuthorize,
		"pushed_authorization_request_endpoint":            s.issuer + pathPush,
		"require_pushed_authorization_requests":            false, // some clients must: their registration says so
		"token_endpoint":                                   s.issuer + pathToken,
		"device_authorization_endpoint":                    s.issuer + pathDevice,
		"introspection_endpoint":                           s.issuer + pathIntrospect,
		"revocation_endpoint":                              s.issuer + pathRevoke,
		"jwks_uri":                                         s.issuer + pathJWKS,
		"response_types_supported":                         []string{"code"},
		"response_modes_supported":                         []string{"query"},
		"grant_types_supported":                            s.grantTypes(),
		"code_challenge_methods_supported":                 []string{"S256"},
		"token_endpoint_auth_methods_supported":            s.authMethods(AuthNone, AuthBasic),
		"token_endpoint_auth_signing_alg_values_supported": assertionAlgorithms,
		"scopes_supported":                                 scopesSupported,
		"dpop_signing_alg_values_supported":                dpop.Algorithms(),
		"authorization_details_types_supported":            s.detailTypes(),
		"tls_client_certificate_bound_access_tokens":       s.proof.mtls != nil,
	}
	if s.registration != nil {
		m["registration_endpoint"] = s.issuer + pathRegister
	}
	if aliases := s.mutualAliases(); aliases != nil {
		m["mtls_endpoint_aliases"] = aliases
	}
	return m
}

// authMethods are ways for a client to authenticate: those given, and with a key or a certificate.
func (s *Server) authMethods(others ...string) []string {
	methods := append(others, AuthKeyJWT)
	if s.proof.mtls != nil {
		methods = append(methods, AuthTLS, AuthSelfSignedTLS)
	}
	return methods
}

// mutualAliases are the endpoints on the host that asks for certificates, when that is another (RFC 8705 §5).
func (s *Server) mutualAliases() map[string]string {
	if s.proof.mtls == nil || s.proof.mtls.Base == "" {
		return nil
	}
	base := s.proof.mtls.Base
	return map[string]string{
		"token_endpoint": base + pathToken, "introspection_endpoint": base + pathIntrospect, "revocation_endpoint": base + pathRevoke,
		"pushed_authorization_request_endpoint": base + pathPush, "device_authorization_endpoint": base + pathDevice, "userinfo_endpoint": base + pathUserinfo,
	}
}

// scopesSupported is the grammar by example; each client's registration says which it may have.
var scopesSupported = []string{
	"openid", "profile", "fhirUser", "launch", "launch/patient", "launch/encounter", "offline_access", "online_access",
	"patient/*.rs", "patient/*.cruds", "user/*.rs", "user/*.cruds", "system/*.rs", "system/*.cruds",
	"patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs", "patient/*.read", "patient/*.write", scope.Launches,
}

// serverMetadata is RFC 8414's document, with RFC 9207's promise of iss.
func (s *Server) serverMetadata() metadata {
	m := s.common()
	m["authorization_response_iss_parameter_supported"] = true
	m["introspection_endpoint_auth_methods_supported"] = s.authMethods(AuthBasic)
	m["introspection_endpoint_auth_signing_alg_values_supported"] = assertionAlgorithms
	m["revocation_endpoint_auth_methods_supported"] = s.authMethods(AuthNone, AuthBasic)
	m["revocation_endpoint_auth_signing_alg_values_supported"] = assertionAlgorithms
	m["protected_resources"] = []string{s.fhir}
	m["request_parameter_supported"] = false
	m["request_uri_parameter_supported"] = false
	m["ui_locales_supported"] = []string{"fr", "en"}
	return m
}

// openIDMetadata is OpenID Connect Discovery's document.
func (s *Server) openIDMetadata() metadata {
	m := s.serverMetadata()
	m["userinfo_endpoint"] = s.issuer + pathUserinfo
	m["end_session_endpoint"] = s.issuer + pathEndSession
	m["backchannel_logout_supported"] = true
	m["backchannel_logout_session_supported"] = true
	m["subject_types_supported"] = []string{"public"}
	m["id_token_signing_alg_values_supported"] = keyring.Algorithms
	m["claims_supported"] = []string{"iss", "sub", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid", "nonce", "at_hash", "fhirUser", "profile", "name"}
	m["acr_values_supported"] = s.levels
	m["claims_parameter_supported"] = false
	m["prompt_values_supported"] = []string{"none", "login", "consent", "select_account"}
	return m
}

// resourceMetadata is RFC 9728's document of the FHIR endpoint.
func (s *Server) resourceMetadata() metadata {
	return metadata{
		"resource":                                   s.fhir,
		"authorization_servers":                      []string{s.issuer},
		"jwks_uri":                                   s.issuer + pathJWKS,
		"bearer_methods_supported":                   []string{"header"},
		"dpop_signing_alg_values_supported":          dpop.Algorithms(),
		"dpop_bound_access_tokens_required":          false,
		"tls_client_certificate_bound_access_tokens": s.proof.mtls != nil,
		"scopes_supported":                           scopesSupported,
		"resource_name":                              "pontlevis FHIR R4",
	}
}

// smartConfiguration is SMART App Launch 2.2's document. It lists what is really served.
func (s *Server) smartConfiguration() metadata {
	m := s.common()
	m["authorization_response_iss_parameter_supported"] = true
	m["capabilities"] = []string{
		"launch-ehr", "launch-standalone", "authorize-post", "client-public", "client-confidential-symmetric", "client-confidential-asymmetric", "sso-openid-connect",
		"context-banner", "context-style", "context-ehr-patient", "context-ehr-encounter", "context-standalone-patient", "permission-offline", "permission-online", "permission-patient",
		"permission-user", "permission-v1", "permission-v2",
	}
	m["management_endpoint"] = s.issuer + pathApps
	s.brands.describe(m, s.issuer)
	return m
}

// document serves a document made once, as application/json whatever Accept says (SMART 2.2, R372).
func (s *Server) document(m metadata) http.HandlerFunc {
	body, err := json.Marshal(m)
	if err != nil {
		panic(err) // strings and lists of strings always marshal
	}
	return func(w http.ResponseWriter, r *http.Request) {
		if f := bodiless(w, r); f != nil {
			s.writeFailure(w, r, f)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "public, max-age=300")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		_, _ = w.Write(body)
	}
}

// serveJWKS publishes the public keys of the ring.
func (s *Server) serveJWKS(w http.ResponseWriter, r *http.Request) {
	if f := bodiless(w, r); f != nil {
		s.writeFailure(w, r, f)
		return
	}
	set, err := s.ring.Public(r.Context())
	if err != nil {
		s.writeFailure(w, r, broken(err))
		return
	}
	body, err := json.Marshal(set)
	if err != nil {
		s.writeFailure(w, r, broken(err))
		return
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "public, max-age=300")
	_, _ = w.Write(body)
}

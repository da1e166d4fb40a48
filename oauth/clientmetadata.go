package oauth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/oauth/scope"
)

// Error words of dynamic registration (RFC 7591 §3.2.2).
const (
	codeInvalidRedirect     = "invalid_redirect_uri"
	codeInvalidMetadata     = "invalid_client_metadata"
	codeInvalidStatement    = "invalid_software_statement"
	codeUnapprovedStatement = "unapproved_software_statement"
)

// clientMetadata is what a client says of itself when it registers (RFC 7591 §2, with the members of RFC 8705, RFC 9126,
// RFC 9449 and OpenID Connect's logout). Members that are not known are ignored, as §2 asks.
type clientMetadata struct {
	RedirectURIs  []string        `json:"redirect_uris,omitempty"`
	AuthMethod    string          `json:"token_endpoint_auth_method,omitempty"`
	GrantTypes    []string        `json:"grant_types,omitempty"`
	ResponseTypes []string        `json:"response_types,omitempty"`
	Name          string          `json:"client_name,omitempty"`
	Scope         string          `json:"scope,omitempty"`
	JWKSURI       string          `json:"jwks_uri,omitempty"`
	JWKS          json.RawMessage `json:"jwks,omitempty"`
	SoftwareID    string          `json:"software_id,omitempty"`
	Version       string          `json:"software_version,omitempty"`
	IDTokenAlg    string          `json:"id_token_signed_response_alg,omitempty"`
	Profile       string          `json:"profile,omitempty"` // our own: one of the named profiles

	TLSSubject  string `json:"tls_client_auth_subject_dn,omitempty"`
	TLSDNS      string `json:"tls_client_auth_san_dns,omitempty"`
	TLSURI      string `json:"tls_client_auth_san_uri,omitempty"`
	TLSIP       string `json:"tls_client_auth_san_ip,omitempty"`
	TLSEmail    string `json:"tls_client_auth_san_email,omitempty"`
	RequireTLS  bool   `json:"tls_client_certificate_bound_access_tokens,omitempty"`
	RequireDPoP bool   `json:"dpop_bound_access_tokens,omitempty"`
	RequirePAR  bool   `json:"require_pushed_authorization_requests,omitempty"`

	LaunchURI   string   `json:"launch_uri,omitempty"`
	AfterLogout []string `json:"post_logout_redirect_uris,omitempty"`
	Logout      string   `json:"backchannel_logout_uri,omitempty"`
	LogoutSID   bool     `json:"backchannel_logout_session_required,omitempty"`
}

// notFromStatement are members that belong to the registration, not to the software.
var notFromStatement = []string{"client_id", "client_secret", "software_statement"}

// vouchedAlone are members that count only when a statement says them, where there is one: many hold a copy of a
// statement, and whoever registers with it bears the software's name and label, so it must not choose where people and
// codes are sent.
var vouchedAlone = []string{"redirect_uris", "post_logout_redirect_uris", "launch_uri", "backchannel_logout_uri"}

// systemCredentials are of that kind too for a system, which no address tells from another.
var systemCredentials = []string{
	"jwks", "jwks_uri", "tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri", "tls_client_auth_san_ip",
	"tls_client_auth_san_email",
}

// overlay puts the claims of a statement over the members of a request: the claims win (RFC 7591 §2.3).
func overlay(request, claims map[string]json.RawMessage) {
	for name, value := range claims {
		if !slices.Contains(notFromStatement, name) {
			request[name] = value
		}
	}
	if _, byValue := claims["jwks"]; byValue { // the other way to give keys would contradict
		delete(request, "jwks_uri")
	} else if _, byURL := claims["jwks_uri"]; byURL {
		delete(request, "jwks")
	}
	if _, vouched := claims["grant_types"]; !vouched {
		withoutUnaddressed(request)
	}
	alone := vouchedAlone
	var grants []string
	if json.Unmarshal(request["grant_types"], &grants) == nil && len(grants) > 0 && !slices.Contains(grants, grantCode) {
		alone = append(slices.Clone(alone), systemCredentials...)
	}
	for _, name := range alone {
		if _, vouched := claims[name]; !vouched {
			delete(request, name)
		}
	}
}

// withoutUnaddressed drops the grants whose tokens go to whoever registered rather than to an address that the statement
// vouches for: a copy of a statement would be enough to act in the software's name.
func withoutUnaddressed(request map[string]json.RawMessage) {
	var grants []string
	if json.Unmarshal(request["grant_types"], &grants) != nil {
		return
	}
	people := slices.Contains(grants, grantCode)
	kept := slices.DeleteFunc(grants, func(g string) bool { return g == grantDevice || g == grantTokenExchange && people })
	if raw, err := json.Marshal(kept); err == nil {
		request["grant_types"] = raw
	}
}

// withoutNull drops what is null, which counts as omitted (RFC 7592 §2.2).
func withoutNull(members map[string]json.RawMessage) {
	for name, value := range members {
		if bytes.Equal(bytes.TrimSpace(value), []byte("null")) {
			delete(members, name)
		}
	}
}

// metadataOf reads the members that are known.
func metadataOf(members map[string]json.RawMessage) (*clientMetadata, *failure) {
	withoutNull(members)
	raw, err := json.Marshal(members)
	m := new(clientMetadata)
	if err == nil {
		err = json.Unmarshal(raw, m)
	}
	if err != nil {
		return nil, refuse(codeInvalidMetadata, "A member has the wrong type.")
	}
	return m, nil
}

// client makes the client that the metadata describe. Its id, secret and tokens are the caller's to fill.
func (m *clientMetadata) client() (*Client, *failure) {
	if err := m.complete(); err != nil {
		return nil, refuse(codeInvalidMetadata, err.Error())
	}
	c := &Client{
		Name: m.Name, Kind: "smart", Profile: m.Profile, AuthMethod: m.AuthMethod, GrantTypes: m.GrantTypes, RedirectURIs: m.RedirectURIs,
		JWKS: m.JWKS, JWKSURI: m.JWKSURI, SoftwareID: m.SoftwareID, SoftwareVersion: m.Version, IDTokenAlg: m.IDTokenAlg,
		TLSSubject: m.TLSSubject, TLSDNS: m.TLSDNS, TLSURI: m.TLSURI, TLSIP: m.TLSIP, TLSEmail: m.TLSEmail,
		RequireTLS: m.RequireTLS, RequireDPoP: m.RequireDPoP, RequirePAR: m.RequirePAR, LaunchURI: m.LaunchURI,
		PostLogoutRedirectURIs: m.AfterLogout, BackchannelLogoutURI: m.Logout, BackchannelLogoutSession: m.LogoutSID,
	}
	if m.system() {
		c.Kind = "backend"
	}
	if f := m.checkRedirects(); f != nil {
		return nil, f
	}
	c.Scopes = m.scopes()
	if c.Profile == "" {
		c.Profile = c.usualProfile()
	}
	if c.Profile == ProfileService {
		return nil, refuse(codeInvalidMetadata, "A system authenticates by private_key_jwt or a certificate, not by a secret (SMART Backend Services).")
	}
	return c, nil
}

// complete fills what was left out (RFC 7591 §2) and refuses what is bounded here alone.
func (m *clientMetadata) complete() error {
	if len(m.GrantTypes) == 0 {
		m.GrantTypes = []string{grantCode, grantRefresh}
	}
	if m.AuthMethod == "" {
		m.AuthMethod = AuthBasic
	}
	if len(m.GrantTypes) > 10 || len(m.ResponseTypes) > 1 || len(m.ResponseTypes) == 1 && m.ResponseTypes[0] != "code" {
		return errors.New("response_types is code, and grant_types are few")
	}
	if slices.Contains(m.GrantTypes, grantClient) && slices.Contains(m.GrantTypes, grantCode) {
		return errors.New("a client acts for people or in its own name: register twice for both")
	}
	if len(m.SoftwareID) > maxClientID || len(m.Version) > maxClientID || hasControl(m.SoftwareID+m.Version) {
		return errors.New("software_id and software_version have at most 256 characters")
	}
	return nil
}

// system tells whether the client acts in its own name.
func (m *clientMetadata) system() bool { return slices.Contains(m.GrantTypes, grantClient) }

// checkRedirects wants an address for a client that people come back to, and none for others.
func (m *clientMetadata) checkRedirects() *failure {
	wants := slices.Contains(m.GrantTypes, grantCode)
	if wants && len(m.RedirectURIs) == 0 {
		return refuse(codeInvalidRedirect, "redirect_uris is missing: the authorization_code grant, the default of grant_types, wants at least one.")
	}
	if !wants && len(m.RedirectURIs) > 0 {
		return refuse(codeInvalidRedirect, "redirect_uris belong to the authorization_code grant, which grant_types leaves out.")
	}
	if len(m.RedirectURIs) > maxURIs {
		return refuse(codeInvalidRedirect, fmt.Sprintf("At most %d redirect_uris.", maxURIs))
	}
	for _, raw := range m.RedirectURIs {
		if err := checkRedirect(raw); err != nil {
			return refuse(codeInvalidRedirect, "A redirect URI "+err.Error()+".")
		}
	}
	return nil
}

// scopes are those asked for that mean something here, and for this kind of client. Opening other apps where their user
// is belongs to portals and systems that the operator registers.
func (m *clientMetadata) scopes() []string {
	asked := strings.Fields(m.Scope)
	if len(asked) > maxScopes {
		asked = asked[:maxScopes]
	}
	known := slices.DeleteFunc(scope.Narrow(asked, asked), func(w string) bool { return w == scope.Launches })
	if m.system() {
		return scope.Without(scope.Without(known, "patient"), "user")
	}
	return scope.Without(known, "system")
}

// describe is the metadata of a client as it is registered (RFC 7591 §3.2.1).
func (c *Client) describe() *clientMetadata {
	m := &clientMetadata{
		RedirectURIs: c.RedirectURIs, AuthMethod: c.AuthMethod, GrantTypes: c.grantTypes(), Name: c.Name, Scope: strings.Join(c.Scopes, " "),
		JWKSURI: c.JWKSURI, JWKS: c.JWKS, SoftwareID: c.SoftwareID, Version: c.SoftwareVersion, IDTokenAlg: c.IDTokenAlg, Profile: c.Profile,
		TLSSubject: c.TLSSubject, TLSDNS: c.TLSDNS, TLSURI: c.TLSURI, TLSIP: c.TLSIP, TLSEmail: c.TLSEmail,
		RequireTLS: c.RequireTLS, RequireDPoP: c.RequireDPoP, RequirePAR: c.RequirePAR, LaunchURI: c.LaunchURI,
		AfterLogout: c.PostLogoutRedirectURIs, Logout: c.BackchannelLogoutURI, LogoutSID: c.BackchannelLogoutSession,
	}
	if slices.Contains(m.GrantTypes, grantCode) {
		m.ResponseTypes = []string{"code"}
	}
	return m
}

// members reads a JSON object of bounded size.
func members(w http.ResponseWriter, r *http.Request) (map[string]json.RawMessage, *failure) {
	body, f := jsonBody(w, r)
	if f != nil {
		return nil, f
	}
	var out map[string]json.RawMessage
	if err := json.Unmarshal(body, &out); err != nil || out == nil || len(out) > maxParameters {
		return nil, refuse(codeInvalidMetadata, "The body must be one JSON object of few members.")
	}
	return out, nil
}

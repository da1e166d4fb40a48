package oauth

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/oauth/jwks"
	"github.com/pontlevis/pontlevis/oauth/keyring"
)

// Bounds of a registration, which may come from a stranger (RFC 7591).
const (
	maxClientID   = 256
	maxClientName = 200
	maxURIs       = 20
	maxURI        = 2 << 10
	maxScopes     = 200
	maxScope      = 512
)

// check refuses a registration that could not be served safely, or that contradicts its profile.
func (c *Client) check() error {
	for _, check := range []func() error{c.checkNames, c.checkProfile, c.checkCredentials, c.checkURIs} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) checkNames() error {
	if c.ID == "" || len(c.ID) > maxClientID || hasControl(c.ID) {
		return errors.New("an id of 1 to 256 characters is required")
	}
	if len(c.Name) > maxClientName || hasControl(c.Name) {
		return errors.New("a name has at most 200 characters and no control character")
	}
	if !slices.Contains([]string{"portal", "smart", "backend", "plugin"}, c.Kind) {
		return fmt.Errorf("unknown kind %q", c.Kind)
	}
	if len(c.Scopes) > maxScopes {
		return fmt.Errorf("at most %d scopes", maxScopes)
	}
	for _, scope := range c.Scopes {
		if scope == "" || len(scope) > maxScope || strings.ContainsFunc(scope, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return fmt.Errorf("%q is no scope", scope)
		}
	}
	return nil
}

// checkProfile holds the client to its profile.
func (c *Client) checkProfile() error {
	name := c.Profile
	if name == "" {
		name = c.usualProfile()
	}
	p := profiles[name]
	if p == nil {
		return fmt.Errorf("unknown profile %q: there are smart-public, smart-confidential, fapi2, backend, service", name)
	}
	if c.Kind == "backend" && c.AuthMethod == AuthNone {
		return errors.New("a back-end system must authenticate")
	}
	if !slices.Contains(p.kinds, c.Kind) {
		return fmt.Errorf("the profile %s is not for the kind %s", name, c.Kind)
	}
	if !slices.Contains(p.methods, c.AuthMethod) {
		return fmt.Errorf("the profile %s authenticates by %s, not by %q", name, strings.Join(p.methods, ", "), c.AuthMethod)
	}
	for _, grant := range c.GrantTypes {
		if !slices.Contains(p.grants, grant) {
			return fmt.Errorf("the profile %s has the grants %s, not %q", name, strings.Join(p.grants, ", "), grant)
		}
	}
	if c.IDTokenAlg != "" && !slices.Contains(keyring.Algorithms, jose.SignatureAlgorithm(c.IDTokenAlg)) {
		return fmt.Errorf("id_tokens are signed with one of %v, not with %q", keyring.Algorithms, c.IDTokenAlg)
	}
	if c.RequirePAR && c.Kind == "backend" {
		return errors.New("a back-end system has no authorization request to push")
	}
	if c.RequireDPoP && c.RequireTLS {
		return errors.New("tokens are bound to a DPoP key or to a certificate, not to both")
	}
	return nil
}

// checkCredentials refuses a client whose way to authenticate lacks something, or which carries another's.
func (c *Client) checkCredentials() error {
	keyed := c.AuthMethod == AuthKeyJWT || c.AuthMethod == AuthSelfSignedTLS
	if (len(c.SecretHash) > 0) != (c.AuthMethod == AuthBasic) {
		return fmt.Errorf("a secret hash belongs to client_secret_basic, and that wants one; the method is %s", c.AuthMethod)
	}
	if !keyed && (len(c.JWKS) > 0 || c.JWKSURI != "") {
		return fmt.Errorf("%s has no use for keys", c.AuthMethod)
	}
	if keyed && (len(c.JWKS) > 0) == (c.JWKSURI != "") {
		return fmt.Errorf("%s wants jwks or jwks_uri, one of them", c.AuthMethod)
	}
	if c.JWKSURI != "" {
		if err := jwks.CheckURL(c.JWKSURI); err != nil {
			return fmt.Errorf("jwks_uri: %w", err)
		}
	}
	if len(c.JWKS) > 0 {
		if _, err := c.keys(); err != nil {
			return err
		}
	}
	return c.checkSubject()
}

// checkSubject holds tls_client_auth to exactly one name in the certificate (RFC 8705 §2.1.2).
func (c *Client) checkSubject() error {
	names := 0
	for _, name := range []string{c.TLSSubject, c.TLSDNS, c.TLSURI, c.TLSIP, c.TLSEmail} {
		if name != "" {
			names++
		}
		if len(name) > maxURI || hasControl(name) {
			return errors.New("a name in a certificate is too long or has a control character")
		}
	}
	if c.AuthMethod != AuthTLS && names > 0 {
		return fmt.Errorf("%s has no use for a name in a certificate", c.AuthMethod)
	}
	if c.AuthMethod == AuthTLS && names != 1 {
		return errors.New("tls_client_auth wants exactly one name in the certificate: a subject or one subject alternative name")
	}
	if c.TLSSubject != "" {
		if _, err := parseName(c.TLSSubject); err != nil {
			return fmt.Errorf("tls_client_auth_subject_dn: %w", err)
		}
	}
	if c.TLSIP != "" {
		if _, err := netip.ParseAddr(c.TLSIP); err != nil {
			return fmt.Errorf("tls_client_auth_san_ip: %w", err)
		}
	}
	return nil
}

// checkURIs refuses addresses to which nothing may be sent.
func (c *Client) checkURIs() error {
	for name, list := range map[string][]string{
		"redirect URI": c.RedirectURIs, "post-logout redirect URI": c.PostLogoutRedirectURIs,
	} {
		if len(list) > maxURIs {
			return fmt.Errorf("at most %d of %s", maxURIs, name)
		}
		for _, raw := range list {
			if err := checkRedirect(raw); err != nil {
				return fmt.Errorf("%s %q: %w", name, raw, err)
			}
		}
	}
	for name, raw := range map[string]string{"launch URI": c.LaunchURI, "back-channel logout URI": c.BackchannelLogoutURI} {
		if raw == "" {
			continue
		}
		if err := checkWeb(raw); err != nil {
			return fmt.Errorf("%s %q: %w", name, raw, err)
		}
	}
	return nil
}

// checkWeb accepts https, and http on loopback.
func checkWeb(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return err
	}
	if err := checkRedirect(raw); err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return errors.New("must be https, or http on a loopback address, without fragment or user")
	}
	return nil
}

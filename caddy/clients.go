package pontlevis

import (
	"crypto/x509"
	"fmt"
	"os"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/jwks"
)

// MutualTLS lets clients authenticate by certificate, and binds their tokens to it (RFC 8705). The site that serves the
// authorization server must ask for certificates without refusing those it cannot verify:
// `tls { client_auth { mode request } }`.
type MutualTLS struct {
	// The URL of a host of its own that asks for certificates, so that people's browsers are not asked; it is published
	// in `mtls_endpoint_aliases`. Default: the issuer's own host asks.
	URL string `json:"url,omitempty"`

	// A PEM file with the authorities that vouch for the certificates of `tls_client_auth`. Default: those that the
	// site's own `client_auth` verified.
	Authorities string `json:"authorities,omitempty"`
}

// Registration lets clients register themselves (RFC 7591). Without it nobody can.
type Registration struct {
	// A file with initial access tokens, one a line, each of at least 32 characters.
	Tokens string `json:"tokens,omitempty"`

	// A file with the JSON Web Key set that software statements are verified with.
	Keys string `json:"keys,omitempty"`

	// Who must have issued a software statement (`iss`). Default: whoever has one of the keys.
	Issuer string `json:"issuer,omitempty"`
}

// clientConfig fills in how clients prove who they are and register.
func (a *App) clientConfig(c *oauth.Config) (err error) {
	c.Remote = jwks.Options{Loopback: a.Demo}
	if c.TLS, err = a.MutualTLS.open(); err != nil {
		return err
	}
	c.Registration, err = a.openRegistration()
	return err
}

// open reads what the configuration names.
func (m *MutualTLS) open() (*oauth.MutualTLS, error) {
	if m == nil {
		return nil, nil
	}
	out := &oauth.MutualTLS{Base: m.URL}
	if m.Authorities == "" {
		return out, nil
	}
	pem, err := os.ReadFile(m.Authorities)
	if err != nil {
		return nil, fmt.Errorf("mtls: reading the authorities: %w", err)
	}
	out.Authorities = x509.NewCertPool()
	if !out.Authorities.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("mtls: %s has no certificate", m.Authorities)
	}
	return out, nil
}

// open reads what the configuration names.
func (g *Registration) open() (*oauth.Registration, error) {
	if g == nil {
		return nil, nil
	}
	out := &oauth.Registration{Issuer: g.Issuer}
	if g.Tokens != "" {
		content, err := os.ReadFile(g.Tokens)
		if err != nil {
			return nil, fmt.Errorf("registration: reading the initial access tokens: %w", err)
		}
		out.Tokens = strings.Fields(string(content))
	}
	if g.Keys != "" {
		content, err := os.ReadFile(g.Keys)
		if err != nil {
			return nil, fmt.Errorf("registration: reading the keys of software statements: %w", err)
		}
		if out.Trust, err = jwks.Parse(content); err != nil {
			return nil, fmt.Errorf("registration: %s: %w", g.Keys, err)
		}
	}
	return out, nil
}

// openRegistration says who may register: as configured, whoever has a statement of the own catalogue where there is a label
// authority, and in the demonstration whoever reads demo.json.
func (a *App) openRegistration() (*oauth.Registration, error) {
	out, err := a.Registration.open()
	if err != nil {
		return nil, err
	}
	labelled := a.state.labels.Load() != nil
	if out == nil && !labelled && !a.Demo {
		return nil, nil
	}
	if out == nil {
		out = new(oauth.Registration)
	}
	out.Catalogue = softwares{a.state.apps}
	if labelled {
		key := a.state.statementKey()
		own := key.Public()
		out.Own = &own
	}
	if a.Demo {
		token, err := a.demoSecret(registerKey)
		if err != nil {
			return nil, err
		}
		out.Tokens = append(out.Tokens, token)
	}
	return out, nil
}

// parseMutualTLS reads:
//
//	mtls [<url>] {
//	    authorities <file>
//	}
func (a *App) parseMutualTLS(d *caddyfile.Dispenser) error {
	if a.MutualTLS != nil {
		return d.Err("mtls is given twice")
	}
	a.MutualTLS = new(MutualTLS)
	if d.NextArg() {
		a.MutualTLS.URL = d.Val()
	}
	if d.NextArg() {
		return d.ArgErr()
	}
	return parseNamed(d, "mtls", map[string]*string{"authorities": &a.MutualTLS.Authorities})
}

// parseRegistration reads:
//
//	registration {
//	    tokens <file>
//	    keys   <file>
//	    issuer <name>
//	}
func (a *App) parseRegistration(d *caddyfile.Dispenser) error {
	if a.Registration != nil {
		return d.Err("registration is given twice")
	}
	if d.NextArg() {
		return d.ArgErr()
	}
	g := new(Registration)
	a.Registration = g
	if err := parseNamed(d, "registration", map[string]*string{"tokens": &g.Tokens, "keys": &g.Keys, "issuer": &g.Issuer}); err != nil {
		return err
	}
	if g.Tokens == "" && g.Keys == "" {
		return d.Err("registration wants a file of tokens or of keys: it is never open to everybody")
	}
	return nil
}

// parseNamed reads a block of options with one argument each.
func parseNamed(d *caddyfile.Dispenser, block string, options map[string]*string) error {
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		into, known := options[d.Val()]
		if !known {
			return d.Errf("%s has no option %q", block, d.Val())
		}
		if err := oneArg(d, into); err != nil {
			return err
		}
	}
	return nil
}

package pontlevis

import (
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/pontlevis/pontlevis/notice"
)

// Mail is the SMTP server by which notices leave.
type Mail struct {
	// `host:port` of the server.
	Server string `json:"server"`

	// The sender, an address with or without a name.
	From string `json:"from"`

	// Who signs in at the server, and a file with the password. Default: nobody signs in.
	User         string `json:"user,omitempty"`
	PasswordFile string `json:"password_file,omitempty"`

	// `starttls`, `tls` from the first byte, or `none`, which a server on this machine alone may have. Default: `starttls`,
	// without which nothing is sent.
	TLS string `json:"tls,omitempty"`

	// A PEM file with the authorities that vouch for the server. Default: the system's.
	Authorities string `json:"authorities,omitempty"`
}

// parseMail reads:
//
//	mail <host:port> {
//	    from          <address>
//	    user          <name>
//	    password_file <file>
//	    tls           starttls|tls|none
//	    authorities   <file>
//	}
func (a *App) parseMail(d *caddyfile.Dispenser) error {
	if a.Mail != nil {
		return d.Err("mail is given twice")
	}
	m := &Mail{}
	if err := oneArg(d, &m.Server); err != nil {
		return err
	}
	options := map[string]*string{
		"from": &m.From, "user": &m.User, "password_file": &m.PasswordFile, "tls": &m.TLS, "authorities": &m.Authorities,
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		into, known := options[d.Val()]
		if !known {
			return d.Errf("mail has no option %q: it has from, user, password_file, tls, authorities", d.Val())
		}
		if err := oneArg(d, into); err != nil {
			return err
		}
	}
	if m.From == "" {
		return d.Err("mail needs from: who the notices come from")
	}
	a.Mail = m
	return nil
}

// open reads the password and the authorities; nil when no mail is sent.
func (m *Mail) open() (*notice.Mail, error) {
	if m == nil {
		return nil, nil
	}
	out := &notice.Mail{Server: m.Server, TLS: m.TLS, From: m.From, User: m.User}
	if m.PasswordFile != "" {
		secret, err := os.ReadFile(m.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("reading the password of the mail server: %w", err)
		}
		out.Password = strings.TrimRight(string(secret), "\r\n")
	}
	if m.Authorities != "" {
		pem, err := os.ReadFile(m.Authorities)
		if err != nil {
			return nil, fmt.Errorf("reading the authorities of the mail server: %w", err)
		}
		if out.Roots = x509.NewCertPool(); !out.Roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s holds no certificate", m.Authorities)
		}
	}
	if err := out.Check(); err != nil {
		return nil, fmt.Errorf("pontlevis: %w", err)
	}
	return out, nil
}

// Review names who reviews emergency accesses, by any of their identities: `Practitioner/id`, or `system|value`.
type Review struct {
	// Those who review the accesses of the establishment that they act in.
	Reviewers []string `json:"reviewers,omitempty"`

	// Those who follow what no establishment reviewed in time.
	Authority []string `json:"authority,omitempty"`
}

// parseReview reads:
//
//	review {
//	    reviewer  <identity...>
//	    authority <identity...>
//	}
func (a *App) parseReview(d *caddyfile.Dispenser) error {
	if a.Review != nil {
		return d.Err("review is given twice")
	}
	if d.NextArg() {
		return d.ArgErr()
	}
	r := &Review{}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		var into *[]string
		switch d.Val() {
		case "reviewer":
			into = &r.Reviewers
		case "authority":
			into = &r.Authority
		default:
			return d.Errf("review has no option %q: it has reviewer, authority", d.Val())
		}
		names := d.RemainingArgs()
		if len(names) == 0 {
			return d.ArgErr()
		}
		*into = append(*into, names...)
	}
	a.Review = r
	return nil
}

// roles gives the parts of somebody with these identities.
func (r *Review) roles(identities []string) (out []string) {
	if r == nil {
		return nil
	}
	for _, part := range []struct {
		name string
		who  []string
	}{{"reviewer", r.Reviewers}, {"authority", r.Authority}} {
		if slices.ContainsFunc(identities, func(id string) bool { return slices.Contains(part.who, id) }) {
			out = append(out, part.name)
		}
	}
	return out
}

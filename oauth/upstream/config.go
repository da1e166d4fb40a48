package upstream

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Config is one provider. Name, Issuer, ClientID, Kind and Map are required.
type Config struct {
	Name         string `json:"name"`   // in addresses and account keys: lower-case letters, digits, hyphens
	Issuer       string `json:"issuer"` // compared character by character with what the provider says of itself
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"-"`
	ClientAuth   string `json:"client_auth,omitempty"` // basic (default) or post: how the secret is shown to the provider

	Kind    string   `json:"kind"`               // patient or professional: who signs in there
	Label   Label    `json:"label,omitzero"`     // how the sign-in page names it; Name when empty
	Scopes  []string `json:"scopes,omitempty"`   // openid is added
	ACR     []string `json:"acr,omitempty"`      // accepted classes of authentication, weakest first; none = not asked
	Algs    []string `json:"algs,omitempty"`     // accepted signature algorithms; ES256 and RS256 when empty
	MaxAge  int64    `json:"max_age,omitempty"`  // seconds: a sign-in there that is older is done again, and the provider says when it was; 0 = not asked
	Signed  bool     `json:"signed,omitempty"`   // userinfo must be a signed JWT (FranceConnect)
	Reach   string   `json:"reach,omitempty"`    // "" public addresses over https; private: also private ones; loopback: also http on loopback
	Vouches []string `json:"exchange,omitempty"` // client ids whose tokens of this provider may be exchanged here; "*" = every one
	Map     Mapping  `json:"map"`                // claims → identity
}

// Label is the provider's name on pages.
type Label struct {
	FR string `json:"fr,omitempty"`
	EN string `json:"en,omitempty"`
}

// Kinds of people that providers vouch for.
const (
	KindPatient      = "patient"
	KindProfessional = "professional"
)

// How far a provider may be.
const (
	ReachPublic   = ""
	ReachPrivate  = "private"
	ReachLoopback = "loopback"
)

// algorithms are the signatures that can be accepted at all: a shared secret or none proves nothing of the provider
// (RFC 8725 §3.1).
var algorithms = []string{
	"ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA",
}

var nameForm = regexp.MustCompile(`^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$`)

// Check refuses what could not be used safely. Its errors name the option.
func (c *Config) Check() error {
	switch {
	case !nameForm.MatchString(c.Name):
		return fmt.Errorf("name %q: lower-case letters, digits and hyphens, at most 32", c.Name)
	case c.ClientID == "":
		return errors.New("client_id is missing")
	case c.Kind != KindPatient && c.Kind != KindProfessional:
		return fmt.Errorf("kind %q: it is patient or professional", c.Kind)
	case c.ClientAuth != "" && c.ClientAuth != "basic" && c.ClientAuth != "post":
		return fmt.Errorf("client_auth %q: it is basic or post", c.ClientAuth)
	case c.Reach != ReachPublic && c.Reach != ReachPrivate && c.Reach != ReachLoopback:
		return fmt.Errorf("reach %q: it is private or loopback", c.Reach)
	}
	if err := c.checkAddress(c.Issuer); err != nil {
		return fmt.Errorf("issuer: %w", err)
	}
	for _, alg := range c.Algs {
		if !slices.Contains(algorithms, alg) {
			return fmt.Errorf("algs: %q is not accepted: it is among %s", alg, strings.Join(algorithms, ", "))
		}
	}
	if c.MaxAge < 0 {
		return errors.New("max_age: it is a number of seconds")
	}
	if i := firstDuplicate(c.ACR); i != "" {
		return fmt.Errorf("acr: %q is given twice", i)
	}
	if err := c.Map.check(c.Kind); err != nil {
		return fmt.Errorf("map: %w", err)
	}
	return nil
}

func firstDuplicate(list []string) string {
	for i, v := range list {
		if slices.Contains(list[:i], v) {
			return v
		}
	}
	return ""
}

// checkAddress refuses an address that this provider may not have: an issuer, or an endpoint that its metadata names.
func (c *Config) checkAddress(raw string) error {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return fmt.Errorf("%q is no absolute URL without user and fragment", raw)
	}
	if u.Scheme == "https" || u.Scheme == "http" && c.Reach == ReachLoopback && isLoopback(u.Hostname()) {
		return nil
	}
	return fmt.Errorf("%q must be https (http on a loopback address with reach loopback)", raw)
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func (c *Config) algs() []string {
	if len(c.Algs) == 0 {
		return []string{"ES256", "RS256"}
	}
	return c.Algs
}

func (c *Config) scopes() []string {
	if slices.Contains(c.Scopes, "openid") {
		return c.Scopes
	}
	return append([]string{"openid"}, c.Scopes...)
}

// enough tells whether a class of authentication is at least one of those asked; the configured order ranks them.
func (c *Config) enough(got string, asked []string) bool {
	if len(asked) == 0 {
		return true
	}
	rank := slices.Index(c.ACR, got)
	return rank >= 0 && slices.ContainsFunc(asked, func(a string) bool { return rank >= slices.Index(c.ACR, a) })
}

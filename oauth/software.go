package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/oauth/scope"
)

// Catalogue tells what a client of an app may register as. A client exists only through an entry of it.
type Catalogue interface {
	// Software returns what the catalogue has under a software_id. The second result is false when it has no such app, or
	// one that was never submitted.
	Software(ctx context.Context, id string) (*Software, bool, error)
}

// Software is one app of the catalogue, as far as its clients register within it (RFC 7591).
type Software struct {
	ID, Version, Name string
	Kind              string // smart, backend
	Status            string // of its label: online, suspended, recalled …; none before it has one
	Waits             bool   // its label has not been confirmed for too long: no client of it registers

	// Since is when the id became its publisher's, where another had it before: a client that registered earlier is that one's.
	Since time.Time

	RedirectURIs           []string // exact
	PostLogoutRedirectURIs []string
	LaunchURI              string
	BackchannelLogoutURI   string
	GrantTypes             []string // empty: the usual ones of its kind
	AuthMethod             string   // the weakest that its clients may have
	Profile                string
	JWKS                   json.RawMessage
	JWKSURI                string
	Scopes                 []string // the widest
}

// stopped tells whether the app's clients may register no more, nor manage what they registered.
func (w *Software) stopped() bool {
	return slices.Contains([]string{"suspended", "recalled", "delisted"}, w.Status)
}

// software finds the app that a registration names.
func (s *Server) software(ctx context.Context, asked map[string]json.RawMessage, code string) (*Software, *failure) {
	var id string
	if err := json.Unmarshal(asked["software_id"], &id); err != nil || id == "" || len(id) > maxClientID {
		return nil, refuse(codeInvalidMetadata, "software_id must name an app of the catalogue.")
	}
	w, found, err := s.registration.Catalogue.Software(ctx, id)
	switch {
	case err != nil:
		return nil, broken(err)
	case !found:
		return nil, refuse(code, "The catalogue has no such app: a client exists through an entry of it alone.")
	case w.stopped():
		return nil, &failure{Status: http.StatusForbidden, Code: code, Description: "The app was suspended, recalled or has left the catalogue: none of its clients registers."}
	}
	return w, nil
}

// entryOf is the app of the catalogue as which a client registered, or nil; held is false where it did not as one.
func (s *Server) entryOf(ctx context.Context, c *Client) (w *Software, held bool, err error) {
	if !c.Catalogued || s.registration == nil || s.registration.Catalogue == nil {
		return nil, false, nil
	}
	w, found, err := s.registration.Catalogue.Software(ctx, c.SoftwareID)
	if err != nil || !found || w.of(c) {
		return nil, true, err
	}
	return w, true, nil
}

// of tells whether a client is of whoever had the app's id before.
func (w *Software) of(c *Client) bool { return c.Registered.Before(w.Since) }

// clientNow is Client with the addresses, grants and scopes that it has now: see withinEntry.
func (s *Server) clientNow(ctx context.Context, id string) (*Client, error) {
	c, err := s.Client(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.withinEntry(ctx, c)
}

// withinEntry is a client with those of its addresses, grants and scopes that the app's manifest still has. An address that a later
// version dropped may be somebody else's by now: no code, no notice and nobody's browser goes there.
func (s *Server) withinEntry(ctx context.Context, c *Client) (*Client, error) {
	w, held, err := s.entryOf(ctx, c)
	if err != nil || !held {
		return c, err
	}
	return w.now(c), nil
}

// now is a client as an app's manifest has it; nil has nothing.
func (w *Software) now(c *Client) *Client {
	now := *c
	if w == nil {
		now.RedirectURIs, now.PostLogoutRedirectURIs, now.LaunchURI, now.BackchannelLogoutURI = nil, nil, "", ""
		now.GrantTypes, now.Scopes = []string{}, nil
		return &now
	}
	now.RedirectURIs, now.PostLogoutRedirectURIs = still(c.RedirectURIs, w.RedirectURIs), still(c.PostLogoutRedirectURIs, w.PostLogoutRedirectURIs)
	if now.LaunchURI != w.LaunchURI {
		now.LaunchURI = ""
	}
	if now.BackchannelLogoutURI != w.BackchannelLogoutURI {
		now.BackchannelLogoutURI = ""
	}
	now.GrantTypes, now.Scopes = still(c.grantTypes(), w.grants()), withinScopes(c.Scopes, w.Scopes)
	return &now
}

// asNow is withinEntry of a client that has proved who it is, by a way that the app's manifest still takes: a secret that got
// about is worth nothing once a version asks for a key.
func (s *Server) asNow(ctx context.Context, c *Client, method string) (*Client, *failure) {
	w, held, err := s.entryOf(ctx, c)
	switch {
	case err != nil:
		return nil, broken(err)
	case !held:
		return c, nil
	case w == nil || w.takes(c) != nil:
		return nil, s.clientRefused(ctx, c.ID, method)
	}
	now := w.now(c)
	now.Scopes = c.Scopes // of what was agreed, what is left is said where it is given: see remaining
	return now, nil
}

// remaining are those of a client's scopes that the app's manifest still has.
func (s *Server) remaining(ctx context.Context, c *Client, scopes []string) ([]string, *failure) {
	w, _, err := s.entryOf(ctx, c)
	switch {
	case err != nil:
		return nil, broken(err)
	case w == nil:
		return scopes, nil
	}
	return withinScopes(scopes, w.Scopes), nil
}

// still are those addresses or grants that are among the manifest's.
func still(registered, declared []string) []string {
	return slices.DeleteFunc(slices.Clone(registered), func(one string) bool { return !slices.Contains(declared, one) })
}

// preset fills what a registration leaves out with what the app's manifest says.
func (w *Software) preset(asked map[string]json.RawMessage) {
	grants := w.GrantTypes
	if len(grants) == 0 && w.Kind == "backend" {
		grants = systemGrant
	}
	for name, value := range map[string]any{
		"client_name": w.Name, "redirect_uris": w.RedirectURIs, "post_logout_redirect_uris": w.PostLogoutRedirectURIs, "launch_uri": w.LaunchURI,
		"backchannel_logout_uri": w.BackchannelLogoutURI, "grant_types": grants, "token_endpoint_auth_method": w.AuthMethod, "profile": w.Profile,
		"scope": strings.Join(w.Scopes, " "),
	} {
		if _, given := asked[name]; given {
			continue
		}
		if raw, err := json.Marshal(value); err == nil && string(raw) != "null" && string(raw) != `""` {
			asked[name] = raw
		}
	}
}

// keyMethod tells the ways of proving who one is by a key, which are as good as one another.
func keyMethod(method string) bool {
	return method == AuthKeyJWT || method == AuthTLS || method == AuthSelfSignedTLS
}

// admits holds a client to the app's manifest: addresses to the letter, grants and scopes within it, a way to authenticate
// that is no weaker, and for a system the very keys. What is beyond the scopes is left out, all else is refused.
func (w *Software) admits(c *Client) *failure {
	for _, uri := range c.RedirectURIs {
		if !slices.Contains(w.RedirectURIs, uri) {
			return refuse(codeInvalidRedirect, "A redirect URI is not one of the app's manifest, to the letter.")
		}
	}
	for _, uri := range c.PostLogoutRedirectURIs {
		if !slices.Contains(w.PostLogoutRedirectURIs, uri) {
			return refuse(codeInvalidMetadata, "A post_logout_redirect_uri is not one of the app's manifest.")
		}
	}
	if c.LaunchURI != "" && c.LaunchURI != w.LaunchURI || c.BackchannelLogoutURI != "" && c.BackchannelLogoutURI != w.BackchannelLogoutURI {
		return refuse(codeInvalidMetadata, "launch_uri and backchannel_logout_uri are those of the app's manifest.")
	}
	if err := errors.Join(w.admitsGrants(c), w.admitsMethod(c)); err != nil {
		return refuse(codeInvalidMetadata, err.Error())
	}
	c.Scopes = scope.Narrow(c.Scopes, w.Scopes)
	c.SoftwareID, c.SoftwareVersion, c.Catalogued = w.ID, w.Version, true
	return nil
}

// grants are those that the app's clients may have.
func (w *Software) grants() []string {
	switch {
	case len(w.GrantTypes) > 0:
		return w.GrantTypes
	case w.Kind == "backend":
		return systemGrant
	}
	return codeGrants
}

func (w *Software) admitsGrants(c *Client) error {
	for _, grant := range c.GrantTypes {
		if !slices.Contains(w.grants(), grant) {
			return fmt.Errorf("the app's manifest does not have the grant %q", grant)
		}
	}
	return nil
}

// takes refuses a client that proves who it is by less than the app's manifest wants.
func (w *Software) takes(c *Client) error {
	weaker := keyMethod(w.AuthMethod) && !keyMethod(c.AuthMethod) || w.AuthMethod == AuthBasic && c.AuthMethod == AuthNone
	if weaker || w.Profile != "" && c.Profile != w.Profile && keyMethod(w.AuthMethod) {
		return fmt.Errorf("the app's manifest wants %s and the profile %q", w.AuthMethod, w.Profile)
	}
	return nil
}

func (w *Software) admitsMethod(c *Client) error {
	if err := w.takes(c); err != nil {
		return err
	}
	ownKeys := len(w.JWKS) > 0 || w.JWKSURI != ""
	if (w.Kind == "backend" || ownKeys) && (len(c.JWKS) > 0 || c.JWKSURI != "") {
		c.JWKS, c.JWKSURI = w.JWKS, w.JWKSURI // whoever registers does not choose by which key the app is known
	}
	if (c.AuthMethod == AuthKeyJWT || c.AuthMethod == AuthSelfSignedTLS) && len(c.JWKS) == 0 && c.JWKSURI == "" && ownKeys {
		c.JWKS, c.JWKSURI = w.JWKS, w.JWKSURI
	}
	return nil
}

// addressed refuses, to whoever shows nothing but a copy of a statement, a secret that would open what has no address to be
// sent to: many hold such a copy.
func addressed(c *Client) *failure {
	if c.AuthMethod == AuthBasic && !slices.Contains(c.grantTypes(), grantCode) {
		return refuse(codeInvalidToken, "A secret for a client that nobody comes back to wants an initial access token.")
	}
	return nil
}

package oauth

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/oauth/jwks"
	"github.com/pontlevis/pontlevis/store"
)

// Ways a client proves who it is at the token endpoint (RFC 8414 §2, RFC 7523, RFC 8705 §2).
const (
	AuthNone          = "none"
	AuthBasic         = "client_secret_basic"
	AuthKeyJWT        = "private_key_jwt"
	AuthTLS           = "tls_client_auth"
	AuthSelfSignedTLS = "self_signed_tls_client_auth"
)

// Client is a registered app or system.
type Client struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Kind     string `json:"kind"`     // portal, smart, backend, plugin
	Category string `json:"category"` // used when the catalogue says nothing
	// Profile names the rules and lifetimes the client lives under (profile.go): smart-public, smart-confidential,
	// fapi2, backend, service. When empty it follows from Kind and AuthMethod.
	Profile    string `json:"profile,omitempty"`
	AuthMethod string `json:"auth_method"` // none, client_secret_basic, private_key_jwt, tls_client_auth, self_signed_tls_client_auth
	// GrantTypes are the grants the client may use, by their OAuth names; nil means all that its profile has as usual.
	GrantTypes   []string `json:"grant_types,omitempty"`
	RedirectURIs []string `json:"redirect_uris,omitempty"`
	Scopes       []string `json:"scopes"`            // SMART scopes the client may be granted; wildcards are understood
	Origins      []string `json:"origins,omitempty"` // browser origins besides those of the redirect URIs (CORS)

	// JWKS is the client's public key set (RFC 7517) by value, for private_key_jwt and self_signed_tls_client_auth.
	// JWKSURI is the https URL where the client publishes it instead. Exactly one of the two is set.
	JWKS    json.RawMessage `json:"jwks,omitempty"`
	JWKSURI string          `json:"jwks_uri,omitempty"`
	// SecretHash is the keyed hash of a 256-bit secret the server generated (NewSecret, HashSecret).
	SecretHash []byte `json:"secret_hash,omitempty"`
	// The certificate's subject for tls_client_auth (RFC 8705 §2.1.2): exactly one of them is set. TLSSubject is a
	// distinguished name in the form of RFC 4514.
	TLSSubject string `json:"tls_client_auth_subject_dn,omitempty"`
	TLSDNS     string `json:"tls_client_auth_san_dns,omitempty"`
	TLSURI     string `json:"tls_client_auth_san_uri,omitempty"`
	TLSIP      string `json:"tls_client_auth_san_ip,omitempty"`
	TLSEmail   string `json:"tls_client_auth_san_email,omitempty"`

	// What the client must do beyond its profile: push its authorization requests (RFC 9126 §6), bind its tokens to a
	// DPoP key (RFC 9449 §5.2) or to its certificate (RFC 8705 §3.4).
	RequirePAR  bool `json:"require_pushed_authorization_requests,omitempty"`
	RequireDPoP bool `json:"dpop_bound_access_tokens,omitempty"`
	RequireTLS  bool `json:"tls_client_certificate_bound_access_tokens,omitempty"`

	// IDTokenAlg signs the client's id_tokens: RS256 or ES256; empty is what its profile has.
	IDTokenAlg string `json:"id_token_signed_response_alg,omitempty"`

	LaunchURI              string   `json:"launch_uri,omitempty"`                // where an EHR launch opens the app (SMART app-launch)
	PostLogoutRedirectURIs []string `json:"post_logout_redirect_uris,omitempty"` // OpenID Connect RP-Initiated Logout §3.1
	BackchannelLogoutURI   string   `json:"backchannel_logout_uri,omitempty"`    // OpenID Connect Back-Channel Logout §2.2
	// BackchannelLogoutSession asks for the sid claim in logout tokens.
	BackchannelLogoutSession bool `json:"backchannel_logout_session_required,omitempty"`

	// A back-end system acts in its own name: its reference ("Device/x", "Organization/x"), the identifiers resources
	// may name it by, and its organisation.
	Reference     string   `json:"reference,omitempty"`
	Identities    []string `json:"identities,omitempty"`
	Organizations []string `json:"organizations,omitempty"`
	Purpose       string   `json:"purpose,omitempty"` // purpose of use of a back-end's grants; TREAT when empty

	// What a dynamic registration leaves (RFC 7591, 7592): the software's name, the SHA-256 of the statement that
	// vouched for it, the keyed hash of the registration access token, and when it was.
	SoftwareID       string    `json:"software_id,omitempty"`
	SoftwareVersion  string    `json:"software_version,omitempty"`
	StatementDigest  []byte    `json:"software_statement_digest,omitempty"`
	RegistrationHash []byte    `json:"registration_hash,omitempty"`
	Registered       time.Time `json:"registered,omitzero"`
	// Catalogued tells that the client was held to the catalogue's entry of its software when it registered.
	Catalogued bool `json:"catalogued,omitempty"`

	// Introspects lets a resource server introspect every token (RFC 7662), not only those of its own.
	Introspects bool `json:"introspects,omitempty"`
	Disabled    bool `json:"disabled,omitempty"`
}

func clientKey(id string) []byte { return store.Key("oauth", "client", id) }

// Confidential tells whether the client authenticates.
func (c *Client) Confidential() bool { return c.AuthMethod != AuthNone }

// mustPush tells whether the client's authorization requests have to be pushed (RFC 9126).
func (c *Client) mustPush() bool { return c.RequirePAR || c.profile().push }

// mustBind tells whether each of the client's tokens has to be bound to a key of its sender, by DPoP or by certificate.
func (c *Client) mustBind() bool { return c.RequireDPoP || c.RequireTLS || c.profile().bind }

// grantTypes are the grants the client may use.
func (c *Client) grantTypes() []string {
	if c.GrantTypes != nil {
		return c.GrantTypes
	}
	return c.profile().usual
}

// keys returns the client's public keys, those that were registered by value.
func (c *Client) keys() (*jose.JSONWebKeySet, error) {
	set, err := jwks.Parse(c.JWKS)
	if err != nil {
		return nil, fmt.Errorf("reading the key set: %w", err)
	}
	return set, nil
}

// checkRedirect accepts https, http on loopback, and private-use schemes of native apps (RFC 8252 §7.1: a reversed
// domain name, hence a dot; javascript:, data: and the like have none).
func checkRedirect(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return err
	}
	switch {
	case u.Fragment != "" || u.User != nil || hasControl(raw) || len(raw) > maxURI:
		return errors.New("no fragment, user or control character allowed, and at most 2048 characters")
	case u.Scheme == "https" && u.Host != "":
		return nil
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	case u.Scheme != "http" && u.Scheme != "https" && containsDot(u.Scheme):
		return nil
	}
	return errors.New("must be https, http on a loopback address, or a reversed-domain private scheme")
}

// PutClient registers or replaces a client. What contradicts the client's profile is refused in words.
func (s *Server) PutClient(ctx context.Context, c Client) error {
	if c.Profile == "" {
		c.Profile = c.usualProfile()
	}
	if err := c.check(); err != nil {
		return fmt.Errorf("registering client %q: %w", c.ID, err)
	}
	return s.db.Update(ctx, store.Global, func(tx store.Tx) error { return putClient(tx, &c) })
}

// putClient writes a client that was checked, and the indexes of its origins and of what is opened from a record.
func putClient(tx store.Tx, c *Client) error {
	var before *Client
	if old := new(Client); tx.Get(clientKey(c.ID)) != nil {
		if _, err := store.GetJSON(tx, clientKey(c.ID), old); err != nil {
			return err
		}
		before = old
	}
	if err := indexOrigins(tx, before, c); err != nil {
		return err
	}
	if err := indexOpenable(tx, c); err != nil {
		return err
	}
	return store.PutJSON(tx, clientKey(c.ID), c)
}

// Client returns a registered client, or ErrNotFound. The result is shared: callers do not change it.
func (s *Server) Client(ctx context.Context, id string) (*Client, error) {
	var c *Client
	err := s.db.View(ctx, store.Global, func(tx store.Tx) (err error) {
		c, err = row(&s.clients, tx, clientKey(id))
		return err
	})
	return c, err
}

// NewSecret returns a fresh client secret of 256 bits. It is shown once; the server keeps HashSecret of it.
func NewSecret() string { return randomText(32) }

// HashSecret is the keyed SHA-256 under which a client secret is kept. It is fast on purpose: the secret has 256 bits
// of entropy, and a slow hash would let anybody burn the server's CPU.
func (s *Server) HashSecret(secret string) []byte { return mac(s.secrets.client, secret) }

func (s *Server) secretMatches(c *Client, secret string) bool {
	return len(c.SecretHash) > 0 && hmac.Equal(c.SecretHash, s.HashSecret(secret))
}

package oauth

import (
	"context"
	"crypto/hmac"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/store"
)

// Ways a client proves who it is at the token endpoint (RFC 8414 §2, RFC 7523).
const (
	AuthNone   = "none"
	AuthBasic  = "client_secret_basic"
	AuthKeyJWT = "private_key_jwt"
)

// Client is a registered app or system.
type Client struct {
	ID           string   `json:"id"`
	Name         string   `json:"name"`
	Kind         string   `json:"kind"`        // portal, smart, backend, plugin
	Category     string   `json:"category"`    // used when the catalogue says nothing
	AuthMethod   string   `json:"auth_method"` // none, client_secret_basic, private_key_jwt
	RedirectURIs []string `json:"redirect_uris,omitempty"`
	Scopes       []string `json:"scopes"`            // SMART scopes the client may be granted; wildcards are understood
	Origins      []string `json:"origins,omitempty"` // browser origins besides those of the redirect URIs (CORS)
	// JWKS is the client's public key set for private_key_jwt (RFC 7517), by value.
	JWKS json.RawMessage `json:"jwks,omitempty"`
	// SecretHash is the keyed hash of a 256-bit secret the server generated (NewSecret, HashSecret).
	SecretHash []byte `json:"secret_hash,omitempty"`

	// A back-end system acts in its own name: its reference ("Device/x", "Organization/x"), the identifiers resources
	// may name it by, and its organisation.
	Reference     string   `json:"reference,omitempty"`
	Identities    []string `json:"identities,omitempty"`
	Organizations []string `json:"organizations,omitempty"`
	Purpose       string   `json:"purpose,omitempty"` // purpose of use of a back-end's grants; TREAT when empty

	// Introspects lets a resource server introspect every token (RFC 7662), not only those of its own.
	Introspects bool `json:"introspects,omitempty"`
	Disabled    bool `json:"disabled,omitempty"`
}

func clientKey(id string) []byte { return store.Key("oauth", "client", id) }

// Confidential tells whether the client authenticates.
func (c *Client) Confidential() bool { return c.AuthMethod != AuthNone }

// check refuses a registration that could not be served safely.
func (c *Client) check() error {
	if c.ID == "" || len(c.ID) > 256 {
		return errors.New("an id of 1 to 256 characters is required")
	}
	if !slices.Contains([]string{"portal", "smart", "backend", "plugin"}, c.Kind) {
		return fmt.Errorf("unknown kind %q", c.Kind)
	}
	switch c.AuthMethod {
	case AuthNone:
		if c.Kind == "backend" {
			return errors.New("a back-end system must authenticate")
		}
	case AuthBasic:
		if len(c.SecretHash) == 0 {
			return errors.New("client_secret_basic wants a secret hash")
		}
	case AuthKeyJWT:
		if _, err := c.keys(); err != nil {
			return err
		}
	default:
		return fmt.Errorf("unknown authentication method %q", c.AuthMethod)
	}
	for _, raw := range c.RedirectURIs {
		if err := checkRedirect(raw); err != nil {
			return fmt.Errorf("redirect URI %q: %w", raw, err)
		}
	}
	return nil
}

// keys returns the client's public keys.
func (c *Client) keys() (*jose.JSONWebKeySet, error) {
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(c.JWKS, &set); err != nil {
		return nil, fmt.Errorf("reading the key set: %w", err)
	}
	if len(set.Keys) == 0 || len(set.Keys) > 20 {
		return nil, errors.New("a key set has 1 to 20 keys")
	}
	for _, k := range set.Keys {
		if !k.Valid() || !k.IsPublic() || k.KeyID == "" {
			return nil, errors.New("each key must be a valid public key with a kid")
		}
	}
	return &set, nil
}

// checkRedirect accepts https, http on loopback, and private-use schemes of native apps (RFC 8252 §7.1: a reversed
// domain name, hence a dot; javascript:, data: and the like have none).
func checkRedirect(raw string) error {
	u, err := url.Parse(raw)
	if err != nil {
		return err
	}
	switch {
	case u.Fragment != "" || u.User != nil || hasControl(raw):
		return errors.New("no fragment, user or control character allowed")
	case u.Scheme == "https" && u.Host != "":
		return nil
	case u.Scheme == "http" && isLoopback(u.Hostname()):
		return nil
	case u.Scheme != "http" && u.Scheme != "https" && containsDot(u.Scheme):
		return nil
	}
	return errors.New("must be https, http on a loopback address, or a reversed-domain private scheme")
}

// PutClient registers or replaces a client.
func (s *Server) PutClient(ctx context.Context, c Client) error {
	if err := c.check(); err != nil {
		return fmt.Errorf("registering client %q: %w", c.ID, err)
	}
	return s.db.Update(ctx, store.Global, func(tx store.Tx) error {
		var before *Client
		if old := new(Client); tx.Get(clientKey(c.ID)) != nil {
			if _, err := store.GetJSON(tx, clientKey(c.ID), old); err != nil {
				return err
			}
			before = old
		}
		if err := indexOrigins(tx, before, &c); err != nil {
			return err
		}
		return store.PutJSON(tx, clientKey(c.ID), c)
	})
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

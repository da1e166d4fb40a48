package upstream

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	metadataLife  = time.Hour        // what a provider says of itself is asked again after this
	metadataStale = 24 * time.Hour   // and believed this long when it does not answer
	metadataRetry = 10 * time.Second // an answer that failed is not asked for again at once
)

// Provider is one configured OpenID Provider. It is safe for concurrent use.
type Provider struct {
	config Config
	http   *http.Client
	now    func() time.Time
	people cache // userinfo of exchanged tokens

	mu     sync.Mutex
	meta   *metadata
	since  time.Time // of meta
	failed time.Time // the last time that asking failed
	why    error
	keys   *keySet
}

// metadata is what OpenID Connect Discovery 1.0 §3, RFC 8414 §2 and RFC 9207 §3 let a provider say of itself.
type metadata struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	Userinfo      string   `json:"userinfo_endpoint"`
	Keys          string   `json:"jwks_uri"`
	Introspection string   `json:"introspection_endpoint"`
	EndSession    string   `json:"end_session_endpoint"`
	Iss           bool     `json:"authorization_response_iss_parameter_supported"`
	Challenges    []string `json:"code_challenge_methods_supported"`
}

// New makes a provider from its configuration; the network is not asked yet. now is the clock, time.Now when nil.
func New(c Config, now func() time.Time) (*Provider, error) {
	if err := c.Check(); err != nil {
		return nil, fmt.Errorf("provider %s: %w", c.Name, err)
	}
	if now == nil {
		now = time.Now
	}
	return &Provider{config: c, http: newClient(c.Reach, fetchTimeout), now: now}, nil
}

// Config is what the provider was made from.
func (p *Provider) Config() Config { return p.config }

// metadata returns what the provider says of itself and its keys, asking at most one question at a time.
func (p *Provider) metadata(ctx context.Context) (*metadata, *keySet, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	age := now.Sub(p.since)
	if p.meta != nil && age < metadataLife {
		return p.meta, p.keys, nil
	}
	if now.Sub(p.failed) < metadataRetry {
		if p.meta != nil && age < metadataStale {
			return p.meta, p.keys, nil
		}
		return nil, nil, p.why
	}
	fresh, err := p.discover(context.WithoutCancel(ctx)) // to its end even when whoever caused it has gone
	if err != nil {
		p.failed, p.why = p.now(), err
		if p.meta != nil && age < metadataStale {
			return p.meta, p.keys, nil
		}
		return nil, nil, err
	}
	if p.keys == nil || p.meta.Keys != fresh.Keys {
		p.keys = &keySet{provider: p, address: fresh.Keys}
	}
	p.meta, p.since = fresh, now
	return p.meta, p.keys, nil
}

// discover fetches the metadata and refuses a document that names another issuer (OpenID Connect Discovery §4.3), or an
// endpoint where this provider may not be.
func (p *Provider) discover(ctx context.Context) (*metadata, error) {
	var m metadata
	address := strings.TrimSuffix(p.config.Issuer, "/") + "/.well-known/openid-configuration"
	if err := p.fetchJSON(ctx, address, &m); err != nil {
		return nil, failed(Unavailable, "reading the provider's metadata", err)
	}
	if m.Issuer != p.config.Issuer {
		return nil, refuse(Untrusted, "the metadata names another issuer than the configuration")
	}
	for _, e := range []struct {
		name, address string
		required      bool
	}{
		{"authorization_endpoint", m.Authorization, true}, {"token_endpoint", m.Token, true}, {"jwks_uri", m.Keys, true},
		{"userinfo_endpoint", m.Userinfo, p.config.Signed}, {"introspection_endpoint", m.Introspection, false},
		{"end_session_endpoint", m.EndSession, false},
	} {
		if e.address == "" && !e.required {
			continue
		}
		if err := p.config.checkAddress(e.address); err != nil {
			return nil, failed(Untrusted, "the metadata's "+e.name, err)
		}
	}
	if len(m.Challenges) > 0 && !slices.Contains(m.Challenges, "S256") {
		return nil, refuse(Untrusted, "the provider does not take PKCE with S256")
	}
	return &m, nil
}

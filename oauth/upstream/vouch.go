package upstream

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	vouchLife = 5 * time.Minute // a userinfo is asked again after this
	maxCached = 1024            // userinfos remembered
	maxToken  = 16 << 10
)

// introspection is what RFC 7662 §2.2 answers of a token.
type introspection struct {
	Active  bool    `json:"active"`
	Issuer  string  `json:"iss"`
	Subject string  `json:"sub"`
	Client  string  `json:"client_id"`
	Party   string  `json:"azp"`
	Expires float64 `json:"exp"`
	Begins  float64 `json:"nbf"`
	Kind    string  `json:"token_use"`
	ACR     string  `json:"acr"`
	Auth    float64 `json:"auth_time"`
}

// Vouch says who an access token of the provider stands for, as a back-end shows it in a token exchange (RFC 8693; ANS,
// "API REST Pro Santé Connectée" 1.2.0). The provider is asked each time whether the token is active; its userinfo is
// remembered for a short while. The error is a *Refusal: Untrusted when the token is not active, or is not one that may be
// exchanged here.
func (p *Provider) Vouch(ctx context.Context, token string) (*Login, error) {
	if len(p.config.Vouches) == 0 {
		return nil, refuse(Untrusted, "tokens of this provider are not exchanged here")
	}
	if token == "" || len(token) > maxToken || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, refuse(Untrusted, "the token is malformed")
	}
	m, keys, err := p.metadata(ctx)
	if err != nil {
		return nil, err
	}
	if m.Introspection == "" || m.Userinfo == "" {
		return nil, refuse(Untrusted, "the provider has no introspection or no userinfo")
	}
	t, said, err := p.introspect(ctx, m, token)
	if err != nil {
		return nil, err
	}
	if err := p.checkIntrospection(t); err != nil {
		return nil, err
	}
	login := &Login{Subject: t.Subject, Claims: said, ACR: t.ACR, Client: or(t.Client, t.Party), Expires: instant(t.Expires)}
	if t.Auth > 0 {
		login.Auth = instant(t.Auth)
	}
	key := sha256.Sum256([]byte(token))
	claims, ok := p.people.get(key, p.now())
	if !ok {
		if claims, err = p.userinfo(ctx, m, keys, token); err != nil {
			return nil, err
		}
	}
	if sub, _ := claims["sub"].(string); sub != login.Subject {
		return nil, refuse(Untrusted, "the userinfo is of somebody else (sub)")
	}
	if login.ACR == "" { // there is no id_token to say it, and both answers come from the provider itself
		login.ACR, _ = claims["acr"].(string)
	}
	if !p.config.enough(login.ACR, p.config.ACR) {
		return nil, refuse(Weak, "the class of authentication (acr) is none of those accepted")
	}
	if !ok {
		p.people.put(key, claims, p.now(), earliest(login.Expires, p.now().Add(vouchLife)))
	}
	for name, value := range claims {
		if !slices.Contains(protocol, name) {
			login.Claims[name] = value
		}
	}
	return login, nil
}

func earliest(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

// introspect asks the provider whether a token is active (RFC 7662 §2.1): by POST, our own client authenticated.
func (p *Provider) introspect(ctx context.Context, m *metadata, token string) (*introspection, Claims, error) {
	form := url.Values{"token": {token}, "token_type_hint": {"access_token"}}
	r, err := http.NewRequest(http.MethodPost, m.Introspection, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, nil, failed(Untrusted, "the introspection endpoint", err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	r.SetBasicAuth(url.QueryEscape(p.config.ClientID), url.QueryEscape(p.config.ClientSecret)) // RFC 6749 §2.3.1
	body, _, err := p.fetch(ctx, r)
	if err != nil {
		return nil, nil, failed(Unavailable, "introspecting a token", plainError(err))
	}
	var t introspection
	said, err := ParseClaims(body)
	if err == nil {
		err = json.Unmarshal(body, &t)
	}
	if err != nil {
		return nil, nil, refuse(Untrusted, "the introspection has another shape than RFC 7662 says")
	}
	return &t, said, nil
}

func (p *Provider) checkIntrospection(t *introspection) error {
	now := p.now()
	switch {
	case !t.Active:
		return refuse(Untrusted, "the token is not active")
	case t.Issuer != "" && t.Issuer != p.config.Issuer:
		return refuse(Untrusted, "the token is of another issuer")
	case t.Subject == "":
		return refuse(Untrusted, "the token stands for nobody (sub)")
	case t.Expires == 0 || !now.Before(instant(t.Expires)):
		return refuse(Untrusted, "the token has no end, or is past it")
	case t.Begins != 0 && instant(t.Begins).After(now.Add(skew)):
		return refuse(Untrusted, "the token does not count yet")
	case t.Kind == "refresh_token" || t.Kind == "id_token":
		return refuse(Untrusted, "this is no access token")
	case t.Client != "" && t.Party != "" && t.Client != t.Party:
		return refuse(Untrusted, "the token names two clients")
	}
	client := or(t.Client, t.Party)
	if !slices.Contains(p.config.Vouches, "*") && (client == "" || !slices.Contains(p.config.Vouches, client)) {
		return refuse(Untrusted, "the token was given to a client whose tokens are not exchanged here")
	}
	return nil
}

// cache remembers claims by the digest of a token: at most maxCached, none past its end.
type cache struct {
	mu  sync.Mutex
	all map[[sha256.Size]byte]cached
}

type cached struct {
	claims Claims
	until  time.Time
}

func (c *cache) get(key [sha256.Size]byte, now time.Time) (Claims, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found, ok := c.all[key]
	if !ok || !now.Before(found.until) {
		delete(c.all, key)
		return nil, false
	}
	return found.claims, true
}

// put makes room by dropping what has ended, else anything: it can be asked again.
func (c *cache) put(key [sha256.Size]byte, claims Claims, now, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = make(map[[sha256.Size]byte]cached)
	}
	if len(c.all) >= maxCached {
		for k, v := range c.all {
			if !now.Before(v.until) {
				delete(c.all, k)
			}
		}
	}
	for k := range c.all {
		if len(c.all) < maxCached {
			break
		}
		delete(c.all, k)
	}
	c.all[key] = cached{claims, until}
}

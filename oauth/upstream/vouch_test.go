package upstream

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// vouching is a stub whose tokens are exchanged, and a token that would be taken.
func vouching(t *testing.T) *begun {
	t.Helper()
	s := newStub(t)
	b := s.begin(func(c *Config, _ *Attempt) { c.Vouches = []string{"lps"} })
	now := b.clock.Now().Unix()
	s.active = map[string]any{
		"active": true, "iss": s.server.URL, "sub": "sub-1", "client_id": "lps", "exp": now + 120, "acr": "eidas1", "auth_time": now - 60,
	}
	return b
}

func TestVouch(t *testing.T) {
	t.Parallel()
	b := vouching(t)
	for range 3 {
		login, err := b.provider.Vouch(t.Context(), "at-1")
		if err != nil {
			t.Fatal(err)
		}
		if login.Subject != "sub-1" || login.Claims["family_name"] != "DUBOIS" || login.Client != "lps" || login.ACR != "eidas1" ||
			login.Expires.Unix() != b.clock.Now().Unix()+120 || login.Auth.Unix() != b.clock.Now().Unix()-60 {
			t.Errorf("login = %+v", login)
		}
	}
	if n, m := b.times("/introspect"), b.times("/userinfo"); n != 3 || m != 1 {
		t.Errorf("%d introspections and %d userinfos for one token shown thrice, want 3 and 1", n, m)
	}
	if !strings.HasPrefix(b.basic, "Basic ") {
		t.Errorf("introspection authenticated by %q", b.basic)
	}
	// The provider has withdrawn the token: what is remembered does not help it.
	b.active = map[string]any{"active": false}
	if login, err := b.provider.Vouch(t.Context(), "at-1"); err == nil {
		t.Errorf("a withdrawn token stands for %+v", login)
	}
}

func TestVouchRefuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		bend func(*begun)
		kind string
		why  string
	}{
		"inactive":                 {func(b *begun) { b.active["active"] = false }, Untrusted, "not active"},
		"another issuer":           {func(b *begun) { b.active["iss"] = "https://x.example" }, Untrusted, "another issuer"},
		"nobody":                   {func(b *begun) { delete(b.active, "sub") }, Untrusted, "nobody"},
		"expired":                  {func(b *begun) { b.active["exp"] = b.clock.Now().Unix() }, Untrusted, "past it"},
		"endless":                  {func(b *begun) { delete(b.active, "exp") }, Untrusted, "no end"},
		"not yet":                  {func(b *begun) { b.active["nbf"] = b.clock.Now().Unix() + 300 }, Untrusted, "not count yet"},
		"a refresh token":          {func(b *begun) { b.active["token_use"] = "refresh_token" }, Untrusted, "no access token"},
		"of another client":        {func(b *begun) { b.active["client_id"] = "shop" }, Untrusted, "not exchanged here"},
		"of no client":             {func(b *begun) { delete(b.active, "client_id") }, Untrusted, "not exchanged here"},
		"of two clients":           {func(b *begun) { b.active["azp"] = "shop" }, Untrusted, "two clients"},
		"weak":                     {func(b *begun) { b.active["acr"] = "eidas0" }, Weak, "acr"},
		"of unknown strength":      {func(b *begun) { delete(b.active, "acr") }, Weak, "acr"},
		"userinfo of another":      {func(b *begun) { b.person["sub"] = "sub-2" }, Untrusted, "somebody else"},
		"introspection broken":     {func(b *begun) { b.active = nil }, Untrusted, "RFC 7662"},
		"no introspection":         {func(b *begun) { delete(b.meta, "introspection_endpoint") }, Untrusted, "no introspection"},
		"exchange not configured":  {func(b *begun) { b.provider.config.Vouches = nil }, Untrusted, "not exchanged here"},
		"userinfo does not answer": {func(b *begun) { b.userinfo = fails(http.StatusInternalServerError) }, Unavailable, "500"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := vouching(t)
			c.bend(b)
			login, err := b.provider.Vouch(t.Context(), "at-1")
			var no *Refusal
			if login != nil || !errors.As(err, &no) || no.Kind != c.kind || !strings.Contains(err.Error(), c.why) {
				t.Errorf("%+v, %v", login, err)
			}
		})
	}
	b := vouching(t)
	for _, token := range []string{"", "a b", "a\nb", strings.Repeat("a", maxToken+1), "é"} {
		if _, err := b.provider.Vouch(t.Context(), token); err == nil {
			t.Errorf("token %.10q was taken", token)
		}
	}
	if n := b.times("/introspect"); n != 0 {
		t.Errorf("malformed tokens were shown to the provider %d times", n)
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	var c cache
	now := time.Now()
	for i := range 3 * maxCached {
		c.put(sha256Of(strconv.Itoa(i)), Claims{}, now, now.Add(time.Minute))
	}
	if len(c.all) != maxCached {
		t.Errorf("%d entries", len(c.all))
	}
	last := sha256Of(strconv.Itoa(3*maxCached - 1))
	if _, ok := c.get(last, now); !ok {
		t.Error("the last one is gone")
	}
	if _, ok := c.get(last, now.Add(time.Minute)); ok {
		t.Error("an entry outlives its end")
	}
}

package oauth_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// TestErrorTable holds what clients are told where an OAuth library of the field would tell them otherwise, row by row.
func TestErrorTable(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		situation string
		status    int
		code      string
		header    string // that has to be there
		ask       func(w *world) reply
	}{
		{"unknown grant", 400, "unsupported_grant_type", "", func(w *world) reply {
			return w.post("/oauth2/token", pairs("grant_type", "urn:example:unknown"), w.lab())
		}},
		{"bad client secret", 401, "invalid_client", "Basic", func(w *world) reply {
			return w.post("/oauth2/token", pairs("grant_type", "client_credentials"), "backend-lab:wrong")
		}},
		{"replayed assertion", 401, "invalid_client", "", func(w *world) reply {
			s := newSigner(w.t, w, "lab-key")
			assertion := s.sign(assertionOf(w, "lab-key"), nil)
			w.assert(assertion)
			return w.assert(assertion)
		}},
		{"JWKS key not found", 401, "invalid_client", "", func(w *world) reply {
			s := newSigner(w.t, w, "lab-key")
			return w.assert(s.sign(assertionOf(w, "lab-key"), map[jose.HeaderKey]any{"kid": "k9"}))
		}},
		{"clock skew in assertion, 10 s", 200, "", "", func(w *world) reply { return w.skewed(10 * time.Second) }},
		{"clock skew in assertion, over 60 s", 401, "invalid_client", "", func(w *world) reply { return w.skewed(61 * time.Second) }},
		{"tampered refresh token", 400, "invalid_grant", "", func(w *world) reply { return w.refresh(flip(w.tokens().text("refresh_token"))) }},
		{"short state and nonce", 200, "", "", func(w *world) reply { return w.tokens("state", "1", "nonce", "2") }},
		{"storage failure at /revoke", 503, "temporarily_unavailable", "Retry-After", func(w *world) reply {
			token := w.tokens().text("refresh_token")
			w.db.breakWith(errors.New("disk full"))
			return w.revokes("glycare", "token", token)
		}},
		{"missing credentials at /introspect", 401, "invalid_client", "Basic", func(w *world) reply { return w.introspect("x", "") }},
		{"losing concurrent code", 400, "invalid_grant", "", losingCode},
	} {
		t.Run(row.situation, func(t *testing.T) {
			t.Parallel()
			r := row.ask(newWorld(t))
			if r.status != row.status || r.text("error") != row.code {
				t.Errorf("%d %s, want %d %s", r.status, r.raw, row.status, row.code)
			}
			has := r.header.Get(row.header) != "" || strings.HasPrefix(r.header.Get("WWW-Authenticate"), row.header)
			if row.header != "" && !has {
				t.Errorf("%s is missing: %v", row.header, r.header)
			}
		})
	}
}

// skewed asks with an assertion of a clock that is ahead.
func (w *world) skewed(ahead time.Duration) reply {
	s := newSigner(w.t, w, "lab-key")
	at := w.clock.Now().Add(ahead).Unix()
	return w.assert(s.sign(assertionOf(w, "lab-key", "iat", at, "nbf", at), nil))
}

// losingCode redeems a code twice at once and returns the loser's answer.
func losingCode(w *world) reply {
	code := w.newBrowser().code()
	w.db.gather(2)
	answers := make(chan reply, 2)
	for range 2 {
		go func() { answers <- w.redeem(code) }()
	}
	first, second := <-answers, <-answers
	if first.status == http.StatusOK {
		return second
	}
	if second.status != http.StatusOK {
		w.t.Errorf("nobody won: %d %s, %d %s", first.status, first.raw, second.status, second.raw)
	}
	return first
}

package oauth_test

import (
	"errors"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
)

const hooked = "https://hooks.test/cds-services/rappel-vaccins.due"

// cdsClaims are the claims that a CDS client signs (CDS Hooks 2.0, "Trusting CDS Clients"), with changes: name, value; a nil
// value leaves the claim out.
func cdsClaims(w *world, id, jti string, changes ...any) map[string]any {
	now := w.clock.Now()
	claims := map[string]any{"iss": id, "aud": hooked, "iat": now.Unix(), "exp": now.Add(time.Minute).Unix(), "jti": jti}
	for k := 0; k+1 < len(changes); k += 2 {
		if claims[changes[k].(string)] = changes[k+1]; changes[k+1] == nil {
			delete(claims, changes[k].(string))
		}
	}
	return claims
}

func TestCDSClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s, other := newSigner(t, w, "dpi"), newSigner(t, w, "other")
	now := w.clock.Now()
	for name, one := range map[string]struct {
		token string
		want  bool
	}{
		"as the specification has it": {s.sign(cdsClaims(w, "dpi", "1"), nil), true},
		"once more":                   {s.sign(cdsClaims(w, "dpi", "2", "sub", "anything", "tenant", "x"), nil), true},
		"several audiences":           {s.sign(cdsClaims(w, "dpi", "3", "aud", []string{"https://else.test", hooked}), nil), true},
		"too many audiences":          {s.sign(cdsClaims(w, "dpi", "4", "aud", []string{"a", "b", "c", "d", hooked}), nil), false},
		"another service":             {s.sign(cdsClaims(w, "dpi", "5", "aud", hooked+"x"), nil), false},
		"no audience":                 {s.sign(cdsClaims(w, "dpi", "6", "aud", nil), nil), false},
		"no jti":                      {s.sign(cdsClaims(w, "dpi", "", "jti", nil), nil), false},
		"no exp":                      {s.sign(cdsClaims(w, "dpi", "7", "exp", nil), nil), false},
		"no iat":                      {s.sign(cdsClaims(w, "dpi", "8", "iat", nil), nil), false},
		"over":                        {s.sign(cdsClaims(w, "dpi", "9", "exp", now.Add(-time.Minute).Unix()), nil), false},
		"lives too long":              {s.sign(cdsClaims(w, "dpi", "10", "exp", now.Add(time.Hour).Unix()), nil), false},
		"from the future":             {s.sign(cdsClaims(w, "dpi", "11", "iat", now.Add(time.Hour).Unix()), nil), false},
		"nobody's":                    {s.sign(cdsClaims(w, "nobody", "12"), nil), false},
		"another client's key":        {other.sign(cdsClaims(w, "dpi", "13"), nil), false},
		"a jku of its own":            {s.sign(cdsClaims(w, "dpi", "14"), map[jose.HeaderKey]any{"jku": "https://evil.test/keys"}), false},
		"no JWT":                      {"a.b.c", false},
		"an access token":             {"pl_at_x", false},
	} {
		_, err := w.server.CDSClient(t.Context(), one.token, hooked, "192.0.2.1")
		var no *gate.TokenError
		if (err == nil) != one.want || err != nil && !errors.As(err, &no) {
			t.Errorf("%s: %v", name, err)
		}
	}
	twice := s.sign(cdsClaims(w, "dpi", "20"), nil)
	if c, err := w.server.CDSClient(t.Context(), twice, hooked, "192.0.2.1"); err != nil || c.ID != "dpi" || c.Kind != "backend" {
		t.Errorf("%+v, %v", c, err)
	}
	if _, err := w.server.CDSClient(t.Context(), twice, hooked, "192.0.2.1"); err == nil {
		t.Error("a token serves twice")
	}
	if w.server.IsOwn(twice) || !w.server.IsOwn(w.mintedToken(t)) {
		t.Error("tokens of this server are not told from JWTs")
	}
}

func (w *world) mintedToken(t *testing.T) string {
	t.Helper()
	token, _, err := w.server.Mint(t.Context(), oauth.MintRequest{Client: "dpi"})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

package gate

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/space"
)

// TestStepUp: what the bundle's table demands a fresh sign-in for is told so, and done after one.
func TestStepUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.gate.Proofs = []string{"ES256"}
	naming := consent("camille", "named", space.Administrator, "2026-01-01", `"type":"permit","actor":[{"role":{"coding":[{"code":"IRCP"}]},"reference":{"reference":"Practitioner/dr-roux"}}]`)
	naming = strings.Replace(naming, `"id":"named",`, "", 1)
	signedIn := func(ago time.Duration) string {
		return w.grant("camille-"+ago.String(), "camille", func(g *Grant) { g.Auth = w.at.Add(-ago) })
	}
	for _, who := range []string{"camille", signedIn(16 * time.Minute)} {
		a := w.post(who, "/Consent", naming)
		got := a.Header().Values("WWW-Authenticate")
		if a.Code != 401 || len(got) != 2 || !strings.Contains(got[0], `error="insufficient_user_authentication"`) || !strings.HasSuffix(got[0], `max_age="900"`) || strings.Contains(got[1], "error=") {
			t.Errorf("%s: %d %q", who, a.Code, got)
		}
		a.outcome()
	}
	r := w.ask("", http.MethodPost, "/Consent", naming, "Content-Type", "application/fhir+json", "Authorization", "dpop camille")
	if got := r.Header().Values("WWW-Authenticate"); len(got) != 2 || strings.Contains(got[0], "error=") || !strings.Contains(got[1], `error="insufficient_user_authentication"`) {
		t.Errorf("under DPoP: %q", got)
	}
	batch := `{"resourceType":"Bundle","type":"batch","entry":[{"resource":` + naming + `,"request":{"method":"POST","url":"Consent"}}]}`
	if a := w.post("camille", "", batch).is(200); !strings.Contains(a.Body.String(), `"401`) {
		t.Errorf("in a batch: %s", a.Body)
	}
	blocking := strings.Replace(consent("camille", "x", space.Block, "2026-01-01", `"type":"deny","actor":[{"role":{"coding":[{"code":"IRCP"}]},"reference":{"reference":"Practitioner/dr-loin"}}]`), `"id":"x",`, "", 1)
	w.post("camille", "/Consent", blocking).is(201)
	w.post(signedIn(14*time.Minute), "/Consent", naming).is(201)
}

// TestDemands: a permission stands for who signed in as it wants, and an obligation that is not understood whole refuses.
func TestDemands(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	zero := time.Duration(0)
	minute := time.Minute
	for name, tt := range map[string]struct {
		properties map[string]any
		grant      Grant
		ok, whole  bool
		acr        []string
		age        *time.Duration
	}{
		"strong":           {map[string]any{"acr": []any{"eidas3", "eidas2"}}, Grant{ACR: "eidas2"}, true, true, nil, nil},
		"weak":             {map[string]any{"acr": []any{"eidas3", "eidas2"}}, Grant{ACR: "eidas1"}, false, true, []string{"eidas3", "eidas2"}, nil},
		"of unknown means": {map[string]any{"acr": []any{"eidas2"}}, Grant{}, false, true, []string{"eidas2"}, nil},
		"fresh":            {map[string]any{"max_age": json.Number("60")}, Grant{Auth: now.Add(-minute)}, true, true, nil, nil},
		"stale":            {map[string]any{"max_age": json.Number("60")}, Grant{Auth: now.Add(-minute - time.Second)}, false, true, nil, &minute},
		"no time":          {map[string]any{"max_age": 60.0}, Grant{}, false, true, nil, &minute},
		"at once":          {map[string]any{"max_age": int64(0)}, Grant{Auth: now.Add(-time.Second)}, false, true, nil, &zero},
		"both":             {map[string]any{"max_age": 60, "acr": []any{"eidas2"}}, Grant{Auth: now, ACR: "eidas1"}, false, true, []string{"eidas2"}, &minute},
		"unknown property": {map[string]any{"max_age": 60, "amr": "otp"}, Grant{Auth: now}, true, false, nil, nil},
		"no number":        {map[string]any{"max_age": "60"}, Grant{Auth: now}, true, false, nil, nil},
		"negative":         {map[string]any{"max_age": -1}, Grant{Auth: now}, true, false, nil, nil},
		"no list":          {map[string]any{"acr": "eidas2", "max_age": 1}, Grant{Auth: now}, true, false, nil, nil},
		"nothing":          {map[string]any{}, Grant{Auth: now}, true, false, nil, nil},
	} {
		d := &policies.Decision{Allow: true, Obligations: []policies.Obligation{{Type: dutyAuthenticate, Properties: tt.properties}}}
		if got := dutiful(d, actionRead); got != tt.whole {
			t.Errorf("%s: understood %v", name, got)
		}
		h := &hearing{grant: &tt.grant, now: now}
		err := h.stepUp(d)
		if (err == nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
		if e, is := err.(*TokenError); is && (!cmp.Equal(e.ACR, tt.acr) || !cmp.Equal(e.MaxAge, tt.age)) { //nolint:errorlint // as it was made
			t.Errorf("%s: %+v", name, e)
		}
	}
}

package oauth_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/gate"
)

// TestExchangeOfATokenFromElsewhere: a back-end shows a professional's token of the provider, and acts for them in the work
// situation that it names (RFC 8693; ANS, API REST Pro Santé Connectée).
func TestExchangeOfATokenFromElsewhere(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	exchangers(t, f.world, "plugin-a")
	ask := func(token string, more ...string) reply {
		return f.exchange("plugin-a", token, append([]string{"subject_token_type", jwtType, "scope", "user/Observation.rs"}, more...)...)
	}
	r := ask("psc-token", "work_situation", "https://finess.esante.gouv.fr|350000002")
	g, err := f.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token")))
	if err != nil {
		t.Fatalf("%v: %s", err, r.raw)
	}
	want := gate.Actor{
		Kind: "professional", ID: "Practitioner/899700218896", Name: "KIT DOC0021889",
		Identities:    []string{"Practitioner/899700218896", "urn:oid:1.2.250.1.71.4.2.1|899700218896"},
		Organizations: []string{"https://finess.esante.gouv.fr|350000002"}, Profession: "urn:oid:1.2.250.1.71.1.2.7|10",
	}
	if diff := cmp.Diff(want, g.Actor); diff != "" || g.ACR != "eidas1" || g.Patient != "" {
		t.Errorf("grant %+v (-want +got):\n%s", g, diff)
	}
	if at := f.clock.Now().Unix() - 30; g.Auth.Unix() != at || g.Until.Unix() > f.clock.Now().Unix()+120 {
		t.Errorf("signed in at %v, until %v", g.Auth, g.Until)
	}
	for name, refused := range map[string]reply{
		"no situation named":      ask("psc-token"),
		"somebody's situation":    ask("psc-token", "work_situation", "https://finess.esante.gouv.fr|990000009"),
		"an unknown token":        ask("psc-other", "work_situation", "https://finess.esante.gouv.fr|350000002"),
		"a JWT of another issuer": ask("e30.eyJpc3MiOiJodHRwczovL3guZXhhbXBsZSJ9.c2ln", "work_situation", "https://finess.esante.gouv.fr|350000002"),
	} {
		if refused.text("error") != "invalid_request" || refused.text("access_token") != "" {
			t.Errorf("%s: %s", name, refused.raw)
		}
	}
	claims := pscClaims()
	delete(claims, "SubjectRefPro")
	f.professionals.say(claims)
	f.clock.Advance(6 * time.Minute) // past what is remembered of the userinfo
	if r := ask("psc-token"); r.text("error") != "invalid_request" {
		t.Errorf("without a practice: %s", r.raw)
	}
	f.professionals.server.Close()
	if r := ask("psc-token"); r.text("error") != "temporarily_unavailable" {
		t.Errorf("a provider that does not answer: %s", r.raw)
	}
}

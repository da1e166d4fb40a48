package oauth_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/upstream"
)

func TestSignInElsewhere(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	b := f.newBrowser()
	p := b.authorize()
	if !strings.Contains(p.body, "FranceConnect") || !strings.Contains(p.body, "Pro Santé Connect") {
		t.Fatalf("the providers are not offered: %s", p.body)
	}
	p = b.get(b.toElsewhere(p, "persons").RequestURI())
	if !strings.Contains(p.body, "Camille DURAND") || !strings.Contains(p.body, `value="allow"`) {
		t.Fatalf("no consent page: %d %s", p.status, p.body)
	}
	g := f.granted(b.submit(p, "decision", "allow"))
	want := gate.Actor{
		Kind: "patient", ID: "Patient/camille", Name: "Camille DURAND",
		Identities: []string{"Patient/camille", "urn:oid:1.2.250.1.213.1.4.8|" + national},
	}
	if diff := cmp.Diff(want, g.Actor); diff != "" || g.Patient != "camille" || g.ACR != "eidas2" || !slices.Equal(g.AMR, []string{"sc"}) {
		t.Errorf("grant for %q, acr %q, amr %v (-want +got):\n%s", g.Patient, g.ACR, g.AMR, diff)
	}
	if at := f.clock.Now().Unix() - 5; g.Auth.Unix() != at {
		t.Errorf("signed in at %v, want the provider's time", g.Auth)
	}
}

// granted redeems the code of the last step and returns the grant.
func (w *world) granted(p page) *gate.Grant {
	w.t.Helper()
	if p.location == nil {
		w.t.Fatalf("no code: %d %s", p.status, p.body)
	}
	r := w.redeem(p.location.Query().Get("code"))
	g, err := w.server.Authenticate(w.t.Context(), gate.Bearer(r.text("access_token")))
	if err != nil {
		w.t.Fatalf("%v: %s", err, r.raw)
	}
	return g
}

func TestProfessionalElsewhereChoosesSituation(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	b := f.newBrowser()
	p := b.get(b.toElsewhere(b.authorize(), "professionals").RequestURI())
	if !strings.Contains(p.body, "Cabinet du Port") || !strings.Contains(p.body, "CHU de Rennes") || !strings.Contains(p.body, "Médecin") {
		t.Fatalf("no choice of situation: %d %s", p.status, p.body)
	}
	people := f.situations("899700218896")
	p = b.submit(p, "situation", people["CHU de Rennes"])
	p = b.submit(p, "patient", "camille")
	g := f.granted(b.submit(p, "decision", "allow"))
	want := gate.Actor{
		Kind: "professional", ID: "Practitioner/899700218896", Name: "KIT DOC0021889",
		Identities:    []string{"Practitioner/899700218896", "urn:oid:1.2.250.1.71.4.2.1|899700218896"},
		Organizations: []string{"https://finess.esante.gouv.fr|350000002"}, Profession: "urn:oid:1.2.250.1.71.1.2.7|10",
	}
	if diff := cmp.Diff(want, g.Actor); diff != "" {
		t.Errorf("actor (-want +got):\n%s", diff)
	}
	// The place is left: the grant ends with it, at the next sign-in anywhere.
	f.professionals.say(pscClaims(map[string]any{"raisonSocialeSite": "Cabinet du Port", "numeroFinessSite": "750000001"}))
	other := f.newBrowser()
	other.get(other.toElsewhere(other.authorize(), "professionals").RequestURI())
	if left := f.situations("899700218896"); len(left) != 1 || left["CHU de Rennes"] != "" {
		t.Errorf("situations after one has gone: %v", left)
	}
}

// situations are those of a professional who signed in elsewhere: place → id.
func (f *federated) situations(national string) map[string]string {
	f.t.Helper()
	said, err := json.Marshal(f.professionals.said)
	if err != nil {
		f.t.Fatal(err)
	}
	claims, err := upstream.ParseClaims(said)
	if err != nil {
		f.t.Fatal(err)
	}
	id, _, err := upstream.Identify(&upstream.Config{Issuer: f.professionals.server.URL, Kind: upstream.KindProfessional, Map: pscMapping()}, claims)
	if err != nil {
		f.t.Fatal(err)
	}
	person, err := f.server.Person(f.t.Context(), id.Key)
	if err != nil || person.RPPS != national[1:] {
		f.t.Fatalf("person %+v: %v", person, err)
	}
	out := make(map[string]string)
	for _, s := range person.Situations {
		out[s.Organization] = s.ID
	}
	return out
}

func TestRegulatingDoctorElsewhere(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	claims := pscClaims(map[string]any{"raisonSocialeSite": "SAMU 35", "numeroFinessSite": "350000002"})
	claims["Acces_Regulation_Medicale"] = "VRAI"
	f.professionals.say(claims)
	b := f.newBrowser()
	p := b.get(b.toElsewhere(b.authorize(), "professionals").RequestURI())
	p = b.submit(p, "patient", "camille")
	if g := f.granted(b.submit(p, "decision", "allow")); !g.Actor.Regulation {
		t.Errorf("actor %+v is no regulating doctor", g.Actor)
	}
}

func TestRefusedElsewhere(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		provider string
		bend     func(f *federated)
		answer   url.Values // over the provider's
		text     string
		status   int
	}{
		"the person stopped": {"persons", nil, url.Values{"error": {"access_denied"}, "code": nil}, "n’a pas confirmé", 403},
		"no practice": {"professionals", func(f *federated) {
			claims := pscClaims()
			delete(claims, "SubjectRefPro")
			f.professionals.say(claims)
		}, nil, "sans situation d’exercice", 403},
		"practice without activity": {"professionals", func(f *federated) { f.professionals.say(pscClaims()) }, nil, "sans situation d’exercice", 403},
		"weak":                      {"persons", func(f *federated) { f.persons.token["acr"] = "eidas0" }, nil, "pas assez forte", 403},
		"another nonce":             {"persons", func(f *federated) { f.persons.token["nonce"] = "n" }, nil, "pas pu être vérifiée", 403},
		"another issuer answers":    {"persons", nil, url.Values{"iss": {"https://other.example"}}, "pas pu être vérifiée", 403},
		"no issuer":                 {"persons", nil, url.Values{"iss": nil}, "pas pu être vérifiée", 403},
		"nameless":                  {"persons", func(f *federated) { f.persons.say(map[string]any{"sub": "p-1"}) }, nil, "pas assez clairement", 403},
		"down":                      {"persons", nil, url.Values{"error": {"server_error"}, "code": nil}, "ne répond pas", 502},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFederated(t)
			if c.bend != nil {
				c.bend(f)
			}
			b := f.newBrowser()
			back := b.toElsewhere(b.authorize(), c.provider)
			q := back.Query()
			for k, v := range c.answer {
				if q[k] = v; v == nil {
					q.Del(k)
				}
			}
			p := b.get(back.Path + "?" + q.Encode())
			if p.status != c.status || !strings.Contains(p.body, c.text) {
				t.Fatalf("%d %s", p.status, p.body)
			}
			if !f.told("sign_in_refused") || f.told("sign_in") {
				t.Error("the refusal was not told, or somebody was signed in")
			}
			if !strings.Contains(p.body, `href="/oauth2/continue?lang=en&amp;tx=`) {
				t.Errorf("the other language is not at the sign-in's own address: %s", p.body)
			}
			// The same page still signs in by password.
			if p = b.signIn(p, "camille"); !strings.Contains(p.body, `value="allow"`) {
				t.Errorf("no way on from the page: %d %s", p.status, p.body)
			}
		})
	}
}

func TestCallbackIsUsedOnceInItsBrowser(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	b, foreign := f.newBrowser(), f.newBrowser()
	foreign.authorize()
	back := b.toElsewhere(b.authorize(), "persons").RequestURI()

	if p := foreign.get(back); p.status != http.StatusForbidden || !strings.Contains(p.body, "autre navigateur") {
		t.Fatalf("a foreign browser: %d %s", p.status, p.body)
	}
	if p := f.newBrowser().get(back); p.status != http.StatusForbidden {
		t.Fatalf("a browser without a cookie: %d", p.status)
	}
	other := strings.Replace(back, "/persons?", "/professionals?", 1)
	if p := b.get(other); p.status != http.StatusBadRequest {
		t.Fatalf("the answer at another provider's callback: %d", p.status)
	}
	if p := b.get(back); !strings.Contains(p.body, `value="allow"`) { // none of these has used it up
		t.Fatalf("no consent page: %d %s", p.status, p.body)
	}
	if p := b.get(back); p.status != http.StatusBadRequest || !strings.Contains(p.body, "Déjà répondu") {
		t.Fatalf("a replay: %d %s", p.status, p.body)
	}
	late := f.newBrowser()
	back = late.toElsewhere(late.authorize(), "persons").RequestURI()
	f.clock.Advance(11 * time.Minute)
	if p := late.get(back); p.status != http.StatusBadRequest {
		t.Fatalf("an answer after its time: %d", p.status)
	}
	for _, state := range []string{"", "x", strings.Repeat("a", 26) + ".b", strings.Repeat("a", 9000)} {
		if p := late.get("/oauth2/callback/persons?code=c&state=" + state); p.status != http.StatusBadRequest {
			t.Errorf("state %.30q: %d", state, p.status)
		}
	}
	if p := late.get("/oauth2/callback/nobody?code=c&state=s"); p.status != http.StatusNotFound {
		t.Errorf("an unknown provider: %d", p.status)
	}
}

func TestReplayedCallbackRace(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	b := f.newBrowser()
	back := b.toElsewhere(b.authorize(), "persons").RequestURI()
	var wg sync.WaitGroup
	results := make([]page, 20)
	for i := range results {
		wg.Go(func() { results[i] = b.get(back) })
	}
	wg.Wait()
	won := 0
	for _, p := range results {
		if strings.Contains(p.body, `value="allow"`) {
			won++
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	signed := 0
	for _, e := range f.events {
		if e.Kind == "sign_in" {
			signed++
		}
	}
	if signed != 1 || won != 1 {
		t.Errorf("%d pages, %d sign-ins of 20 simultaneous answers", won, signed)
	}
}

func TestAccountElsewhereIsOneForIssuerAndSubject(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	account := func() *oauth.Person {
		t.Helper()
		b := f.newBrowser()
		p := b.get(b.toElsewhere(b.authorize(), "persons").RequestURI())
		if p.status != 200 && p.status != 403 {
			t.Fatalf("%d %s", p.status, p.body)
		}
		f.mu.Lock()
		key := f.events[len(f.events)-1].Person
		f.mu.Unlock()
		person, err := f.server.Person(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		return person
	}
	one := account()
	f.persons.say(map[string]any{"sub": "p-1", "given_name": "Camille", "family_name": "MARTIN", "birthdate": "1980-02-29", "ins": national})
	if renamed := account(); renamed.Key != one.Key || renamed.Name != "Camille MARTIN" || renamed.Patient != "camille" {
		t.Errorf("after a change of name: %+v", renamed)
	}
	f.persons.say(map[string]any{"sub": "p-2", "given_name": "Camille", "family_name": "MARTIN", "email": "c@example.org"})
	if other := account(); other.Key == one.Key || other.Patient != "" || other.Reference != "Person/"+other.Key {
		t.Errorf("somebody of the same name: %+v", other)
	}
}

func TestDisabledAccountElsewhere(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	b := f.newBrowser()
	b.get(b.toElsewhere(b.authorize(), "persons").RequestURI())
	f.mu.Lock()
	key := f.events[len(f.events)-1].Person
	f.mu.Unlock()
	person, err := f.server.Person(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	off := *person
	off.Disabled = true
	if err := f.server.PutPerson(t.Context(), off); err != nil {
		t.Fatal(err)
	}
	again := f.newBrowser()
	if p := again.get(again.toElsewhere(again.authorize(), "persons").RequestURI()); p.status != http.StatusForbidden {
		t.Fatalf("a disabled account came in: %d %s", p.status, p.body)
	}
	if now, _ := f.server.Person(t.Context(), key); !now.Disabled {
		t.Error("the sign-in has enabled the account")
	}
}

func TestStepUpGoesElsewhere(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	b := f.newBrowser()
	p := b.authorize("acr_values", "eidas3 eidas2", "max_age", "120")
	p = b.get("/oauth2/upstream/persons?tx=" + p.hidden.Get("tx"))
	if q := p.location.Query(); q.Get("acr_values") != "eidas2" || q.Get("max_age") != "120" || q.Has("prompt") {
		t.Errorf("asked of the provider: %v", q)
	}
	again := b.authorize("prompt", "login")
	p = b.get("/oauth2/upstream/persons?tx=" + again.hidden.Get("tx"))
	if q := p.location.Query(); q.Get("prompt") != "login" || q.Get("acr_values") != "eidas1 eidas2" {
		t.Errorf("asked of the provider: %v", q)
	}
	// The provider's clock is a little behind, and tells whole seconds: the sign-in is fresh all the same.
	if p = b.get(b.toElsewhere(again, "persons").RequestURI()); !strings.Contains(p.body, `value="allow"`) {
		t.Errorf("a fresh sign-in does not count: %d %s", p.status, p.body)
	}
}

func TestSignOutElsewhere(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	b := f.newBrowser()
	b.get(b.toElsewhere(b.authorize(), "persons").RequestURI())
	p := b.post("/oauth2/sign-out", nil)
	_, address, ok := strings.Cut(p.header.Get("Refresh"), "url=")
	u, err := url.Parse(address)
	if !ok || err != nil || !strings.HasPrefix(address, f.persons.server.URL+"/end?") {
		t.Fatalf("the page leads to %q: %s", address, p.body)
	}
	if q := u.Query(); q.Get("post_logout_redirect_uri") != f.url+"/oauth2/signed-out" || strings.Count(q.Get("id_token_hint"), ".") != 2 {
		t.Errorf("asked of the provider: %v", q)
	}
	if p := b.get("/oauth2/signed-out"); p.status != 200 || p.header.Get("Refresh") != "" {
		t.Errorf("the page to come back to: %d", p.status)
	}
	if p := b.post("/oauth2/sign-out", nil); p.header.Get("Refresh") != "" {
		t.Error("signing out twice leads elsewhere twice")
	}
	if strings.Contains(f.log.String(), u.Query().Get("id_token_hint")) {
		t.Error("the log holds an id_token")
	}
}

func TestStartsElsewhereAreThrottled(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	b := f.newBrowser()
	tx := b.authorize().hidden.Get("tx")
	for range 40 {
		if p := b.get("/oauth2/upstream/persons?tx=" + tx); p.status != http.StatusSeeOther {
			t.Fatalf("%d %s", p.status, p.body)
		}
	}
	if p := b.get("/oauth2/upstream/persons?tx=" + tx); p.status != http.StatusTooManyRequests || p.header.Get("Retry-After") == "" {
		t.Errorf("the 41st start: %d", p.status)
	}
}

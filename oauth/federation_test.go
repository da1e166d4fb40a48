package oauth_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/upstream"
)

// elsewhere is a provider at which whoever comes is signed in as the test says.
type elsewhere struct {
	t      *testing.T
	server *httptest.Server
	key    *ecdsa.PrivateKey
	now    func() time.Time

	mu    sync.Mutex
	codes map[string]url.Values // code → the authorization request it answers
	said  map[string]any        // claims of the userinfo
	token map[string]any        // claims of the id_token, over the right ones
}

func newElsewhere(t *testing.T, now func() time.Time) *elsewhere {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	e := &elsewhere{t: t, key: key, now: now, codes: make(map[string]url.Values), token: map[string]any{}}
	m := http.NewServeMux()
	m.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, map[string]any{
			"issuer": e.server.URL, "authorization_endpoint": e.server.URL + "/authorize", "token_endpoint": e.server.URL + "/token",
			"userinfo_endpoint": e.server.URL + "/userinfo", "jwks_uri": e.server.URL + "/keys", "end_session_endpoint": e.server.URL + "/end",
			"introspection_endpoint": e.server.URL + "/introspect", "authorization_response_iss_parameter_supported": true,
		})
	})
	m.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Use: "sig"}}})
	})
	m.HandleFunc("/authorize", e.authorize)
	m.HandleFunc("/introspect", e.introspect)
	m.HandleFunc("/token", e.redeem)
	m.HandleFunc("/userinfo", func(w http.ResponseWriter, _ *http.Request) {
		e.mu.Lock()
		defer e.mu.Unlock()
		writeJSON(w, e.said)
	})
	e.server = httptest.NewServer(m)
	t.Cleanup(e.server.Close)
	return e
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (e *elsewhere) say(claims map[string]any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.said = claims
}

// authorize signs everybody in.
func (e *elsewhere) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	code := rand.Text()
	e.mu.Lock()
	e.codes[code] = q
	e.mu.Unlock()
	back, _ := url.Parse(q.Get("redirect_uri"))
	back.RawQuery = url.Values{"code": {code}, "state": {q.Get("state")}, "iss": {e.server.URL}}.Encode()
	http.Redirect(w, r, back.String(), http.StatusSeeOther)
}

func (e *elsewhere) redeem(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	e.mu.Lock()
	defer e.mu.Unlock()
	asked, ok := e.codes[r.PostForm.Get("code")]
	delete(e.codes, r.PostForm.Get("code"))
	if !ok || asked.Get("redirect_uri") != r.PostForm.Get("redirect_uri") || asked.Get("code_challenge") != challenge(r.PostForm.Get("code_verifier")) {
		w.WriteHeader(http.StatusBadRequest)
		writeJSON(w, map[string]string{"error": "invalid_grant"})
		return
	}
	now := e.now().Unix()
	claims := map[string]any{
		"iss": e.server.URL, "aud": "pontlevis", "sub": e.said["sub"], "iat": now, "exp": now + 60, "nonce": asked.Get("nonce"),
		"acr": "eidas2", "amr": []string{"sc"}, "auth_time": now - 5,
	}
	for k, v := range e.token {
		claims[k] = v
	}
	body, _ := json.Marshal(claims)
	signer, _ := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: e.key, KeyID: "k"}}, nil)
	jws, err := signer.Sign(body)
	if err != nil {
		e.t.Error(err)
		return
	}
	raw, _ := jws.CompactSerialize()
	writeJSON(w, map[string]any{"access_token": "at", "token_type": "Bearer", "id_token": raw})
}

// introspect knows one token, that of the client lps.
func (e *elsewhere) introspect(w http.ResponseWriter, r *http.Request) {
	id, secret, ok := r.BasicAuth()
	e.mu.Lock()
	defer e.mu.Unlock()
	if !ok || id != "pontlevis" || secret != "secret" || r.FormValue("token") != "psc-token" {
		writeJSON(w, map[string]any{"active": false})
		return
	}
	now := e.now().Unix()
	writeJSON(w, map[string]any{"active": true, "sub": e.said["sub"], "client_id": "lps", "exp": now + 120, "auth_time": now - 30, "acr": "eidas1"})
}

// federated is a world with two providers: persons sign in at one, professionals at the other.
type federated struct {
	*world
	persons, professionals *elsewhere
}

const national = "180027512345676" // an INS whose key is right

func newFederated(t *testing.T) *federated {
	t.Helper()
	f := &federated{}
	f.world = newWorld(t, func(w *world, c *oauth.Config) {
		f.persons, f.professionals = newElsewhere(t, w.clock.now), newElsewhere(t, w.clock.now)
		for _, p := range []upstream.Config{
			{
				Name: "persons", Issuer: f.persons.server.URL, Kind: upstream.KindPatient, Label: upstream.Label{FR: "FranceConnect", EN: "FranceConnect"},
				Map: upstream.Mapping{Name: []string{"given_name", "family_name"}, INS: "ins", Family: "family_name", BirthDate: "birthdate"},
			},
			{
				Name: "professionals", Issuer: f.professionals.server.URL, Kind: upstream.KindProfessional, Label: upstream.Label{FR: "Pro Santé Connect"},
				Map: pscMapping(),
			},
		} {
			p.ClientID, p.ClientSecret, p.Reach, p.ACR = "pontlevis", "secret", upstream.ReachLoopback, []string{"eidas1", "eidas2"}
			if p.Kind == upstream.KindProfessional {
				p.Vouches = []string{"lps"}
			}
			provider, err := upstream.New(p, w.clock.now)
			if err != nil {
				t.Fatal(err)
			}
			c.Upstreams = append(c.Upstreams, provider)
		}
		c.Holder = func(_ context.Context, id *upstream.Identity) (oauth.Holder, bool, error) {
			return oauth.Holder{Patient: "camille", Identities: []string{"urn:oid:1.2.250.1.213.1.4.8|" + id.INS}}, id.INS == national, nil
		}
	})
	f.persons.say(map[string]any{"sub": "p-1", "given_name": "Camille", "family_name": "DURAND", "birthdate": "1980-02-29", "ins": national})
	f.professionals.say(pscClaims(
		map[string]any{"raisonSocialeSite": "Cabinet du Port", "numeroFinessSite": "750000001"},
		map[string]any{"raisonSocialeSite": "CHU de Rennes", "numeroFinessSite": "350000002"},
	))
	return f
}

func pscMapping() upstream.Mapping {
	const g15 = "urn:oid:1.2.250.1.71.1.2.7"
	return upstream.Mapping{
		Name: []string{"given_name", "family_name"}, Reference: &upstream.Reference{Type: "Practitioner", From: "SubjectNameID"},
		Identifiers: []upstream.Coded{{From: "SubjectNameID", System: "urn:oid:1.2.250.1.71.4.2.1"}},
		RPPS:        &upstream.Coded{From: "SubjectNameID", System: "rpps", Strip: "8"},
		Situations:  "SubjectRefPro.exercices[].activities[]", Profession: &upstream.Coded{From: "codeProfession", System: g15},
		Roles: &upstream.Coded{From: "SubjectRole"}, Systems: map[string]string{"urn:oid:1.2.250.1.213.1.1.5.5": g15},
		Words:            map[string]string{g15 + "|10": "Médecin"},
		OrganizationName: []string{"raisonSocialeSite"},
		Organizations:    []upstream.Coded{{From: "numeroFinessSite", System: "https://finess.esante.gouv.fr"}},
		Regulation:       &upstream.Truth{From: "Acces_Regulation_Medicale", True: []string{"VRAI"}, False: []string{"FAUX"}},
	}
}

func pscClaims(activities ...any) map[string]any {
	return map[string]any{
		"sub": "f:1:899700218896", "SubjectNameID": "899700218896", "given_name": "KIT", "family_name": "DOC0021889",
		"SubjectRole": []string{"10^1.2.250.1.213.1.1.5.5"}, "Acces_Regulation_Medicale": "FAUX",
		"SubjectRefPro": map[string]any{"exercices": []any{map[string]any{"codeProfession": "10", "activities": activities}}},
	}
}

// toElsewhere goes from a sign-in page to a provider and returns the address to which the provider sends the browser back.
func (b *browser) toElsewhere(p page, name string) *url.URL {
	b.w.t.Helper()
	p = b.get("/oauth2/upstream/" + name + "?tx=" + p.hidden.Get("tx"))
	if p.status != http.StatusSeeOther || p.location == nil {
		b.w.t.Fatalf("not sent to the provider: %d %s", p.status, p.body)
	}
	stop := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := stop.Get(p.location.String())
	if err != nil {
		b.w.t.Fatal(err)
	}
	defer res.Body.Close()
	back, err := url.Parse(res.Header.Get("Location"))
	if err != nil || !strings.HasPrefix(back.String(), b.w.url+"/oauth2/callback/"+name) {
		b.w.t.Fatalf("the provider sent the browser to %v", back)
	}
	return back
}

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
	if at := f.clock.now().Unix() - 5; g.Auth.Unix() != at {
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
	f.clock.advance(11 * time.Minute)
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

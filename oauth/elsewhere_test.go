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
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/upstream"
)

// elsewhere is a provider at which whoever comes is signed in as the test says.
type elsewhere struct {
	t      testing.TB
	server *httptest.Server
	key    *ecdsa.PrivateKey
	now    func() time.Time

	mu    sync.Mutex
	codes map[string]url.Values // code → the authorization request it answers
	said  map[string]any        // claims of the userinfo
	token map[string]any        // claims of the id_token, over the right ones
}

func newElsewhere(t testing.TB, now func() time.Time) *elsewhere {
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

func newFederated(t testing.TB) *federated {
	t.Helper()
	f := &federated{}
	f.world = newWorld(t, func(w *world, c *oauth.Config) {
		f.persons, f.professionals = newElsewhere(t, w.clock.Now), newElsewhere(t, w.clock.Now)
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
			provider, err := upstream.New(p, w.clock.Now)
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

package oauth_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/account"
	"github.com/pontlevis/pontlevis/oauth/scope"
	"github.com/pontlevis/pontlevis/store"
	"github.com/pontlevis/pontlevis/test/clock"
	"github.com/pontlevis/pontlevis/web"
)

const (
	redirectURI = "https://app.example/callback"
	password    = "correct horse battery staple"
	ins         = "180027512345678"
)

// passwordHash is made once: argon2id is slow on purpose.
var passwordHash = sync.OnceValue(func() string { return account.HashPassword(password) })

// catalogue is an Apps whose labels a test can change.
type catalogue struct {
	mu     sync.Mutex
	labels map[string]string
	cuts   map[string]time.Time
	waits  bool // for all of them
	scopes []string
}

func (c *catalogue) App(_ context.Context, client string) (oauth.App, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	status, ok := c.labels[client]
	return oauth.App{
		Label:     gate.Label{Status: status, Exchange: true, Purposes: []string{"PATRQT", "TREAT", "FAMRQT"}},
		Publisher: "Glycare SAS", Category: "health", Cut: c.cuts[client], Waits: c.waits, Scopes: c.scopes,
		FR: oauth.AppText{Name: "Glycare", Purpose: "Suivre la glycémie."}, EN: oauth.AppText{Name: "Glycare", Purpose: "Follow blood sugar."},
	}, ok, nil
}

// cutOff ends what was granted before an instant.
func (c *catalogue) cutOff(client string, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cuts = map[string]time.Time{client: at}
}

// narrow has manifests come to these scopes.
func (c *catalogue) narrow(scopes ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.scopes = scopes
}

// wait has nothing new begin, or lets it again.
func (c *catalogue) wait(waits bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits = waits
}

func (c *catalogue) set(client, status string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.labels[client] = status
}

type relations struct{}

func (relations) ActsFor(_ context.Context, p *oauth.Person) ([]oauth.Relation, error) {
	switch p.Key {
	case "camille":
		return []oauth.Relation{{Kind: "representative", Patient: "lucas", Name: "Lucas", Actor: "RelatedPerson/camille-lucas"}}, nil
	case "karim":
		return []oauth.Relation{{Kind: "representative", Patient: "lucas", Name: "Lucas", Actor: "RelatedPerson/karim"}}, nil
	}
	return nil, nil
}

func (relations) PatientsOf(_ context.Context, p *oauth.Person) ([]oauth.Relation, error) {
	return []oauth.Relation{{Patient: "camille", Name: "Camille Durand"}}, nil
}

func (relations) FindPatient(_ context.Context, _ *oauth.Person, n string) (oauth.Relation, bool, error) {
	return oauth.Relation{Patient: "camille", Name: "Camille Durand"}, n == ins, nil
}

func (relations) OpenPatient(_ context.Context, _ *oauth.Person, patient string) (oauth.Relation, bool, error) {
	return oauth.Relation{Patient: "camille", Name: "Camille Durand"}, patient == "camille", nil
}

// world is a running authorization server over a real bbolt file.
type world struct {
	t       testing.TB
	url     string
	server  *oauth.Server
	serving atomic.Pointer[oauth.Server] // answers now: server, or who came after it
	config  oauth.Config
	http    *httptest.Server
	clock   *clock.Clock
	apps    *catalogue
	db      *switchable
	secret  string // of the confidential clients
	opened  opener
	log     *logged
	witness witness
	mu      sync.Mutex
	events  []oauth.Event
	agreed  []*gate.Grant // what people agreed to, as it is to be kept
	anew    bool          // nothing was agreed with the app any more
}

// logged is what the server wrote to its log, at every level.
type logged struct {
	mu  sync.Mutex
	buf strings.Builder
}

func (l *logged) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(b)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// switchable is a store that a test can break.
type switchable struct {
	store.DB
	mu      sync.Mutex
	err     error
	waiting int           // writers still expected at the barrier
	barrier chan struct{} // nil: none
}

func (s *switchable) Update(ctx context.Context, p store.Partition, fn func(store.Tx) error) error {
	s.mu.Lock()
	err, barrier := s.err, s.barrier
	if barrier != nil {
		if s.waiting--; s.waiting == 0 {
			s.barrier = nil
			close(barrier)
		}
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	if barrier != nil {
		select {
		case <-barrier:
		case <-time.After(5 * time.Second):
			return errors.New("the other writers never came")
		}
	}
	return s.DB.Update(ctx, p, fn)
}

// gather holds writers back until n of them are there: whatever they read, they have all read before one of them writes.
func (s *switchable) gather(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waiting, s.barrier = n, make(chan struct{})
}

func (s *switchable) breakWith(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// newWorldAt is newWorld under another name of the loopback address: passkeys want one that is no number.
func newWorldAt(t testing.TB, host string) *world {
	return newWorld(t, func(w *world, c *oauth.Config) {
		w.url = strings.Replace(w.url, "127.0.0.1", host, 1)
		c.Issuer, c.FHIR = w.url, w.url+"/fhir"
	})
}

func newWorld(t testing.TB, change ...func(*world, *oauth.Config)) *world {
	t.Helper()
	w := &world{t: t, clock: clock.New(time.Now()), secret: oauth.NewSecret(), log: new(logged)}
	w.apps = &catalogue{labels: map[string]string{"glycare": "online", "glycare-pro": "online", "oldapp": "recalled", "rival": "online"}}
	db := openStore(t)
	w.db = &switchable{DB: db}
	pages, err := web.New(web.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.http = httptest.NewUnstartedServer(nil)
	w.url = "http://" + w.http.Listener.Addr().String()
	config := oauth.Config{
		DB: w.db, Issuer: w.url, FHIR: w.url + "/fhir", Apps: w.apps, Relations: relations{}, Pages: pages, Opener: &w.opened,
		Secret: []byte(strings.Repeat("k", 32)), Now: w.clock.Now,
		Log: slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Agreed: func(_ context.Context, g *gate.Grant) (anew bool, err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.agreed = append(w.agreed, g)
			return w.anew, nil
		},
		Event: func(_ context.Context, e oauth.Event) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.events = append(w.events, e)
		},
	}
	for _, f := range change {
		f(w, &config)
	}
	w.server, err = oauth.New(config)
	if err != nil {
		t.Fatal(err)
	}
	w.config = config
	w.serving.Store(w.server)
	w.http.Config.Handler = w.witness.watch(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.serving.Load().Handler().ServeHTTP(rw, r) }))
	w.http.Start()
	t.Cleanup(func() {
		w.http.Close()
		w.silent()
		_ = w.serving.Load().Close()
		_ = db.Close()
	})
	w.populate()
	return w
}

func (w *world) populate() {
	ctx := w.t.Context()
	for _, p := range []oauth.Person{
		{Key: "camille", Login: "camille", Kind: "patient", Name: "Camille Durand", Patient: "camille", Reference: "Patient/camille"},
		{Key: "karim", Login: "karim", Kind: "representative", Name: "Karim", Reference: "RelatedPerson/karim"},
		{Key: "sofia", Login: "sofia", Kind: "carer", Name: "Sofia", Reference: "RelatedPerson/sofia"},
		{Key: "dr-roux", Login: "dr.roux", Kind: "professional", Name: "Dr Roux", Reference: "Practitioner/dr-roux", Profession: "urn:oid:1.2.250.1.71.1.2.7|10",
			Organization: "Cabinet Roux", Organizations: []string{"Organization/cabinet-roux"}, Identities: []string{"https://rpps.esante.gouv.fr|10001"}},
	} {
		p.PasswordHash = passwordHash()
		if err := w.server.PutPerson(ctx, p); err != nil {
			w.t.Fatal(err)
		}
	}
	app := []string{"openid", "fhirUser", "profile", "launch", "launch/patient", "launch/encounter", "offline_access", "online_access", "patient/*.rs", "user/*.cruds", "patient/Observation.cruds"}
	hash := w.server.HashSecret(w.secret)
	for _, c := range []oauth.Client{
		{ID: "portal", Kind: "portal", Name: "Portail", AuthMethod: oauth.AuthNone, RedirectURIs: []string{w.url + "/portal/callback"}, Scopes: append([]string{scope.Launches}, app...)},
		{ID: "glycare", Kind: "smart", Name: "Glycare", AuthMethod: oauth.AuthNone, RedirectURIs: []string{redirectURI, "http://127.0.0.1/native"}, Scopes: app, LaunchURI: "https://app.example/launch?from=ehr"},
		{ID: "rival", Kind: "smart", Name: "Rival", AuthMethod: oauth.AuthNone, RedirectURIs: []string{redirectURI}, Scopes: app},
		{ID: "glycare-pro", Kind: "smart", Name: "Glycare Pro", AuthMethod: oauth.AuthBasic, SecretHash: hash, RedirectURIs: []string{redirectURI}, Scopes: app},
		{ID: "oldapp", Kind: "smart", Name: "Old", AuthMethod: oauth.AuthNone, RedirectURIs: []string{redirectURI}, Scopes: app},
		{ID: "backend-lab", Kind: "backend", Name: "Labo", AuthMethod: oauth.AuthBasic, SecretHash: hash, Scopes: []string{"system/DocumentReference.c", "system/Binary.c", scope.Launches}, Reference: "Organization/labo"},
		{ID: "resource", Kind: "backend", Name: "Other server", AuthMethod: oauth.AuthBasic, SecretHash: hash, Scopes: []string{"system/*.rs"}, Introspects: true},
	} {
		if err := w.server.PutClient(ctx, c); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) told(kind string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, e := range w.events {
		if e.Kind == kind {
			return true
		}
	}
	return false
}

// browser is a person's browser: it keeps cookies and follows redirects within the server alone.
type browser struct {
	w      *world
	client *http.Client
}

func (w *world) newBrowser() *browser {
	jar, _ := cookiejar.New(nil)
	return &browser{w: w, client: &http.Client{Jar: jar, Timeout: time.Minute, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), w.url) {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
}

// page is what a browser shows after following redirects.
type page struct {
	status   int
	at       string // path that answered
	header   http.Header
	location *url.URL // where the browser was sent outside the server
	body     string
	hidden   url.Values // of the first form
}

func (b *browser) do(r *http.Request) page {
	b.w.t.Helper()
	res, err := b.client.Do(r)
	if err != nil {
		b.w.t.Fatal(err)
	}
	defer res.Body.Close()
	body, _ := io.ReadAll(res.Body)
	p := page{status: res.StatusCode, at: res.Request.URL.Path, header: res.Header, body: string(body), hidden: hiddenOf(string(body))}
	if l := res.Header.Get("Location"); l != "" {
		p.location, _ = url.Parse(l)
	}
	return p
}

func (b *browser) get(path string) page {
	r, err := http.NewRequest("GET", b.w.url+path, nil)
	if err != nil {
		b.w.t.Fatal(err)
	}
	return b.do(r)
}

func (b *browser) post(path string, form url.Values) page {
	r, err := http.NewRequest("POST", b.w.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		b.w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return b.do(r)
}

// submit posts the page's first form with more fields.
func (b *browser) submit(p page, fields ...string) page {
	form := url.Values{}
	for k, v := range p.hidden {
		form[k] = v
	}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return b.post("/oauth2/continue", form)
}

func hiddenOf(body string) url.Values {
	out := url.Values{}
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		return out
	}
	for n := range root.Descendants() {
		if n.Type != html.ElementNode || n.Data != "input" {
			continue
		}
		attr := map[string]string{}
		for _, a := range n.Attr {
			attr[a.Key] = a.Val
		}
		_, checked := attr["checked"]
		_, disabled := attr["disabled"]
		if (attr["type"] == "hidden" || attr["type"] == "checkbox" && checked && !disabled) && !out.Has(attr["name"]) {
			out.Set(attr["name"], attr["value"])
		}
	}
	return out
}

const verifier = "verifier-verifier-verifier-verifier-verifier-0"

func challenge(v string) string {
	sum := sha256.Sum256([]byte(v))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// request is a good authorization request of glycare; changes are pairs of name and value, "" removing the name.
func (w *world) request(changes ...string) url.Values {
	q := url.Values{
		"response_type": {"code"}, "client_id": {"glycare"}, "redirect_uri": {redirectURI}, "state": {"s-1"},
		"scope": {"openid fhirUser launch/patient offline_access patient/*.rs"}, "aud": {w.url + "/fhir"},
		"code_challenge": {challenge(verifier)}, "code_challenge_method": {"S256"}, "nonce": {"n-1"},
	}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == "" {
			q.Del(changes[i])
		} else {
			q.Set(changes[i], changes[i+1])
		}
	}
	return q
}

func (b *browser) authorize(changes ...string) page {
	return b.get("/oauth2/authorize?" + b.w.request(changes...).Encode())
}

func (b *browser) signIn(p page, login string) page {
	return b.submit(p, "login", login, "password", password)
}

// code leads camille through sign-in and consent and returns the code.
func (b *browser) code(changes ...string) string {
	b.w.t.Helper()
	p := b.authorize(changes...)
	if strings.Contains(p.body, `name="password"`) {
		p = b.signIn(p, "camille")
	}
	p = b.submit(p, "decision", "allow", "patient", "camille")
	if p.location == nil || p.location.Query().Get("code") == "" {
		b.w.t.Fatalf("no code: status %d, location %v, body %s", p.status, p.location, p.body)
	}
	return p.location.Query().Get("code")
}

// reply is a JSON answer of an endpoint.
type reply struct {
	status int
	header http.Header
	raw    string
	json   map[string]any
}

func (r reply) text(name string) string { s, _ := r.json[name].(string); return s }

// post sends a form to an endpoint; basic is "id:secret" or "".
func (w *world) post(path string, form url.Values, basic string) reply {
	w.t.Helper()
	r, err := http.NewRequest("POST", w.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if id, secret, ok := strings.Cut(basic, ":"); ok {
		r.SetBasicAuth(id, secret)
	}
	return w.send(r)
}

func (w *world) send(r *http.Request) reply {
	w.t.Helper()
	return w.sendBy(w.http.Client(), r)
}

func (w *world) sendBy(client *http.Client, r *http.Request) reply {
	w.t.Helper()
	res, err := client.Do(r)
	if err != nil {
		w.t.Error(err)
		return reply{}
	}
	defer res.Body.Close()
	raw, _ := io.ReadAll(res.Body)
	out := reply{status: res.StatusCode, header: res.Header, raw: string(raw)}
	_ = json.Unmarshal(raw, &out.json)
	return out
}

func (w *world) redeem(code string, changes ...string) reply {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {verifier}, "client_id": {"glycare"},
	}
	for i := 0; i < len(changes); i += 2 {
		if changes[i+1] == "" {
			form.Del(changes[i])
		} else {
			form.Set(changes[i], changes[i+1])
		}
	}
	return w.post("/oauth2/token", form, "")
}

func (w *world) refresh(token string, changes ...string) reply {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}, "client_id": {"glycare"}}
	for i := 0; i < len(changes); i += 2 {
		form.Set(changes[i], changes[i+1])
	}
	return w.post("/oauth2/token", form, "")
}

// tokens runs the whole flow and returns the token answer.
func (w *world) tokens(changes ...string) reply {
	w.t.Helper()
	r := w.redeem(w.newBrowser().code(changes...))
	if r.status != http.StatusOK {
		w.t.Fatalf("token endpoint: %d %s", r.status, r.raw)
	}
	return r
}

// alive tells whether an access token is accepted.
func (w *world) alive(token string) bool {
	_, err := w.server.Authenticate(context.Background(), gate.Bearer(token))
	return err == nil
}

package oauth_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/store"
)

// push hands a request over as glycare and returns its reference.
func (w *world) push(changes ...string) string {
	w.t.Helper()
	r := w.post("/oauth2/par", w.request(changes...), "")
	if r.status != http.StatusCreated || r.json["expires_in"] != 90.0 || r.header.Get("Cache-Control") != "no-store" {
		w.t.Fatalf("pushing: %d %s", r.status, r.raw)
	}
	return r.text("request_uri")
}

// come opens the authorization endpoint with a reference; more are pairs of name and value.
func (b *browser) come(reference string, more ...string) page {
	q := url.Values{"client_id": {"glycare"}, "request_uri": {reference}}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return b.get("/oauth2/authorize?" + q.Encode())
}

// finish signs camille in and agrees.
func (b *browser) finish(p page) page {
	if strings.Contains(p.body, `name="password"`) {
		p = b.signIn(p, "camille")
	}
	return b.submit(p, "decision", "allow", "patient", "camille")
}

// TestPushedRequest: P08, P09, P11: views do not use a reference up, what the browser adds does not count, and one answer
// is all it gives.
func TestPushedRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reference := w.push("state", "pushed")
	b := w.newBrowser()
	for range 3 {
		if p := b.come(reference); p.status != 200 || !strings.Contains(p.body, `name="password"`) {
			t.Fatalf("a view: %d %s", p.status, p.body)
		}
	}
	late := w.newBrowser()
	lateForm := late.signIn(late.come(reference), "camille")
	p := b.finish(b.come(reference, "state", "mine", "redirect_uri", "https://evil.example/cb", "scope", "patient/*.cruds", "response_type", "token"))
	if p.location == nil || !strings.HasPrefix(p.location.String(), redirectURI+"?") || p.location.Query().Get("state") != "pushed" {
		t.Fatalf("the answer: %d %v %s", p.status, p.location, p.body)
	}
	if r := w.redeem(p.location.Query().Get("code")); r.status != 200 || strings.Contains(r.text("scope"), "cruds") {
		t.Errorf("the code: %d %s", r.status, r.raw)
	}
	if p := late.submit(lateForm, "decision", "allow", "patient", "camille"); p.status != 400 || p.location != nil {
		t.Errorf("a second answer: %d %v", p.status, p.location)
	}
	if p := w.newBrowser().come(reference); p.status != 400 || !strings.Contains(p.body, "invalid_request_uri") {
		t.Errorf("P08: after its answer: %d %s", p.status, p.body)
	}
}

// TestPushedRefusal: a refusal is an answer too.
func TestPushedRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reference := w.push()
	b := w.newBrowser()
	if p := b.submit(b.come(reference), "step", "consent", "decision", "refuse"); p.location == nil || p.location.Query().Get("error") != "access_denied" {
		t.Fatalf("%d %s", p.status, p.body)
	}
	if p := b.come(reference); p.status != 400 {
		t.Errorf("after a refusal: %d", p.status)
	}
}

// TestPushedNothingAdded: P12: what was not pushed cannot come with the browser.
func TestPushedNothingAdded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, missing := range []string{"code_challenge", "redirect_uri", "scope", "aud", "response_type"} {
		if r := w.post("/oauth2/par", w.request(missing, ""), ""); r.status != 400 || r.text("request_uri") != "" {
			t.Errorf("without %s: %d %s", missing, r.status, r.raw)
		}
	}
	b := w.newBrowser()
	p := b.finish(b.come(w.push("state", "", "nonce", ""), "nonce", "added", "state", "added"))
	if p.location == nil || p.location.Query().Has("state") {
		t.Fatalf("%d %v", p.status, p.location)
	}
	if r := w.redeem(p.location.Query().Get("code")); strings.Contains(decoded(r.text("id_token")), `"nonce"`) {
		t.Errorf("a nonce was added: %s", decoded(r.text("id_token")))
	}
}

// TestPushedReferences: guessed, expired and foreign ones are refused, and show nothing of the request.
func TestPushedReferences(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reference := w.push()
	last := reference[:len(reference)-1] + "a"
	if last == reference {
		last = reference[:len(reference)-1] + "b"
	}
	refuse := func(name string, p page) {
		if p.status != 400 || p.location != nil || !strings.Contains(p.body, "invalid_request_uri") {
			t.Errorf("%s: %d %v", name, p.status, p.location)
		}
	}
	b := w.newBrowser()
	refuse("P14: guessed", b.come(last))
	refuse("P14: short", b.come("urn:ietf:params:oauth:request_uri:x"))
	refuse("empty", b.come("urn:ietf:params:oauth:request_uri:"))
	refuse("foreign", b.come(reference, "client_id", "rival"))
	refuse("of nobody", b.get("/oauth2/authorize?request_uri="+url.QueryEscape(reference)))
	if !w.told("foreign_client") {
		t.Error("no event tells of a foreign client")
	}
	if p := b.come(reference); p.status != 200 {
		t.Errorf("its owner after the attempts: %d", p.status)
	}
	page := b.signIn(b.come(reference), "camille")
	w.clock.Advance(91 * time.Second)
	refuse("expired", b.come(reference))
	if p := b.submit(page, "decision", "allow", "patient", "camille"); p.location == nil || !p.location.Query().Has("code") {
		t.Errorf("a person who took longer than the reference: %d %s", p.status, p.body)
	}
}

// TestPushedChecks: P02–P06: what the authorization endpoint would refuse is refused at once, in JSON.
func TestPushedChecks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	pro := func(changes ...string) url.Values {
		return w.request(append([]string{"client_id", "glycare-pro"}, changes...)...)
	}
	basic := "glycare-pro:" + w.secret
	for name, tt := range map[string]struct {
		form   url.Values
		basic  string
		status int
		code   string
	}{
		"good":                    {pro(), basic, 201, ""},
		"client_id by the header": {pro("client_id", ""), basic, 201, ""},
		"P02 not authenticated":   {pro(), "", 401, "invalid_client"},
		"another client's id":     {pro("client_id", "glycare"), basic, 401, "invalid_client"},
		"P03 a reference":         {pro("request_uri", "urn:x"), basic, 400, "invalid_request"},
		"a request object":        {pro("request", "e30.e30."), basic, 400, "request_not_supported"},
		"P05 another redirect":    {pro("redirect_uri", "https://evil.example/cb"), basic, 400, "invalid_request"},
		"P06 plain":               {pro("code_challenge_method", "plain"), basic, 400, "invalid_request"},
		"P06 no challenge":        {pro("code_challenge", ""), basic, 400, "invalid_request"},
		"scope":                   {pro("scope", "system/*.rs"), basic, 400, "invalid_scope"},
		"audience":                {pro("aud", "https://evil.example/fhir"), basic, 400, "invalid_target"},
		"implicit":                {pro("response_type", "token"), basic, 400, "unsupported_response_type"},
		"dpop_jkt":                {pro("dpop_jkt", "x"), basic, 400, "invalid_request"},
		"recalled label":          {w.request("client_id", "oldapp"), "", 400, "unauthorized_client"},
	} {
		if r := w.post("/oauth2/par", tt.form, tt.basic); r.status != tt.status || r.text("error") != tt.code {
			t.Errorf("%s: %d %s", name, r.status, r.raw)
		}
	}
	double := pro()
	double.Add("scope", "openid")
	if r := w.post("/oauth2/par", double, basic); r.status != 400 {
		t.Errorf("a parameter twice: %d", r.status)
	}
	r, err := http.NewRequest("GET", w.url+"/oauth2/par", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := w.send(r); got.status != 405 {
		t.Errorf("GET: %d", got.status)
	}
}

// TestPushedKey: a proof at the endpoint binds the code, as dpop_jkt does.
func TestPushedKey(t *testing.T) {
	t.Parallel()
	w := settled(t)
	mine, other := w.newProver(), w.newProver()
	push := func(p *prover, changes ...string) reply {
		return w.prove("/oauth2/par", w.request(changes...), "", p.proof("POST", w.url+"/oauth2/par"))
	}
	if r := push(mine, "dpop_jkt", other.jkt); r.status != 400 || r.text("error") != "invalid_dpop_proof" {
		t.Errorf("the thumbprint of another key: %d %s", r.status, r.raw)
	}
	r := push(mine)
	if r.status != 201 {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	b := w.newBrowser()
	code := b.finish(b.come(r.text("request_uri"))).location.Query().Get("code")
	if r := other.token(codeForm(code), ""); r.status != 400 || r.text("error") != "invalid_grant" {
		t.Errorf("redeemed by another key: %d %s", r.status, r.raw)
	}
	if r := mine.token(codeForm(code), ""); r.status != 200 {
		t.Errorf("redeemed by its key: %d %s", r.status, r.raw)
	}
}

// TestPushIsDemanded: clients whose profile or registration says so cannot ask in any other way.
func TestPushIsDemanded(t *testing.T) {
	t.Parallel()
	w := settled(t)
	assertion := w.keyed("bank", oauth.Client{Kind: "smart", Profile: oauth.ProfileFAPI2, RedirectURIs: []string{redirectURI}})
	w.apps.set("pusher", "online")
	if err := w.server.PutClient(t.Context(), oauth.Client{
		ID: "pusher", Kind: "smart", AuthMethod: oauth.AuthNone, RedirectURIs: []string{redirectURI}, Scopes: []string{"patient/*.rs"}, RequirePAR: true,
	}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"bank", "pusher"} {
		p := w.newBrowser().authorize("client_id", id)
		if p.location == nil || p.location.Query().Get("error") != "invalid_request" {
			t.Errorf("%s without pushing: %d %v", id, p.status, p.location)
		}
	}
	if r := w.post("/oauth2/par", w.request("client_id", "pusher"), ""); r.status != 201 {
		t.Errorf("pusher: %d %s", r.status, r.raw)
	}

	// The whole of FAPI 2.0: pushed under private_key_jwt, bound by proofs with nonces.
	mine, b := w.newProver(), w.newBrowser()
	signed := func(form url.Values) url.Values {
		form.Del("client_id")
		form.Set("client_assertion_type", assertionType)
		form.Set("client_assertion", assertion(w.url))
		return form
	}
	r := w.post("/oauth2/par", signed(w.request("client_id", "bank", "scope", "openid offline_access patient/*.rs")), "")
	if r.status != 201 {
		t.Fatalf("pushing: %d %s", r.status, r.raw)
	}
	code := b.finish(b.come(r.text("request_uri"), "client_id", "bank")).location.Query().Get("code")
	nonce := mine.token(signed(codeForm(code)), "").header.Get("DPoP-Nonce")
	r = mine.token(signed(codeForm(code)), "", "nonce", nonce)
	if r.status != 200 || r.text("token_type") != "DPoP" {
		t.Fatalf("token: %d %s", r.status, r.raw)
	}
	access := r.text("access_token")
	if _, err := w.server.Authenticate(t.Context(), mine.at(access)); refusedAs(err) != "use_dpop_nonce DPoP" {
		t.Errorf("at the record without a nonce: %v", err)
	}
	if _, err := w.server.Authenticate(t.Context(), mine.at(access, "nonce", nonce)); err != nil {
		t.Errorf("at the record: %v", err)
	}
}

// TestPushedRace: of a hundred answers to one pushed request, each from a browser of its own, one gives a code.
func TestPushedRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	reference := w.push()
	signedIn := w.newBrowser()
	signedIn.signIn(signedIn.come(reference), "camille")
	pages := make([]page, crowd)
	for i := range pages {
		pages[i] = signedIn.come(reference)
	}
	w.db.gather(crowd)
	counts, _ := together(func(i int) reply {
		p := signedIn.submit(pages[i], "decision", "allow", "patient", "camille")
		if p.location != nil && p.location.Query().Has("code") {
			return reply{status: 303}
		}
		return reply{status: p.status}
	})
	if counts[303] != 1 || counts[400] != crowd-1 {
		t.Errorf("%v", counts)
	}
}

// TestPushedFormKeepsNoCredential: what authenticated the client is not written down with the request.
func TestPushedFormKeepsNoCredential(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	assertion := w.keyed("clinic", oauth.Client{Kind: "smart", RedirectURIs: []string{redirectURI}})(w.url + "/oauth2/token")
	form := w.request("client_id", "clinic", "client_assertion_type", assertionType, "client_assertion", assertion, "login_hint", "seen-in-the-store")
	if r := w.post("/oauth2/par", form, ""); r.status != 201 {
		t.Fatalf("%d %s", r.status, r.raw)
	}
	if w.stored("seen-in-the-store") != 1 || w.stored(assertion) != 0 || w.stored(assertionType) != 0 {
		t.Errorf("rows with the hint %d, with the assertion %d", w.stored("seen-in-the-store"), w.stored(assertion))
	}
}

// stored counts the rows of the token partitions that hold a text.
func (w *world) stored(text string) (n int) {
	w.t.Helper()
	for _, p := range oauth.TokenPartitions() {
		err := w.db.View(w.t.Context(), p, func(tx store.Tx) error {
			for _, value := range tx.Scan(store.Key("oauth"), nil) {
				if bytes.Contains(value, []byte(text)) {
					n++
				}
			}
			return nil
		})
		if err != nil {
			w.t.Fatal(err)
		}
	}
	return n
}

// decoded is the payload of a JWT as it stands.
func decoded(token string) string {
	_, rest, _ := strings.Cut(token, ".")
	payload, _, _ := strings.Cut(rest, ".")
	raw, _ := base64.RawURLEncoding.DecodeString(payload)
	return string(raw)
}

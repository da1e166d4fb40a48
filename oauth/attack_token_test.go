package oauth_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/gate"
)

// Attacks on codes, on the token endpoint and on refresh tokens.

// stolenCode redeems a code with verifiers that are not the owner's, who is not harmed.
func stolenCode(verifiers ...string) func(*world) {
	return func(w *world) {
		code := w.newBrowser().code()
		for _, v := range verifiers {
			if r := w.redeem(code, "code_verifier", v); !r.refuses(400, "invalid_grant") {
				w.t.Errorf("with %q: %d %s", v, r.status, r.raw)
			}
		}
		if !w.told("pkce_mismatch") {
			w.t.Error("nobody was told of the wrong verifier")
		}
		if r := w.redeem(code); r.status != 200 {
			w.t.Errorf("the owner: %d %s", r.status, r.raw)
		}
	}
}

func codeTwice(w *world) {
	code := w.newBrowser().code()
	if first := w.redeem(code); first.status != 200 {
		w.t.Fatal(first.raw)
	}
	if r := w.redeem(code); !r.refuses(400, "invalid_grant") {
		w.t.Errorf("%d %s", r.status, r.raw)
	}
}

func replayedCode(w *world) {
	code := w.newBrowser().code()
	first := w.redeem(code)
	w.redeem(code)
	if w.alive(first.text("access_token")) {
		w.t.Error("the access token of the first use lives")
	}
	if r := w.refresh(first.text("refresh_token")); r.status == 200 {
		w.t.Error("the refresh token of the first use lives")
	}
	if !w.told("code_replay") {
		w.t.Error("nobody was told")
	}
}

// codeRefused redeems a code, and one that was used, with a parameter changed: neither works, and no grant ends.
func codeRefused(name, value string) func(*world) {
	return func(w *world) {
		code, used := w.newBrowser().code(), w.newBrowser().code()
		owner := w.redeem(used)
		for _, c := range []string{code, used} {
			if name == "code" && c == used {
				continue
			}
			r := w.redeem(c, name, value)
			if c == code && !r.refuses(400, "invalid_grant") {
				w.t.Errorf("%d %s", r.status, r.raw)
			}
			if name != "client_id" {
				break // the same client's replay ends the family, as it should
			}
		}
		if !w.alive(owner.text("access_token")) {
			w.t.Error("somebody else's replay ended the owner's grant")
		}
		if r := w.redeem(code); r.status != 200 {
			w.t.Errorf("the owner: %d %s", r.status, r.raw)
		}
	}
}

func oldCode(w *world) {
	code := w.newBrowser().code()
	w.clock.Advance(61 * time.Second)
	if r := w.redeem(code); !r.refuses(400, "invalid_grant") {
		w.t.Errorf("%d %s", r.status, r.raw)
	}
}

// flip changes the last character.
func flip(token string) string {
	if strings.HasSuffix(token, "a") {
		return token[:len(token)-1] + "b"
	}
	return token[:len(token)-1] + "a"
}

func tamperedCode(w *world) {
	if r := w.redeem(flip(w.newBrowser().code())); !r.refuses(400, "invalid_grant") {
		w.t.Errorf("%d %s", r.status, r.raw)
	}
}

func guessedCode(w *world) {
	b := w.newBrowser()
	a, c := b.code(), b.code()
	if a == c || len(a) < 6+26+26+26 || a[32:58] == c[32:58] { // 128 bits in 26 characters
		w.t.Errorf("codes %q and %q", a, c)
	}
}

func (w *world) lab() string { return "backend-lab:" + w.secret }

// labRefused asks for a token in a back-end's name with parameters changed.
func labRefused(status int, code string, changes ...string) func(*world) {
	return func(w *world) {
		r := w.post("/oauth2/token", pairs(append([]string{"grant_type", "client_credentials"}, changes...)...), w.lab())
		if !r.refuses(status, code) || (status == 401) != (r.header.Get("WWW-Authenticate") != "") {
			w.t.Errorf("%d %s, challenge %q", r.status, r.raw, r.header.Get("WWW-Authenticate"))
		}
	}
}

// byNameAlone asks an endpoint as a confidential client that shows nothing, and as one that nobody knows with a secret.
func byNameAlone(path string, more ...string) func(*world) {
	return func(w *world) {
		form := w.request("client_id", "glycare-pro", "grant_type", "client_credentials")
		for name, value := range pairs(more...) {
			form[name] = value
		}
		for _, c := range [][2]string{{"glycare-pro", ""}, {"", "glycare-pro:wrong"}, {"", "nobody:" + w.secret}} {
			form.Set("client_id", c[0])
			if c[0] == "" {
				form.Del("client_id")
			}
			if r := w.post(path, form, c[1]); !r.refuses(401, "invalid_client") || r.header.Get("WWW-Authenticate") == "" {
				w.t.Errorf("as %q: %d %s", c, r.status, r.raw)
			}
		}
	}
}

func byGet(target string) func(*world) {
	return func(w *world) {
		r, err := http.NewRequest("GET", w.url+target, nil)
		if err != nil {
			w.t.Fatal(err)
		}
		r.SetBasicAuth("backend-lab", w.secret)
		if got := w.send(r); got.status != 405 || got.header.Get("Allow") != "POST" {
			w.t.Errorf("%d %s", got.status, got.raw)
		}
	}
}

func twoWays(w *world) {
	for _, form := range []url.Values{
		pairs("grant_type", "client_credentials", "client_assertion", "a.b.c", "client_assertion_type", assertionType),
		pairs("grant_type", "client_credentials", "client_secret", w.secret, "client_id", "backend-lab"),
	} {
		if r := w.post("/oauth2/token", form, w.lab()); !r.refuses(400, "invalid_request") {
			w.t.Errorf("%d %s", r.status, r.raw)
		}
	}
	if r := w.post("/oauth2/token", pairs("grant_type", "client_credentials", "client_secret", w.secret, "client_id", "backend-lab"), ""); !r.refuses(401, "invalid_client") {
		w.t.Errorf("a secret in the body: %d %s", r.status, r.raw)
	}
}

func duplicateCode(w *world) {
	code := w.newBrowser().code()
	w.bodyIs("application/x-www-form-urlencoded", codeForm(code).Encode()+"&code="+code, "", 400, "invalid_request")
}

// bodyIs posts a body to the token endpoint and wants it refused.
func (w *world) bodyIs(kind, body, basic string, status int, code string) {
	w.t.Helper()
	r, err := http.NewRequest("POST", w.url+"/oauth2/token", strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	r.Header.Set("Content-Type", kind)
	if id, secret, ok := strings.Cut(basic, ":"); ok {
		r.SetBasicAuth(id, secret)
	}
	if got := w.send(r); !got.refuses(status, code) {
		w.t.Errorf("%d %s", got.status, got.raw)
	}
}

func bodyRefused(kind string, status int, body string) func(*world) {
	return func(w *world) { w.bodyIs(kind, body, w.lab(), status, "invalid_request") }
}

func credentialInURL(w *world) {
	s := newSigner(w.t, w, "lab-key")
	q := pairs("client_assertion_type", assertionType, "client_assertion", s.sign(assertionOf(w, "lab-key"), nil))
	for _, credential := range []url.Values{q, pairs("client_id", "backend-lab", "client_secret", w.secret)} {
		r := w.post("/oauth2/token?"+credential.Encode(), pairs("grant_type", "client_credentials"), "")
		if !r.refuses(401, "invalid_client") {
			w.t.Errorf("%d %s", r.status, r.raw)
		}
	}
	if p := w.newBrowser().get("/oauth2/authorize?" + w.request("client_secret", w.secret).Encode()); p.status != 400 {
		w.t.Errorf("at the authorization endpoint: %d", p.status)
	}
}

func notStored(w *world) {
	for _, r := range []reply{w.post("/oauth2/token", pairs("grant_type", "client_credentials"), w.lab()), w.post("/oauth2/token", pairs("grant_type", "x"), w.lab())} {
		if r.header.Get("Cache-Control") != "no-store" || r.header.Get("Pragma") != "no-cache" || r.header.Get("Content-Type") != "application/json" {
			w.t.Errorf("headers %v", r.header)
		}
	}
}

func nothingInside(w *world) {
	token := w.tokens().text("refresh_token")
	w.db.breakWith(errors.New("disk full at sector 7"))
	for _, r := range []reply{w.refresh(token), w.post("/oauth2/token", pairs("grant_type", "client_credentials"), w.lab())} {
		for _, inside := range []string{"sector", ".go:", "goroutine", "bbolt", "fosite", w.secret} {
			if r.status != 503 || strings.Contains(r.raw, inside) {
				w.t.Errorf("%d %s", r.status, r.raw)
			}
		}
	}
}

func foreignScript(path, origin string) func(*world) {
	return func(w *world) {
		ask := func(path, origin string) string {
			r, err := http.NewRequest("OPTIONS", w.url+path, nil)
			if err != nil {
				w.t.Fatal(err)
			}
			r.Header.Set("Origin", origin)
			r.Header.Set("Access-Control-Request-Method", "POST")
			got := w.send(r)
			return got.header.Get("Access-Control-Allow-Origin") + got.header.Get("Access-Control-Allow-Credentials")
		}
		for _, o := range []string{origin, "null", "https://app.exampl"} {
			if got := ask(path, o); got != "" {
				w.t.Errorf("%s may be called from %s: %s", path, o, got)
			}
		}
		if got := ask("/oauth2/token", "https://app.example"); got != "https://app.example" {
			w.t.Errorf("a registered origin: %q", got)
		}
	}
}

func recalledApp(w *world) {
	b := w.newBrowser()
	r, code := w.tokens(), b.code()
	consent := b.authorize()
	w.apps.set("glycare", "recalled")
	if p := b.authorize(); p.status != 403 || p.location != nil {
		w.t.Errorf("authorize: %d %v", p.status, p.location)
	}
	if p := b.submit(consent, "decision", "allow", "patient", "camille"); p.status != 403 || p.location != nil {
		w.t.Errorf("a consent that was open: %d %v", p.status, p.location)
	}
	for name, got := range map[string]reply{"code": w.redeem(code), "refresh": w.refresh(r.text("refresh_token")), "push": w.post("/oauth2/par", w.request(), "")} {
		if !got.refuses(400, "unauthorized_client") {
			w.t.Errorf("%s: %d %s", name, got.status, got.raw)
		}
	}
	g, err := w.server.Authenticate(w.t.Context(), gate.Bearer(r.text("access_token")))
	if err != nil || g.Client.Label.Status != "recalled" {
		w.t.Errorf("the grant does not tell the label: %+v %v", g, err)
	}
}

func refreshReuse(w *world) {
	first := w.tokens()
	second := w.refresh(first.text("refresh_token"))
	third := w.refresh(second.text("refresh_token"))
	if r := w.refresh(first.text("refresh_token")); !r.refuses(400, "invalid_grant") {
		w.t.Errorf("old token: %d %s", r.status, r.raw)
	}
	if r := w.refresh(third.text("refresh_token")); !r.refuses(400, "invalid_grant") {
		w.t.Errorf("new token: %d %s", r.status, r.raw)
	}
	if w.alive(third.text("access_token")) || !w.told("refresh_reuse") {
		w.t.Error("the family lives on")
	}
}

func refreshEightfold(w *world) {
	const n = 8
	token := w.tokens().text("refresh_token")
	w.db.gather(n)
	var mu sync.Mutex
	var wg sync.WaitGroup
	heads := map[string]bool{}
	for range n {
		wg.Go(func() {
			r := w.refresh(token)
			mu.Lock()
			defer mu.Unlock()
			if r.status == http.StatusOK {
				heads[r.text("refresh_token")] = true
			}
			if r.status >= 500 {
				w.t.Errorf("%d %s", r.status, r.raw)
			}
		})
	}
	wg.Wait()
	if len(heads) != 1 {
		w.t.Errorf("%d successors", len(heads))
	}
}

func foreignReplay(w *world) {
	first := w.tokens()
	second := w.refresh(first.text("refresh_token"))
	w.clock.Advance(time.Minute)
	for _, token := range []string{first.text("refresh_token"), second.text("refresh_token")} {
		if r := w.refresh(token, "client_id", "rival"); !r.refuses(400, "invalid_grant") {
			w.t.Errorf("%d %s", r.status, r.raw)
		}
	}
	if r := w.refresh(second.text("refresh_token")); r.status != 200 {
		w.t.Errorf("the owner was thrown out: %d %s", r.status, r.raw)
	}
}

func widerRefresh(w *world) {
	token := w.tokens().text("refresh_token")
	for _, scope := range []string{"patient/*.cruds", "system/*.rs", "user/Patient.rs"} {
		if r := w.refresh(token, "scope", scope); !r.refuses(400, "invalid_scope") {
			w.t.Errorf("%s: %d %s", scope, r.status, r.raw)
		}
	}
	if r := w.refresh(token); r.status != 200 {
		w.t.Errorf("the owner: %d %s", r.status, r.raw)
	}
}

func narrowOnce(w *world) {
	r := w.refresh(w.tokens().text("refresh_token"), "scope", "patient/Observation.rs")
	if r.text("scope") != "patient/Observation.rs" {
		w.t.Errorf("narrower: %s", r.raw)
	}
	if r = w.refresh(r.text("refresh_token")); !strings.Contains(r.text("scope"), "patient/*.rs") {
		w.t.Errorf("afterwards: %s", r.raw)
	}
}

func accessAsRefresh(w *world) {
	r := w.tokens()
	for _, token := range []string{r.text("access_token"), r.text("id_token"), "pl_rt_" + strings.TrimPrefix(r.text("access_token"), "pl_at_")} {
		if got := w.refresh(token); !got.refuses(400, "invalid_grant") {
			w.t.Errorf("%d %s", got.status, got.raw)
		}
	}
	if got := w.refresh(r.text("refresh_token")); got.status != 200 {
		w.t.Errorf("the owner was thrown out: %d %s", got.status, got.raw)
	}
}

func tamperedRefresh(w *world) {
	token := w.tokens().text("refresh_token")
	forged := token[:32] + strings.Repeat("a", 52) // whoever learns a grant's id must not end it with an invented token
	for _, bad := range []string{flip(token), forged} {
		if r := w.refresh(bad); !r.refuses(400, "invalid_grant") {
			w.t.Errorf("%d %s", r.status, r.raw)
		}
	}
	if r := w.refresh(token); r.status != 200 {
		w.t.Errorf("the owner was thrown out: %d %s", r.status, r.raw)
	}
}

func noRefreshUnasked(w *world) {
	if r := w.tokens("scope", "launch/patient patient/*.rs"); r.json["refresh_token"] != nil {
		w.t.Error("a refresh token")
	}
}

// floodOfSecrets sends wrong secrets until their network is known for it: its refusals come late, and who is right does
// not wait.
func floodOfSecrets(w *world) {
	const late, pause = 4, 100 * time.Millisecond
	ask := func(n int, basic string, status int) time.Duration {
		begun := time.Now()
		for range n {
			if r := w.post("/oauth2/token", pairs("grant_type", "client_credentials"), basic); r.status != status {
				w.t.Errorf("%d %s", r.status, r.raw)
			}
		}
		return time.Since(begun)
	}
	ask(50, "backend-lab:wrong", 401)
	if took := ask(late, "backend-lab:wrong", 401); took < late*pause {
		w.t.Errorf("%d refusals came in %v", late, took)
	}
	if took := ask(1, w.lab(), 200); took >= 10*pause {
		w.t.Errorf("who is right waited for %v", took)
	}
}

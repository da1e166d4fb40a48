package oauth_test

// Attacks, one test or row each, with the sentence that says what the attacker wants. Ids are those of the project's
// attack table (RFC 9700 and the RFCs named there); rows about pushed requests, DPoP and logout belong to endpoints that
// do not exist here: a test at the end holds that they are absent.

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
)

// A01–A20: the attacker changes the return address a little, so that the code is sent to a place of theirs.
func TestAttackReturnAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for id, uri := range map[string]string{
		"A01 other host": "https://evil.example/callback", "A02 suffix host": "https://app.example.evil.example/callback",
		"A04 extra segment": redirectURI + "/more", "A05 traversal": "https://app.example/callback/../evil",
		"A07 trailing slash": redirectURI + "/", "A08 added query": redirectURI + "?x=1", "A10 scheme downgrade": "http://app.example/callback",
		"A11 case of the path": "https://app.example/Callback", "A13 javascript": "javascript:alert(1)", "A14 data": "data:text/html,x",
		"A16 CRLF": redirectURI + "\r\nX: y", "A17 NUL": redirectURI + "\x00", "A19 protocol-relative": "//app.example/callback",
		"A20 subdomain": "https://sub.app.example/callback", "A22 none at all": "", "user info": "https://app.example@evil.example/callback",
		"fragment": redirectURI + "#x", "loopback, other path": "http://127.0.0.1:1/other", "loopback, other host": "http://127.0.0.2:1/native",
		"loopback by name": "http://localhost:1/native", "loopback with user": "http://x@127.0.0.1:1/native",
	} {
		p := w.newBrowser().authorize("redirect_uri", uri)
		if p.status != 400 || p.location != nil || strings.Contains(p.body, "password") {
			t.Errorf("%s: status %d, location %v", id, p.status, p.location)
		}
	}
}

// A23, A25, A26: the app must be able to trust where an answer comes from, with and without state.
func TestAttackMixUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	p := b.signIn(b.authorize("state", ""), "camille")
	p = b.submit(p, "decision", "allow", "patient", "camille")
	if p.status != http.StatusSeeOther || p.location.Query().Has("state") || p.location.Query().Get("iss") != w.url {
		t.Errorf("success without state: %d %v", p.status, p.location)
	}
	p = b.authorize("response_type", "token")
	if p.location.Query().Get("iss") != w.url || p.location.Query().Get("state") != "s-1" {
		t.Errorf("error: %v", p.location)
	}
}

// A28: markup in a parameter of a bad request must not run in the page that refuses it.
func TestAttackMarkupInTheProblemPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const markup = `"><script>alert(1)</script>`
	for _, name := range []string{"client_id", "state", "redirect_uri", "scope", "login_hint"} {
		if p := w.newBrowser().authorize(name, markup); strings.Contains(p.body, "<script") {
			t.Errorf("%s: the page holds the markup", name)
		}
	}
}

// B01–B13, C02–C05, S01, S03: requests that ask for a weaker protocol, or for more than the app may have.
func TestAttackAuthorizationRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		id, name, value, want string
	}{
		{"B01", "response_type", "token", "unsupported_response_type"},
		{"B03", "response_type", "code id_token", "unsupported_response_type"},
		{"B04", "response_type", "code token", "unsupported_response_type"},
		{"B06", "response_type", "", "unsupported_response_type"},
		{"B07", "request", "eyJhbGciOiJub25lIn0.e30.", "request_not_supported"},
		{"B07 by reference", "request_uri", "https://evil.example/r", "request_uri_not_supported"},
		{"a request object by reference", "request_uri", "https://app.example/request.jwt", "request_uri_not_supported"},
		{"B09", "registration", "{}", "registration_not_supported"},
		{"B10", "response_mode", "bogus", "invalid_request"},
		{"B10 fragment", "response_mode", "fragment", "invalid_request"},
		{"B10 form_post", "response_mode", "form_post", "invalid_request"},
		{"B12", "scope", "system/*.cruds", "invalid_scope"},
		{"B12 nothing", "scope", "", "invalid_scope"},
		{"C02", "code_challenge_method", "plain", "invalid_request"},
		{"C03", "code_challenge_method", "", "invalid_request"},
		{"no challenge", "code_challenge", "", "invalid_request"},
		{"C05", "code_challenge", strings.Repeat("+", 43), "invalid_request"},
		{"C05 short", "code_challenge", "tooshort", "invalid_request"},
		{"C05 long", "code_challenge", strings.Repeat("a", 44), "invalid_request"},
		{"S01", "aud", "https://other.example/fhir", "invalid_target"},
		{"S01 none", "aud", "", "invalid_request"},
		{"S01 resource", "resource", "https://other.example/fhir", "invalid_target"},
		{"S03", "scope", "patient/Observation.srd", "invalid_scope"},
		{"narrowed by a search that is not enforced", "scope", "patient/Observation.rs?category:not=laboratory", "invalid_scope"},
		{"unknown launch", "launch", "abc", "invalid_request"},
		{"huge state", "state", strings.Repeat("x", 3000), "invalid_request"},
		{"huge nonce", "nonce", strings.Repeat("x", 600), "invalid_request"},
		{"prompt=none signed out", "prompt", "none", "login_required"},
		{"prompt=none with another", "prompt", "none login", "invalid_request"},
		{"max_age", "max_age", "-1", "invalid_request"},
	} {
		p := w.newBrowser().authorize(c.name, c.value)
		if p.location == nil || p.location.Query().Get("error") != c.want || p.location.Query().Has("code") || p.location.Fragment != "" {
			t.Errorf("%s: status %d, location %v, want error %s", c.id, p.status, p.location, c.want)
		}
	}
}

// B12: what was dropped from the request must be absent from the answer, so that the app knows.
func TestAttackScopeWidening(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.tokens("scope", "openid launch/patient patient/*.cruds system/*.rs patient/Observation.srd evil")
	if got := r.text("scope"); got != "openid launch/patient patient/*.rs patient/Observation.cruds" {
		t.Errorf("granted %q", got)
	}
}

// A duplicate parameter lets two parsers see two different requests.
func TestAttackDuplicateParameters(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.newBrowser().get("/oauth2/authorize?" + w.request().Encode() + "&client_id=rival")
	if p.status != 400 || p.location != nil {
		t.Errorf("authorize: %d %v", p.status, p.location)
	}
	code := w.newBrowser().code()
	form := "grant_type=authorization_code&client_id=glycare&code_verifier=" + verifier + "&redirect_uri=" + url.QueryEscape(redirectURI) + "&code=" + code + "&code=" + code
	r, _ := http.NewRequest("POST", w.url+"/oauth2/token", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if got := w.send(r); got.status != 400 || got.text("error") != "invalid_request" { // E09
		t.Errorf("E09 token: %d %s", got.status, got.raw)
	}
}

// B13: SMART lets an app POST its request; the rules must be the same.
func TestAttackPostedAuthorizationRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	if p := b.post("/oauth2/authorize", w.request()); !strings.Contains(p.body, `name="password"`) {
		t.Errorf("a good request: %d %s", p.status, p.body)
	}
	if p := b.post("/oauth2/authorize", w.request("redirect_uri", "https://evil.example/")); p.status != 400 {
		t.Errorf("a bad return address: %d", p.status)
	}
	if p := b.post("/oauth2/authorize?client_id=rival", w.request()); p.status != 400 {
		t.Errorf("parameters in body and query: %d", p.status)
	}
}

// B15: whoever refuses must be able to leave, and the app must learn nothing but that.
func TestAttackRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	for _, p := range []page{b.authorize(), b.signIn(b.authorize(), "camille")} {
		got := b.submit(p, "step", "consent", "decision", "refuse")
		if q := got.location.Query(); q.Get("error") != "access_denied" || q.Get("state") != "s-1" || q.Has("code") || q.Get("iss") != w.url {
			t.Errorf("location %v", got.location)
		}
	}
}

// B16: a page in a frame of another site can be clicked through without being seen.
func TestAttackFraming(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	signIn := b.authorize()
	for name, p := range map[string]page{"sign-in": signIn, "consent": b.signIn(signIn, "camille"), "problem": b.get("/oauth2/continue?tx=x")} {
		if !strings.Contains(p.header.Get("Content-Security-Policy"), "frame-ancestors 'none'") || p.header.Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s may be framed: %v", name, p.header)
		}
	}
}

// B18: a script or a foreign site must not get at the session.
func TestAttackCookies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	p := b.authorize()
	b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	p = b.signIn(p, "camille")
	if len(p.header.Values("Set-Cookie")) < 2 {
		t.Fatalf("no cookies: %v", p.header)
	}
	for _, c := range p.header.Values("Set-Cookie") {
		if !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") || !strings.Contains(c, "Path=/") {
			t.Errorf("cookie %q", c)
		}
	}
}

// Session fixation: a session id the attacker knew before the sign-in must be worth nothing after it.
func TestAttackSessionFixation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	u, _ := url.Parse(w.url)
	planted := strings.Repeat("a", 26) + "." + strings.Repeat("b", 43)
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: "pontlevis_session", Value: planted, Path: "/"}})
	p := b.signIn(b.authorize(), "camille")
	if p.status != 200 {
		t.Fatal(p.status)
	}
	for _, c := range b.client.Jar.Cookies(u) {
		if c.Name == "pontlevis_session" && c.Value == planted {
			t.Error("the planted session was kept")
		}
	}
	w.clock.advance(time.Second)
	stolen := b.client.Jar.Cookies(u) // and signing in again ends the session before
	b.signIn(b.authorize("prompt", "login"), "camille")
	thief := w.newBrowser()
	thief.client.Jar.SetCookies(u, stolen)
	if got := thief.authorize(); !strings.Contains(got.body, `name="password"`) {
		t.Error("the earlier session outlives a new sign-in")
	}
}

// B19: another site posts the person's consent for them.
func TestAttackForgedForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	p := b.signIn(b.authorize(), "camille")
	allow := url.Values{"decision": {"allow"}, "patient": {"camille"}}
	for k, v := range p.hidden {
		allow[k] = v
	}
	post := func(change func(*http.Request, url.Values)) page {
		form := url.Values{}
		for k, v := range allow {
			form[k] = v
		}
		r, _ := http.NewRequest("POST", w.url+"/oauth2/continue", nil)
		change(r, form)
		r.Body, r.ContentLength = http.NoBody, 0
		fresh, _ := http.NewRequest("POST", w.url+"/oauth2/continue", strings.NewReader(form.Encode()))
		fresh.Header = r.Header
		fresh.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return b.do(fresh)
	}
	for name, change := range map[string]func(*http.Request, url.Values){
		"no token":             func(_ *http.Request, f url.Values) { f.Del("csrf") },
		"wrong token":          func(_ *http.Request, f url.Values) { f.Set("csrf", strings.Repeat("A", 43)) },
		"Sec-Fetch-Site":       func(r *http.Request, _ url.Values) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"Origin":               func(r *http.Request, _ url.Values) { r.Header.Set("Origin", "https://evil.example") },
		"Origin null":          func(r *http.Request, _ url.Values) { r.Header.Set("Origin", "null") },
		"token of another one": func(_ *http.Request, f url.Values) { f.Set("tx", strings.Repeat("a", 26)) },
	} {
		if got := post(change); got.status != 403 || got.location != nil {
			t.Errorf("%s: %d %v", name, got.status, got.location)
		}
	}
	if got := post(func(r *http.Request, _ url.Values) { r.Header.Set("Sec-Fetch-Site", "same-origin") }); got.location == nil || !got.location.Query().Has("code") {
		t.Errorf("the honest form: %d %v", got.status, got.location)
	}
}

// The attacker sends the victim a link into a sign-in that the attacker began, to have the victim's consent end in it.
func TestAttackForeignTransaction(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	attacker, victim := w.newBrowser(), w.newBrowser()
	victim.signIn(victim.authorize(), "camille")
	tx := attacker.authorize().hidden.Get("tx")
	if p := victim.get("/oauth2/continue?tx=" + tx); p.status != 403 {
		t.Errorf("%d %s", p.status, p.body)
	}
}

// Double submit and the back button: an answer counts once, whether allowed or refused.
func TestAttackSecondAnswer(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"allow", "refuse"} {
		t.Run(first, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			b := w.newBrowser()
			p := b.signIn(b.authorize(), "camille")
			if got := b.submit(p, "decision", first, "patient", "camille"); got.location == nil {
				t.Fatal(got.status)
			}
			for _, second := range []string{"allow", "refuse"} {
				if got := b.submit(p, "decision", second, "patient", "camille"); got.status != 400 || got.location != nil {
					t.Errorf("%s after %s: %d %v", second, first, got.status, got.location)
				}
			}
		})
	}
}

// The person posts a patient that was never offered.
func TestAttackForeignPatient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	p := b.signIn(b.authorize(), "camille")
	if got := b.submit(p, "decision", "allow", "patient", "jeanne"); got.location != nil || got.status != http.StatusUnprocessableEntity {
		t.Errorf("%d %v", got.status, got.location)
	}
	b = w.newBrowser()
	p = b.signIn(b.authorize(), "dr.roux") // a professional skips the choice of a patient
	if got := b.submit(p, "step", "consent", "decision", "allow", "patient", "jeanne"); got.location != nil {
		t.Errorf("skipped the choice: %v", got.location)
	}
	b = w.newBrowser()
	if got := b.signIn(b.authorize(), "sofia"); got.status != 403 {
		t.Errorf("somebody who acts for nobody: %d", got.status)
	}
}

// C06–C09: the attacker has the code but not the verifier.
func TestAttackStolenCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := w.newBrowser().code()
	for _, c := range [][2]string{
		{"C06 wrong verifier", strings.Repeat("x", 43)}, {"C08 then none", ""}, {"C09 the challenge itself", challenge(verifier)}, {"short", "abc"},
	} {
		if r := w.redeem(code, "code_verifier", c[1]); r.status != 400 || r.text("error") != "invalid_grant" {
			t.Errorf("%s: %d %s", c[0], r.status, r.raw)
		}
	}
	if !w.told("pkce_mismatch") {
		t.Error("nobody was told of the wrong verifier")
	}
	if r := w.redeem(code); r.status != 200 { // and the owner is not harmed
		t.Errorf("the owner: %d %s", r.status, r.raw)
	}
}

// D01, D02: a code is used twice; what the first use gave must die.
func TestAttackCodeReplay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := w.newBrowser().code()
	first := w.redeem(code)
	if first.status != 200 {
		t.Fatal(first.raw)
	}
	if r := w.redeem(code); r.status != 400 || r.text("error") != "invalid_grant" {
		t.Errorf("D01: %d %s", r.status, r.raw)
	}
	if w.alive(first.text("access_token")) {
		t.Error("D02: the access token of the first use lives")
	}
	if r := w.refresh(first.text("refresh_token")); r.status == 200 {
		t.Error("D02: the refresh token of the first use lives")
	}
	if !w.told("code_replay") {
		t.Error("nobody was told of the replay")
	}
}

// D04–D08: codes of others, of other places, and invented ones.
func TestAttackForeignCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := w.newBrowser().code()
	used := w.newBrowser().code()
	owner := w.redeem(used)
	flipped := code[:len(code)-1] + map[bool]string{true: "b", false: "a"}[code[len(code)-1] == 'a']
	for _, c := range []struct {
		id      string
		changes []string
	}{
		{"D04 another client", []string{"client_id", "rival"}},
		{"D04 another client, used code", []string{"client_id", "rival", "code", used}},
		{"D05 another return address", []string{"redirect_uri", "http://127.0.0.1/native"}},
		{"D05 none", []string{"redirect_uri", ""}},
		{"D07 garbage", []string{"code", "garbage"}}, {"D07 huge", []string{"code", strings.Repeat("a", 8000)}},
		{"D08 tampered", []string{"code", flipped}},
		{"a refresh token", []string{"code", owner.text("refresh_token")}},
	} {
		if r := w.redeem(code, c.changes...); r.status != 400 || r.text("error") != "invalid_grant" {
			t.Errorf("%s: %d %s", c.id, r.status, r.raw)
		}
	}
	if !w.alive(owner.text("access_token")) {
		t.Error("another client's replay killed the owner's tokens")
	}
	w.clock.advance(61 * time.Second)
	if r := w.redeem(code); r.text("error") != "invalid_grant" {
		t.Errorf("a code older than a minute: %d %s", r.status, r.raw)
	}
}

// D10: a code that can be guessed needs no theft.
func TestAttackGuessedCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	a, c := b.code(), b.code()
	if a == c || len(a) < 6+26+26+26 || a[32:58] == c[32:58] {
		t.Errorf("codes %q and %q", a, c)
	}
}

// E01–E13: the token endpoint is spoken to in every wrong way.
func TestAttackTokenEndpoint(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	good := url.Values{"grant_type": {"client_credentials"}}
	with := func(pairs ...string) url.Values {
		f := url.Values{"grant_type": {"client_credentials"}}
		for i := 0; i < len(pairs); i += 2 {
			f.Set(pairs[i], pairs[i+1])
		}
		return f
	}
	lab := "backend-lab:" + w.secret
	for _, c := range []struct {
		id     string
		form   url.Values
		basic  string
		status int
		code   string
	}{
		{"E03", url.Values{"x": {"y"}}, lab, 400, "invalid_request"},
		{"E04", url.Values{"grant_type": {"password"}, "username": {"camille"}, "password": {password}}, lab, 400, "unsupported_grant_type"},
		{"unknown grant", url.Values{"grant_type": {"urn:evil"}}, lab, 400, "unsupported_grant_type"},
		{"E06", good, "", 401, "invalid_client"},
		{"E06 by name alone", with("client_id", "backend-lab"), "", 401, "invalid_client"},
		{"wrong secret", good, "backend-lab:wrong", 401, "invalid_client"},
		{"unknown client", good, "nobody:" + w.secret, 401, "invalid_client"},
		{"E07 Basic and body", with("client_secret", w.secret, "client_id", "backend-lab"), lab, 400, "invalid_request"},
		{"E07 Basic and assertion", with("client_assertion", "a.b.c"), lab, 400, "invalid_request"},
		{"secret in the body", with("client_secret", w.secret, "client_id", "backend-lab"), "", 401, "invalid_client"},
		{"client_id of another", with("client_id", "glycare"), lab, 401, "invalid_client"},
		{"public client", with("client_id", "glycare"), "", 400, "unauthorized_client"},
		{"scope outside registration", with("scope", "system/Patient.rs"), lab, 400, "invalid_scope"},
		{"patient scope without a person", with("scope", "patient/*.rs"), lab, 400, "invalid_scope"},
		{"foreign audience", with("resource", "https://other.example"), lab, 400, "invalid_target"},
	} {
		r := w.post("/oauth2/token", c.form, c.basic)
		if r.status != c.status || r.text("error") != c.code {
			t.Errorf("%s: %d %s, want %d %s", c.id, r.status, r.raw, c.status, c.code)
		}
		if r.header.Get("Cache-Control") != "no-store" || r.header.Get("Content-Type") != "application/json" { // E12
			t.Errorf("%s: headers %v", c.id, r.header)
		}
		if (r.status == 401) != (r.header.Get("WWW-Authenticate") != "") {
			t.Errorf("%s: %d with challenge %q", c.id, r.status, r.header.Get("WWW-Authenticate"))
		}
		for _, leak := range []string{".go:", "goroutine", "bbolt", "fosite", w.secret} { // E13
			if strings.Contains(r.raw, leak) {
				t.Errorf("%s: the answer holds %q", c.id, leak)
			}
		}
	}
}

// E01, E10 and malformed bodies: the wrong method, the wrong place, the wrong kind of body.
func TestAttackTokenEndpointTransport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	body := "grant_type=client_credentials"
	for _, c := range []struct {
		id, method, path, kind, body string
		status                       int
	}{
		{"E01", "GET", "/oauth2/token?" + body, "", "", 405},
		{"E10", "POST", "/oauth2/token?client_id=backend-lab&client_secret=" + w.secret, "application/x-www-form-urlencoded", body, 401},
		{"multipart", "POST", "/oauth2/token", "multipart/form-data; boundary=x", "--x--", 415},
		{"JSON", "POST", "/oauth2/token", "application/json", `{"grant_type":"client_credentials"}`, 415},
		{"too large", "POST", "/oauth2/token", "application/x-www-form-urlencoded", body + "&x=" + strings.Repeat("a", 40<<10), 413},
		{"10 000 parameters", "POST", "/oauth2/token", "application/x-www-form-urlencoded", body + strings.Repeat("&a=", 9000), 400},
		{"broken escape", "POST", "/oauth2/token", "application/x-www-form-urlencoded", "grant_type=%zz", 400},
		{"not UTF-8", "POST", "/oauth2/token", "application/x-www-form-urlencoded", "grant_type=%ff", 400},
		{"H14", "GET", "/oauth2/introspect", "", "", 405},
		{"revoke by GET", "GET", "/oauth2/revoke?token=x", "", "", 405},
	} {
		r, _ := http.NewRequest(c.method, w.url+c.path, strings.NewReader(c.body))
		if c.kind != "" {
			r.Header.Set("Content-Type", c.kind)
		}
		if got := w.send(r); got.status != c.status {
			t.Errorf("%s: %d %s, want %d", c.id, got.status, got.raw, c.status)
		}
	}
}

// E15, E16: a script on a foreign site must not read tokens, and none may drive the authorization page.
func TestAttackCrossOriginScripts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct{ id, path, origin, want string }{
		{"E15", "/oauth2/token", "https://evil.example", ""}, {"registered origin", "/oauth2/token", "https://app.example", "https://app.example"},
		{"userinfo", "/oauth2/userinfo", "https://evil.example", ""}, {"revoke", "/oauth2/revoke", "null", ""},
		{"E16", "/oauth2/authorize", "https://app.example", ""}, {"the sign-in", "/oauth2/continue", "https://app.example", ""},
		{"prefix of a registered origin", "/oauth2/token", "https://app.exampl", ""},
	} {
		r, _ := http.NewRequest("OPTIONS", w.url+c.path, nil)
		r.Header.Set("Origin", c.origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
		got := w.send(r)
		if got.header.Get("Access-Control-Allow-Origin") != c.want || got.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %v", c.id, got.header)
		}
	}
}

// F01: a refresh token was stolen; whoever comes second reveals it, and everybody is thrown out.
func TestAttackRefreshReuse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.tokens()
	second := w.refresh(first.text("refresh_token"))
	third := w.refresh(second.text("refresh_token"))
	if r := w.refresh(first.text("refresh_token")); r.status != 400 || r.text("error") != "invalid_grant" {
		t.Errorf("old token: %d %s", r.status, r.raw)
	}
	if r := w.refresh(third.text("refresh_token")); r.text("error") != "invalid_grant" {
		t.Errorf("new token: %d %s", r.status, r.raw)
	}
	if w.alive(third.text("access_token")) || !w.told("refresh_reuse") {
		t.Error("the family lives on")
	}
}

// F04: another client replays a used token to throw the owner out.
func TestAttackForeignReplay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.tokens()
	second := w.refresh(first.text("refresh_token"))
	w.clock.advance(time.Minute)
	for _, token := range []string{first.text("refresh_token"), second.text("refresh_token")} {
		if r := w.refresh(token, "client_id", "rival"); r.text("error") != "invalid_grant" {
			t.Errorf("%d %s", r.status, r.raw)
		}
	}
	if r := w.refresh(second.text("refresh_token")); r.status != 200 {
		t.Errorf("the owner was thrown out: %d %s", r.status, r.raw)
	}
}

// F05, F08, F10, F11: wrong things sent as a refresh.
func TestAttackRefreshRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.tokens()
	token := r.text("refresh_token")
	flipped := token[:len(token)-1] + map[bool]string{true: "b", false: "a"}[token[len(token)-1] == 'a']
	for _, c := range []struct{ id, token, scope, want string }{
		{"F05", token, "patient/*.cruds", "invalid_scope"}, {"F05 system", token, "system/*.rs", "invalid_scope"},
		{"F08", r.text("access_token"), "", "invalid_grant"}, {"F10", flipped, "", "invalid_grant"}, {"garbage", "x", "", "invalid_grant"},
	} {
		if got := w.refresh(c.token, "scope", c.scope); got.status != 400 || got.text("error") != c.want {
			t.Errorf("%s: %d %s", c.id, got.status, got.raw)
		}
	}
	forged := token[:32] + strings.Repeat("a", 52) // whoever learns a grant's id must not end it with an invented token
	if got := w.refresh(forged); got.text("error") != "invalid_grant" {
		t.Errorf("forged: %d %s", got.status, got.raw)
	}
	if got := w.refresh(token); got.status != 200 {
		t.Errorf("the owner was harmed: %d %s", got.status, got.raw)
	}
	if got := w.tokens("scope", "launch/patient patient/*.rs"); got.json["refresh_token"] != nil {
		t.Error("F11: a refresh token without offline_access or online_access")
	}
}

// G05–G09 and finding 4: only a living access token opens, whatever else is presented.
func TestAttackBearer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := w.newBrowser().code()
	r := w.redeem(code)
	access := r.text("access_token")
	for id, token := range map[string]string{
		"refresh token": r.text("refresh_token"), "code": code, "G06 id_token": r.text("id_token"), "empty": "", "prefix alone": "pl_at_",
		"prefix of an access token on a refresh token": "pl_at_" + strings.TrimPrefix(r.text("refresh_token"), "pl_rt_"),
		"cut":      access[:len(access)-1],
		"longer":   access + "a",
		"tampered": access[:40] + "aaaa" + access[44:],
	} {
		var refused *gate.TokenError
		if _, err := w.server.Authenticate(t.Context(), gate.Bearer(token)); !errors.As(err, &refused) || refused.Code != "invalid_token" {
			t.Errorf("%s: %v", id, err)
		}
	}
	w.clock.advance(15 * time.Minute)
	if w.alive(access) {
		t.Error("G08: an expired access token opens")
	}
}

// G02, G03, G05: a token in a URL or a body ends in logs; it is not even read there.
func TestAttackBearerPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, c := range []struct {
		id, url string
		headers []string
		ok      bool
	}{
		{"G05", "/fhir", []string{"bEaReR pl_at_x"}, true}, {"G03", "/fhir?access_token=y", []string{"Bearer pl_at_x"}, false},
		{"query alone", "/fhir?access_token=y", nil, false}, {"two headers", "/fhir", []string{"Bearer a", "Bearer b"}, false},
		{"two tokens", "/fhir", []string{"Bearer a, Bearer b"}, false}, {"Basic", "/fhir", []string{"Basic eDp5"}, false},
	} {
		r, _ := http.NewRequest("GET", c.url, nil)
		for _, h := range c.headers {
			r.Header.Add("Authorization", h)
		}
		if _, ok := w.server.Presented(r); ok != c.ok {
			t.Errorf("%s: %v, want %v", c.id, ok, c.ok)
		}
	}
}

// H02–H06: revocation reaches the caller's own tokens, all of them, and nobody else's.
func TestAttackRevocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.tokens()
	revoke := func(pairs ...string) reply {
		f := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			f.Set(pairs[i], pairs[i+1])
		}
		return w.post("/oauth2/revoke", f, "")
	}
	for _, token := range []string{r.text("refresh_token"), r.text("access_token")} {
		if got := revoke("token", token, "client_id", "rival"); got.status != 200 || !w.alive(r.text("access_token")) {
			t.Errorf("H02: %d, alive %v", got.status, w.alive(r.text("access_token")))
		}
	}
	if got := revoke("token", "unknown", "client_id", "glycare"); got.status != 200 {
		t.Errorf("H03: %d", got.status)
	}
	if got := revoke("client_id", "glycare"); got.status != 400 || got.text("error") != "invalid_request" {
		t.Errorf("H05: %d %s", got.status, got.raw)
	}
	rotated := r.text("refresh_token")
	next := w.refresh(rotated)
	if got := revoke("token", rotated, "client_id", "glycare", "token_type_hint", "access_token"); got.status != 200 || w.alive(next.text("access_token")) {
		t.Errorf("H06, H07: a rotated token with a wrong hint did not end the family: %d", got.status)
	}
}

// Finding 5: the patient presses "disconnect", the disk fails, and is told that all is well.
func TestAttackFalseRevocation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.tokens()
	w.db.breakWith(errors.New("disk full"))
	for _, token := range []string{r.text("refresh_token"), r.text("access_token")} {
		got := w.post("/oauth2/revoke", url.Values{"token": {token}, "client_id": {"glycare"}}, "")
		if got.status != 503 || got.header.Get("Retry-After") == "" {
			t.Errorf("%d %s", got.status, got.raw)
		}
	}
	if got := w.refresh(r.text("refresh_token")); got.status != 503 {
		t.Errorf("refresh: %d %s", got.status, got.raw)
	}
	if err := w.server.RevokeAll(t.Context(), "camille", ""); err == nil {
		t.Error("RevokeAll reports success")
	}
	w.db.breakWith(nil)
	if got := w.refresh(r.text("refresh_token")); got.status != 200 { // and nothing was half done
		t.Errorf("after the repair: %d %s", got.status, got.raw)
	}
}

// H10–H13 and finding 6: introspection tells a caller about its own tokens alone.
func TestAttackIntrospection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r := w.tokens()
	own := w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, "backend-lab:"+w.secret)
	ask := func(token, basic string) reply {
		return w.post("/oauth2/introspect", url.Values{"token": {token}}, basic)
	}
	lab := "backend-lab:" + w.secret
	if got := ask(r.text("access_token"), ""); got.status != 401 || got.header.Get("WWW-Authenticate") == "" {
		t.Errorf("H10: %d %s", got.status, got.raw)
	}
	for id, token := range map[string]string{"H11": "unknown", "H13": r.text("access_token"), "H13 refresh": r.text("refresh_token"), "id_token": r.text("id_token")} {
		if got := ask(token, lab); got.status != 200 || got.raw != `{"active":false}` {
			t.Errorf("%s: %d %s", id, got.status, got.raw)
		}
	}
	if got := ask(own.text("access_token"), lab); got.json["active"] != true || got.text("client_id") != "backend-lab" {
		t.Errorf("its own: %s", got.raw)
	}
	if got := ask(r.text("access_token"), "resource:"+w.secret); got.json["active"] != true || got.text("patient") != "camille" || got.text("iss") != w.url || got.text("fhirUser") == "" {
		t.Errorf("a resource server: %s", got.raw)
	}
	public := w.post("/oauth2/introspect", url.Values{"token": {r.text("access_token")}, "client_id": {"glycare"}}, "")
	if public.status != 401 {
		t.Errorf("a public client: %d %s", public.status, public.raw)
	}
	req, _ := http.NewRequest("POST", w.url+"/oauth2/introspect", strings.NewReader("token="+r.text("access_token")))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Authorization", "Bearer "+r.text("access_token"))
	if got := w.send(req); got.status != 403 || got.text("error") != "insufficient_scope" {
		t.Errorf("by any user's bearer token: %d %s", got.status, got.raw)
	}
}

// A3 of the rules: a recalled app gets no code, no token and no refresh, from the next request on.
func TestAttackRecalledApp(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"recalled", "suspended", "delisted", "expired", "none"} {
		t.Run(status, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			b := w.newBrowser()
			r := w.tokens()
			code := b.code()
			consent := b.authorize()
			w.apps.set("glycare", status)
			if p := b.authorize(); p.status != 403 || p.location != nil {
				t.Errorf("authorize: %d %v", p.status, p.location)
			}
			if p := b.submit(consent, "decision", "allow", "patient", "camille"); p.status != 403 || p.location != nil {
				t.Errorf("a consent that was open: %d %v", p.status, p.location)
			}
			for name, got := range map[string]reply{"code": w.redeem(code), "refresh": w.refresh(r.text("refresh_token"))} {
				if got.status != 400 || got.text("error") != "unauthorized_client" {
					t.Errorf("%s: %d %s", name, got.status, got.raw)
				}
			}
			g, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token")))
			if err != nil || g.Client.Label.Status != status {
				t.Errorf("the grant does not tell the label: %+v %v", g, err)
			}
		})
	}
}

// O02: somebody else sits at a browser where the person is still signed in.
func TestAttackStaleSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	b.code()
	asked := func(changes ...string) bool { return strings.Contains(b.authorize(changes...).body, `name="password"`) }
	w.clock.advance(10 * time.Minute)
	if asked() {
		t.Error("a live session is asked again without need")
	}
	if !asked("max_age", "0") || !asked("prompt", "login") || !asked("max_age", "60") || asked("max_age", "3600") {
		t.Error("max_age or prompt=login is not honoured")
	}
	w.clock.advance(31 * time.Minute)
	if !asked() {
		t.Error("an idle session goes on")
	}
}

// Guessing passwords: slowed per account and address, with the same answer for an unknown login; and the owner, in a
// browser known to the account, still gets in.
func TestAttackGuessedPassword(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.newBrowser()
	owner.signIn(owner.authorize(), "camille")
	owner.submit(owner.authorize(), "step", "switch")

	b := w.newBrowser()
	p := b.authorize()
	unknown := b.submit(p, "login", "nobody-at-all", "password", "x")
	wrong := b.submit(p, "login", "camille", "password", "x")
	if unknown.status != 422 || wrong.status != 422 {
		t.Fatalf("%d %d", unknown.status, wrong.status)
	}
	if strings.ReplaceAll(unknown.body, "nobody-at-all", "L") != strings.ReplaceAll(wrong.body, `value="camille"`, `value="L"`) {
		t.Error("the answer tells whether the login exists")
	}
	throttled := 0
	for range 10 {
		if got := b.submit(p, "login", "camille", "password", "x"); got.status == 429 && got.header.Get("Retry-After") != "" {
			throttled++
		}
	}
	if throttled != 6 { // five failures are free, one of them was used above
		t.Errorf("%d of 10 guesses were slowed", throttled)
	}
	if got := b.signIn(p, "camille"); got.status != 429 {
		t.Errorf("a right guess passes the throttle: %d", got.status)
	}
	if got := owner.signIn(owner.authorize(), "camille"); got.status != 200 || !strings.Contains(got.body, "Lucas") {
		t.Errorf("the owner is locked out: %d", got.status)
	}
	w.clock.advance(31 * time.Second)
	if got := b.signIn(p, "camille"); got.status != 200 {
		t.Errorf("the wait does not end: %d", got.status)
	}
}

// A disabled account must not sign in, nor go on where it is signed in.
func TestAttackDisabledAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	p := b.signIn(b.authorize(), "karim")
	karim, err := w.server.Person(t.Context(), "karim")
	if err != nil {
		t.Fatal(err)
	}
	disabled := *karim
	disabled.Disabled = true
	if err := w.server.PutPerson(t.Context(), disabled); err != nil {
		t.Fatal(err)
	}
	if got := b.submit(p, "decision", "allow", "patient", "lucas"); got.location != nil {
		t.Errorf("the open session went on: %v", got.location)
	}
	if got := w.newBrowser(); got.signIn(got.authorize(), "karim").status != 422 {
		t.Error("a disabled account signed in")
	}
}

// P02 and others: endpoints that do not exist yet answer that they do not, rather than something half right.
func TestAttackAbsentEndpoints(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/oauth2/register", "/oauth2/auth", "/oauth2/", "/oauth2/token/x"} {
		if got := w.post(path, url.Values{"client_id": {"glycare"}}, ""); got.status != 404 {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	if w.post("/oauth2/sign-out", nil, "").status != 200 {
		t.Error("signing out without a session fails")
	}
	r, _ := http.NewRequest("POST", w.url+"/oauth2/sign-out", nil)
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if got := w.send(r); got.status != 403 {
		t.Errorf("another site signs the person out: %d", got.status)
	}
}

// A registration could smuggle a dangerous return address past everything else.
func TestAttackRegistration(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, uri := range []string{"javascript:alert(1)", "data:text/html,x", "http://app.example/cb", "https://app.example/#f", "//app.example", "myapp:/cb", "https://u@app.example/", "", "https:///x"} {
		err := w.server.PutClient(t.Context(), oauth.Client{ID: "x", Kind: "smart", AuthMethod: oauth.AuthNone, RedirectURIs: []string{uri}})
		if err == nil {
			t.Errorf("%q was registered", uri)
		}
	}
	err := w.server.PutClient(t.Context(), oauth.Client{ID: "x", Kind: "smart", AuthMethod: oauth.AuthNone, RedirectURIs: []string{"com.example.app:/cb"}})
	if err != nil {
		t.Errorf("a native app's scheme: %v", err)
	}
	if err := w.server.PutPerson(t.Context(), oauth.Person{Key: "thief", Login: "Camille ", Kind: "patient", Reference: "Patient/x"}); err == nil {
		t.Error("a login was taken over")
	}
	if err := w.server.PutClient(t.Context(), oauth.Client{ID: "y", Kind: "backend", AuthMethod: oauth.AuthNone}); err == nil {
		t.Error("a back-end without authentication was registered")
	}
}

// What the store holds must not be enough to act: no token, code, secret, password or private key is in the file.
func TestAttackStolenStore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	code := b.code()
	r := w.redeem(code)
	w.refresh(r.text("refresh_token"))
	w.redeem(code) // refusals are logged too
	w.clock.advance(time.Second)
	b.signIn(b.authorize("prompt", "login"), "nobody")
	w.post("/oauth2/token", url.Values{"grant_type": {"client_credentials"}}, "nobody:"+w.secret)
	var backup strings.Builder
	if err := w.db.Backup(t.Context(), &backup); err != nil {
		t.Fatal(err)
	}
	secrets := []string{code, r.text("access_token"), r.text("refresh_token"), w.secret, password, "PRIVATE KEY"}
	u, _ := url.Parse(w.url)
	for _, c := range b.client.Jar.Cookies(u) {
		secrets = append(secrets, c.Value)
	}
	for i, s := range secrets {
		if strings.Contains(backup.String(), s) {
			t.Errorf("the store holds secret %d", i)
		}
	}
	for i, s := range append(secrets, ins, "Camille Durand") {
		if strings.Contains(w.log.String(), s) {
			t.Errorf("the log holds secret %d", i)
		}
	}
	if !strings.Contains(w.log.String(), "authorization server refused") {
		t.Error("the log is empty: the test sees nothing")
	}
	if !strings.Contains(backup.String(), fmt.Sprintf("%q", "glycare")) {
		t.Error("the backup does not show the rows: the test sees nothing")
	}
}

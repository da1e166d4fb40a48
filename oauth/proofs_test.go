package oauth_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"

	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/account"
)

var codeKey = []byte("12345678901234567890")

// code is the one-time code of now, some steps later.
func (w *world) otp(steps int) string {
	return account.CodeAt(codeKey, w.clock.Now().Add(time.Duration(30*steps)*time.Second))
}

func (w *world) withCodes(person string) {
	w.t.Helper()
	if err := w.server.PutCodes(w.t.Context(), person, codeKey); err != nil {
		w.t.Fatal(err)
	}
}

// device is a virtual authenticator at this server's origin.
type device struct {
	rp   virtualwebauthn.RelyingParty
	auth virtualwebauthn.Authenticator
	key  virtualwebauthn.Credential
}

func (w *world) newDevice() *device {
	u, _ := url.Parse(w.url)
	return &device{
		rp:   virtualwebauthn.RelyingParty{ID: u.Hostname(), Origin: w.url, Name: "pontlevis"},
		auth: virtualwebauthn.NewAuthenticator(), key: newKey(),
	}
}

var optionsPattern = regexp.MustCompile(`data-passkey="(create|get)" data-options="([^"]*)"`)

// optionsOf are the options of the page's form for passkeys of that kind.
func optionsOf(p page, kind string) string {
	for _, found := range optionsPattern.FindAllStringSubmatch(p.body, -1) {
		if found[1] == kind {
			return html.UnescapeString(found[2])
		}
	}
	return ""
}

// create answers the page's wish for a new passkey.
func (d *device) create(t testing.TB, p page) string {
	t.Helper()
	o, err := virtualwebauthn.ParseAttestationOptions(optionsOf(p, "create"))
	if err != nil {
		t.Fatalf("no options for a new passkey: %v: %s", err, p.body)
	}
	d.auth.Options.UserHandle = []byte(o.UserID)
	d.auth.AddCredential(d.key)
	return virtualwebauthn.CreateAttestationResponse(d.rp, d.auth, d.key, *o)
}

// get answers the page's wish for a passkey, counting up.
func (d *device) get(t testing.TB, p page) string {
	t.Helper()
	o, err := virtualwebauthn.ParseAssertionOptions(optionsOf(p, "get"))
	if err != nil {
		t.Fatalf("no options for a passkey: %v: %s", err, p.body)
	}
	d.key.Counter++
	return virtualwebauthn.CreateAssertionResponse(d.rp, d.auth, d.key, *o)
}

// own opens the page of sessions, signing in by password where it asks.
func (b *browser) own(login string) page {
	b.w.t.Helper()
	p := b.get("/oauth2/sessions")
	if strings.Contains(p.body, `name="password"`) && strings.Contains(p.body, `value="sign-in"`) {
		p = b.signIn(p, login)
	}
	if !strings.Contains(p.body, `value="end-others"`) && !strings.Contains(p.body, "/oauth2/sign-out") {
		b.w.t.Fatalf("not the page of sessions: %d %s", p.status, p.body)
	}
	return p
}

// does posts one form of the page of sessions.
func (b *browser) does(p page, do string, fields ...string) page {
	form := url.Values{"csrf": p.hidden["csrf"], "do": {do}}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return b.post("/oauth2/sessions", form)
}

// withPasskey registers a passkey for a person who signs in by password.
func (w *world) withPasskey(login string) *device {
	w.t.Helper()
	d, b := w.newDevice(), w.newBrowser()
	p := b.own(login)
	p = b.does(p, "add-passkey", "credential", d.create(w.t, p), "name", "phone")
	if !strings.Contains(p.body, "phone") {
		w.t.Fatalf("the passkey is not there: %d %s", p.status, p.body)
	}
	return d
}

// A one-time code is asked after the password, and no session is there before it; both are told to the app.
func TestOneTimeCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withCodes("camille")
	b := w.newBrowser()
	p := b.signIn(b.authorize(), "camille")
	if !strings.Contains(p.body, `autocomplete="one-time-code"`) || strings.Contains(p.body, "Glycare SAS") || b.sessionCookie() != "" {
		t.Fatalf("after the password alone: %q %s", b.sessionCookie(), p.body)
	}
	if skipped := b.submit(p, "step", "consent", "decision", "allow", "patient", "camille"); skipped.location != nil {
		t.Fatal("a grant was given after the password alone")
	}
	wrong := b.submit(p, "code", "000000")
	if wrong.status != http.StatusUnprocessableEntity || !strings.Contains(wrong.body, `role="alert"`) || !w.told("code_refused") {
		t.Errorf("a wrong code: %d %s", wrong.status, wrong.body)
	}
	p = b.submit(p, "code", w.otp(0))
	if !strings.Contains(p.body, "Glycare SAS") {
		t.Fatalf("after the code: %d %s", p.status, p.body)
	}
	p = b.submit(p, "decision", "allow", "patient", "camille")
	claims := claimsOf(t, w.redeem(p.location.Query().Get("code")).text("id_token"))
	if claims["acr"] != "eidas2" || fmt.Sprint(claims["amr"]) != "[pwd otp mfa]" {
		t.Errorf("claims %v", claims)
	}
}

// A code is good once, also against itself at the same time; the next step's is good again, an old one never.
func TestCodeIsUsedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withCodes("camille")
	const tries = 20
	var wg sync.WaitGroup
	in := make([]bool, tries)
	for i := range tries {
		b := w.newBrowser()
		p := b.signIn(b.authorize(), "camille")
		wg.Go(func() { in[i] = strings.Contains(b.submit(p, "code", w.otp(0)).body, "Glycare SAS") })
	}
	wg.Wait()
	won := 0
	for _, ok := range in {
		if ok {
			won++
		}
	}
	if won != 1 {
		t.Errorf("one code let %d browsers in, want 1", won)
	}
	w.clock.Advance(30 * time.Minute)
	b := w.newBrowser()
	p := b.signIn(b.authorize(), "camille")
	if got := b.submit(p, "code", w.otp(-3)); strings.Contains(got.body, "Glycare SAS") {
		t.Error("a code of a minute and a half ago is accepted")
	}
	if got := b.submit(p, "code", w.otp(1)); !strings.Contains(got.body, "Glycare SAS") {
		t.Errorf("the code of a clock that is fast by one step: %d", got.status)
	}
}

// Guessing codes is slowed far below what six digits can bear, whatever address it comes from.
func TestCodesAreThrottled(t *testing.T) {
	t.Parallel()
	var requests atomic.Uint32 // each comes from an address of its own
	w := newWorld(t, func(_ *world, c *oauth.Config) {
		c.Address = func(*http.Request) string { n := requests.Add(1); return fmt.Sprintf("10.0.%d.%d", n>>8&0xff, n&0xff) }
	})
	w.withCodes("camille")
	known := w.newBrowser()
	known.submit(known.signIn(known.authorize(), "camille"), "code", w.otp(0))
	tried, slowed := 0, false
	for range 40 {
		b := w.newBrowser()
		p := b.signIn(b.authorize(), "camille")
		got := b.submit(p, "code", "123456")
		if got.status == http.StatusTooManyRequests {
			slowed = true
			break
		}
		tried++
	}
	if !slowed || tried > 10 {
		t.Errorf("%d guesses before waiting", tried)
	}
	w.clock.Advance(30 * time.Second)
	p := known.signIn(known.authorize("prompt", "login"), "camille")
	if got := known.submit(p, "code", w.otp(0)); !strings.Contains(got.body, "Glycare SAS") {
		t.Errorf("the owner's own browser waits with the attacker: %d %s", got.status, got.body)
	}
}

// A passkey signs in whole: no login, no password, no code.
func TestPasskey(t *testing.T) {
	t.Parallel()
	w := newWorldAt(t, "localhost")
	d := w.withPasskey("camille")
	w.withCodes("camille")
	b := w.newBrowser()
	p := b.authorize()
	answer := d.get(t, p)
	signedIn := b.submit(p, "step", "passkey", "credential", answer)
	if !strings.Contains(signedIn.body, "Glycare SAS") {
		t.Fatalf("%d %s", signedIn.status, signedIn.body)
	}
	done := b.submit(signedIn, "decision", "allow", "patient", "camille")
	claims := claimsOf(t, w.redeem(done.location.Query().Get("code")).text("id_token"))
	if claims["acr"] != "eidas2" || fmt.Sprint(claims["amr"]) != "[pop user mfa]" {
		t.Errorf("claims %v", claims)
	}

	other := w.newBrowser()
	q := other.authorize()
	if got := other.submit(q, "step", "passkey", "credential", answer); got.status != http.StatusUnprocessableEntity {
		t.Errorf("an answer to the challenge of another sign-in: %d", got.status)
	}
	if got := other.submit(q, "step", "passkey", "credential", w.newDevice().get(t, q)); got.status != http.StatusUnprocessableEntity {
		t.Errorf("an unknown passkey: %d", got.status)
	}
	for name, spoil := range map[string]func(*device){
		"another origin":        func(d *device) { d.rp.Origin = "http://localhost.example" },
		"another party":         func(d *device) { d.rp.ID = "example" },
		"no user verification":  func(d *device) { d.auth.Options.UserNotVerified = true },
		"another user's handle": func(d *device) { d.auth.Options.UserHandle = []byte("somebody") },
		"another key":           func(d *device) { d.key.Key = newKey().Key },
	} {
		bad := *d
		spoil(&bad)
		if got := other.submit(q, "step", "passkey", "credential", bad.get(t, q)); got.status != http.StatusUnprocessableEntity || strings.Contains(got.body, "Glycare SAS") {
			t.Errorf("%s: %d", name, got.status)
		}
		q = other.authorize()
	}
	d.key.Counter += 10
	if got := other.submit(q, "step", "passkey", "credential", d.get(t, q)); !strings.Contains(got.body, "Glycare SAS") {
		t.Errorf("the passkey after the refused ones: %d %s", got.status, got.body)
	}
}

// The challenge of a sign-in is good once and for five minutes.
func TestPasskeyChallengeIsUsedOnce(t *testing.T) {
	t.Parallel()
	w := newWorldAt(t, "localhost")
	d := w.withPasskey("camille")
	b := w.newBrowser()
	p := b.authorize()
	first, second := d.get(t, p), d.get(t, p) // the browser signs the same challenge twice
	if got := b.submit(p, "step", "passkey", "credential", first); !strings.Contains(got.body, "Glycare SAS") {
		t.Fatalf("%d", got.status)
	}
	b.post("/oauth2/sign-out", nil)
	if got := b.submit(p, "step", "passkey", "credential", second); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a second answer to the same challenge: %d", got.status)
	}
	late := w.newBrowser()
	q := late.authorize()
	w.clock.Advance(5*time.Minute + time.Second)
	if got := late.submit(q, "step", "passkey", "credential", d.get(t, q)); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a challenge of more than five minutes ago: %d", got.status)
	}
}

// A counter that runs backwards tells of a copied key: it is refused and told, and its owner sees it.
func TestPasskeyCounterBackwards(t *testing.T) {
	t.Parallel()
	w := newWorldAt(t, "localhost")
	d := w.withPasskey("camille")
	copied := *d
	b := w.newBrowser()
	p := b.authorize()
	d.key.Counter = 7
	b.submit(p, "step", "passkey", "credential", d.get(t, p))
	thief := w.newBrowser()
	q := thief.authorize()
	if got := thief.submit(q, "step", "passkey", "credential", copied.get(t, q)); got.status != http.StatusUnprocessableEntity || !w.told("passkey_counter") {
		t.Errorf("the copy of a passkey: %d, told %v", got.status, w.told("passkey_counter"))
	}
	if got := b.get("/oauth2/sessions?lang=en"); !strings.Contains(got.body, "may have copied this passkey") {
		t.Errorf("the owner is not told: %s", got.body)
	}
}

// An app that asks for more than the session has gets the missing factor asked alone, and the same session goes on.
func TestStepUp(t *testing.T) {
	t.Parallel()
	w := newWorldAt(t, "localhost")
	d := w.withPasskey("camille")
	b := w.newBrowser()
	b.code()
	before := b.sessionCookie()
	w.clock.Advance(time.Minute)
	p := b.authorize("acr_values", "eidas2")
	if strings.Contains(p.body, `name="password"`) || strings.Contains(p.body, "Glycare SAS") || optionsOf(p, "get") == "" {
		t.Fatalf("not the second factor alone: %s", p.body)
	}
	foreign := w.withPasskey("karim")
	if got := b.submit(p, "step", "passkey", "credential", foreign.get(t, p)); got.status != http.StatusUnprocessableEntity {
		t.Errorf("somebody else's passkey made the session stronger: %d", got.status)
	}
	p = b.authorize("acr_values", "eidas2")
	p = b.submit(p, "step", "passkey", "credential", d.get(t, p))
	if !strings.Contains(p.body, "Glycare SAS") {
		t.Fatalf("after the step: %d %s", p.status, p.body)
	}
	if after := b.sessionCookie(); after == before || after[:26] != before[:26] {
		t.Errorf("cookies %q and %q: the session must go on under a new one", before, after)
	}
	done := b.submit(p, "decision", "allow", "patient", "camille")
	if claims := claimsOf(t, w.redeem(done.location.Query().Get("code")).text("id_token")); claims["acr"] != "eidas2" || fmt.Sprint(claims["amr"]) != "[pop user mfa]" {
		t.Errorf("claims %v", claims)
	}
}

// A step-up by code leaves the time of the sign-in as it was: the password was shown then.
func TestStepUpByCodeKeepsTheTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	b.code()
	signedIn := w.clock.Now().Unix()
	w.withCodes("camille")
	w.clock.Advance(10 * time.Minute)
	p := b.authorize("acr_values", "eidas3 eidas2")
	p = b.submit(p, "code", w.otp(0))
	p = b.submit(p, "decision", "allow", "patient", "camille")
	claims := claimsOf(t, w.redeem(p.location.Query().Get("code")).text("id_token"))
	if claims["acr"] != "eidas2" || fmt.Sprint(claims["amr"]) != "[pwd otp mfa]" || claims["auth_time"] != float64(signedIn) {
		t.Errorf("claims %v, signed in at %d", claims, signedIn)
	}
	if p := b.authorize("max_age", "300"); !strings.Contains(p.body, `name="password"`) || !strings.Contains(p.body, `value="camille"`) {
		t.Errorf("a sign-in of ten minutes ago passes for one of five: %s", p.body)
	}
}

// What the account cannot show is told to the app, and is not replaced by less.
func TestUnmetRequirements(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, asked := range []string{"eidas2", "eidas3", "urn:example:gold"} {
		b := w.newBrowser()
		p := b.signIn(b.authorize("acr_values", asked), "camille")
		if p.location == nil || p.location.Query().Get("error") != "unmet_authentication_requirements" || p.location.Query().Get("state") != "s-1" {
			t.Errorf("%s: %d %v %s", asked, p.status, p.location, p.body)
		}
	}
	b := w.newBrowser()
	if p := b.signIn(b.authorize("acr_values", "eidas1"), "camille"); !strings.Contains(p.body, "Glycare SAS") {
		t.Errorf("what a password shows is refused: %d", p.status)
	}
	if claims := w.document("/.well-known/openid-configuration")["acr_values_supported"]; fmt.Sprint(claims) != "[eidas1 eidas2 eidas3]" {
		t.Errorf("acr_values_supported %v", claims)
	}
}

func (w *world) document(path string) map[string]any {
	r, _ := http.NewRequest("GET", w.url+path, nil)
	return w.send(r).json
}

// The letter's code lets its holder choose a password, once, and nothing else.
func TestEnrolment(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := account.NewEnrolmentCode()
	if _, err := w.server.PutEnrolment(t.Context(), "karim", code); err != nil {
		t.Fatal(err)
	}
	b, other := w.newBrowser(), w.newBrowser()
	p := b.submit(b.authorize(), "step", "enrol", "login", "KARIM", "code", strings.ToLower(strings.ReplaceAll(code, "-", " ")))
	if !strings.Contains(p.body, `name="new-password"`) || b.sessionCookie() != "" {
		t.Fatalf("after the code: %d %s", p.status, p.body)
	}
	if got := b.submit(p, "step", "consent", "decision", "allow", "patient", "lucas"); got.location != nil {
		t.Fatal("the letter's code gave a grant")
	}
	q := other.submit(other.authorize(), "step", "enrol", "login", "karim", "code", code)
	for problem, typed := range map[string][2]string{
		"9": {"Court-1", "Court-1"}, "differ": {"Un mot de passe 1!", "Un mot de passe 2!"}, "Karim": {"Mon-Karim-2026!", "Mon-Karim-2026!"}, "kinds": {"sansmajuscule", "sansmajuscule"},
	} {
		if got := b.submit(p, "new-password", typed[0], "new-password-again", typed[1]); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d", problem, got.status)
		}
	}
	const fresh = "Nouveau-pont!26"
	p = b.submit(p, "new-password", fresh, "new-password-again", fresh)
	if !strings.Contains(p.body, "Glycare SAS") || !w.told("enrolled") {
		t.Fatalf("after the password: %d %s", p.status, p.body)
	}
	if got := other.submit(q, "new-password", "Autre-pont!2026", "new-password-again", "Autre-pont!2026"); strings.Contains(got.body, "Glycare SAS") {
		t.Error("the code set a second password")
	}
	third := w.newBrowser()
	if got := third.submit(third.authorize(), "step", "enrol", "login", "karim", "code", code); got.status != http.StatusUnprocessableEntity {
		t.Errorf("the code again: %d", got.status)
	}
	if got := third.signIn(third.authorize(), "karim"); strings.Contains(got.body, "Glycare SAS") {
		t.Error("the password from before still signs in")
	}
	if got := third.submit(third.authorize(), "login", "karim", "password", fresh); !strings.Contains(got.body, "Glycare SAS") {
		t.Errorf("the new password does not sign in: %d", got.status)
	}
}

// The letter's code dies after six weeks, and after ten wrong ones; unknown logins say the same.
func TestEnrolmentIsBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	code := account.NewEnrolmentCode()
	give := func() {
		if _, err := w.server.PutEnrolment(t.Context(), "karim", code); err != nil {
			t.Fatal(err)
		}
	}
	try := func(login, code string) page {
		b := w.newBrowser()
		return b.submit(b.authorize(), "step", "enrol", "login", login, "code", code)
	}
	give()
	w.clock.Advance(account.EnrolmentLife)
	if got := try("karim", code); got.status != http.StatusUnprocessableEntity {
		t.Errorf("after six weeks: %d", got.status)
	}
	give()
	for range 10 {
		w.clock.Advance(10 * time.Minute) // past the throttle
		try("karim", "0000-0000-0000")
	}
	w.clock.Advance(10 * time.Minute)
	known, unknown := try("karim", code), try("nobody", code)
	if known.status != http.StatusUnprocessableEntity {
		t.Errorf("after ten wrong ones: %d", known.status)
	}
	if bare(known.body, "karim") != bare(unknown.body, "nobody") || known.status != unknown.status {
		t.Error("an unknown login is told apart")
	}
}

// bare is a page without what differs in every answer: the login, and the tokens of its forms.
func bare(body, login string) string {
	return regexp.MustCompile(`name="(tx|csrf)" value="[^"]*"|data-options="[^"]*"|tx=[a-z0-9]+`).ReplaceAllString(strings.ReplaceAll(body, login, ""), "")
}

// A letter's code can set a passkey instead of a password.
func TestEnrolmentByPasskey(t *testing.T) {
	t.Parallel()
	w := newWorldAt(t, "localhost")
	code := account.NewEnrolmentCode()
	if _, err := w.server.PutEnrolment(t.Context(), "karim", code); err != nil {
		t.Fatal(err)
	}
	b, d := w.newBrowser(), w.newDevice()
	p := b.submit(b.authorize(), "step", "enrol", "login", "karim", "code", code)
	p = b.submit(p, "step", "new-passkey", "credential", d.create(t, p))
	if !strings.Contains(p.body, "Glycare SAS") {
		t.Fatalf("%d %s", p.status, p.body)
	}
	other := w.newBrowser()
	q := other.authorize()
	if got := other.submit(q, "step", "passkey", "credential", d.get(t, q)); !strings.Contains(got.body, "Glycare SAS") {
		t.Errorf("the passkey does not sign in: %d %s", got.status, got.body)
	}
}

// prompt=none says that a sign-in is needed where nobody is signed in, or not as the app asks.
func TestPromptNoneSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	ask := func(changes ...string) string {
		p := b.authorize(append([]string{"prompt", "none"}, changes...)...)
		if p.location == nil {
			t.Fatalf("%d %s", p.status, p.body)
		}
		return p.location.Query().Get("error")
	}
	if got := ask(); got != "login_required" {
		t.Errorf("nobody signed in: %s", got)
	}
	b.code()
	w.clock.Advance(10 * time.Minute)
	for _, c := range []struct{ name, value, want string }{
		{"ui_locales", "fr", "consent_required"}, {"max_age", "3600", "consent_required"}, {"acr_values", "eidas1", "consent_required"},
		{"max_age", "300", "login_required"}, {"max_age", "0", "login_required"}, {"acr_values", "eidas2", "login_required"},
	} {
		if got := ask(c.name, c.value); got != c.want {
			t.Errorf("%s=%s: %s, want %s", c.name, c.value, got, c.want)
		}
	}
}

// coseKey is the length of a P-256 key as COSE writes it (RFC 9053 §7.1.1).
const coseKey = 77

// newKey is a passkey whose coordinates have all their 32 bytes: this authenticator writes shorter ones short, one key in
// 128, and no server takes those.
func newKey() virtualwebauthn.Credential {
	for {
		if c := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2); len(c.Key.AttestationData()) == coseKey {
			return c
		}
	}
}

package oauth_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/oauth/account"
)

var sessionPattern = regexp.MustCompile(`name="session" value="([a-z0-9]+)"`)

// A person ends one session, or all the others; nobody else's.
func TestSessionsAreEndedByTheirOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here, there, third, stranger := w.newBrowser(), w.newBrowser(), w.newBrowser(), w.newBrowser()
	for _, b := range []*browser{here, there, third} {
		b.own("camille")
	}
	stranger.own("karim")
	p := here.get("/oauth2/sessions")
	others := sessionPattern.FindAllStringSubmatch(p.body, -1)
	if len(others) != 2 {
		t.Fatalf("%d other sessions: %s", len(others), p.body)
	}
	q := stranger.get("/oauth2/sessions")
	stranger.does(q, "end", "session", others[0][1])
	stranger.does(q, "end-others")
	if !signedInAt(there) || !signedInAt(third) || !signedInAt(here) {
		t.Fatal("a stranger ended somebody's session")
	}
	if got := here.does(p, "end", "session", there.sessionCookie()[:26]); !strings.Contains(got.body, `role="status"`) || signedInAt(there) || !signedInAt(third) {
		t.Errorf("ending one: %d, there %v, third %v", got.status, signedInAt(there), signedInAt(third))
	}
	here.does(p, "end-others")
	if signedInAt(third) || !signedInAt(here) || !signedInAt(stranger) {
		t.Error("ending all the others ended too few or too many")
	}
	if !w.told("sessions_ended") {
		t.Error("ending sessions is not told")
	}
}

func signedInAt(b *browser) bool {
	return strings.Contains(b.get("/oauth2/sessions").body, "/oauth2/sign-out")
}

// The forms of the page are taken from the page alone: with its token, from this origin.
func TestSessionsFormsCannotBeForged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here, there := w.newBrowser(), w.newBrowser()
	there.own("camille")
	p := here.own("camille")
	q := w.newBrowser().own("camille")
	for name, form := range map[string]url.Values{
		"no token":              {"do": {"end-others"}},
		"another page's token":  {"do": {"end-others"}, "csrf": {q.hidden["csrf"][0]}},
		"a transaction's token": {"do": {"end-others"}, "csrf": {here.authorize("prompt", "login").hidden.Get("csrf")}},
	} {
		if got := here.post("/oauth2/sessions", form); got.status != http.StatusForbidden {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	r, err := http.NewRequest("POST", w.url+"/oauth2/sessions", strings.NewReader(url.Values{"do": {"end-others"}, "csrf": p.hidden["csrf"]}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	if got := here.do(r); got.status != http.StatusForbidden {
		t.Errorf("from another site: %d", got.status)
	}
	if !signedInAt(there) {
		t.Error("a forged form ended a session")
	}
}

// A password is changed with the one before, and ends every other session at once; a weak one is not taken.
func TestPasswordChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here, there := w.newBrowser(), w.newBrowser()
	online := w.redeem(there.code("scope", "launch/patient online_access patient/*.rs"))
	p := here.own("camille")
	before := here.sessionCookie()
	const fresh = "Pont-neuf?2026"
	for name, typed := range map[string][3]string{
		"the wrong one before": {"no such password", fresh, fresh},
		"typed differently":    {password, fresh, fresh + "!"},
		"too weak":             {password, "abc", "abc"},
	} {
		got := here.does(p, "password", "password", typed[0], "new-password", typed[1], "new-password-again", typed[2])
		if got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, `role="alert"`) {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	got := here.does(p, "password", "password", password, "new-password", fresh, "new-password-again", fresh)
	if !strings.Contains(got.body, `role="status"`) || !signedInAt(here) || here.sessionCookie() == before {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if signedInAt(there) || signedInAt(here.with(before)) {
		t.Error("another session, or the old cookie, goes on")
	}
	if got := w.refresh(online.text("refresh_token")); got.status != 400 {
		t.Errorf("online access of an ended session: %d", got.status)
	}
	other := w.newBrowser()
	if got := other.submit(other.authorize(), "login", "camille", "password", password); got.status != http.StatusUnprocessableEntity {
		t.Errorf("the old password: %d", got.status)
	}
	if got := other.submit(other.authorize(), "login", "camille", "password", fresh); !strings.Contains(got.body, "Glycare SAS") {
		t.Errorf("the new password: %d", got.status)
	}
}

// Proofs are changed only soon after a sign-in, with two factors where there are two.
func TestProofsNeedAFreshSignIn(t *testing.T) {
	t.Parallel()
	w := newWorldAt(t, "localhost")
	d := w.withPasskey("camille")
	b := w.newBrowser()
	p := b.own("camille")
	if strings.Contains(p.body, `value="begin-codes"`) || strings.Contains(p.body, "phone") {
		t.Error("a password alone shows the proofs of an account that has a passkey")
	}
	p = b.does(p, "begin-codes")
	if !strings.Contains(p.body, "data-passkey") {
		t.Fatalf("no second factor is asked: %d %s", p.status, p.body)
	}
	p = b.submit(p, "step", "passkey", "credential", d.get(t, p))
	if !strings.Contains(p.body, `value="begin-codes"`) {
		t.Fatalf("%d %s", p.status, p.body)
	}
	w.clock.Advance(10 * time.Minute)
	if got := b.does(p, "begin-codes"); strings.Contains(got.body, "otpauth:") || !strings.Contains(got.body, `value="sign-in"`) {
		t.Errorf("after ten minutes: %d %s", got.status, got.body)
	}
}

// One-time codes are in use once the first was shown; recovery codes replace them, each once.
func TestCodesAreAdded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	p := b.does(b.own("camille"), "begin-codes")
	found := regexp.MustCompile(`class="secret">([A-Z2-7]+)<`).FindStringSubmatch(p.body)
	if found == nil {
		t.Fatalf("no secret: %s", p.body)
	}
	secret, err := account.ReadSecret(found[1])
	if err != nil {
		t.Fatal(err)
	}
	if other := w.newBrowser(); !strings.Contains(other.signIn(other.authorize(), "camille").body, "Glycare SAS") {
		t.Error("a code is asked before the first was shown")
	}
	if got := b.does(p, "confirm-codes", "code", "000000"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a wrong first code: %d", got.status)
	}
	p = b.does(p, "confirm-codes", "code", account.CodeAt(secret, w.clock.Now()))
	recovery := regexp.MustCompile(`<li><code>([0-9A-Z-]+)</code>`).FindAllStringSubmatch(p.body, -1)
	if len(recovery) != 10 {
		t.Fatalf("%d recovery codes: %s", len(recovery), p.body)
	}
	if again := b.get("/oauth2/sessions"); strings.Contains(again.body, recovery[0][1]) || strings.Contains(again.body, found[1]) {
		t.Error("recovery codes or the secret are shown again")
	}
	for try, want := range []bool{true, false} {
		other := w.newBrowser()
		q := other.signIn(other.authorize(), "camille")
		got := other.submit(q, "code", strings.ToLower(recovery[3][1]))
		if in := strings.Contains(got.body, "Glycare SAS"); in != want {
			t.Errorf("use %d of a recovery code: %v, %d", try+1, in, got.status)
		}
	}
	if !w.told("recovery_used") || strings.Contains(w.log.String(), found[1]) || strings.Contains(w.log.String(), recovery[3][1]) {
		t.Error("the use of a recovery code is not told, or the log holds a secret")
	}
	if got := b.does(b.get("/oauth2/sessions"), "end-codes"); !strings.Contains(got.body, `value="begin-codes"`) {
		t.Errorf("codes are not ended: %s", got.body)
	}
	if other := w.newBrowser(); !strings.Contains(other.signIn(other.authorize(), "camille").body, "Glycare SAS") {
		t.Error("a code is asked after codes were ended")
	}
}

var credentialPattern = regexp.MustCompile(`name="passkey" value="([A-Za-z0-9_-]+)"`)

// Passkeys are named and removed; a removed one signs in no more, and the only way in stays.
func TestPasskeysAreManaged(t *testing.T) {
	t.Parallel()
	w := newWorldAt(t, "localhost")
	b, d := w.newBrowser(), w.newDevice()
	p := b.own("camille")
	answer := d.create(t, p)
	p = b.does(p, "add-passkey", "credential", answer, "name", "  \u202ephone ")
	id := credentialPattern.FindStringSubmatch(p.body)
	if id == nil || !strings.Contains(p.body, "<strong>phone</strong>") {
		t.Fatalf("%s", p.body)
	}
	if got := b.does(p, "add-passkey", "credential", answer, "name", "again"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("the same answer again: %d", got.status)
	}
	stranger := w.newBrowser()
	q := stranger.own("karim")
	if got := stranger.does(q, "remove-passkey", "passkey", id[1]); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a stranger removed a passkey: %d", got.status)
	}
	if got := stranger.does(q, "add-passkey", "credential", d.create(t, q), "name", "taken"); got.status != http.StatusUnprocessableEntity {
		t.Errorf("one credential in two accounts: %d", got.status)
	}
	d.auth.Options.UserHandle = nil
	p = b.does(p, "name-passkey", "passkey", id[1], "name", "key of the desk")
	if !strings.Contains(p.body, "key of the desk") {
		t.Errorf("not renamed: %s", p.body)
	}
	p = b.does(p, "remove-passkey", "passkey", id[1])
	if strings.Contains(p.body, "key of the desk") {
		t.Errorf("not removed: %s", p.body)
	}
	other := w.newBrowser()
	r := other.authorize()
	if got := other.submit(r, "step", "passkey", "credential", d.get(t, r)); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a removed passkey: %d", got.status)
	}
}

// Who signs in through a provider elsewhere has no proofs here: one would outlive what the provider vouches for.
func TestNoProofsOfPeopleFromElsewhere(t *testing.T) {
	t.Parallel()
	f := newFederated(t)
	b := f.newBrowser()
	for _, one := range []*browser{f.newBrowser(), b} { // with another session the page has a form, and its token
		one.get(one.toElsewhere(one.authorize(), "persons").RequestURI())
	}
	p := b.get("/oauth2/sessions")
	if !strings.Contains(p.body, "/oauth2/sign-out") || strings.Contains(p.body, `value="begin-codes"`) || strings.Contains(p.body, `value="confirm"`) {
		t.Fatalf("%d %s", p.status, p.body)
	}
	for _, do := range []string{"confirm", "begin-codes", "password", "add-passkey"} {
		if got := b.does(p, do, "new-password", "Pont-neuf?2026", "new-password-again", "Pont-neuf?2026"); got.status != http.StatusBadRequest {
			t.Errorf("%s: %d", do, got.status)
		}
	}
}

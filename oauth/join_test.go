package oauth_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/oauth"
)

const joinPassword = "une courbe monte, une autre descend"

// join makes an account as a page of ours does, from an address, and gives the problem and the cookies of the browser.
func (w *world) join(login, password, again, address string) (string, []*http.Cookie) {
	w.t.Helper()
	r := httptest.NewRequest(http.MethodPost, w.url+"/vendor/signup", nil)
	r.RemoteAddr = address + ":1"
	out := httptest.NewRecorder()
	problem, err := w.server.Join(out, r, oauth.Person{
		Key: "vendor-" + login + address, Login: login, Name: "Ada Lenoir", Reference: "Person/vendor-" + login, Roles: []string{"vendor"}, Organizations: []string{"publisher-" + login},
	}, url.Values{"new-password": {password}, "new-password-again": {again}})
	if err != nil {
		w.t.Fatal(err)
	}
	return problem, out.Result().Cookies()
}

// TestJoin: whoever makes an account is signed in, can sign in again by what they typed, is an agent, and opens no record.
func TestJoin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	problem, cookies := w.join("ada@courbes.example", joinPassword, joinPassword, "192.0.2.1")
	if problem != "" || len(cookies) == 0 {
		t.Fatalf("%q, %d cookies", problem, len(cookies))
	}
	b := w.newBrowser()
	b.client.Jar.SetCookies(w.address(), cookies)
	v, out := b.visitor(b.request(http.MethodGet, ""))
	if v == nil {
		t.Fatalf("nobody is signed in: %s", out.Body)
	}
	if v.Person.Kind != oauth.KindAgent || len(v.Roles()) != 1 {
		t.Errorf("%+v with the roles %v", v.Person, v.Roles())
	}
	if _, ok, err := v.Grant("camille"); ok || err != nil {
		t.Errorf("a record is open: %v, %v", ok, err)
	}
	for _, login := range []string{"ada@courbes.example", "ADA@courbes.example "} {
		other := w.newBrowser()
		other.submit(other.get("/oauth2/sessions"), "step", "sign-in", "login", login, "password", joinPassword)
		if v, _ := other.visitor(other.request(http.MethodGet, "")); v == nil {
			t.Errorf("%q does not sign in", login)
		}
	}
}

// TestJoinTakesNoLogin: an account made by oneself neither takes a login that somebody has nor tells that they have it, and is
// never found in their stead.
func TestJoinTakesNoLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if problem, _ := w.join("camille", joinPassword, joinPassword, "192.0.2.1"); problem != "" {
		t.Errorf("it tells that camille has an account: %q", problem)
	}
	b := w.newBrowser()
	b.own("camille")
	if v, _ := b.visitor(b.request(http.MethodGet, "")); v == nil || v.Person.Key != "camille" {
		t.Fatal("camille no longer signs in to her own account")
	}
	other := w.newBrowser()
	other.submit(other.get("/oauth2/sessions"), "step", "sign-in", "login", "camille", "password", joinPassword)
	if v, _ := other.visitor(other.request(http.MethodGet, "")); v != nil {
		t.Errorf("the newcomer's password opens %s", v.Person.Key)
	}
}

// TestJoinRefuses: what makes no account, and that one network makes so many and then waits.
func TestJoinRefuses(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tt := range map[string]struct{ login, password, again, want string }{
		"no login":          {"", joinPassword, joinPassword, oauth.JoinLogin},
		"two words":         {"a b", joinPassword, joinPassword, oauth.JoinLogin},
		"a long one":        {strings.Repeat("a", 201), joinPassword, joinPassword, oauth.JoinLogin},
		"not the same":      {"a@b.example", joinPassword, joinPassword + "x", oauth.JoinDiffer},
		"a short password":  {"a@b.example", "Ab1!", "Ab1!", "short"},
		"a weak one":        {"a@b.example", "abcdefghij", "abcdefghij", "kinds"},
		"one with the name": {"a@b.example", "Lenoir!2026", "Lenoir!2026", "personal"},
	} {
		if got, cookies := w.join(tt.login, tt.password, tt.again, "192.0.2.9"); got != tt.want || len(cookies) > 0 {
			t.Errorf("%s: %q with %d cookies, want %q", name, got, len(cookies), tt.want)
		}
	}
	if got, _ := w.join("twice@b.example", joinPassword, joinPassword, "192.0.2.10"); got != "" {
		t.Fatal(got)
	}
	if got, _ := w.join("Twice@B.example", joinPassword, joinPassword, "192.0.2.11"); got != oauth.JoinTaken {
		t.Errorf("the same login twice: %q", got)
	}
	waits := 0
	for k := range 25 {
		got, _ := w.join(strings.Repeat("z", k+1)+"@b.example", joinPassword, joinPassword, "192.0.2.12")
		if got == oauth.JoinWait {
			waits++
		}
	}
	if waits != 5 {
		t.Errorf("of 25 accounts from one network %d had to wait, want 5", waits)
	}
}

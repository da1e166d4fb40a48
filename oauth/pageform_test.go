package oauth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// pageOf posts a form to a page that another package serves, in this browser, and tells what the page read.
func (b *browser) pageOf(page string, change func(*http.Request), form string) (int, url.Values) {
	r := b.request(http.MethodPost, form)
	change(r)
	out := httptest.NewRecorder()
	read, ok := b.w.server.PageForm(out, r, page)
	if ok != (read != nil) || ok && out.Body.Len() > 0 {
		b.w.t.Errorf("%v, %v, and wrote %q", read, ok, out.Body)
	}
	if !ok && !strings.Contains(out.Body.String(), "<h1>") {
		b.w.t.Errorf("refused without a page: %q", out.Body)
	}
	return out.Code, read
}

// request is one of this browser, as the server's own handlers see it.
func (b *browser) request(method, form string) *http.Request {
	r := httptest.NewRequest(method, b.w.url+"/emergency", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range b.client.Jar.Cookies(b.w.address()) {
		r.AddCookie(c)
	}
	return r
}

// tokenOf is what a page of another package puts into its forms.
func (b *browser) tokenOf(page string) string {
	return b.w.server.FormToken(httptest.NewRecorder(), b.request(http.MethodGet, ""), page)
}

// TestPageForm: a page of another package takes its own forms alone: of this page, session and browser, from this origin,
// bounded.
func TestPageForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, other := w.newBrowser(), w.newBrowser()
	own := b.own("camille")
	other.own("camille")
	token := b.tokenOf("emergency")
	none := func(*http.Request) {}
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, tt := range map[string]struct {
		change func(*http.Request)
		form   string
		status int
	}{
		"its own":              {none, "reason=x&empty=&csrf=" + token, 200},
		"same origin":          {header("Sec-Fetch-Site", "same-origin"), "reason=x&csrf=" + token, 200},
		"no token":             {none, "reason=x", 403},
		"another page's":       {none, "reason=x&csrf=" + b.tokenOf("space"), 403},
		"of our own pages":     {none, "reason=x&csrf=" + own.hidden.Get("csrf"), 403},
		"another browser's":    {none, "reason=x&csrf=" + other.tokenOf("emergency"), 403},
		"from another site":    {header("Sec-Fetch-Site", "cross-site"), "reason=x&csrf=" + token, 403},
		"from another origin":  {header("Origin", "https://evil.example"), "reason=x&csrf=" + token, 403},
		"no form":              {header("Content-Type", "application/json"), "{}", 415},
		"too large":            {none, "csrf=" + token + "&reason=" + strings.Repeat("x", 33<<10), 413},
		"twice":                {none, "reason=x&reason=y&csrf=" + token, 400},
		"malformed":            {none, "reason=%zz&csrf=" + token, 400},
		"in the address":       {func(r *http.Request) { r.URL.RawQuery = "reason=y" }, "csrf=" + token, 400},
		"too many":             {none, manyFields(70) + "csrf=" + token, 400},
		"by GET":               {func(r *http.Request) { r.Method = http.MethodGet }, "csrf=" + token, 405},
		"without its browser":  {func(r *http.Request) { r.Header.Del("Cookie") }, "reason=x&csrf=" + token, 403},
		"an empty token":       {none, "reason=x&csrf=", 403},
		"of no page":           {none, "reason=x&csrf=" + b.tokenOf(""), 403},
		"the token of a step":  {none, "reason=x&csrf=" + b.authorize("prompt", "login").hidden.Get("csrf"), 403},
		"no valid text in it":  {none, "reason=%ff&csrf=" + token, 400},
		"one value, very long": {none, "csrf=" + token + "&reason=" + strings.Repeat("x", 9<<10), 400},
	} {
		status, read := b.pageOf("emergency", tt.change, tt.form)
		if status != tt.status || status == 200 && (read.Get("reason") != "x" || read.Has("empty")) {
			t.Errorf("%s: %d %v, want %d", name, status, read, tt.status)
		}
	}
	b.post("/oauth2/sign-out", nil)
	b.own("camille")
	if status, _ := b.pageOf("emergency", none, "reason=x&csrf="+token); status != 403 {
		t.Errorf("a token of the session before: %d", status)
	}
}

// TestAskSignIn: a page of another package gets the person back once they have signed in.
func TestAskSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	out := httptest.NewRecorder()
	r := b.request(http.MethodGet, "")
	if p, err := w.server.SignedIn(r); p != nil || err != nil {
		t.Fatalf("%+v, %v", p, err)
	}
	w.server.AskSignIn(out, r, "/emergency")
	b.client.Jar.SetCookies(w.address(), out.Result().Cookies())
	p := b.signIn(b.get(out.Header().Get("Location")), "camille")
	if out.Code != http.StatusSeeOther || p.at != "/emergency" {
		t.Fatalf("%d, then %d at %s", out.Code, p.status, p.at)
	}
	if p, err := w.server.SignedIn(b.request(http.MethodGet, "")); err != nil || p == nil || p.Key != "camille" {
		t.Errorf("%+v, %v", p, err)
	}
}

func manyFields(n int) string {
	var out strings.Builder
	for i := range n {
		fmt.Fprintf(&out, "f%d=x&", i)
	}
	return out.String()
}

package oauth_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/oauth"
)

// request is one of this browser, as the server's own handlers see it.
func (b *browser) request(method, form string) *http.Request {
	r := httptest.NewRequest(method, b.w.url+"/emergency", strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, c := range b.client.Jar.Cookies(b.w.address()) {
		r.AddCookie(c)
	}
	return r
}

// visitor is this browser's at a page of people.
func (b *browser) visitor(r *http.Request) (*oauth.Visitor, *httptest.ResponseRecorder) {
	out := httptest.NewRecorder()
	return b.w.server.Visitor(out, r), out
}

// tokenOfForms is what a page of people puts into its forms.
func (b *browser) tokenOfForms() string {
	v, _ := b.visitor(b.request(http.MethodGet, ""))
	if v == nil {
		b.w.t.Fatal("nobody is signed in")
	}
	return v.CSRF()
}

// postedBy reads a form as a page of people does, and tells the status of the answer it gave itself.
func (b *browser) postedBy(r *http.Request, read func(*oauth.Visitor) (url.Values, bool)) (int, url.Values) {
	v, out := b.visitor(r)
	if v == nil {
		return out.Code, nil
	}
	form, ok := read(v)
	if ok != (form != nil) || ok && out.Body.Len() > 0 || !ok && !strings.Contains(out.Body.String(), "<h1>") {
		b.w.t.Errorf("%v, %v, and wrote %q", form, ok, out.Body)
	}
	return out.Code, form
}

// TestVisitorForm: a page of people takes its own forms alone: of this session and browser, from this origin, bounded.
func TestVisitorForm(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, other := w.newBrowser(), w.newBrowser()
	own := b.own("camille")
	other.own("camille")
	token := b.tokenOfForms()
	none := func(*http.Request) {}
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, tt := range map[string]struct {
		change func(*http.Request)
		form   string
		status int
	}{
		"its own":             {none, "reason=x&reason=y&csrf=" + token, 200},
		"same origin":         {header("Sec-Fetch-Site", "same-origin"), "reason=x&csrf=" + token, 200},
		"the address too":     {func(r *http.Request) { r.URL.RawQuery = "reason=z" }, "reason=x&csrf=" + token, 200},
		"token in address":    {func(r *http.Request) { r.URL.RawQuery = "csrf=" + token }, "reason=x", 403},
		"no token":            {none, "reason=x", 403},
		"of our own pages":    {none, "reason=x&csrf=" + own.hidden.Get("csrf"), 403},
		"another browser's":   {none, "reason=x&csrf=" + other.tokenOfForms(), 403},
		"from another site":   {header("Sec-Fetch-Site", "cross-site"), "reason=x&csrf=" + token, 403},
		"from another origin": {header("Origin", "https://evil.example"), "reason=x&csrf=" + token, 403},
		"no form":             {header("Content-Type", "application/json"), "{}", 403},
		"too large":           {none, "csrf=" + token + "&reason=" + strings.Repeat("x", 65<<10), 413},
		"malformed":           {none, "reason=%zz&csrf=" + token, 400},
		"too many":            {none, strings.Repeat("f=x&", 501) + "csrf=" + token, 400},
		"by GET":              {func(r *http.Request) { r.Method = http.MethodGet }, "csrf=" + token, 403},
		"signed out":          {func(r *http.Request) { r.Header.Del("Cookie") }, "reason=x&csrf=" + token, 303},
		"an empty token":      {none, "reason=x&csrf=", 403},
		"the token of a step": {none, "reason=x&csrf=" + b.authorize("prompt", "login").hidden.Get("csrf"), 403},
		"no valid text in it": {none, "reason=%ff&csrf=" + token, 400},
	} {
		r := b.request(http.MethodPost, tt.form)
		tt.change(r)
		status, read := b.postedBy(r, (*oauth.Visitor).Form)
		if status != tt.status || status == 200 && read.Get("reason") != "x" {
			t.Errorf("%s: %d %v, want %d", name, status, read, tt.status)
		}
	}
	b.post("/oauth2/sign-out", nil)
	b.own("camille")
	if status, _ := b.postedBy(b.request(http.MethodPost, "reason=x&csrf="+token), (*oauth.Visitor).Form); status != 403 {
		t.Errorf("a token of the session before: %d", status)
	}
}

// TestVisitorUpload: a file comes with the same token, and within the bytes that the page allows.
func TestVisitorUpload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	b.own("camille")
	token := b.tokenOfForms()
	for name, tt := range map[string]struct {
		token  string
		size   int
		status int
	}{"its own": {token, 1000, 200}, "no token": {"", 1000, 403}, "too large": {token, 5000, 413}} {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		_ = form.WriteField("csrf", tt.token)
		file, _ := form.CreateFormFile("letter", "letter.pdf")
		fmt.Fprint(file, strings.Repeat("x", tt.size))
		_ = form.Close()
		r := b.request(http.MethodPost, body.String())
		r.Header.Set("Content-Type", form.FormDataContentType())
		if status, _ := b.postedBy(r, func(v *oauth.Visitor) (url.Values, bool) { return v.Upload(4096) }); status != tt.status {
			t.Errorf("%s: %d, want %d", name, status, tt.status)
		}
	}
}

// TestVisitorSignsIn: whoever is not signed in is led back to the page once they are.
func TestVisitorSignsIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	v, out := b.visitor(b.request(http.MethodGet, ""))
	if v != nil || out.Code != http.StatusSeeOther {
		t.Fatalf("%v, %d", v, out.Code)
	}
	b.client.Jar.SetCookies(w.address(), out.Result().Cookies())
	if p := b.signIn(b.get(out.Header().Get("Location")), "camille"); p.at != "/emergency" {
		t.Fatalf("came back to %d %s", p.status, p.at)
	}
	if v, _ = b.visitor(b.request(http.MethodGet, "")); v == nil || v.Person.Key != "camille" {
		t.Errorf("%+v", v)
	}
}

// TestVisitorGrant: our own pages give each visitor their own rights: the holder's on their space, a representative's on
// the child's, nothing on a stranger's; a professional's on whomever they name.
func TestVisitorGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tt := range []struct{ who, patient, kind, purpose string }{
		{"camille", "camille", "patient", "PATRQT"}, {"camille", "", "patient", "PATRQT"}, {"camille", "lucas", "representative", "PATRQT"},
		{"camille", "jeanne", "", ""}, {"dr.roux", "camille", "professional", "TREAT"}, {"dr.roux", "", "professional", "TREAT"},
	} {
		b := w.newBrowser()
		b.own(tt.who)
		v, _ := b.visitor(b.request(http.MethodGet, ""))
		g, ok, err := v.Grant(tt.patient)
		if err != nil || ok != (tt.kind != "") {
			t.Errorf("%+v: %v, %v", tt, ok, err)
			continue
		}
		if ok && (g.Actor.Kind != tt.kind || g.Purpose != tt.purpose || g.Client.Kind != "portal" || g.Mode != "normal" || tt.patient != "" && g.Patient != tt.patient) {
			t.Errorf("%+v: %+v", tt, g)
		}
	}
}

// TestVisitorSituation: a professional with several work situations says once in which they are there.
func TestVisitorSituation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.server.PutPerson(t.Context(), nurse()); err != nil {
		t.Fatal(err)
	}
	b := w.newBrowser()
	b.own("inf-duval")
	v, out := b.visitor(b.request(http.MethodGet, ""))
	if v != nil || out.Header().Get("Location") != "/oauth2/situation?back=%2Femergency" {
		t.Fatalf("%v, %v", v, out.Header())
	}
	p := b.get(out.Header().Get("Location"))
	if wrong := b.post("/oauth2/situation", url.Values{"csrf": {p.hidden.Get("csrf")}, "back": {"//evil.example"}, "situation": {"nowhere"}}); wrong.status != 422 {
		t.Errorf("a situation of nobody: %d", wrong.status)
	}
	if p := b.post("/oauth2/situation", url.Values{"csrf": {p.hidden.Get("csrf")}, "back": {p.hidden.Get("back")}, "situation": {"home"}}); p.at != "/emergency" {
		t.Errorf("came back to %d %s", p.status, p.at)
	}
	if v, _ = b.visitor(b.request(http.MethodGet, "")); v == nil || v.Person.Organization != "EHPAD Les Tilleuls" {
		t.Errorf("%+v", v)
	}
}

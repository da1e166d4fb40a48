package gate

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestChallenge: who has no good token is told how to get one, and nothing else.
func TestChallenge(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	for name, tt := range map[string]struct {
		path    string
		headers []string
		status  int
		code    string // error of the challenge
	}{
		"no token":             {"/Patient/camille", nil, 401, ""},
		"basic":                {"/Patient/camille", []string{"Authorization", "Basic Y2FtaWxsZTp4"}, 401, ""},
		"no scheme":            {"/Patient/camille", []string{"Authorization", "camille"}, 401, ""},
		"unknown":              {"/Patient/camille", []string{"Authorization", "Bearer nobody"}, 401, "invalid_token"},
		"in the query":         {"/Patient/camille?access_token=camille", nil, 401, ""},
		"before misunderstood": {"/Nothing/camille?x=y", nil, 401, ""},
		"scheme in any case":   {"/Patient/camille", []string{"Authorization", "bEaReR camille"}, 200, ""},
		"scheme alone":         {"/Patient/camille", []string{"Authorization", "Bearer"}, 401, ""},
	} {
		a := w.get("", tt.path, tt.headers...)
		challenge := a.Header().Get("WWW-Authenticate")
		if a.Code != tt.status || (tt.status == 401) != strings.Contains(challenge, `resource_metadata="http://gate.test/.well-known/oauth-protected-resource/fhir"`) {
			t.Errorf("%s: %d with challenge %q", name, a.Code, challenge)
		}
		if tt.code == "" == strings.Contains(challenge, "error=") {
			t.Errorf("%s: challenge %q", name, challenge)
		}
	}
	r := w.get("camille", "/Patient/camille?access_token=x")
	if r.Code != 400 {
		t.Errorf("a token in the query beside a good one: %d", r.Code)
	}
}

// TestTokenErrors: each error has its status, and no text of it leaves the header it stands in.
func TestTokenErrors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for code, status := range map[string]int{"invalid_token": 401, "invalid_request": 400, "insufficient_scope": 403} {
		w.gate.Grants = refusing{&TokenError{Code: code, Description: "a \"b\"\r\nX-Evil: c\\"}}
		a := w.get("x", "/Patient/camille")
		if got := a.Header().Get("WWW-Authenticate"); a.Code != status || strings.Count(got, `"`) != 8 || strings.ContainsAny(got, "\r\n\\") {
			t.Errorf("%s: %d with %q", code, a.Code, got)
		}
	}
}

// TestChallengesOfBothSchemes: where bound tokens are taken too, both schemes are told, and the error under the one that
// the token came with.
func TestChallengesOfBothSchemes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.gate.Proofs = []string{"ES256", "EdDSA"}
	age := 0 * time.Second
	for name, tt := range map[string]struct {
		err          TokenError
		bearer, dpop string // what the challenge of each ends with
	}{
		"none":    {TokenError{}, `fhir"`, `algs="ES256 EdDSA"`},
		"bearer":  {TokenError{Code: "invalid_token", Description: "x"}, `error="invalid_token", error_description="x"`, `algs="ES256 EdDSA"`},
		"nonce":   {TokenError{Code: "use_dpop_nonce", Description: "x", Scheme: SchemeDPoP, Nonce: "n"}, `fhir"`, `algs="ES256 EdDSA", error="use_dpop_nonce", error_description="x"`},
		"step up": {TokenError{Code: insufficientAuthentication, Description: "x", ACR: []string{"eidas3", "eidas2"}, MaxAge: &age}, `error_description="x", acr_values="eidas3 eidas2", max_age="0"`, `algs="ES256 EdDSA"`},
	} {
		w.gate.Grants = refusing{&tt.err}
		a := w.get("x", "/Patient/camille")
		got := a.Header().Values("WWW-Authenticate")
		if a.Code != 401 || len(got) != 2 || !strings.HasPrefix(got[0], "Bearer ") || !strings.HasSuffix(got[0], tt.bearer) ||
			!strings.HasPrefix(got[1], "DPoP ") || !strings.HasSuffix(got[1], tt.dpop) || a.Header().Get("DPoP-Nonce") != tt.err.Nonce {
			t.Errorf("%s: %d with %q, nonce %q", name, a.Code, got, a.Header().Get("DPoP-Nonce"))
		}
	}
}

// TestPresent: what a request says of its token. The public URL has the host of the configuration, never the Host header's.
func TestPresent(t *testing.T) {
	t.Parallel()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://evil.example/fhir/Patient/a%2Fb?x=1", nil)
	r.Header.Add("DPoP", "p1")
	r.Header.Add("dpop", "p2")
	certificate := &x509.Certificate{Raw: []byte{1}}
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{certificate, {}}}
	want := Presented{
		Scheme: SchemeDPoP, Token: "abc", Method: "POST", URL: "https://gate.example/fhir/Patient/a%2Fb",
		Proofs: []string{"p1", "p2"}, Certificate: certificate,
	}
	if got, ok := Present(r, "dpop abc", "https://gate.example/fhir"); !ok || !cmp.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	if got, ok := Present(r, "DPoP abc", "https://gate.example"); !ok || got.URL != want.URL {
		t.Errorf("%+v", got)
	}
	for _, header := range []string{"", "Bearer", "Basic abc", "DPoPabc", "abc"} {
		if got, ok := Present(r, header, "https://gate.example"); ok {
			t.Errorf("%q: %+v", header, got)
		}
	}
}

type refusing struct{ err error }

func (r refusing) Authenticate(context.Context, Presented) (*Grant, error) { return nil, r.err }

// TestUnreadBody: nothing of a stranger's body is read.
func TestUnreadBody(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, testBase+"/DocumentReference", unreadable{t})
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/fhir+json")
	if _, _, err := w.gate.answer(t.Context(), r); err == nil {
		t.Error("a stranger's deposit is answered")
	}
}

type unreadable struct{ *testing.T }

func (u unreadable) Read([]byte) (int, error) {
	u.Error("the body of a stranger is read")
	return 0, http.ErrBodyNotAllowed
}

func TestBrowsersMayCall(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	a := w.ask("", http.MethodOptions, "/Patient/camille", "")
	if a.Header().Get("Access-Control-Max-Age") != "7200" || !strings.Contains(a.Header().Get("Access-Control-Allow-Methods"), "PATCH") {
		t.Errorf("preflight: %v", a.Header())
	}
	for _, name := range []string{"ETag", "Location", "Last-Modified", "WWW-Authenticate"} {
		if !strings.Contains(w.get("camille", "/Patient/camille").Header().Get("Access-Control-Expose-Headers"), name) {
			t.Errorf("a browser app does not see %s", name)
		}
	}
	if a.Code != 204 || a.Header().Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(a.Header().Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Errorf("preflight: %d %v", a.Code, a.Header())
	}
	if a := w.get("", "/Patient/camille"); a.Header().Get("Access-Control-Allow-Origin") != "*" || a.Header().Get("Access-Control-Allow-Credentials") != "" {
		t.Errorf("a refusal is not readable by a browser, or lets cookies through: %v", a.Header())
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	full := w.get("dr-lam", "/DocumentReference/report").is(200)
	head := w.ask("dr-lam", http.MethodHead, "/DocumentReference/report", "").is(200)
	if head.Body.Len() != 0 || head.Header().Get("Content-Length") != full.Header().Get("Content-Length") || head.Header().Get("ETag") != full.Header().Get("ETag") {
		t.Errorf("HEAD: %d bytes, %v", head.Body.Len(), head.Header())
	}
	w.ask("dr-lam", http.MethodHead, "/DocumentReference/letter", "").is(404)
}

// TestMisunderstood: what is not understood is refused in both languages, and no route leads around the gate.
func TestMisunderstood(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	for _, tt := range []struct {
		method, path, body string
		headers            []string
		status             int
		allow              string
	}{
		{"GET", "/Nothing/x", "", nil, 404, ""},
		{"GET", "/Patient/camille/$match", "", nil, 404, ""},
		{"GET", "/DocumentReference/report", "", []string{"Accept", "application/fhir+xml"}, 406, ""},
		{"PUT", "/DocumentReference", "", nil, 400, ""},
		{"PUT", "/DocumentReference/report", document("report"), nil, 405, "PATCH"},
		{"DELETE", "/Consent/sharing", "", nil, 405, "PUT"},
		{"POST", "/", `{"resourceType":"Bundle","type":"batch"}`, nil, 400, ""},
		{"GET", "/_history?_list=x", "", nil, 400, ""},
		{"GET", "/AuditEvent/_history", "", nil, 404, ""},
		{"GET", "/Practitioner/_history", "", nil, 404, ""},
		{"GET", "/Binary/_history", "", nil, 403, ""},
		{"POST", "/DocumentReference", `{`, nil, 400, ""},
		{"POST", "/DocumentReference", deposited("x"), []string{"Content-Type", "text/plain"}, 415, ""},
		{"GET", "/DocumentReference?patient=camille&colour=red", "", []string{"Prefer", "handling=strict"}, 400, ""},
		{"GET", "/DocumentReference?patient=camille&_count=-1", "", nil, 400, ""},
		{"GET", "/DocumentReference?patient=camille&_page=forged", "", nil, 400, ""},
		{"GET", "/Observation?code=x", "", nil, 200, ""},
	} {
		a := w.ask("camille", tt.method, tt.path, tt.body, tt.headers...)
		if a.Code != tt.status || !strings.Contains(a.Header().Get("Allow"), tt.allow) {
			t.Errorf("%s %s: %d, Allow %q: %s", tt.method, tt.path, a.Code, a.Header().Get("Allow"), a.Body)
			continue
		}
		if tt.status >= 400 {
			a.outcome()
		}
	}
	w.get("dr-lam-free", "/Observation?code=x").is(400).outcome()
}

// outcome checks that an answer is an OperationOutcome in French and English.
func (a answer) outcome() {
	a.w.Helper()
	n := a.node()
	details := n.Get("issue").Items()[0].Get("details")
	if n.Get("resourceType").Text() != "OperationOutcome" || details.Get("text").Text() == "" || !strings.Contains(string(details.Get("_text").Bytes()), `"fr"`) {
		a.w.Errorf("not an outcome in two languages: %s", a.Body)
	}
	if a.Header().Get("Cache-Control") != "no-store" || a.Header().Get("X-Content-Type-Options") != "nosniff" {
		a.w.Errorf("headers %v", a.Header())
	}
}

// TestCapabilitiesAreOpen: the one thing that anyone may read.
func TestCapabilitiesAreOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, headers := range [][]string{nil, {"Authorization", "Bearer nobody"}} {
		if got := w.get("", "/metadata", headers...).is(200).node().Get("resourceType").Text(); got != "CapabilityStatement" {
			t.Errorf("metadata is a %s", got)
		}
	}
}

func TestTakePage(t *testing.T) {
	t.Parallel()
	for query, want := range map[string][2]string{
		"a=b&_page=c&d=e": {"c", "a=b&d=e"}, "_page=c": {"c", ""}, "x_page=1&_page=c": {"c", "x_page=1"},
		"a=b": {"", "a=b"}, "x_page=1": {"", "x_page=1"}, "_page=c&_page=d": {"c", "_page=d"}, "": {"", ""},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, testBase+"/Patient?"+query, nil)
		if err != nil {
			t.Fatal(err)
		}
		page, rest := takePage(r)
		if page != want[0] || rest.URL.RawQuery != want[1] {
			t.Errorf("%q: page %q of %q, want %q", query, page, rest.URL.RawQuery, want)
		}
	}
}

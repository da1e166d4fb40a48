package main_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// visitor is somebody at the pages of sign-in, by plain HTTP.
type visitor struct {
	t      *testing.T
	s      *server
	client *http.Client
	page   string
	status int
	back   *url.URL // where the last page sent the browser outside of the server
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)"`)

const pkce = "a-verifier-of-more-than-forty-three-characters-0"

// asks pushes a request of the portal with authorization details, follows its reference and signs somebody in.
func (s *server) asks(t *testing.T, who, details string) *visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := &visitor{t: t, s: s, client: &http.Client{Jar: jar, Timeout: time.Minute, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if !strings.HasPrefix(r.URL.String(), s.base) {
			return http.ErrUseLastResponse
		}
		return nil
	}}}
	sum := sha256.Sum256([]byte(pkce))
	v.post("/oauth2/par", url.Values{
		"response_type": {"code"}, "client_id": {"portal"}, "redirect_uri": {"http://127.0.0.1/callback"}, "scope": {"patient/*.rs"}, "aud": {s.base + "/fhir"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "authorization_details": {details},
	})
	var pushed struct {
		URI string `json:"request_uri"`
	}
	if err := json.Unmarshal([]byte(v.page), &pushed); err != nil || pushed.URI == "" {
		t.Fatalf("pushing: %d %s", v.status, v.page)
	}
	res, err := v.client.Get(s.base + "/oauth2/authorize?client_id=portal&request_uri=" + url.QueryEscape(pushed.URI))
	v.read(res, err)
	for _, p := range s.description(t).People {
		if p.Key == who {
			v.submit("login", p.Login, "password", p.Password)
		}
	}
	return v
}

func (v *visitor) post(path string, form url.Values) {
	v.t.Helper()
	res, err := v.client.PostForm(v.s.base+path, form)
	v.read(res, err)
}

func (v *visitor) read(res *http.Response, err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	v.page, v.status, v.back = string(body), res.StatusCode, nil
	if l := res.Header.Get("Location"); l != "" {
		v.back, _ = url.Parse(l)
	}
}

// submit posts the first form of the page with more fields.
func (v *visitor) submit(fields ...string) {
	v.t.Helper()
	form := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(v.page, -1) {
		if !form.Has(m[1]) {
			form.Set(m[1], html.UnescapeString(m[2]))
		}
	}
	for _, m := range regexp.MustCompile(`<input [^>]*type="checkbox" name="([^"]+)"`).FindAllStringSubmatch(v.page, -1) {
		form.Set(m[1], "on")
	}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	v.post("/oauth2/continue", form)
}

// token redeems the code that the browser was sent back with.
func (v *visitor) token() reader {
	v.t.Helper()
	if v.back == nil || !v.back.Query().Has("code") {
		v.t.Fatalf("no code: %d %v %s", v.status, v.back, v.page)
	}
	v.post("/oauth2/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"portal"}, "code": {v.back.Query().Get("code")}, "redirect_uri": {"http://127.0.0.1/callback"}, "code_verifier": {pkce},
	})
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.Unmarshal([]byte(v.page), &got); err != nil || got.Token == "" {
		v.t.Fatalf("no token: %s", v.page)
	}
	return reader{t: v.t, s: v.s, token: got.Token}
}

// TestBreakingTheGlassByAuthorization: pushed, signed in, decided by the policies, opened stage by stage and logged.
func TestBreakingTheGlassByAuthorization(t *testing.T) {
	t.Parallel()
	s := start(t)
	v := s.asks(t, "dr-urgence", `[{"type":"break_glass","identifier":"`+strings.TrimPrefix(s.ins(t, "camille"), insSystem+"|")+`","reason":"unconscious"}]`)
	v.submit("decision", "allow")
	first := v.token()
	shows(t, first, "stage 1", true, vital...)
	shows(t, first, "stage 1", false, beyond...)
	if a := first.get("DocumentReference/lucas-report"); a.status == 200 {
		t.Error("it opens another record")
	}
	v = s.asks(t, "dr-urgence", `[{"type":"break_glass","patient":"Patient/camille","reason":"vital-risk","stage":2}]`)
	v.submit("decision", "allow")
	shows(t, v.token(), "stage 2", true, slices.Concat(vital, beyond)...)
	time.Sleep(time.Second) // an access lasts since a whole second
	for _, tt := range []struct{ reason, words string }{{"unconscious", "un nouveau motif"}, {"severe-trauma", ""}, {"acute-confusion", "déjà été prolongé"}} {
		v = s.asks(t, "dr-urgence", `[{"type":"break_glass","patient":"Patient/camille","reason":"`+tt.reason+`","extend":true}]`)
		v.submit("decision", "allow")
		switch {
		case tt.words == "":
			shows(t, v.token(), "the extension", true, vital...)
		case v.status != 403 || !strings.Contains(v.page, tt.words):
			t.Errorf("extended with %s: %d %s", tt.reason, v.status, v.page)
		}
	}
	log := s.as(t, "camille").get("AuditEvent?patient=camille&_count=100").is(t, 200)
	if !strings.Contains(string(log.body), "open-emergency") {
		t.Error("the person's log does not tell of the opening")
	}

	for _, tt := range []struct{ name, who, details, words string }{
		{"a link is enough", "dr-roux", `{"type":"break_glass","patient":"Patient/camille","reason":"unconscious"}`, "accès normal suffit"},
		{"opposed", "dr-urgence", `{"type":"break_glass","patient":"Patient/yanis","reason":"unconscious"}`, "opposée"},
		{"no regulating doctor", "dr-urgence", `{"type":"break_glass","patient":"Patient/camille","mode":"centre_15","reason":"call"}`, "régulateur"},
		{"blocked", "dr-bloque", `{"type":"break_glass","patient":"Patient/camille","reason":"unconscious"}`, "ne s’ouvre pas ainsi"},
		{"no professional", "sofia", `{"type":"break_glass","patient":"Patient/camille","reason":"unconscious"}`, "professionnels de santé"},
		{"nobody has it", "dr-urgence", `{"type":"break_glass","identifier":"199017500000012","reason":"unconscious"}`, "ne s’ouvre pas ainsi"},
		{"closed", "dr-urgence", `{"type":"break_glass","patient":"Patient/nour","reason":"unconscious"}`, "ne s’ouvre pas ainsi"},
	} {
		v := s.asks(t, tt.who, "["+tt.details+"]")
		v.submit("decision", "allow")
		if v.status != 403 || v.back != nil || !strings.Contains(v.page, tt.words) {
			t.Errorf("%s: %d %v %s", tt.name, v.status, v.back, v.page)
		}
	}
	v = s.asks(t, "dr-regul", `[{"type":"break_glass","patient":"Patient/camille","mode":"centre_15","reason":"call"}]`)
	v.submit("decision", "allow")
	shows(t, v.token(), "the call centre", true, "AllergyIntolerance/camille-penicillin")
}

// TestConsultationByAuthorization: camille lets a doctor in for one consultation from the page, and it opens.
func TestConsultationByAuthorization(t *testing.T) {
	t.Parallel()
	s := start(t)
	doctor := s.about(t, "dr-urgence", "camille")
	doctor.get("DocumentReference/camille-consultation").is(t, 403, 404)
	v := s.asks(t, "camille", `[{"type":"consultation","professional":"Practitioner/dr-urgence"}]`)
	v.submit("decision", "allow", "patient", "camille")
	v.token()
	doctor.get("DocumentReference/camille-consultation").is(t, 200)
}

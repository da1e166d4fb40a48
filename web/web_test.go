package web_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/oauth/scope"
	"github.com/pontlevis/pontlevis/oauth/upstream"
	"github.com/pontlevis/pontlevis/web"
)

const hostile = `"><script>alert(1)</script>&{{.}}`

func renderer(t *testing.T) *web.Renderer {
	t.Helper()
	r, err := web.New(web.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func app() oauth.AppView {
	return oauth.AppView{
		FR: oauth.AppText{Name: "Glycare " + hostile, Purpose: "Suivre la glycémie. " + hostile},
		EN: oauth.AppText{Name: "Glycare " + hostile, Purpose: "Follow blood sugar."}, Publisher: hostile,
		Status: "online", Exchange: true, Kind: "smart",
	}
}

func form() oauth.Form {
	return oauth.Form{Action: "/oauth2/continue", TX: "tx" + hostile, CSRF: "csrf", Target: "https://app.example"}
}

func elsewhere() oauth.Elsewhere {
	return oauth.Elsewhere{Name: "idp", Href: "/oauth2/upstream/idp?tx=x", FR: "FranceConnect " + hostile, EN: "FranceConnect " + hostile}
}

func asked(t *testing.T, words ...string) []oauth.ConsentLine {
	t.Helper()
	var out []oauth.ConsentLine
	for i, p := range scope.Parts(words) {
		out = append(out, oauth.ConsentLine{Part: p, Name: fmt.Sprint("line-", i), Required: p.Kind == scope.Identity, Checked: p.Kind != scope.Write})
	}
	for _, w := range words {
		if _, ok := scope.Parse(w); !ok {
			t.Fatalf("scope %q is not understood", w)
		}
	}
	return out
}

// everyPage renders each page in each of its states.
func everyPage(t *testing.T, r *web.Renderer) map[string]func(http.ResponseWriter, *http.Request) {
	choices := []oauth.Choice{
		{Patient: "camille", Name: "Camille " + hostile, Kind: "patient", Chosen: true}, {Patient: "lucas", Name: "Lucas", Kind: "representative"},
		{Patient: "jeanne", Name: "Jeanne", Kind: "carer"}, {Patient: "x", Name: "X", Kind: "helper"}, {Patient: "y", Name: "Y", Kind: "professional"},
	}
	lines := asked(t, "openid", "fhirUser", "launch/patient", "offline_access", "online_access", "patient/*.rs", "patient/Observation.read", "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs&date=ge2020-01-01",
		"user/DocumentReference.cruds", "system/Coverage.cud", "patient/MedicationRequest.write")
	pages := map[string]func(http.ResponseWriter, *http.Request){
		"leave": func(w http.ResponseWriter, req *http.Request) {
			r.Leave(w, req, oauth.LeavePage{Form: form(), App: app(), Client: hostile, Redirect: hostile, State: hostile})
		},
		"leave for nobody": func(w http.ResponseWriter, req *http.Request) { r.Leave(w, req, oauth.LeavePage{Form: form()}) },
		"signedout":        func(w http.ResponseWriter, req *http.Request) { r.SignedOut(w, req, oauth.SignedOutPage{}) },
		"signedout here alone": func(w http.ResponseWriter, req *http.Request) {
			r.SignedOut(w, req, oauth.SignedOutPage{At: elsewhere(), Href: "https://idp.example/end?id_token_hint=x"})
		},
		"index": func(w http.ResponseWriter, req *http.Request) {
			r.Index(w, req, web.IndexPage{
				Base: "http://127.0.0.1:8700", FHIR: "http://127.0.0.1:8700/fhir", Issuer: "http://127.0.0.1:8700", Data: "/tmp/x",
				People:  []web.IndexPerson{{Key: "camille", Name: "Camille", Kind: "patient"}, {Key: "dr-roux", Kind: "professional", Note: web.Text{FR: "médecin traitant", EN: "own doctor"}}},
				Clients: []web.IndexClient{{Key: "glycare", ID: "glycare", Status: "online"}, {Key: "oldapp", Status: "recalled"}, {Key: "portal"}},
				Links:   []web.IndexLink{{Href: "/fhir/metadata", Title: web.Text{FR: "Ce que le serveur sait faire", EN: "What the server can do"}}},
			})
		},
	}
	for _, e := range []string{"", "credentials", "passkey", "letter", "throttled"} {
		pages["signin "+e] = func(w http.ResponseWriter, req *http.Request) {
			r.SignIn(w, req, 200, oauth.SignInPage{Form: form(), App: app(), Login: hostile, Letter: e == "letter", Error: e, Wait: 30})
		}
		pages["signin with passkeys "+e] = func(w http.ResponseWriter, req *http.Request) {
			r.SignIn(w, req, 200, oauth.SignInPage{Form: form(), App: app(), Own: true, Passkey: `{"challenge":"x"}`, Error: e})
		}
	}
	for _, e := range []string{"", "code", "passkey", "throttled"} {
		pages["second factor "+e] = func(w http.ResponseWriter, req *http.Request) {
			r.SecondFactor(w, req, 200, oauth.SecondFactorPage{Form: form(), App: app(), Person: hostile, Codes: true, Error: e})
		}
		pages["second factor with passkeys "+e] = func(w http.ResponseWriter, req *http.Request) {
			r.SecondFactor(w, req, 200, oauth.SecondFactorPage{Form: form(), App: app(), Own: e == "", StepUp: true, Passkey: hostile, Error: e})
		}
	}
	for _, e := range []string{"", "differ", "passkey", "short", "long", "kinds", "personal"} {
		pages["enrolment "+e] = func(w http.ResponseWriter, req *http.Request) {
			r.Enrolment(w, req, 200, oauth.EnrolmentPage{Form: form(), Person: hostile, Login: hostile, Passkey: hostile, Error: e})
		}
	}
	for _, done := range []string{"", "ended", "others", "password", "added", "named", "removed", "codes", "codes-off"} {
		pages["sessions "+done] = func(w http.ResponseWriter, req *http.Request) { r.Sessions(w, req, 200, sessionsPage("", done, "")) }
	}
	for _, e := range []string{"differ", "credentials", "code", "passkey", "throttled", "last", "short", "long", "kinds", "personal"} {
		pages["sessions error "+e] = func(w http.ResponseWriter, req *http.Request) {
			r.Sessions(w, req, 200, sessionsPage("pending", "", e))
		}
	}
	pages["sessions with codes"] = func(w http.ResponseWriter, req *http.Request) {
		r.Sessions(w, req, 200, sessionsPage("on", "codes", ""))
	}
	pages["sessions of a person from elsewhere"] = func(w http.ResponseWriter, req *http.Request) {
		p := sessionsPage("", "", "")
		p.Elsewhere, p.Fresh = true, false
		r.Sessions(w, req, 200, p)
	}
	pages["sessions to confirm"] = func(w http.ResponseWriter, req *http.Request) {
		p := sessionsPage("", "", "")
		p.Fresh = false
		r.Sessions(w, req, 200, p)
	}
	for _, e := range []string{"", "none", "closed", "situation", "ins", "unknown"} {
		pages["apps "+e] = func(w http.ResponseWriter, req *http.Request) { r.Apps(w, req, 200, appsPage(choices, e)) }
	}
	pages["apps of a professional"] = func(w http.ResponseWriter, req *http.Request) {
		p := appsPage(choices, "")
		p.Professional, p.INS, p.Situation = true, hostile, "b"
		p.Situations = []oauth.Situation{{ID: "a" + hostile, Label: "Infirmière", Organization: "Cabinet " + hostile}, {ID: "b"}}
		r.Apps(w, req, 200, p)
	}
	pages["apps for one"] = func(w http.ResponseWriter, req *http.Request) { r.Apps(w, req, 200, appsPage(choices[:1], "")) }
	pages["apps for nobody"] = func(w http.ResponseWriter, req *http.Request) { r.Apps(w, req, 200, appsPage(nil, "")) }
	pages["apps, none"] = func(w http.ResponseWriter, req *http.Request) { r.Apps(w, req, 200, oauth.AppsPage{}) }
	for _, kind := range []string{
		upstream.Declined, upstream.Unavailable, upstream.Untrusted, upstream.Weak, upstream.Unpractised, upstream.Unclear,
	} {
		pages["signin elsewhere "+kind] = func(w http.ResponseWriter, req *http.Request) {
			r.SignIn(w, req, 403, oauth.SignInPage{
				Form: form(), App: app(), Error: "elsewhere." + kind, At: elsewhere(), Code: "access_denied", Elsewhere: []oauth.Elsewhere{elsewhere()},
			})
		}
	}
	for _, e := range []string{"", "none"} {
		pages["situation "+e] = func(w http.ResponseWriter, req *http.Request) {
			r.ChooseSituation(w, req, 200, oauth.SituationPage{Form: form(), App: app(), Person: hostile, Error: e, Choices: []oauth.Situation{
				{ID: "a" + hostile, Label: "Infirmière", Organization: "Cabinet " + hostile}, {ID: "b"},
			}})
		}
	}
	for _, e := range []string{"", "ins", "unknown", "none"} {
		pages["patient "+e] = func(w http.ResponseWriter, req *http.Request) {
			r.ChoosePatient(w, req, 200, oauth.PatientPage{Form: form(), App: app(), Person: hostile, Choices: choices, INS: hostile, Error: e})
		}
	}
	pages["patient without choices"] = func(w http.ResponseWriter, req *http.Request) {
		r.ChoosePatient(w, req, 200, oauth.PatientPage{Form: form(), App: app()})
	}
	for _, e := range []string{"", "unknown", "throttled"} {
		pages["device "+e] = func(w http.ResponseWriter, req *http.Request) {
			r.Device(w, req, 200, oauth.DevicePage{Form: form(), Stage: oauth.DeviceEnter, Code: hostile, Error: e, Wait: 30})
		}
	}
	for _, stage := range []string{oauth.DeviceAllowed, oauth.DeviceDenied} {
		pages["device "+stage] = func(w http.ResponseWriter, req *http.Request) {
			r.Device(w, req, 200, oauth.DevicePage{Stage: stage, App: app()})
		}
	}
	for _, until := range []string{"token", "session", "offline"} {
		pages["consent "+until] = func(w http.ResponseWriter, req *http.Request) {
			r.Consent(w, req, 200, oauth.ConsentPage{
				Form: form(), App: app(), Person: hostile, Organization: "Cabinet", Lines: lines, Choices: choices, Until: until, Error: "choose", Device: "BCDF-GHJK", Far: true,
			})
		}
	}
	for _, kind := range []string{
		oauth.ProblemRequest, oauth.ProblemClient, oauth.ProblemRedirect, oauth.ProblemLabel, oauth.ProblemWaits, oauth.ProblemExpired, oauth.ProblemAnswered,
		oauth.ProblemForgery, oauth.ProblemBrowser, oauth.ProblemNobody, oauth.ProblemTrouble, oauth.ProblemNotFound,
	} {
		pages["problem "+kind] = func(w http.ResponseWriter, req *http.Request) {
			r.Problem(w, req, 400, oauth.ProblemPage{Kind: kind, App: app(), Code: "invalid_request", Hint: hostile})
		}
	}
	for _, status := range []string{"", "none", "online", "suspended", "delisted", "recalled", "expired"} {
		pages["problem label "+status] = func(w http.ResponseWriter, req *http.Request) {
			a := app()
			a.Status = status
			r.Problem(w, req, 403, oauth.ProblemPage{Kind: oauth.ProblemLabel, App: a})
		}
	}
	return pages
}

func sessionsPage(codes, done, problem string) oauth.SessionsPage {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	p := oauth.SessionsPage{
		Action: "/oauth2/sessions", CSRF: "csrf", Person: hostile, Login: hostile, Now: now, Fresh: true, Password: true,
		Sessions: []oauth.SessionView{
			{ID: "a", Device: hostile, Network: "192.0.2.0/24", Begun: now.Add(-49 * time.Hour), Seen: now, Current: true, Strong: true},
			{ID: "b", Begun: now.Add(-25 * time.Hour), Seen: now.Add(-90 * time.Minute)},
		},
		Passkeys: []oauth.PasskeyView{
			{ID: "k", Name: hostile, Added: now.Add(-2 * time.Hour), Used: now.Add(-time.Minute), Copied: true, Doubted: now.Add(-2 * time.Minute)},
			{ID: "l", Name: "téléphone", Added: now},
		},
		NewPasskey: hostile, Codes: codes, CodesAdded: now, RecoveryLeft: 3, Done: done, Error: problem, Wait: 30,
	}
	switch codes {
	case "pending":
		p.Secret, p.URI = "GEZDGNBVGY3TQOJQ", "otpauth://totp/pontlevis:x?secret=GEZDGNBVGY3TQOJQ&issuer=pontlevis"
	case "on":
		p.RecoveryCodes = []string{"7K3M-0000-1111-2222", "8K3M-0000-1111-2222"}
	default:
		p.NewPasskey = ""
	}
	return p
}

func appsPage(choices []oauth.Choice, problem string) oauth.AppsPage {
	now := time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)
	access := oauth.AccessView{Grant: "g", Patient: "camille", Name: hostile, Kind: "patient", Since: now.Add(-2 * time.Hour), Until: now.Add(90 * 24 * time.Hour), Lasting: "offline", Mine: true}
	p := oauth.AppsPage{
		Action: "/oauth2/apps", CSRF: "csrf", Person: hostile, Now: now, Targets: []string{"https://app.example", "x; script-src *"}, Choices: choices,
		Apps: []oauth.AppToOpen{{Client: "glycare", App: app()}, {Client: hostile}}, Open: []oauth.AppOpen{{Client: "glycare", App: app(), Mine: 2}},
		Done: problem == "", Error: problem,
	}
	for i, kind := range []string{"patient", "representative", "carer", "helper", "professional"} {
		a := access
		a.Kind, a.Mine, a.Lasting = kind, i < 2, []string{"offline", "session", "token"}[i%3]
		p.Open[0].Accesses = append(p.Open[0].Accesses, a)
	}
	p.Open[0].Accesses[1].Patient, p.Open[0].Accesses[1].Name = "", ""
	return p
}

func TestEveryPageInEveryLanguage(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for name, show := range everyPage(t, r) {
		for _, lang := range []string{"fr", "en"} {
			t.Run(name+" "+lang, func(t *testing.T) {
				t.Parallel()
				req := httptest.NewRequest("GET", "/oauth2/continue?tx=abc", nil)
				req.Header.Set("Accept-Language", lang)
				rec := httptest.NewRecorder()
				show(rec, req)
				if rec.Code >= 500 {
					t.Fatalf("status %d", rec.Code)
				}
				checkHeaders(t, rec.Header(), strings.Contains(rec.Body.String(), "data-passkey"))
				checkPage(t, rec.Body.String(), lang)
			})
		}
	}
}

// checkHeaders wants the headers of a sensitive page; a script source only where a form needs our script, and only ours.
func checkHeaders(t *testing.T, h http.Header, script bool) {
	t.Helper()
	csp := h.Get("Content-Security-Policy")
	for _, want := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
		if !strings.Contains(csp, want) {
			t.Errorf("Content-Security-Policy lacks %s: %s", want, csp)
		}
	}
	if strings.Contains(csp, "unsafe") || strings.Contains(csp, "script-src") != script || script && !strings.HasSuffix(csp, "; script-src 'self'") {
		t.Errorf("Content-Security-Policy, with a form that needs our script %v: %s", script, csp)
	}
	if h.Get("Cache-Control") != "no-store" || h.Get("X-Frame-Options") != "DENY" {
		t.Errorf("headers of a sensitive page are missing: %v", h)
	}
}

// checkPage parses the page and looks at its structure: language, one h1, a title, no script, no inline style, a label
// for each visible field, unique ids, balanced tags, no text that a template failed to fill in.
func checkPage(t *testing.T, body, lang string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	headings, ids, labels := 0, map[string]bool{}, map[string]bool{}
	var fields []string
	for n := range root.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		attr := attributes(n)
		switch n.Data {
		case "html":
			if attr["lang"] != lang {
				t.Errorf("lang = %q, want %q", attr["lang"], lang)
			}
		case "h1":
			headings++
		case "script":
			if !strings.HasPrefix(attr["src"], "/assets/passkey.") || n.FirstChild != nil || !strings.Contains(body, "data-passkey") {
				t.Errorf("the page holds a script that is not ours or that it does not need: %v", attr)
			}
		case "style", "iframe":
			t.Errorf("the page holds a %s element", n.Data)
		case "label":
			labels[attr["for"]] = true
		case "input":
			if attr["type"] != "hidden" {
				fields = append(fields, attr["id"])
			}
		}
		for name := range attr {
			if name == "style" || strings.HasPrefix(name, "on") {
				t.Errorf("<%s> has an inline %s", n.Data, name)
			}
		}
		if id := attr["id"]; id != "" {
			if ids[id] {
				t.Errorf("id %q is used twice", id)
			}
			ids[id] = true
		}
	}
	if headings != 1 {
		t.Errorf("%d h1 elements, want 1", headings)
	}
	for _, f := range fields {
		if f == "" || !labels[f] {
			t.Errorf("field %q has no label", f)
		}
	}
	if strings.Contains(body, "<no value>") || strings.Contains(body, "%!") || strings.Contains(body, "ZgotmplZ") {
		t.Error("the page holds a text that was not filled in")
	}
	checkBalance(t, body)
}

func attributes(n *html.Node) map[string]string {
	out := make(map[string]string)
	for _, a := range n.Attr {
		out[a.Key] = a.Val
	}
	return out
}

var void = map[string]bool{"meta": true, "link": true, "input": true, "br": true}

// checkBalance finds elements that are opened and not closed, which a browser's parser silently repairs.
func checkBalance(t *testing.T, body string) {
	t.Helper()
	z := html.NewTokenizer(strings.NewReader(body))
	var open []string
	for {
		switch z.Next() {
		case html.ErrorToken:
			if z.Err() != io.EOF {
				t.Error(z.Err())
			}
			if len(open) > 0 {
				t.Errorf("left open: %v", open)
			}
			return
		case html.StartTagToken:
			if name, _ := z.TagName(); !void[string(name)] {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			if len(open) == 0 || open[len(open)-1] != string(name) {
				t.Errorf("</%s> closes %v", name, open)
				return
			}
			open = open[:len(open)-1]
		}
	}
}

func TestSentencesSayScopesPlainly(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	rec := httptest.NewRecorder()
	req := httptest.NewRequest("GET", "/", nil)
	req.Header.Set("Accept-Language", "fr")
	r.Consent(rec, req, 200, oauth.ConsentPage{Form: form(), App: app(), Until: "token",
		Lines: asked(t, "patient/Observation.cruds", "openid", "fhirUser", "patient/Observation.rs", "offline_access", "patient/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|vital-signs&date=ge2020-01-01")})
	items := regexp.MustCompile(`(?s)<li class="([a-z]+)"><label[^>]*><input [^>]*name="(line-[0-9])" value="yes"( checked)?( disabled)?[^>]*> <span>([^<]*)</span></label>\s*<small[^>]*>(?:<span class="badge">nécessaire</span> )?([^<]*)</small>`).FindAllStringSubmatch(strings.ReplaceAll(rec.Body.String(), "\u00a0", " "), -1)
	want := [][]string{
		{"identity", "line-2", " checked", " disabled", "Savoir qui vous êtes.", "Sans cela, l’application ne peut pas savoir que c’est vous."},
		{"read", "line-0", " checked", "", "Lire les mesures et résultats de cet espace.", "Sans cela, l’application n’affichera pas et n’utilisera pas les mesures et résultats."},
		{"read", "line-4", " checked", "", "Lire les mesures et résultats de cet espace, seulement : catégorie signes vitaux et date à partir du 2020-01-01.", "Donné avec « Lire les mesures et résultats de cet espace. » tant que cette ligne reste cochée."},
		{"write", "line-1", "", "", "Ajouter, modifier et supprimer les mesures et résultats de cet espace.", "Sans cela, l’application n’y changera rien : ce que vous y faites n’est pas gardé dans les mesures et résultats."},
		{"lasting", "line-3", " checked", "", "Garder l’accès quand vous n’êtes pas là, 90 jours au plus.", "Sans cela, votre accord vous sera redemandé au bout d’un quart d’heure."},
	}
	var got [][]string
	for _, i := range items {
		got = append(got, i[1:])
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s\n%s", d, rec.Body)
	}
}

func TestLanguageIsChosen(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for _, c := range []struct{ name, path, accept, cookie, want string }{
		{"nothing said", "/", "", "", "fr"},
		{"header", "/", "en-GB,en;q=0.9,fr;q=0.8", "", "en"},
		{"header with weights", "/", "en;q=0.2, fr-CA;q=0.9", "", "fr"},
		{"a language we have not", "/", "de", "", "fr"},
		{"cookie beats header", "/", "en", "fr", "fr"},
		{"parameter beats cookie", "/?lang=en", "fr", "fr", "en"},
		{"nonsense", "/?lang=../x", ";;q=,,", "<>", "fr"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			req := httptest.NewRequest("GET", c.path, nil)
			req.Header.Set("Accept-Language", c.accept)
			req.AddCookie(&http.Cookie{Name: "pontlevis_lang", Value: c.cookie})
			rec := httptest.NewRecorder()
			r.SignedOut(rec, req, oauth.SignedOutPage{})
			if got := rec.Header().Get("Content-Language"); got != c.want {
				t.Errorf("language %q, want %q", got, c.want)
			}
		})
	}
}

// A form target is a value of the request: nothing of it may add a directive to the policy.
// TestWaysOut: where somebody chooses, they can also be somebody else, or stop.
func TestWaysOut(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for name, show := range map[string]func(http.ResponseWriter, *http.Request){
		"patient": func(w http.ResponseWriter, req *http.Request) {
			r.ChoosePatient(w, req, 200, oauth.PatientPage{Form: form(), App: app(), Person: "Dr Roux"})
		},
		"situation": func(w http.ResponseWriter, req *http.Request) {
			r.ChooseSituation(w, req, 200, oauth.SituationPage{Form: form(), App: app(), Person: "Dr Roux"})
		},
	} {
		out := httptest.NewRecorder()
		show(out, httptest.NewRequest("GET", "/", nil))
		body := out.Body.String()
		for _, want := range []string{
			`name="csrf" value="csrf"><input type="hidden" name="step" value="switch">`, "Dr Roux",
			`name="csrf" value="csrf"><input type="hidden" name="step" value="consent">`, `name="decision" value="refuse"`,
		} {
			if strings.Count(body, want) != 1 {
				t.Errorf("%s: %d times %s\n%s", name, strings.Count(body, want), want, body)
			}
		}
	}
}

func TestTargetCannotAddADirective(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	for _, target := range []string{"https://a.example; script-src *", "https://a.example script-src", "javascript", "https://a\r\nX: y", "'unsafe-inline'"} {
		rec := httptest.NewRecorder()
		f := form()
		f.Target = target
		r.SignIn(rec, httptest.NewRequest("GET", "/", nil), 200, oauth.SignInPage{Form: f, App: app()})
		if csp := rec.Header().Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self'; ") {
			t.Errorf("target %q entered the policy: %s", target, csp)
		}
	}
}

func TestAssets(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	rec := httptest.NewRecorder()
	r.SignedOut(rec, httptest.NewRequest("GET", "/", nil), oauth.SignedOutPage{})
	signin := httptest.NewRecorder()
	r.SignIn(signin, httptest.NewRequest("GET", "/", nil), 200, oauth.SignInPage{Form: form(), App: app(), Passkey: "{}"})
	script := regexp.MustCompile(`src="(/assets/[^"]+\.js)"`).FindStringSubmatch(signin.Body.String())
	if script == nil {
		t.Fatal("a page that could use a passkey links to no script")
	}
	link := regexp.MustCompile(`href="(/assets/[^"]+\.css)"`).FindStringSubmatch(rec.Body.String())
	if link == nil {
		t.Fatal("the page links to no style sheet")
	}
	for path, want := range map[string]int{link[1]: 200, script[1]: 200, "/assets/": 404, "/assets/../web.go": 404, "/assets/pontlevis.css": 404} {
		rec := httptest.NewRecorder()
		req := httptest.NewRequest("GET", "/", nil)
		req.URL.Path = path
		r.Assets().ServeHTTP(rec, req)
		if rec.Code != want {
			t.Errorf("%s: status %d, want %d", path, rec.Code, want)
		}
	}
}

// TestFrenchPunctuationStaysOnItsLine holds that no text of ours breaks between a word and the punctuation that goes with it.
func TestFrenchPunctuationStaysOnItsLine(t *testing.T) {
	t.Parallel()
	r := renderer(t)
	rec := httptest.NewRecorder()
	req := httptest.NewRequest("GET", "/", nil)
	req.Header.Set("Accept-Language", "fr")
	r.Problem(rec, req, 404, oauth.ProblemPage{Kind: oauth.ProblemNotFound})
	if body := rec.Body.String(); !strings.Contains(body, "Que faire\u00a0:") || regexp.MustCompile(`[ ][:;!?»] |« `).MatchString(body) {
		t.Error(body)
	}
}

// Both catalogues say the same things: no key in one alone, no empty text, the same verbs to fill in.
func TestCataloguesMatch(t *testing.T) {
	t.Parallel()
	texts := map[string]map[string]string{}
	for _, lang := range []string{"fr", "en"} {
		raw, err := os.ReadFile("texts/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, new(map[string]string)); err != nil {
			t.Fatal(err)
		}
		m := map[string]string{}
		_ = json.Unmarshal(raw, &m)
		texts[lang] = m
	}
	verbs := regexp.MustCompile(`%[sd]`)
	for key, fr := range texts["fr"] {
		en, ok := texts["en"][key]
		if !ok || fr == "" || en == "" || strings.Join(verbs.FindAllString(fr, -1), "") != strings.Join(verbs.FindAllString(en, -1), "") {
			t.Errorf("%s: %q against %q", key, fr, en)
		}
	}
	if len(texts["fr"]) != len(texts["en"]) {
		t.Errorf("%d texts in French, %d in English", len(texts["fr"]), len(texts["en"]))
	}
}

package oauth_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/oauth"
)

// apps leads a person to the page of their apps.
func (b *browser) apps(login string) page {
	b.w.t.Helper()
	p := b.get("/oauth2/apps")
	if strings.Contains(p.body, `name="password"`) {
		p = b.signIn(p, login)
	}
	if !strings.Contains(p.body, `id="today"`) {
		b.w.t.Fatalf("not the page of apps: %d %s", p.status, p.body)
	}
	return p
}

// onApps posts one form of the page of apps.
func (b *browser) onApps(p page, fields ...string) page {
	form := url.Values{"csrf": p.hidden["csrf"]}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return b.post("/oauth2/apps", form)
}

// An app is opened from our own page, for a patient of the person's choice, and gets that patient with its token.
func TestAppsAreOpenedFromOurPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tt := range map[string]struct {
		login, patient string
		fields         []string
	}{
		"own space":            {"camille", "camille", []string{"patient", "camille"}},
		"somebody represented": {"camille", "lucas", []string{"patient", "lucas"}},
		"the only one":         {"karim", "lucas", nil},
		"a patient's INS":      {"dr.roux", "camille", []string{"ins", "1 80 02 75 123456 78"}},
		"a patient offered":    {"dr.roux", "camille", []string{"patient", "camille"}},
	} {
		b := w.newBrowser()
		p := b.apps(tt.login)
		if csp := p.header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' https://app.example;") || p.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", name, p.header)
		}
		to := b.onApps(p, append([]string{"open", "glycare"}, tt.fields...)...)
		if to.status != http.StatusSeeOther || to.location.Host != "app.example" || to.location.Query().Get("from") != "ehr" || to.location.Query().Get("iss") != w.url+"/fhir" {
			t.Fatalf("%s: %d %v", name, to.status, to.location)
		}
		if to.header.Get("Cache-Control") != "no-store" || to.header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("%s: %v", name, to.header)
		}
		launch := to.location.Query().Get("launch")
		for _, other := range []string{"sofia", "karim", "camille"} {
			if stranger := w.newBrowser(); other != tt.login {
				q := stranger.signIn(stranger.authorize("scope", ehrScope, "launch", launch), other)
				if q.location == nil || q.location.Query().Get("error") != "access_denied" {
					t.Errorf("%s: %s used the launch of another person: %d %v", name, other, q.status, q.location)
				}
			}
		}
		if q := w.newBrowser().authorize("client_id", "rival", "scope", ehrScope, "launch", launch); q.location == nil || q.location.Query().Get("error") != "invalid_request" {
			t.Errorf("%s: another app used the launch: %d %v", name, q.status, q.location)
		}
		q := b.submit(b.authorize("scope", ehrScope, "launch", launch), "decision", "allow")
		if q.location == nil || q.location.Query().Get("code") == "" {
			t.Fatalf("%s: no code: %d %v", name, q.status, q.location)
		}
		if r := w.redeem(q.location.Query().Get("code")); r.text("patient") != tt.patient {
			t.Errorf("%s: %s", name, r.raw)
		}
	}
}

// The page offers the apps that are opened from a record and online now, and those whom the person acts for.
func TestWhoSeesWhatOnTheAppsPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.app(oauth.Client{ID: "unlaunched"})
	w.app(oauth.Client{ID: "scopeless", LaunchURI: "https://scopeless.example/"})
	for id, status := range map[string]string{"recalled-app": "recalled", "online-app": "online"} {
		w.app(oauth.Client{ID: id, LaunchURI: "https://" + id + ".example/", Scopes: []string{"launch", "patient/*.rs"}})
		w.apps.set(id, status)
	}
	b := w.newBrowser()
	p := b.apps("camille")
	for text, want := range map[string]bool{
		`name="open" value="glycare"`: true, `name="open" value="online-app"`: true, `name="open" value="recalled-app"`: false, `name="open" value="unlaunched"`: false,
		`name="open" value="scopeless"`: false, `name="open" value="rival"`: false, "Suivre la glycémie.": true, "Glycare SAS": true,
		`name="patient" value="camille"`: true, `name="patient" value="lucas"`: true, `name="ins"`: false,
	} {
		if strings.Contains(p.body, text) != want {
			t.Errorf("camille sees %s: %v", text, !want)
		}
	}
	if p := w.newBrowser().apps("sofia"); strings.Contains(p.body, `name="open"`) {
		t.Error("who acts for nobody opens apps")
	}
	d := w.newBrowser()
	q := d.apps("dr.roux")
	if !strings.Contains(q.body, `name="ins"`) || strings.Contains(q.body, "lucas") {
		t.Errorf("the professional's page: %s", q.body)
	}
	found := d.onApps(q, "find", "ins", "ins", ins)
	if !strings.Contains(found.body, `value="camille" checked`) {
		t.Errorf("the patient found: %d %s", found.status, found.body)
	}
	for name, tt := range map[string]struct {
		b      *browser
		p      page
		status int
		fields []string
	}{
		"a stranger's space":         {b, p, 422, []string{"open", "glycare", "patient", "nora"}},
		"nobody chosen of several":   {b, p, 422, []string{"open", "glycare"}},
		"an INS by a patient":        {b, p, 422, []string{"open", "glycare", "ins", ins}},
		"a record that stays shut":   {d, q, 422, []string{"open", "glycare", "patient", "lucas"}},
		"an INS that is not known":   {d, q, 422, []string{"open", "glycare", "ins", "180027512345699"}},
		"no patient":                 {d, q, 422, []string{"open", "glycare"}},
		"no such work situation":     {d, q, 422, []string{"open", "glycare", "patient", "camille", "situation", "x"}},
		"an app without a launch":    {b, p, 403, []string{"open", "rival", "patient", "camille"}},
		"an app that is not known":   {b, p, 403, []string{"open", "nothing", "patient", "camille"}},
		"an app that was recalled":   {b, p, 403, []string{"open", "recalled-app", "patient", "camille"}},
		"nothing that the page does": {b, p, 400, []string{"do", "glycare"}},
	} {
		if got := tt.b.onApps(tt.p, tt.fields...); got.status != tt.status || got.location != nil {
			t.Errorf("%s: %d %v", name, got.status, got.location)
		}
	}
	w.apps.set("glycare", "recalled") // between the page and the form
	if got := b.onApps(p, "open", "glycare", "patient", "camille"); got.status != 403 || got.location != nil {
		t.Errorf("recalled meanwhile: %d %v", got.status, got.location)
	}
}

// The forms of the page are taken from the page alone, in the session that it was shown in.
func TestAppsFormsCannotBeForged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	p := b.apps("camille")
	for name, token := range map[string]url.Values{
		"no token": {}, "another browser's": {"csrf": w.newBrowser().apps("camille").hidden["csrf"]}, "a transaction's": {"csrf": b.authorize().hidden["csrf"]},
	} {
		token.Set("open", "glycare")
		token.Set("patient", "camille")
		if got := b.post("/oauth2/apps", token); got.status != http.StatusForbidden || got.location != nil {
			t.Errorf("%s: %d", name, got.status)
		}
	}
	form := url.Values{"open": {"glycare"}, "patient": {"camille"}, "csrf": p.hidden["csrf"]}
	r, err := http.NewRequest("POST", w.url+"/oauth2/apps", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Origin", "https://evil.example")
	if got := b.do(r); got.status != http.StatusForbidden {
		t.Errorf("from another site: %d", got.status)
	}
	if got := w.newBrowser().post("/oauth2/apps", form); !strings.Contains(got.body, `name="password"`) {
		t.Errorf("without a session: %d", got.status)
	}
}

var grantPattern = regexp.MustCompile(`name="grant" value="([a-z0-9]+)"`)

// A person sees what they opened, and for their own space what others did; what they gave they end, at the next request.
func TestAccessIsSeenAndEndedOnTheAppsPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	door := w.door()
	token := func(login, patient string) string {
		b := w.newBrowser()
		p := b.signIn(b.authorize(), login)
		if login == "dr.roux" {
			p = b.submit(p, "step", "patient", "ins", ins)
		}
		p = b.submit(p, "decision", "allow", "patient", patient)
		if p.location == nil {
			t.Fatalf("%s: %d %s", login, p.status, p.body)
		}
		return w.redeem(p.location.Query().Get("code")).text("access_token")
	}
	own, lucas, his, doctors := token("camille", "camille"), token("camille", "lucas"), token("karim", "lucas"), token("dr.roux", "camille")
	all := []string{own, lucas, his, doctors}
	open := func(name string, want ...bool) {
		t.Helper()
		for i, token := range all {
			if w.through(door, token) != want[i] {
				t.Errorf("%s: access %d is open: %v", name, i, !want[i])
			}
		}
	}
	camille, karim, roux := w.newBrowser(), w.newBrowser(), w.newBrowser()
	p, k, r := camille.apps("camille"), karim.apps("karim"), roux.apps("dr.roux")
	grants, his1 := grantPattern.FindAllStringSubmatch(p.body, -1), grantPattern.FindAllStringSubmatch(k.body, -1)
	if len(grants) != 2 || len(his1) != 1 || !strings.Contains(p.body, "donné par un professionnel") || strings.Contains(k.body, "donné par") {
		t.Fatalf("camille may end %d, karim %d: %s", len(grants), len(his1), p.body)
	}
	camille.onApps(p, "end", "glycare", "grant", his1[0][1])
	doctor := grantPattern.FindStringSubmatch(r.body)
	if doctor == nil {
		t.Fatalf("the professional does not see their own access: %s", r.body)
	}
	camille.onApps(p, "end", "glycare", "grant", doctor[1])
	open("somebody else's", true, true, true, true)
	if got := camille.onApps(p, "end", "glycare", "grant", grants[0][1]); !strings.Contains(got.body, `role="status"`) || len(grantPattern.FindAllString(got.body, -1)) != 1 {
		t.Errorf("%d %s", got.status, got.body)
	}
	if w.through(door, own) == w.through(door, lucas) || !w.through(door, his) || !w.through(door, doctors) {
		t.Error("ending one access ended too few or too many")
	}
	camille.onApps(p, "end", "glycare")
	open("all of an app", false, false, true, true)
	roux.onApps(r, "end", "glycare")
	open("the professional's", false, false, true, false)
}

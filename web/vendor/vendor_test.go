package vendor

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/manifest"
)

// TestPresets: each is a whole manifest, without an error and with texts in both languages, under the names that were typed.
func TestPresets(t *testing.T) {
	t.Parallel()
	for _, preset := range presets {
		for _, mail := range []string{"ada@courbes.example", ""} {
			raw, err := write(preset, "mes-courbes", manifest.Text{FR: "Mes courbes", EN: "My curves"}, "Courbes SAS", mail)
			if err != nil {
				t.Fatal(err)
			}
			m, err := manifest.Parse(raw)
			if err != nil {
				t.Fatalf("%s: %v", preset, err)
			}
			for _, f := range manifest.Lint(raw) {
				if f.Rule != "publisher.siren" { // which nobody was asked for
					t.Errorf("%s: %v", preset, f)
				}
			}
			if m.Name.FR != "Mes courbes" || m.Publisher.LegalName != "Courbes SAS" || len(m.Scopes()) == 0 {
				t.Errorf("%s: %+v", preset, m)
			}
		}
	}
}

// TestOwnAppsAlone: a publisher sees and changes its own apps; another's is not there for it, nor for a patient.
func TestOwnAppsAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, eve := w.arrive("ada@courbes.example", "Courbes SAS"), w.arrive("eve@autre.example", "Autre SAS")
	page, camille := w.begin(ada, presetPatient, "mes-courbes"), w.SignIn("camille", "/oauth2/apps")
	for _, path := range []string{"/vendor/apps/mes-courbes", "/vendor/apps/mes-courbes/manifest", "/vendor/apps/none"} {
		eve.Get(path).Is(http.StatusNotFound)
		camille.Get(path).Is(http.StatusNotFound)
	}
	csrf := eve.Get("/vendor").Value("input[name=csrf]")
	if csrf == "" {
		csrf = page.Value("input[name=csrf]")
	}
	for _, do := range []string{"rehearse", "try", "submit", "withdraw"} {
		eve.Send(http.MethodPost, "/vendor/apps/mes-courbes", url.Values{"csrf": {csrf}, "do": {do}}).Is(http.StatusNotFound)
	}
	eve.Get("/vendor").Submit("input[name=id]", "preset", presetPatient, "id", "mes-courbes", "fr", "Volé", "en", "Stolen").
		Is(http.StatusUnprocessableEntity).Says("This id is taken")
	eve.Get("/vendor").Silent("mes-courbes")
	ada.Get("/vendor").Submit("input[name=id]", "preset", presetPatient, "id", "mes-courbes", "fr", "Encore").
		Is(http.StatusUnprocessableEntity).Says("You have an app under this id already")
	if d, err := w.apps.Draft(t.Context(), "mes-courbes"); err != nil || strings.Contains(string(d.Manifest), "Volé") {
		t.Errorf("the draft: %v, %s", err, d.Manifest)
	}
}

// TestSignUp: what is wrong is said beside what was typed; where it is closed, or nobody rehearses, there is none.
func TestSignUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for says, fields := range map[string][]string{
		"Give your name":                  {"name", " ", "mail", "a@b.example", "company", "C"},
		"Give the name of your company":   {"name", "Ada", "mail", "a@b.example", "company", ""},
		"does not have the right form":    {"name", "Ada", "mail", "a at b", "company", "C"},
		"The two passwords are not":       {"name", "Ada", "mail", "a@b.example", "company", "C", "new-password", "one of them, long enough"},
		"This password is too short":      {"name", "Ada", "mail", "a@b.example", "company", "C", "new-password", "x", "new-password-again", "x"},
		"holds your name or your address": {"name", "Adalbert", "mail", "a@b.example", "company", "C", "new-password", "adalbert writes good curves", "new-password-again", "adalbert writes good curves"},
	} {
		page := w.Visitor().Get("/vendor/signup").Submit("input[name=mail]", fields...).Is(http.StatusUnprocessableEntity).Says(says)
		if page.Value("input[name=new-password]") != "" {
			t.Error("a password is written back")
		}
	}
	w.Visitor().Send(http.MethodPost, "/vendor/signup", url.Values{"name": {"Ada"}, "mail": {"x@b.example"}}).Is(http.StatusForbidden)
	for name, change := range map[string]func(*Options){
		"closed":       func(o *Options) { o.Closed = true },
		"no rehearsal": func(o *Options) { o.Theatre = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			shut := newWorld(t, change)
			shut.Visitor().Get("/vendor/signup").Is(http.StatusNotFound)
			shut.Visitor().Get("/vendor").Is(http.StatusOK).Silent(`href="/vendor/signup"`)
		})
	}
}

// TestEditor: what is written is kept even when it is wrong, the script is told what the page says, and a changed manifest
// wants the rehearsal again.
func TestEditor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.arrive("ada@courbes.example", "Courbes SAS")
	w.begin(b, presetPatient, "mes-courbes").Submit("button[value=rehearse]").Is(http.StatusOK).Silent("The manifest has changed")
	draft, err := w.apps.Draft(t.Context(), "mes-courbes")
	if err != nil {
		t.Fatal(err)
	}
	wrong := strings.Replace(string(draft.Manifest), `"Patient"`, `"Patients"`, 1)
	page := b.Get("/vendor/apps/mes-courbes/manifest")
	saved := page.Upload("button[value=save]", "manifest", strings.ReplaceAll(wrong, "\n", "\r\n")).Is(http.StatusUnprocessableEntity).
		Says("Saved, with errors to mend", "The record has no category “Patients”")
	live := page.Upload("button[value=save]", "manifest", wrong, "do", "lint").Is(http.StatusOK)
	finding := manifest.Errors(manifest.Lint([]byte(wrong)))[0]
	for _, one := range []string{`"line":`, finding.Text.EN} {
		if !strings.Contains(live.Raw, one) {
			t.Errorf("the script is not told %q: %s", one, live.Raw)
		}
	}
	if now, err := w.apps.Draft(t.Context(), "mes-courbes"); err != nil || string(now.Manifest) != wrong {
		t.Errorf("kept: %v\n%s", err, now.Manifest)
	}
	saved.Says("Line")
	b.Get("/vendor/apps/mes-courbes").Says("errors: 1", "Mend the manifest first")
	page.Upload("button[value=save]", "manifest", strings.Replace(string(draft.Manifest), "0.1.0", "0.2.0", 1)).Is(http.StatusOK)
	b.Get("/vendor/apps/mes-courbes").Says("The manifest has changed since the last rehearsal").Silent("button[value=try]")
	page.Upload("button[value=save]", "manifest", strings.Replace(string(draft.Manifest), "mes-courbes", "autres-courbes", 1)).
		Is(http.StatusUnprocessableEntity).Says("not that of this app")
	kept := strings.Replace(string(draft.Manifest), "0.1.0", "0.3.0", 1)
	page.Upload("button[value=save]", "manifest", wrong, "manifest-file", kept).Is(http.StatusOK)
	for _, nothing := range []string{"\x00\x01 a picture", " \n"} {
		page.Upload("button[value=save]", "manifest", "", "manifest-file", nothing).Is(http.StatusUnprocessableEntity).Says("The draft stands as it was")
	}
	page.Upload("button[value=save]", "manifest-file", strings.Repeat(" ", maxForm)).Is(http.StatusRequestEntityTooLarge)
	if now, err := w.apps.Draft(t.Context(), "mes-courbes"); err != nil || string(now.Manifest) != kept {
		t.Errorf("of the file was kept: %v\n%s", err, now.Manifest)
	}
}

// TestRehearsalSecret: a secret is on the page once.
func TestRehearsalSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.arrive("ada@courbes.example", "Courbes SAS")
	w.begin(b, presetPatient, "mes-courbes").Submit("button[value=rehearse]").Is(http.StatusOK).
		Says("a secret of the rehearsal", "Alice Accord", "https://try.example/fhir")
	b.Get("/vendor/apps/mes-courbes").Is(http.StatusOK).Silent("a secret of the rehearsal")
}

// TestTry: the address that signs in has a challenge and no verifier; what comes back counts once, for whoever began it, and
// from the server that was asked.
func TestTry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b, eve := w.arrive("ada@courbes.example", "Courbes SAS"), w.arrive("eve@autre.example", "Autre SAS")
	w.begin(b, presetPatient, "mes-courbes").Submit("button[value=rehearse]")
	begin := func() url.Values {
		to := b.Get("/vendor/apps/mes-courbes").Leads("button[value=try]", "who", "leaves")
		u, err := url.Parse(to)
		if err != nil || u.Host != "try.example" {
			t.Fatalf("a try leads to %q", to)
		}
		return u.Query()
	}
	asked := begin()
	for name, want := range map[string]string{
		"client_id": "mes-courbes", "response_type": "code", "code_challenge_method": "S256", "redirect_uri": w.URL + TryPath,
		"aud": "https://try.example/fhir", "prompt": "login",
	} {
		if asked.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, asked.Get(name), want)
		}
	}
	if !strings.HasSuffix(asked.Get("login_hint"), "-leaves") || len(asked.Get("state")) < 20 || len(asked.Get("code_challenge")) != 43 {
		t.Errorf("it asks %v", asked)
	}
	for name := range asked {
		if slices.Contains([]string{"code_verifier", "client_secret"}, name) {
			t.Errorf("%s is in the address", name)
		}
	}
	back := func(q string) string { return TryPath + "?" + q }
	state := "state=" + asked.Get("state")
	if at := eve.Get(back(state + "&code=x&iss=https://try.example")).At; at != "/vendor" {
		t.Errorf("another's state leads to %s", at)
	}
	b.Get(back(state+"&error=access_denied&iss=https://try.example")).Says("said no", "access_denied")
	if at := b.Get(back(state + "&code=x&iss=https://try.example")).At; at != "/vendor" {
		t.Errorf("a state that was used leads to %s", at)
	}
	b.Get(back("state=" + begin().Get("state") + "&code=x&iss=https://evil.example")).Says("not the rehearsal server’s")
	b.Get(back("state="+begin().Get("state")+"&code=x&iss=https://try.example")).Says("The code gave no token", "invalid_grant")
}

// TestSubmitWantsEvidence: nothing is submitted that a criterion is left of; with all of them met it is admissible, and what was
// seen stays with it.
func TestSubmitWantsEvidence(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.arrive("ada@courbes.example", "Courbes SAS")
	page := w.begin(b, presetPatient, "mes-courbes").Submit("button[value=rehearse]").Silent(`value="submit"`)
	csrf := page.Value("input[name=csrf]")
	b.Send(http.MethodPost, "/vendor/apps/mes-courbes", url.Values{"csrf": {csrf}, "do": {"submit"}}).
		Is(http.StatusUnprocessableEntity).Says("Not every criterion is met yet")
	if all, _ := w.apps.Versions(t.Context(), "mes-courbes"); len(all) > 0 {
		t.Fatalf("it was submitted: %+v", all)
	}
	w.played(t, "mes-courbes")
	b.Get("/vendor/apps/mes-courbes").Submit("button[value=submit]").Is(http.StatusOK).Says("Place in the queue: 1.", "by the machine")
	all, err := w.apps.Versions(t.Context(), "mes-courbes")
	if err != nil || len(all) != 1 || all[0].State != catalog.Admissible || len(all[0].Evidence) < 8 {
		t.Fatalf("%v %+v", err, all)
	}
	b.Get("/vendor/apps/mes-courbes").Submit("button[value=withdraw]").Is(http.StatusOK).Says("request withdrawn")
}

package oauth_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/gate"
)

// lines are the names of the checkboxes of a consent page by the beginning of their text.
func (p page) lines() map[string]string {
	out := map[string]string{}
	for _, m := range regexp.MustCompile(`<input id="(line-[0-9]+)"[^>]*> <span>([^<]*)</span>`).FindAllStringSubmatch(p.body, -1) {
		out[m[2]] = m[1]
	}
	return out
}

// without posts the consent page with some lines unticked.
func (b *browser) without(p page, lines []string, fields ...string) page {
	for _, l := range lines {
		p.hidden.Del(l)
	}
	return b.submit(p, append([]string{"decision", "allow"}, fields...)...)
}

const trimmable = "openid fhirUser launch/patient offline_access patient/Observation.cruds patient/Condition.rs"

// What a person leaves out is in nothing that comes of it: the answer's scope, the grant, its refreshes, the consent
// that is kept.
func TestConsentIsTrimmed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for name, tt := range map[string]struct {
		left []string
		want string
	}{
		"nothing":           {nil, trimmable},
		"the writing":       {[]string{"Ajouter, modifier et supprimer les mesures et résultats de cet espace."}, "openid fhirUser launch/patient offline_access patient/Observation.rs patient/Condition.rs"},
		"one kind of data":  {[]string{"Lire les problèmes de santé de cet espace."}, "openid fhirUser launch/patient offline_access patient/Observation.cruds"},
		"while I am away":   {[]string{"Garder l’accès quand vous n’êtes pas là, 90 jours au plus."}, "openid fhirUser launch/patient patient/Observation.cruds patient/Condition.rs"},
		"who I am, no less": {[]string{"Savoir qui vous êtes."}, trimmable},
	} {
		b := w.newBrowser()
		p := b.signIn(b.authorize("scope", trimmable), "camille")
		var left []string
		for _, text := range tt.left {
			line := p.lines()[text]
			if line == "" {
				t.Fatalf("%s: no line %q in %v", name, text, p.lines())
			}
			left = append(left, line)
		}
		done := b.without(p, left, "patient", "camille")
		if done.location == nil || done.location.Query().Get("code") == "" {
			t.Fatalf("%s: %d %v %s", name, done.status, done.location, done.body)
		}
		r := w.redeem(done.location.Query().Get("code"))
		if r.text("scope") != tt.want {
			t.Errorf("%s: granted %q, want %q", name, r.text("scope"), tt.want)
		}
		if away := slices.Contains(strings.Fields(tt.want), "offline_access"); (r.text("refresh_token") != "") != away {
			t.Errorf("%s: refresh token %q", name, r.text("refresh_token"))
		} else if away {
			if again := w.refresh(r.text("refresh_token")); again.text("scope") != tt.want {
				t.Errorf("%s: refreshed to %q", name, again.text("scope"))
			}
		}
		g, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token")))
		if err != nil || strings.Join(g.Scopes, " ") != tt.want {
			t.Errorf("%s: the gate sees %v, %v", name, g, err)
		}
		w.mu.Lock()
		kept := w.agreed[len(w.agreed)-1].Scopes
		w.mu.Unlock()
		if d := cmp.Diff(strings.Fields(tt.want), kept); d != "" {
			t.Errorf("%s: the consent kept (-agreed +kept):\n%s", name, d)
		}
	}
}

// Nothing that is posted adds to what was asked.
func TestConsentIsNotWidened(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	p := b.signIn(b.authorize("scope", "openid patient/Observation.rs"), "camille")
	done := b.submit(p, "decision", "allow", "patient", "camille", "scope", "patient/*.cruds", "line-2", "yes", "line-99", "yes", "line--1", "yes", "line-0", "yes", "lines", "openid")
	if r := w.redeem(done.location.Query().Get("code")); r.text("scope") != "openid patient/Observation.rs" {
		t.Errorf("granted %s", r.raw)
	}
}

// Leaving everything out is a refusal, and keeps nothing.
func TestConsentToNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, who := range []string{"camille", "dr.roux"} {
		b := w.newBrowser()
		p := b.signIn(b.authorize("scope", "openid user/Observation.rs offline_access"), who)
		done := b.without(p, []string{"line-0", "line-1", "line-2"}, "patient", "camille")
		if done.location == nil || done.location.Query().Get("error") != "access_denied" || done.location.Query().Has("code") {
			t.Errorf("%s: %d %v", who, done.status, done.location)
		}
	}
	if len(w.agreed) != 0 {
		t.Errorf("kept: %v", w.agreed)
	}
	// Who asks for nothing but who it is leaves nothing to leave out.
	b := w.newBrowser()
	p := b.signIn(b.authorize("scope", "openid fhirUser"), "camille")
	if done := b.without(p, []string{"line-0"}, "patient", "camille"); done.location == nil || done.location.Query().Get("code") == "" {
		t.Errorf("sign-in alone: %d %v", done.status, done.location)
	}
}

// A page that is shown again keeps what was unticked.
func TestConsentKeepsTicks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	p := b.signIn(b.authorize("scope", trimmable), "camille")
	line := p.lines()["Lire les problèmes de santé de cet espace."]
	again := b.without(p, []string{line}, "patient", "nobody")
	if again.status != 422 || again.hidden.Has(line) || len(again.lines()) != len(p.lines()) {
		t.Errorf("%d, ticked %v", again.status, again.hidden)
	}
}

// A professional who gives nothing of a patient gives a grant for no patient.
func TestConsentWithoutThePatient(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.newBrowser()
	p := b.signIn(b.authorize("scope", "openid user/Observation.rs patient/Condition.rs"), "dr.roux")
	p = b.submit(p, "patient", "camille")
	done := b.without(p, []string{p.lines()["Lire les problèmes de santé de cet espace."]})
	r := w.redeem(done.location.Query().Get("code"))
	g, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token")))
	if err != nil || g.Patient != "" || r.json["patient"] != nil || r.text("scope") != "openid user/Observation.rs" {
		t.Errorf("%s: %+v, %v", r.raw, g, err)
	}
}

package oauth_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
)

// nurse is a professional with two work situations.
func nurse() oauth.Person {
	return oauth.Person{
		Key: "inf-duval", Login: "inf-duval", Kind: "professional", Name: "Mme Duval", Reference: "Practitioner/inf-duval", PasswordHash: passwordHash(),
		Identities: []string{"https://rpps.esante.gouv.fr|10002"},
		Situations: []oauth.Situation{
			{ID: "practice", Profession: "g15|60", Label: "Infirmière", Organization: "Cabinet des Minimes", Organizations: []string{"Organization/minimes"}, Identities: []string{"PractitionerRole/duval-1"}},
			{ID: "home", Profession: "g15|60", Speciality: "s|1", Label: "Infirmière coordinatrice", Organization: "EHPAD Les Tilleuls", Organizations: []string{"Organization/tilleuls"}, Regulation: true},
		},
	}
}

// A professional of several work situations chooses one; the grant is for that one and says nothing of the other.
func TestSituationIsChosen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if err := w.server.PutPerson(t.Context(), nurse()); err != nil {
		t.Fatal(err)
	}
	b := w.newBrowser()
	p := b.signIn(b.authorize("scope", "launch/patient patient/*.rs offline_access"), "inf-duval")
	if !strings.Contains(p.body, "Cabinet des Minimes") || !strings.Contains(p.body, "EHPAD Les Tilleuls") || strings.Contains(p.body, `name="ins"`) {
		t.Fatalf("no choice of a situation: %s", p.body)
	}
	if skipped := b.submit(p, "step", "patient", "patient", "camille"); !strings.Contains(skipped.body, "Les Tilleuls") {
		t.Errorf("a patient was chosen before the situation: %s", skipped.body)
	}
	if wrong := b.submit(p, "situation", "elsewhere"); wrong.status != http.StatusUnprocessableEntity {
		t.Errorf("a situation of nobody: %d", wrong.status)
	}
	p = b.submit(p, "situation", "home")
	p = b.submit(p, "step", "patient", "patient", "camille")
	if !strings.Contains(p.body, "EHPAD Les Tilleuls") {
		t.Errorf("the consent page does not name the place: %s", p.body)
	}
	p = b.submit(p, "decision", "allow")
	r := w.redeem(p.location.Query().Get("code"))
	g, err := w.server.Authenticate(t.Context(), gate.Bearer(r.text("access_token")))
	if err != nil {
		t.Fatal(err)
	}
	want := gate.Actor{
		Kind: "professional", ID: "Practitioner/inf-duval", Name: "Mme Duval", Profession: "g15|60", Speciality: "s|1", Regulation: true,
		Organizations: []string{"Organization/tilleuls"}, Identities: []string{"Practitioner/inf-duval", "https://rpps.esante.gouv.fr|10002"},
	}
	if d := cmp.Diff(want, g.Actor); d != "" {
		t.Errorf("actor (-want +got):\n%s", d)
	}

	left := nurse()
	left.Situations = left.Situations[:1]
	if err := w.server.PutPerson(t.Context(), left); err != nil {
		t.Fatal(err)
	}
	if w.alive(r.text("access_token")) {
		t.Error("a grant of a situation that has ended still opens")
	}
	if got := w.refresh(r.text("refresh_token")); got.status != 400 {
		t.Errorf("a grant of a situation that has ended was refreshed: %d", got.status)
	}
}

// A single situation is not asked; situations that contradict each other are not registered.
func TestOneSituation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	one := nurse()
	one.Situations = one.Situations[:1]
	if err := w.server.PutPerson(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	b := w.newBrowser()
	p := b.signIn(b.authorize("scope", "user/*.cruds"), "inf-duval")
	if !strings.Contains(p.body, "Cabinet des Minimes") || !strings.Contains(p.body, `value="allow"`) {
		t.Fatalf("no consent page: %s", p.body)
	}
	twice := nurse()
	twice.Situations[1].ID = "practice"
	if err := w.server.PutPerson(t.Context(), twice); err == nil {
		t.Error("two situations of one id were registered")
	}
}

package history_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/gate"
)

// grantOf is what a professional of the cast may do, changed.
func (w *world) grantOf(key string, change func(*gate.Grant)) *gate.Grant {
	w.Helper()
	g := w.Grant(key)
	change(g)
	return g
}

// breaksGlass opens camille's record in an emergency and reads the allergies.
func (w *world) breaksGlass(key string) {
	w.Helper()
	g := w.grantOf(key, func(g *gate.Grant) {
		g.ID, g.Mode, g.Purpose, g.Reason, g.Stage = "glass-"+key, "bris_de_glace", "ETREAT", "unconscious", 1
	})
	opening, err := w.Gate.OpenEmergency(w.Context(), g, "Patient/camille")
	if err != nil {
		w.Fatal(err)
	}
	g.Patient = opening.Patient
	if _, err := w.Gate.Ask(w.Context(), g, http.MethodGet, "AllergyIntolerance?patient=camille", nil, nil); err != nil {
		w.Fatal(err)
	}
	w.catch()
}

// reviewer is somebody who reviews for the establishment of somebody else.
func (w *world) reviewer(colleague string) *gate.Grant {
	return w.grantOf(colleague, func(g *gate.Grant) {
		g.ID, g.Actor.ID, g.Actor.Name, g.Actor.Identities = "reviews", "Practitioner/reviewer", "Mme Vigie", nil
		g.Actor.Roles = []string{"reviewer"}
	})
}

func TestEmergencyIsFollowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.breaksGlass("dr-urgence")
	b := w.SignIn("camille", "/space/history")
	page := ok(b, "/space/history").Says(
		"Dr Paul Leroy (doctor, Hôpital de la Rive) opened your record and read your allergies, in an emergency access (break-glass), limited to vital information; reason: the person is unconscious.",
		"The establishment is reviewing this access.", "It has to be closed by",
	)
	page = page.Submit("input[name=case]", "text", "I was awake.")
	page.Is(http.StatusOK).Says("What you think was added to the review of this access.", "What you think: I was awake.")
	all, err := w.cases.Queue(t.Context(), w.reviewer("dr-urgence"))
	if err != nil || len(all) != 1 || all[0].View == nil || all[0].View.Text != "I was awake." {
		t.Fatalf("the reviewer sees %+v, %v", all, err)
	}
	if _, err := w.cases.Close(t.Context(), w.reviewer("dr-urgence"), all[0].ID, "not-justified", "We are sorry."); err != nil {
		t.Fatal(err)
	}
	page = ok(b, "/space/history").Says("The review of this access is closed.", "Not justified: nothing establishes the emergency.", "We are sorry.", "I was awake.")
	page.Silent(`name="case"`)
	b.Lang = "fr"
	ok(b, "/space/history").Says("L’examen de cet accès est clos.", "Non justifié : rien n’établit l’urgence.")
	ok(b, "/space/history?view=mine").Says("avez donné votre avis sur un accès")
}

func TestQuestionIsFollowedToItsAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.reads("dr-roux", "AllergyIntolerance?patient=camille")
	b := w.SignIn("camille", "/space/history")
	page := ok(b, "/space/history")
	page.Submit("input[name=about]", "text", "  ").Is(http.StatusUnprocessableEntity).Says("This was not sent")
	page.Submit("input[name=about]", "text", strings.Repeat("x", 4001)).Is(http.StatusUnprocessableEntity)
	page.Submit("input[name=about]", "text", "Why?", "about", "06h000000000000000000000000").Is(http.StatusNotFound)
	page.Submit("input[name=about]", "text", "Why?", "about", "not an id").Is(http.StatusNotFound)
	page.Submit("input[name=about]", "text", "Why?", "csrf", "forged").Is(http.StatusForbidden)
	page = page.Submit("input[name=about]", "text", "Why my allergies?").Is(http.StatusOK)
	if !strings.HasPrefix(page.At, "/space/history?done=asked") {
		t.Errorf("a question leads to %s", page.At)
	}
	page.Says("Your question was sent.", "About Dr Anne Roux:", "Why my allergies?", "waiting", "An answer is due by")
	reviewer := w.reviewer("dr-roux")
	all, err := w.cases.Queue(t.Context(), reviewer)
	if err != nil || len(all) != 1 || all[0].Question != "Why my allergies?" {
		t.Fatalf("the establishment sees %+v, %v", all, err)
	}
	if _, err := w.cases.Close(t.Context(), reviewer, all[0].ID, "answered", "To prescribe safely."); err != nil {
		t.Fatal(err)
	}
	ok(b, "/space/history").Says("answered", "Answer:", "To prescribe safely.")
}

func TestNotices(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.breaksGlass("dr-urgence")
	b := w.SignIn("camille", "/space/history")
	page := ok(b, "/space/history").Says("What you were told", "Dr Paul Leroy")
	before := strings.Count(page.Raw, `name="notice"`)
	if before == 0 {
		t.Fatal("nobody told camille")
	}
	page = page.Submit("input[name=notice]").Is(http.StatusOK)
	if after := strings.Count(page.Raw, `name="notice"`); after != before-1 {
		t.Errorf("%d notices after one of %d was read", after, before)
	}
	elsewhere := w.SignIn("elise", "/oauth2/sessions").Get("/space/history")
	elsewhere.Silent("Paul Leroy")
}

package sharing_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/test/pages"
)

// throughGlycare is what the gate answers camille's app.
func throughGlycare(w *pages.World, target string) bool {
	w.Helper()
	_, err := w.Gate.Ask(w.Context(), &gate.Grant{
		ID: "test-glycare", Scopes: []string{"patient/Patient.r", "patient/Observation.crus"}, Patient: "camille", Purpose: "PATRQT", Mode: "normal",
		Actor: gate.Actor{Kind: "patient", ID: "Patient/camille", Name: "Camille Durand", Identities: []string{"Patient/camille"}},
		Client: gate.Client{ID: "glycare", Kind: "smart", Category: "health", Label: gate.Label{
			Status: "online", Exchange: true, Purposes: []string{"PATRQT", "TREAT"}, Categories: []string{"measures", "demographics"},
			Directions: []string{"read", "write"}, Expires: time.Now().Add(time.Hour),
		}},
		Since: time.Now().Add(-time.Minute), Until: time.Now().Add(time.Hour),
	}, http.MethodGet, target, nil, nil)
	return err == nil
}

// TestApps: what an app really read is told, and stopping it, whole or for a category, counts from its next request.
func TestApps(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("camille", "/space")
	const measures = "Observation?patient=camille&code=http://loinc.org|2339-0"
	b.Get("/space/apps").Is(http.StatusOK).Says("Glycare", "Nothing, by your log.", "Measures", "Identity and contact details")
	if !throughGlycare(w, measures) || !throughGlycare(w, "Patient/camille") {
		t.Fatal("the app does not read from the start")
	}
	p := b.Get("/space/apps").Says("Measures and results: read once", "Identity: read once")
	p = p.Submit("input[value=disconnect-category][category=measures]").Is(http.StatusOK).Says("Glycare no longer has access to this category")
	if throughGlycare(w, measures) || !throughGlycare(w, "Patient/camille") {
		t.Error("stopping one category stops another, or none")
	}
	p = p.Does("reconnect").Is(http.StatusOK).Says("Glycare reads again")
	if !throughGlycare(w, measures) {
		t.Error("a category that was taken back is not read")
	}
	p = p.Does("disconnect", "client", "glycare").Is(http.StatusOK).Says("Glycare is disconnected").Silent("No app is connected")
	if throughGlycare(w, measures) || throughGlycare(w, "Patient/camille") {
		t.Error("a disconnected app reads")
	}
	p.Does("reconnect").Is(http.StatusOK)
	if !throughGlycare(w, "Patient/camille") {
		t.Error("an app whose disconnection was taken back does not read")
	}
	for _, client := range []string{"glycare", "rappel-vaccins", "interactions"} {
		p = b.Get("/space/apps").Does("disconnect", "client", client).Is(http.StatusOK)
	}
	p.Says("No app is connected")
}

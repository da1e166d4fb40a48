package sharing_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestEyes: the record as a nurse of the circle gets it, with what is hidden from her counted.
func TestEyes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("camille", "/space")
	p := b.Get("/space/eyes").Is(http.StatusOK).Says("Look through their eyes", "Mme Chloé Martin")
	p = p.Submit("select[name=viewer]", "viewer", "Practitioner/inf-martin").Is(http.StatusOK)
	p.Says("What they see: Mme Chloé Martin", "Note de suivi infirmier", "hidden from them: ")
	if sees := strings.Split(p.Text(), "What is hidden from them")[0]; strings.Contains(sees, "Synthèse psychiatrique") {
		t.Error("the masked letter is shown as if the nurse saw it")
	}
	p.Silent("camille-announcement", "anatomie pathologique")
	b.Get("/space/eyes?viewer=Practitioner/dr-bloque").Is(http.StatusOK).Says("Nothing.")
	b.Get("/space/eyes?viewer=app:glycare").Is(http.StatusOK).Says("Glycare", "Measures and results").Silent("Compte rendu de consultation (")
	b.Get("/space/eyes?viewer=centre_15:1").Is(http.StatusOK).Says("Pénicilline")
	b.Get("/space/eyes?viewer=nobody").Is(http.StatusNotFound)
	b.Get("/space/eyes?rpps-viewer=19900000106").Is(http.StatusOK).Says("Dr Paul Leroy")
}

// TestEyesThatMayNotLook: whoever may not look reads why, and nothing of what is or is not hidden from somebody.
func TestEyesThatMayNotLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("sofia", "/space")
	p := b.Get("/space/eyes?for=jeanne&viewer=bris_de_glace:1").Is(http.StatusForbidden)
	p.Says("Look through their eyes").Silent("hidden from them: ", "nothing of your space is hidden from them", "What they see", ">Nothing.<")
}

// TestPreview: a change is looked at first, through the eyes of whom it is about, and nothing is made.
func TestPreview(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("camille", "/space")
	p := b.Get("/space/person?who=Practitioner/inf-martin").Does("block", "preview", "1").Is(http.StatusOK)
	p.Says("Before saving", "No longer seen:", "Note de suivi infirmier", "Save this change")
	if !w.Reads("inf-martin", "DocumentReference/camille-nursing") {
		t.Fatal("a preview blocked her")
	}
	other := p.Submit("button[name=preview]", "viewer", "Practitioner/dr-lam").Is(http.StatusOK).Says("For them, nothing changes.")
	if !w.Reads("inf-martin", "DocumentReference/camille-nursing") {
		t.Fatal("a second preview blocked her")
	}
	other.Press("Save this change").Is(http.StatusOK).Says("Mme Chloé Martin is blocked")
	if w.Reads("inf-martin", "DocumentReference/camille-nursing") {
		t.Error("what was previewed was not saved")
	}
}

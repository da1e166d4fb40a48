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
	b := w.signIn("camille")
	p := b.get("/space/eyes").is(http.StatusOK).says("Look through their eyes", "Mme Chloé Martin")
	p = p.submit("select[name=viewer]", "viewer", "Practitioner/inf-martin").is(http.StatusOK)
	p.says("What they see: Mme Chloé Martin", "Note de suivi infirmier", "hidden from them: ")
	if sees := strings.Split(p.text(), "What is hidden from them")[0]; strings.Contains(sees, "Synthèse psychiatrique") {
		t.Error("the masked letter is shown as if the nurse saw it")
	}
	p.silent("camille-announcement", "anatomie pathologique")
	b.get("/space/eyes?viewer=Practitioner/dr-bloque").is(http.StatusOK).says("Nothing.")
	b.get("/space/eyes?viewer=app:glycare").is(http.StatusOK).says("Glycare", "Measures and results").silent("Compte rendu de consultation (")
	b.get("/space/eyes?viewer=centre_15:1").is(http.StatusOK).says("Pénicilline")
	b.get("/space/eyes?viewer=nobody").is(http.StatusNotFound)
	b.get("/space/eyes?rpps-viewer=19900000106").is(http.StatusOK).says("Dr Paul Leroy")
}

// TestEyesThatMayNotLook: whoever may not look reads why, and nothing of what is or is not hidden from somebody.
func TestEyesThatMayNotLook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn("sofia")
	p := b.get("/space/eyes?for=jeanne&viewer=bris_de_glace:1").is(http.StatusForbidden)
	p.says("Look through their eyes").silent("hidden from them: ", "nothing of your space is hidden from them", "What they see", ">Nothing.<")
}

// TestPreview: a change is looked at first, through the eyes of whom it is about, and nothing is made.
func TestPreview(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn("camille")
	p := b.get("/space/person?who=Practitioner/inf-martin").does("block", "preview", "1").is(http.StatusOK)
	p.says("Before saving", "No longer seen:", "Note de suivi infirmier", "Save this change")
	if !w.reads("inf-martin", "DocumentReference/camille-nursing") {
		t.Fatal("a preview blocked her")
	}
	other := p.submit("button[name=preview]", "viewer", "Practitioner/dr-lam").is(http.StatusOK).says("For them, nothing changes.")
	if !w.reads("inf-martin", "DocumentReference/camille-nursing") {
		t.Fatal("a second preview blocked her")
	}
	other.saves().is(http.StatusOK).says("Mme Chloé Martin is blocked")
	if w.reads("inf-martin", "DocumentReference/camille-nursing") {
		t.Error("what was previewed was not saved")
	}
}

// saves presses the button that saves what a preview shows: the form that has no choice of a viewer.
func (p *page) saves() *page {
	p.b.w.Helper()
	for f := range p.root.Descendants() {
		if f.Data != "form" || !strings.Contains(textOf(f), "Save this change") {
			continue
		}
		values := fieldsOf(f)
		return p.b.send(http.MethodPost, attribute(f, "action"), values)
	}
	p.b.w.Fatalf("nothing to save: %s", p.text())
	return nil
}

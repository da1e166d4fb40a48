package sharing_test

import (
	"net/http"
	"sync"
	"testing"
	"time"
)

// TestConsent: withdrawing shuts the circle, but the médecin traitant and the author; giving it again opens it.
func TestConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("camille", "/space")
	const nursing = "DocumentReference/camille-nursing"
	p := b.Get("/space/choices").Is(http.StatusOK).Does("withdraw", "preview", "1").Is(http.StatusOK).Says("Before saving")
	if !w.Reads("dr-benali", "DocumentReference/camille-consultation") {
		t.Fatal("a preview withdrew the consent")
	}
	p = p.Press("Save this change").Is(http.StatusOK).Says("Your consent is withdrawn")
	if w.Reads("dr-benali", "DocumentReference/camille-consultation") || !w.Reads("dr-roux", nursing) || !w.Reads("inf-martin", nursing) {
		t.Error("a withdrawn consent shuts others than it must")
	}
	b.Get("/space").Says("You withdrew your consent", "Linked to you, and cannot read")
	p.Does("give").Is(http.StatusOK).Says("Your consent is given")
	if !w.Reads("dr-benali", "DocumentReference/camille-consultation") {
		t.Error("a consent that was given again opens nothing")
	}
}

// TestSwitches: what is saved is what an emergency access meets, and what may not be set together is refused in words.
func TestSwitches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("camille", "/space")
	p := b.Get("/space/choices").Submit("input[name=BTG]", "BTG", "deny").Is(http.StatusOK).Says("Your three choices")
	b.Get("/space/eyes?viewer=bris_de_glace:1").Says("They would be told:")
	b.Get("/space/eyes?viewer=centre_15:1").Says("Pénicilline")
	p.Does("switches").Is(http.StatusOK).Says("Your three choices")
	b.Get("/space/eyes?viewer=bris_de_glace:1").Says("Pénicilline")
	no := b.Get("/space/choices").Submit("input[name=MASKED]", "BTG", "deny", "ETREAT", "deny", "MASKED", "permit").Is(http.StatusUnprocessableEntity)
	no.Says("only if an emergency access is permitted")
	if !no.Checked("input[id=MASKED-permit]") {
		t.Error("what was typed is lost")
	}
}

// TestConsult: a stranger whom the person lets in reads until it is taken back.
func TestConsult(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("camille", "/space")
	const letter = "DocumentReference/camille-consultation"
	if w.Reads("dr-noel", letter) {
		t.Fatal("a stranger reads from the start")
	}
	found := b.Get("/space/find?q=no%C3%ABl").Is(http.StatusOK).Says("Dr Claire Noël")
	found.Silent("Dr Anne Roux")
	person := b.Get("/space/person?who=Practitioner/dr-noel").Is(http.StatusOK).Says("no link with you")
	no := person.Does("consult", "long", "until", "until", "2020-01-01").Is(http.StatusUnprocessableEntity).Says("Give a last day")
	p := no.Does("consult", "long", "until", "until", time.Now().AddDate(0, 1, 0).Format(time.DateOnly)).Is(http.StatusOK).Says("Dr Claire Noël can read")
	if !w.Reads("dr-noel", letter) {
		t.Error("a consent opens nothing")
	}
	p.Does("end-consult").Is(http.StatusOK).Says("has ended")
	if w.Reads("dr-noel", letter) {
		t.Error("a consent that was taken back opens")
	}
}

// TestAdministrator: one who is named sees hidden documents, as long as they are.
func TestAdministrator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("camille", "/space")
	b.Get("/space/documents").Does("mask", "document", "camille-dental").Is(http.StatusOK)
	const letter = "DocumentReference/camille-dental"
	if w.Reads("dr-benali", letter) {
		t.Fatal("a hidden document is read")
	}
	p := b.Get("/space/person?who=Practitioner/dr-benali").Does("administrator").Is(http.StatusOK).Says("is an administrator")
	if !w.Reads("dr-benali", letter) {
		t.Error("an administrator does not see a hidden document")
	}
	b.Get("/space/choices").Says("Dr Samir Benali")
	p.Does("end-administrator").Is(http.StatusOK)
	if w.Reads("dr-benali", letter) {
		t.Error("somebody who is no longer an administrator sees a hidden document")
	}
}

// TestEndLink: a link that was ended lets nobody in until the end is taken back; that of the médecin traitant is not ended here.
func TestEndLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("camille", "/space")
	const letter = "DocumentReference/camille-consultation"
	p := b.Get("/space/person?who=Practitioner/dr-benali").Does("end-link").Is(http.StatusOK).Says("The link with Dr Samir Benali has ended")
	if w.Reads("dr-benali", letter) {
		t.Error("an ended link lets in")
	}
	p.Does("restore-link").Is(http.StatusOK).Says("counts again")
	if !w.Reads("dr-benali", letter) {
		t.Error("a link whose end was taken back does not let in")
	}
}

// TestHide: one document is hidden from one professional, and from a profession, whatever system names it.
func TestHide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("camille", "/space")
	const path, letter = "/space/document?document=camille-dental", "DocumentReference/camille-dental"
	if !w.Reads("dr-benali", letter) {
		t.Fatal("the circle does not read from the start")
	}
	p := b.Get(path).Is(http.StatusOK).Submit("select[name=who]", "who", "Practitioner/dr-benali").Is(http.StatusOK).Says("hidden from: Dr Samir Benali")
	if w.Reads("dr-benali", letter) {
		t.Error("a document that is hidden from somebody is read by them")
	}
	if !w.Reads("dr-roux", letter) {
		t.Error("a document that is hidden from somebody else is not read")
	}
	p.Does("unhide", "document", "camille-dental").Is(http.StatusOK).Silent("hidden from: Dr Samir Benali")
	if !w.Reads("dr-benali", letter) {
		t.Error("a document that is no longer hidden is not read")
	}
	p = b.Get(path)
	var both sync.WaitGroup
	for range 4 { // as an impatient finger does
		both.Go(func() { p.Submit("select[name=profession]", "profession", "10") })
	}
	both.Wait()
	p = b.Get(path).Is(http.StatusOK).Says("hidden from: doctors")
	if w.Reads("dr-benali", letter) || !w.Reads("dr-roux", letter) || !w.Reads("dr-lam", letter) {
		t.Error("a document hidden from doctors is read by one, or not by its author and the médecin traitant")
	}
	p.Does("unhide", "document", "camille-dental").Is(http.StatusOK).Silent("hidden from: doctors")
	b.Get(path).Submit("input[name=rpps]", "rpps", "12345").Is(http.StatusUnprocessableEntity).Says("No professional of the directory")
	b.Get("/space/document?document=camille-announcement").Is(http.StatusNotFound)
}

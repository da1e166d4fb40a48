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
	b := w.signIn("camille")
	const nursing = "DocumentReference/camille-nursing"
	p := b.get("/space/choices").is(http.StatusOK).does("withdraw", "preview", "1").is(http.StatusOK).says("Before saving")
	if !w.reads("dr-benali", "DocumentReference/camille-consultation") {
		t.Fatal("a preview withdrew the consent")
	}
	p = p.saves().is(http.StatusOK).says("Your consent is withdrawn")
	if w.reads("dr-benali", "DocumentReference/camille-consultation") || !w.reads("dr-roux", nursing) || !w.reads("inf-martin", nursing) {
		t.Error("a withdrawn consent shuts others than it must")
	}
	b.get("/space").says("You withdrew your consent", "Linked to you, and cannot read")
	p.does("give").is(http.StatusOK).says("Your consent is given")
	if !w.reads("dr-benali", "DocumentReference/camille-consultation") {
		t.Error("a consent that was given again opens nothing")
	}
}

// TestSwitches: what is saved is what an emergency access meets, and what may not be set together is refused in words.
func TestSwitches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn("camille")
	p := b.get("/space/choices").submit("input[name=BTG]", "BTG", "deny").is(http.StatusOK).says("Your three choices")
	b.get("/space/eyes?viewer=bris_de_glace:1").says("They would be told:")
	b.get("/space/eyes?viewer=centre_15:1").says("Pénicilline")
	p.does("switches").is(http.StatusOK).says("Your three choices")
	b.get("/space/eyes?viewer=bris_de_glace:1").says("Pénicilline")
	no := b.get("/space/choices").submit("input[name=MASKED]", "BTG", "deny", "ETREAT", "deny", "MASKED", "permit").is(http.StatusUnprocessableEntity)
	no.says("only if an emergency access is permitted")
	if form, found := no.form("input[id=MASKED-permit]"); form == nil || !hasAttribute(found, "checked") {
		t.Error("what was typed is lost")
	}
}

// TestConsult: a stranger whom the person lets in reads until it is taken back.
func TestConsult(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn("camille")
	const letter = "DocumentReference/camille-consultation"
	if w.reads("dr-noel", letter) {
		t.Fatal("a stranger reads from the start")
	}
	found := b.get("/space/find?q=no%C3%ABl").is(http.StatusOK).says("Dr Claire Noël")
	found.silent("Dr Anne Roux")
	person := b.get("/space/person?who=Practitioner/dr-noel").is(http.StatusOK).says("no link with you")
	no := person.does("consult", "long", "until", "until", "2020-01-01").is(http.StatusUnprocessableEntity).says("Give a last day")
	p := no.does("consult", "long", "until", "until", time.Now().AddDate(0, 1, 0).Format(time.DateOnly)).is(http.StatusOK).says("Dr Claire Noël can read")
	if !w.reads("dr-noel", letter) {
		t.Error("a consent opens nothing")
	}
	p.does("end-consult").is(http.StatusOK).says("has ended")
	if w.reads("dr-noel", letter) {
		t.Error("a consent that was taken back opens")
	}
}

// TestAdministrator: one who is named sees hidden documents, as long as they are.
func TestAdministrator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn("camille")
	b.get("/space/documents").does("mask", "document", "camille-dental").is(http.StatusOK)
	const letter = "DocumentReference/camille-dental"
	if w.reads("dr-benali", letter) {
		t.Fatal("a hidden document is read")
	}
	p := b.get("/space/person?who=Practitioner/dr-benali").does("administrator").is(http.StatusOK).says("is an administrator")
	if !w.reads("dr-benali", letter) {
		t.Error("an administrator does not see a hidden document")
	}
	b.get("/space/choices").says("Dr Samir Benali")
	p.does("end-administrator").is(http.StatusOK)
	if w.reads("dr-benali", letter) {
		t.Error("somebody who is no longer an administrator sees a hidden document")
	}
}

// TestEndLink: a link that was ended lets nobody in until the end is taken back; that of the médecin traitant is not ended here.
func TestEndLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn("camille")
	const letter = "DocumentReference/camille-consultation"
	p := b.get("/space/person?who=Practitioner/dr-benali").does("end-link").is(http.StatusOK).says("The link with Dr Samir Benali has ended")
	if w.reads("dr-benali", letter) {
		t.Error("an ended link lets in")
	}
	p.does("restore-link").is(http.StatusOK).says("counts again")
	if !w.reads("dr-benali", letter) {
		t.Error("a link whose end was taken back does not let in")
	}
}

// TestHide: one document is hidden from one professional, and from a profession, whatever system names it.
func TestHide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn("camille")
	const path, letter = "/space/document?document=camille-dental", "DocumentReference/camille-dental"
	if !w.reads("dr-benali", letter) {
		t.Fatal("the circle does not read from the start")
	}
	p := b.get(path).is(http.StatusOK).submit("select[name=who]", "who", "Practitioner/dr-benali").is(http.StatusOK).says("hidden from: Dr Samir Benali")
	if w.reads("dr-benali", letter) {
		t.Error("a document that is hidden from somebody is read by them")
	}
	if !w.reads("dr-roux", letter) {
		t.Error("a document that is hidden from somebody else is not read")
	}
	p.does("unhide", "document", "camille-dental").is(http.StatusOK).silent("hidden from: Dr Samir Benali")
	if !w.reads("dr-benali", letter) {
		t.Error("a document that is no longer hidden is not read")
	}
	p = b.get(path)
	var both sync.WaitGroup
	for range 4 { // as an impatient finger does
		both.Go(func() { p.submit("select[name=profession]", "profession", "10") })
	}
	both.Wait()
	p = b.get(path).is(http.StatusOK).says("hidden from: doctors")
	if w.reads("dr-benali", letter) || !w.reads("dr-roux", letter) || !w.reads("dr-lam", letter) {
		t.Error("a document hidden from doctors is read by one, or not by its author and the médecin traitant")
	}
	p.does("unhide", "document", "camille-dental").is(http.StatusOK).silent("hidden from: doctors")
	b.get(path).submit("input[name=rpps]", "rpps", "12345").is(http.StatusUnprocessableEntity).says("No professional of the directory")
	b.get("/space/document?document=camille-announcement").is(http.StatusNotFound)
}

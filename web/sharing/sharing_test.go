package sharing_test

import (
	"net/http"
	"testing"
)

// TestWho: the picture and the list say who reads, on which ground and until when.
func TestWho(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.SignIn("camille", "/space").Get("/space").Is(http.StatusOK)
	p.Says("Dr Anne Roux", "médecin traitant", "declared", "Dr Minh Lam", "appointment", "Dr Yves Morin", "Glycare", "no end date")
	for _, member := range []string{"dr-roux", "dr-benali", "inf-martin", "ph-diallo", "dr-lam", "dr-bloque"} {
		p.Says(nameOf[member])
	}
	if w.Reads("dr-bloque", "Patient/camille") {
		t.Error("the cast has changed: a blocked doctor reads")
	}
}

var nameOf = map[string]string{
	"dr-roux": "Dr Anne Roux", "dr-benali": "Dr Samir Benali", "inf-martin": "Mme Chloé Martin", "ph-diallo": "Dr Awa Diallo",
	"dr-lam": "Dr Minh Lam", "dr-bloque": "Dr Yves Morin",
}

// TestBlock: whom the person blocks reads nothing from the next request on, and undoing it lets the link count again.
func TestBlock(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("camille", "/space")
	const letter = "DocumentReference/camille-nursing"
	if !w.Reads("inf-martin", letter) {
		t.Fatal("the nurse does not read from the start")
	}
	p := b.Get("/space/person?who=Practitioner/inf-martin").Is(http.StatusOK).Does("block").Is(http.StatusOK)
	p.Says("Mme Chloé Martin is blocked", "Undo this change")
	if w.Reads("inf-martin", letter) {
		t.Error("a blocked nurse reads")
	}
	p = p.Does("unblock").Is(http.StatusOK).Says("no longer blocked", "not a consent")
	if !w.Reads("inf-martin", letter) {
		t.Error("the nurse does not read after the block was lifted")
	}
	p.Does("block").Is(http.StatusOK)
	if w.Reads("inf-martin", letter) {
		t.Error("the undoing of an undoing blocks nobody")
	}
}

// TestMask: a document that is hidden from all is read by its author and the médecin traitant alone.
func TestMask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("camille", "/space")
	const letter = "DocumentReference/camille-consultation"
	if !w.Reads("dr-benali", letter) || !w.Reads("inf-martin", "DocumentReference/camille-nursing") {
		t.Fatal("the circle does not read from the start")
	}
	p := b.Get("/space/documents").Is(http.StatusOK).Says("Compte rendu de consultation", "hidden from all professionals").Silent("camille-announcement")
	p = p.Does("mask", "document", "camille-consultation").Is(http.StatusOK).Says("is hidden from all professionals but")
	if w.Reads("dr-benali", letter) {
		t.Error("a doctor of the circle reads a hidden document")
	}
	if !w.Reads("dr-roux", letter) {
		t.Error("the author and médecin traitant does not read")
	}
	p.Does("unmask", "document", "camille-consultation").Is(http.StatusOK).Says("is shown to your circle of care again")
	if !w.Reads("dr-benali", letter) {
		t.Error("a document that is shown again is not read")
	}
}

// TestDocumentOfNoName: a page or a form about no document has nothing to show or change.
func TestDocumentOfNoName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.SignIn("camille", "/space")
	for _, path := range []string{"/space/document", "/space/document?document=", "/space/document?document=%2F", "/space/document?document=x%2F_history"} {
		b.Get(path).Is(http.StatusNotFound)
	}
	p := b.Get("/space/document?document=camille-consultation").Is(http.StatusOK)
	p.Submit("input[value=ask]", "document", "").Is(http.StatusNotFound)
}

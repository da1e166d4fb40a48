package sharing_test

import (
	"net/http"
	"testing"
)

// TestWho: the picture and the list say who reads, on which ground and until when.
func TestWho(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	p := w.signIn("camille").get("/space").is(http.StatusOK)
	p.says("Dr Anne Roux", "médecin traitant", "declared", "Dr Minh Lam", "appointment", "Dr Yves Morin", "Glycare", "no end date")
	for _, member := range []string{"dr-roux", "dr-benali", "inf-martin", "ph-diallo", "dr-lam", "dr-bloque"} {
		p.says(nameOf[member])
	}
	if w.reads("dr-bloque", "Patient/camille") {
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
	b := w.signIn("camille")
	const letter = "DocumentReference/camille-nursing"
	if !w.reads("inf-martin", letter) {
		t.Fatal("the nurse does not read from the start")
	}
	p := b.get("/space/person?who=Practitioner/inf-martin").is(http.StatusOK).does("block").is(http.StatusOK)
	p.says("Mme Chloé Martin is blocked", "Undo this change")
	if w.reads("inf-martin", letter) {
		t.Error("a blocked nurse reads")
	}
	p = p.does("unblock").is(http.StatusOK).says("no longer blocked", "not a consent")
	if !w.reads("inf-martin", letter) {
		t.Error("the nurse does not read after the block was lifted")
	}
	p.does("block").is(http.StatusOK)
	if w.reads("inf-martin", letter) {
		t.Error("the undoing of an undoing blocks nobody")
	}
}

// TestMask: a document that is hidden from all is read by its author and the médecin traitant alone.
func TestMask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn("camille")
	const letter = "DocumentReference/camille-consultation"
	if !w.reads("dr-benali", letter) || !w.reads("inf-martin", "DocumentReference/camille-nursing") {
		t.Fatal("the circle does not read from the start")
	}
	p := b.get("/space/documents").is(http.StatusOK).says("Compte rendu de consultation", "hidden from all professionals").silent("camille-announcement")
	p = p.does("mask", "document", "camille-consultation").is(http.StatusOK).says("is hidden from all professionals but")
	if w.reads("dr-benali", letter) {
		t.Error("a doctor of the circle reads a hidden document")
	}
	if !w.reads("dr-roux", letter) {
		t.Error("the author and médecin traitant does not read")
	}
	p.does("unmask", "document", "camille-consultation").is(http.StatusOK).says("is shown to your circle of care again")
	if !w.reads("dr-benali", letter) {
		t.Error("a document that is shown again is not read")
	}
}

// TestDocumentOfNoName: a page or a form about no document has nothing to show or change.
func TestDocumentOfNoName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.signIn("camille")
	for _, path := range []string{"/space/document", "/space/document?document=", "/space/document?document=%2F", "/space/document?document=x%2F_history"} {
		b.get(path).is(http.StatusNotFound)
	}
	p := b.get("/space/document?document=camille-consultation").is(http.StatusOK)
	p.submit("input[value=ask]", "document", "").is(http.StatusNotFound)
}

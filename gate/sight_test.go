package gate

import "testing"

// TestWhatGoesWithALinkIsNotSearched: a document that continues a hidden one loses the whole element that says so; nobody
// finds it by the code that stood beside the reference, or by its absence.
func TestWhatGoesWithALinkIsNotSearched(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", document("sequel", by("dr-lam"), and(`"relatesTo":[{"code":"appends","target":{"reference":"DocumentReference/letter"}}]`)))
	for question, want := range map[string][2]int{ // of whom the letter is hidden from, of the doctor who may read it
		"relation=appends":          {0, 1},
		"relation:not=appends":      {2, 2},
		"relation:missing=false":    {0, 1},
		"identifier=urn:doc|sequel": {1, 1},
	} {
		for k, who := range []string{"dr-lam", "dr-roux"} {
			if got := len(w.get(who, "/DocumentReference?patient=camille"+since2000+"&"+question).is(200).names()); got != want[k] {
				t.Errorf("%s finds %d by %s, want %d", who, got, question, want[k])
			}
		}
	}
}

// TestANameAmongLooserValuesOpensNoRecord: the identifier of a hidden document, beside a value that any document fits,
// finds what is in the same record no more than an identifier of nothing.
func TestANameAmongLooserValuesOpensNoRecord(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	for _, loose := range []string{"urn:doc|", "report"} {
		hidden := w.get("dr-lam-free", "/DocumentReference?identifier=urn:doc|letter,"+loose+since2000)
		absent := w.get("dr-lam-free", "/DocumentReference?identifier=urn:doc|lettex,"+loose+since2000)
		if hidden.Code != absent.Code || len(hidden.Body.Bytes()) != len(absent.Body.Bytes()) {
			t.Errorf("beside %s: hidden gives %s, absent %s", loose, hidden.whole(), absent.whole())
		}
	}
	if got := w.get("dr-lam-free", "/DocumentReference?identifier=urn:doc|letter,urn:doc|report"+since2000).is(200).names(); len(got) != 1 {
		t.Errorf("two names find %v, want the report", got)
	}
}

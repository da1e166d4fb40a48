package gate

import "testing"

// TestReplacementStaysHidden: a document that was hidden from one professional is hidden from them when its author
// writes it anew, and from nobody else.
func TestReplacementStaysHidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", document("mine", by("dr-lam")),
		`{"resourceType":"Consent","id":"hides","status":"active","scope":{"text":"x"},"category":[{"coding":[{"system":"urn:pontlevis:consent","code":"hide"}]}],"patient":{"reference":"Patient/camille"},"dateTime":"2026-01-01","policyRule":{"text":"x"},"provision":{"type":"deny","data":[{"meaning":"instance","reference":{"reference":"DocumentReference/mine"}}],"actor":[{"role":{"text":"x"},"reference":{"reference":"Practitioner/inf-martin"}}]}}`)
	w.get("inf-martin", "/DocumentReference/mine").is(404)
	at := w.post("dr-lam", "/DocumentReference", deposited("nouveau", by("dr-lam"), and(`"relatesTo":[{"code":"replaces","target":{"reference":"DocumentReference/mine"}}]`))).is(201).madeAt()
	w.get("inf-martin", at).is(404)
	w.get("inf-martin", "/DocumentReference/mine").is(404)
	w.get("dr-roux", at).is(200)
	w.get("camille", at).is(200)
	if got := w.get("camille", "/Consent/hides").is(200).node().Get("meta").Get("versionId").Text(); got != "2" {
		t.Errorf("the consent is at version %s", got)
	}
}

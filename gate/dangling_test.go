package gate

import (
	"strings"
	"testing"
)

// TestDanglingReferencesStay: records that were loaded name encounters and practitioners that never came along; the
// resource keeps them and its narrative, as it was written.
func TestDanglingReferencesStay(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", `{"resourceType":"Condition","id":"old","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">asthma</div>"},"subject":{"reference":"Patient/camille"},"encounter":{"reference":"Encounter/never-came"},"code":{"text":"asthma"}}`)
	for _, path := range []string{"/Condition/old", "/Condition?patient=camille"} {
		got := w.get("camille", path).is(200).Body.String()
		for _, kept := range []string{"Encounter/never-came", "asthma</div>"} {
			if !strings.Contains(got, kept) {
				t.Errorf("%s lost %s: %s", path, kept, got)
			}
		}
	}
}

// TestDepositedReferencesTellNothing: who deposits a reference learns nothing of what is there from whether it stays,
// be it a result that is masked, a consent, or anything of another record.
func TestDepositedReferencesTellNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle().minor()
	result := func(id, patient, more string) string {
		return `{"resourceType":"Observation","id":"` + id + `","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/` + patient + `"}` + more + `}`
	}
	w.put("camille", result("hidden", "camille", `,"meta":{"security":[{"system":"`+maskURL+`","code":"`+masque+`"}]}`), result("open", "camille", ""))
	w.put("lucas", result("of-lucas", "lucas", ""))
	for target, want := range map[string]bool{
		"Observation/open": true, "Observation/hidden": false, "Observation/of-lucas": false, "Observation/absent": false, "Consent/block": false, "Consent/absent": false,
	} {
		more := `,"performer":[{"reference":"Practitioner/dr-lam"}],"extension":[{"url":"urn:x","valueReference":{"reference":"` + target + `"}}]`
		at := w.post("dr-lam", "/Observation", result("x", "camille", more)).is(201).madeAt()
		if got := strings.Contains(w.get("dr-lam", at).is(200).Body.String(), target); got != want {
			t.Errorf("a reference to %s stays: %v, want %v", target, got, want)
		}
	}
}

// TestNamedDocumentsTellNothing: the same for a reference by identifier that says that it leads to a document.
func TestNamedDocumentsTellNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	for name, want := range map[string]bool{"report": true, "letter": false, "lettex": false} {
		for _, reference := range []string{`"type":"DocumentReference","identifier":{"system":"urn:doc","value":"` + name + `"}`, `"reference":"DocumentReference?identifier=urn:doc|` + name + `"`} {
			at := w.post("dr-lam", "/Observation", `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/camille"},"performer":[{"reference":"Practitioner/dr-lam"}],"derivedFrom":[{`+reference+`}]}`).is(201).madeAt()
			if got := strings.Contains(w.get("dr-lam", at).is(200).Body.String(), "derivedFrom"); got != want {
				t.Errorf("a reference %s stays: %v, want %v", reference, got, want)
			}
		}
	}
}

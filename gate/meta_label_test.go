package gate

import (
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/space"
)

// TestMaskInMeta: a mask on anything but a document is lifted by who may lift one on a document.
func TestMaskInMeta(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", consent("camille", "masking", space.DefaultMask, "2026-01-01", `"type":"deny"`))
	observation := `{"resourceType":"Observation","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/camille"},"performer":[{"reference":"Practitioner/dr-lam"}]}`
	at := w.post("dr-lam", "/Observation", observation).is(201).madeAt()
	if got := w.get("camille", at).is(200).Body.String(); !strings.Contains(got, masque) {
		t.Fatalf("not masked by default: %s", got)
	}
	const lift = `[{"op":"remove","path":"/meta/security"}]`
	const set = `[{"op":"add","path":"/meta/security","value":[{"system":"` + maskURL + `","code":"MASQUE_PS"}]}]`
	w.get("inf-martin", at).is(404)
	w.patch("inf-martin", at, lift).is(404)
	w.patch("camille", at, `[{"op":"replace","path":"/status","value":"amended"}]`).is(405)
	w.patch("camille", at, `[{"op":"test","path":"/meta/security/0/code","value":"MASQUE_PS"},{"op":"remove","path":"/meta/security"}]`).is(200)
	w.get("inf-martin", at).is(200)
	w.patch("camille", at, `[{"op":"add","path":"/meta/security","value":[{"system":"`+maskURL+`","code":"INVISIBLE_PATIENT"}]}]`).is(403)
	w.patch("camille", at, set).is(200)
	w.get("inf-martin", at).is(404)
	w.patch("camille", "/DocumentReference/report", set).is(200)
	w.get("inf-martin", "/DocumentReference/report").is(404)
}

// TestMaskedBundle: what a document says of itself hides its DocumentReference and its bytes.
func TestMaskedBundle(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	bundle := `{"resourceType":"Bundle","meta":{"security":[{"system":"` + maskURL + `","code":"MASQUE_PS"}]},"type":"document","identifier":{"system":"urn:ietf:rfc:3986","value":"urn:uuid:d"},"timestamp":"2026-11-21T10:00:00Z","entry":[` +
		`{"fullUrl":"urn:uuid:c","resource":{"resourceType":"Composition","status":"final","type":{"coding":[{"system":"http://loinc.org","code":"11488-4"}]},"subject":{"reference":"Patient/camille"},"date":"2026-11-21","author":[{"reference":"Practitioner/dr-lam"}],"title":"x"}}]}`
	open := w.post("dr-lam", "/Bundle", strings.Replace(bundle, masque, "N", 1)).is(201).madeAt()
	w.get("inf-martin", open).is(200)
	at := w.post("dr-lam", "/Bundle", bundle).is(201).madeAt()
	w.get("camille", at).is(200)
	w.get("inf-martin", at).is(404)
	if got := w.get("inf-martin", "/DocumentReference?patient=camille").is(200).Body.String(); strings.Contains(got, at) {
		t.Errorf("a masked document is found: %s", got)
	}
}

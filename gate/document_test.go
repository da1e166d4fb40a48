package gate

import (
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/audit"
)

// TestBytesInThreeShapes: a document's bytes are given and withheld with it, however its url is written.
func TestBytesInThreeShapes(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	const inner = `{"resourceType":"Bundle","id":"structured","type":"document","entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"Composition","id":"c","section":[{"entry":[{"reference":"Condition/inside"}]}]}}]}`
	for shape, tt := range map[string]struct{ url, path, body string }{
		"relative": {"Binary/letter", "/Binary/letter", binary("letter", "bonjour")},
		"absolute": {testBase + "/Binary/absolute", "/Binary/absolute", binary("absolute", "bonjour")},
		"bundle":   {"Bundle/structured", "/Bundle/structured", inner},
	} {
		w.put("camille", document("of-"+shape, by("dr-benali"), masked, bytesAt(tt.url)), tt.body)
		for who, status := range map[string]int{"camille": 200, "dr-roux": 200, "dr-benali": 200, "dr-lam": 404, "inf-martin": 404, "dr-bloque": 404, "dr-lam-free": 404} {
			for _, accept := range []string{"application/fhir+json", "*/*"} {
				if got := w.get(who, tt.path, "Accept", accept); got.Code != status {
					t.Errorf("%s, %s as %s: %d, want %d", shape, who, accept, got.Code, status)
				}
			}
		}
	}
	raw := w.get("dr-roux", "/Binary/letter", "Accept", "*/*")
	if raw.Body.String() != "bonjour" || raw.Header().Get("Content-Type") != "text/plain" || !strings.Contains(raw.Header().Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("bytes %q under %v", raw.Body, raw.Header())
	}
	if got := w.get("dr-roux", "/Bundle/structured").Body.String(); !strings.Contains(got, "Condition/inside") {
		t.Errorf("a document was cut inside: %s", got)
	}
}

// TestNewDocumentOpensNothing: a document that names the bytes of a masked one does not open them.
func TestNewDocumentOpensNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", binary("letter", "bonjour"), document("thief", by("dr-lam"), bytesAt("Binary/letter")))
	w.get("dr-lam", "/DocumentReference/thief").is(200)
	w.get("dr-lam", "/Binary/letter").is(404)
	w.get("dr-roux", "/Binary/letter").is(200)
	if got := w.get("dr-lam", "/Patient/camille/$everything?_type=Binary").is(200).names(); len(got) != 0 {
		t.Errorf("everything gives %v", got)
	}
	body := strings.Replace(document("x", by("dr-lam"), bytesAt("Binary/letter")), `"id":"x",`, "", 1)
	w.post("dr-lam", "/DocumentReference", body).is(422)
}

// TestBytesWithoutDocument: bytes that nothing vouches for are nobody's.
func TestBytesWithoutDocument(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", binary("loose", "bonjour"))
	for _, who := range []string{"camille", "dr-roux", "dr-lam"} {
		entries := w.logged("camille", func() { w.get(who, "/Binary/loose").is(404) })
		if len(entries) != 1 || entries[0].Outcome != audit.Refused {
			t.Errorf("%s: logged %+v", who, entries)
		}
	}
}

// TestEverythingHasManyBytes: the second bytes of an answer are judged like the first.
func TestEverythingHasManyBytes(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", binary("a", "1"), binary("b", "2"), binary("c", "3"), document("a", by("dr-benali")), document("b", by("dr-benali"), masked), document("c", by("dr-benali")))
	got := strings.Join(w.get("dr-roux", "/Patient/camille/$everything?_type=Binary").is(200).names(), " ")
	if got != "Binary/a Binary/b Binary/c" {
		t.Errorf("the treating doctor: %s", got)
	}
	if got := strings.Join(w.get("dr-lam", "/Patient/camille/$everything?_type=Binary").is(200).names(), " "); got != "Binary/a Binary/c" {
		t.Errorf("a member of the circle: %s", got)
	}
}

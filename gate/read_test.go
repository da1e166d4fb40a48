package gate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/audit"
)

// TestRead: who reads what, and that what is hidden cannot be told from what is not there.
func TestRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle().minor()
	w.put("lucas", document("lucas-report", of("lucas")))
	w.grant("lam-wide", "dr-lam", func(g *Grant) { g.Scopes = []string{"user/*.cruds"} })
	for _, tt := range []struct {
		who, path string
		status    int
	}{
		{"camille", "/DocumentReference/letter", 200},
		{"dr-roux", "/DocumentReference/letter", 200},
		{"dr-benali", "/DocumentReference/letter", 200},
		{"dr-lam", "/DocumentReference/letter", 404},
		{"inf-martin", "/DocumentReference/letter", 404},
		{"dr-lam", "/DocumentReference/report", 200},
		{"dr-bloque", "/DocumentReference/report", 404},
		{"dr-loin", "/DocumentReference/report", 404},
		{"lucas", "/DocumentReference/report", 404}, // of another record
		{"dr-lam", "/DocumentReference/letter/_history/1", 404},
		{"dr-lam", "/DocumentReference/letter/_history", 404},
		{"dr-roux", "/DocumentReference/letter/_history/1", 200},
		{"dr-roux", "/DocumentReference/letter/_history/2", 404},
		{"dr-lam", "/Practitioner/dr-roux", 200},
		{"lam-wide", "/DocumentReference/report", 200},
		{"lam-wide", "/DocumentReference/lucas-report", 404}, // a grant for one record opens no other
		{"lam-wide", "/DocumentReference/lucas-report/_history", 404},
		{"lam-wide", "/Patient/lucas/$everything", 404},
		{"dr-lam-free", "/DocumentReference/report", 200},
		{"dr-loin-free", "/DocumentReference/report", 404},
	} {
		if got := w.get(tt.who, tt.path).Code; got != tt.status {
			t.Errorf("%s %s: %d, want %d", tt.who, tt.path, got, tt.status)
		}
	}
}

// TestHiddenLooksAbsent compares whole answers, headers and bodies.
func TestHiddenLooksAbsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	for _, who := range []string{"dr-lam", "inf-martin", "dr-bloque", "dr-loin", "dr-lam-free", "dr-loin-free"} {
		for _, path := range []string{
			"/DocumentReference/ID", "/DocumentReference/ID/_history", "/DocumentReference/ID/_history/1", "/DocumentReference/ID/_history/9",
			"/Binary/ID", "/DocumentReference?_id=ID", "/DocumentReference?identifier=urn:doc|ID", "/DocumentReference?patient=camille&_id=ID&_total=accurate",
			"/DocumentReference?_id=ID&_summary=count", "/Patient/camille/DocumentReference?_id=ID", "/Patient/ID/$everything",
		} {
			hidden := w.get(who, strings.ReplaceAll(path, "ID", "letter"))
			absent := w.get(who, strings.ReplaceAll(path, "ID", "lettex"))
			if diff := cmp.Diff(absent.whole(), strings.ReplaceAll(hidden.whole(), "letter", "lettex")); diff != "" {
				t.Errorf("%s %s: absent is -, hidden is +:\n%s", who, path, diff)
			}
		}
	}
}

// whole is an answer as text: status, headers, body.
func (a answer) whole() string {
	var b strings.Builder
	_ = a.Result().Header.Write(&b)
	return a.Result().Status + "\n" + b.String() + "\n" + a.Body.String()
}

// TestClosedRecordLooksAbsent: a record that is shut to somebody cannot be told from one that does not exist.
func TestClosedRecordLooksAbsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.open("nour")
	w.put("nour", patient("nour", "1975-01-01", "urn:ins|3"), consent("nour", "sharing3", "initial", "2026-01-01", `"type":"permit"`), careTeam("nour", "dr-lam"), document("other", of("nour")))
	w.live("nour", "closed")
	// Names of one length, so that the lengths of answers are the same too.
	fold := strings.NewReplacer("camille", "camilla", "nour", "noux", "urn:ins%7C1", "urn:ins%7C9", "urn:ins|1", "urn:ins|9")
	same := func(who, other string, paths ...string) {
		for _, path := range paths {
			there, absent := w.get(who, path), w.get(other, fold.Replace(path))
			if diff := cmp.Diff(withoutDecision(fold.Replace(absent.whole())), withoutDecision(fold.Replace(there.whole()))); diff != "" {
				t.Errorf("%s %s: absent is -, there is +:\n%s", who, path, diff)
			}
		}
	}
	w.grant("loin-camilla", "dr-loin", func(g *Grant) { g.Patient = "camilla" })
	w.grant("loin-noux", "dr-loin", func(g *Grant) { g.Patient = "noux" })
	w.grant("lam-nour", "dr-lam", func(g *Grant) { g.Patient = "nour" })
	questions := func(of string) []string {
		return []string{
			"/DocumentReference?patient=" + of, "/Condition?patient=" + of, "/AuditEvent?patient=" + of, "/Consent?patient=" + of,
			"/Patient/" + of, "/Patient?_id=" + of, "/Patient/" + of + "/$everything", "/CareTeam/circle-" + of, "/DocumentReference?patient=" + of + "&_total=accurate",
			"/Communication?patient=" + of, "/Basic?patient=" + of,
		}
	}
	same("dr-loin", "loin-camilla", questions("camille")...)
	same("dr-bloque", "loin-camilla", questions("camille")...)
	same("lam-nour", "loin-noux", questions("nour")...)
	same("dr-loin-free", "dr-loin-free", append(questions("camille"), "/DocumentReference?patient.identifier=urn:ins|1", "/Patient?identifier=urn:ins|1")...)
	same("dr-bloque-free", "dr-bloque-free", questions("camille")...)
	same("dr-lam-free", "dr-lam-free", questions("nour")...)
}

// withoutDecision takes the one thing out of an answer that may differ: the id of its decision, and so its length.
func withoutDecision(s string) string {
	if at := strings.Index(s, ", decision "); at >= 0 {
		s = s[:at] + s[at+len(", decision ")+26:]
	}
	return s
}

// TestConditionalRead: 304 is an answer like another: decided first, logged, and not given of what is hidden.
func TestConditionalRead(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	first := w.get("dr-lam", "/DocumentReference/report").is(200)
	etag, modified := first.Header().Get("ETag"), first.Header().Get("Last-Modified")
	if etag != `W/"1"` || modified == "" {
		t.Fatalf("ETag %q, Last-Modified %q", etag, modified)
	}
	entries := w.logged("camille", func() {
		again := w.get("dr-lam", "/DocumentReference/report", "If-None-Match", etag).is(304)
		if again.Body.Len() > 0 || again.Header().Get("ETag") != etag {
			t.Errorf("304 with %d bytes and ETag %q", again.Body.Len(), again.Header().Get("ETag"))
		}
	})
	if len(entries) != 1 || entries[0].Outcome != audit.Granted {
		t.Errorf("a 304 is logged as %+v", entries)
	}
	w.get("dr-lam", "/DocumentReference/report", "If-Modified-Since", modified).is(304)
	w.get("dr-lam", "/DocumentReference/report", "If-None-Match", `W/"7"`).is(200)
	for _, header := range [][]string{{"If-None-Match", `W/"1"`}, {"If-None-Match", "*"}, {"If-Modified-Since", modified}} {
		w.get("dr-lam", "/DocumentReference/letter", header...).is(404)
	}
}

// TestHistory: versions, newest first, under today's labels; since and at are obeyed.
func TestHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", strings.Replace(document("report", by("dr-lam")), `"current"`, `"superseded"`, 1))
	all := w.get("dr-roux", "/DocumentReference/report/_history").is(200)
	if got := all.names(); len(got) != 2 || all.node().Get("total").Text() != "2" {
		t.Fatalf("history: %v of %s", got, all.node().Get("total").Text())
	}
	if got := w.get("dr-roux", "/DocumentReference/report/_history?_count=1").is(200).names(); len(got) != 1 {
		t.Errorf("_count=1 gives %v", got)
	}
	if got := w.get("dr-roux", "/DocumentReference/report/_history?_since=2030-01-01T00:00:00Z").is(200).names(); len(got) != 0 {
		t.Errorf("_since in the future gives %v", got)
	}
	if got := w.get("dr-roux", "/DocumentReference/report/_history?_at=2030-01-01T00:00:00Z").is(200).names(); len(got) != 1 {
		t.Errorf("_at after the last version gives %v", got)
	}
	w.put("camille", document("report", by("dr-benali"), masked)) // masked today: what was written before is hidden with it
	w.get("dr-lam", "/DocumentReference/report/_history").is(404)
	w.get("dr-lam", "/DocumentReference/report/_history/1").is(404)
	if got := w.get("dr-roux", "/DocumentReference/report/_history").is(200).names(); len(got) != 3 {
		t.Errorf("the treating doctor sees %v", got)
	}
	w.put("camille", document("freed", by("dr-benali"), masked))
	w.put("camille", document("freed", by("dr-benali")))
	if got := w.get("dr-lam", "/DocumentReference/freed/_history").is(200).names(); len(got) != 2 {
		t.Errorf("of a document that is masked no more, %v is seen", got)
	}
}

// TestElementsOfARead: _summary and _elements are obeyed, and cut what is shown, never what is decided.
func TestElementsOfARead(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	n := w.get("dr-lam", "/DocumentReference/report?_elements=date").is(200).node()
	if n.Get("author") != nil || n.Get("date") == nil || !strings.Contains(string(n.Bytes()), "SUBSETTED") {
		t.Errorf("_elements=date gives %s", n.Bytes())
	}
	w.get("dr-lam", "/DocumentReference/letter?_elements=date").is(404)
}

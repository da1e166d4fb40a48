package gate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/audit"
)

const since2000 = "&date=ge2000-01-01"

// TestSearch: matches, totals and pages hold what may be read alone.
func TestSearch(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	for who, want := range map[string][]string{
		"camille": {"DocumentReference/letter", "DocumentReference/report"}, "dr-roux": {"DocumentReference/letter", "DocumentReference/report"},
		"dr-lam": {"DocumentReference/report"}, "inf-martin": {"DocumentReference/report"}, "dr-benali": {"DocumentReference/letter"},
		"dr-loin": {}, "dr-bloque": {}, "dr-lam-free": {"DocumentReference/report"}, "dr-loin-free": {},
	} {
		a := w.get(who, "/DocumentReference?patient=camille&_total=accurate"+since2000).is(200)
		if diff := cmp.Diff(want, a.names()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", who, diff)
		}
		if total := a.node().Get("total").Text(); total != fmt.Sprint(len(want)) {
			t.Errorf("%s: total %s of %d", who, total, len(want))
		}
	}
}

// TestPagesAreFullAndSealed: hidden matches leave no gap, and a link is good for the grant and the question it was given to.
func TestPagesAreFullAndSealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	for k := range 9 {
		options := []option{by("dr-benali")}
		if k%3 == 1 {
			options = append(options, masked)
		}
		w.put("camille", document(fmt.Sprintf("doc-%d", k), options...))
	}
	path := "/DocumentReference?patient=camille&_count=2" + since2000
	var seen []string
	first := path
	for pages := 0; path != "" && pages < 10; pages++ {
		a := w.get("dr-lam", path).is(200)
		if next := a.link("next"); len(a.names()) != 2 && next != "" {
			t.Errorf("a page of %d before the last", len(a.names()))
		}
		seen = append(seen, a.names()...)
		path = a.link("next")
	}
	want := []string{"doc-0", "doc-2", "doc-3", "doc-5", "doc-6", "doc-8", "report"}
	for k := range want {
		want[k] = "DocumentReference/" + want[k]
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("pages (-want +got):\n%s", diff)
	}
	next := w.get("dr-lam", first).link("next")
	for name, got := range map[string]answer{
		"another's":        w.get("dr-roux", next),
		"another question": w.get("dr-lam", strings.Replace(next, "_count=2", "_count=3", 1)),
		"garbage":          w.get("dr-lam", strings.Replace(next, "_page=", "_page=A", 1)),
	} {
		if got.Code != 400 {
			t.Errorf("%s: %d", name, got.Code)
		}
	}
	w.put("camille", consent("camille", "block2", "block", "2026-01-01", `"type":"deny","actor":[{"reference":{"reference":"Practitioner/dr-lam"}}]`))
	if got := w.get("dr-lam", next).is(200).names(); len(got) != 0 {
		t.Errorf("a page after a block gives %v", got)
	}
}

// TestSearchScope: whose records a search looks into.
func TestSearchScope(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle().minor()
	w.put("lucas", document("lucas-report", of("lucas")))
	report, own := "DocumentReference/report", "DocumentReference/lucas-report"
	for _, tt := range []struct {
		who, path string
		want      []string
	}{
		{"dr-lam", "/DocumentReference?date=ge2000-01-01", []string{report}},
		{"dr-lam", "/DocumentReference?patient=lucas" + since2000, []string{}},
		{"dr-lam", "/DocumentReference?_id=lucas-report" + since2000, []string{}},
		{"dr-lam", "/DocumentReference?patient.identifier=urn:ins|1" + since2000, []string{report}},
		{"dr-lam", "/DocumentReference?patient.identifier=urn:ins|2" + since2000, []string{}},
		{"dr-lam-free", "/DocumentReference?patient=camille,lucas" + since2000, []string{own, report}},
		{"dr-lam-free", "/DocumentReference?_id=lucas-report" + since2000, []string{own}},
		{"dr-lam-free", "/DocumentReference?identifier=urn:doc|report" + since2000, []string{report}},
		{"dr-lam-free", "/DocumentReference?patient.identifier=urn:ins|2" + since2000, []string{own}},
	} {
		if diff := cmp.Diff(tt.want, w.get(tt.who, tt.path).is(200).names()); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", tt.who, tt.path, diff)
		}
	}
}

// TestTooManyNames: the bound is on what is asked; were it on what is found, it would tell which guesses exist.
func TestTooManyNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	for _, path := range []string{"/DocumentReference?_id=%s", "/DocumentReference?patient=%s"} {
		var guesses []string
		for k := range maxPatients + 1 {
			guesses = append(guesses, fmt.Sprintf("nobody-%d", k))
		}
		w.get("dr-lam-free", fmt.Sprintf(path, strings.Join(guesses, ","))).is(400)
		w.get("dr-lam-free", fmt.Sprintf(path, strings.Join(guesses[:maxPatients], ","))).is(200)
	}
}

// TestNotices: what the policies say beside a page is said to who may know of the record, and to nobody else.
func TestNotices(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	notices := func(a answer) int {
		return len(slices.DeleteFunc(a.is(200).names(), func(n string) bool { return !strings.HasPrefix(n, "OperationOutcome") }))
	}
	for _, tt := range []struct {
		who, path string
		want      int
	}{
		{"dr-lam", "/DocumentReference?patient=camille", 1}, // limited to two years
		{"dr-lam", "/DocumentReference?patient=camille" + since2000, 0},
		{"dr-lam", "/DocumentReference?_id=nothing", 1}, // the same whether it is there or hidden
		{"dr-lam", "/DocumentReference?_id=letter", 1},
		{"dr-lam-free", "/DocumentReference?patient=camille", 1},
		{"dr-lam-free", "/DocumentReference?_id=letter", 0}, // nobody named the record
		{"dr-lam-free", "/DocumentReference?_id=report", 1}, // shown, so known
		{"dr-loin", "/DocumentReference?patient=camille", 0},
		{"dr-loin-free", "/DocumentReference?patient=camille", 0},
		{"dr-bloque", "/DocumentReference?patient=camille", 0},
		{"dr-benali", "/DocumentReference?patient=camille", 1}, // their own letter is shown
		{"dr-benali", "/DocumentReference?patient=camille&status=superseded", 0},
	} {
		if got := notices(w.get(tt.who, tt.path)); got != tt.want {
			t.Errorf("%s %s: %d notices, want %d", tt.who, tt.path, got, tt.want)
		}
	}
}

// TestEverySearchIsLogged: one that shows nothing too, in the record it asked about.
func TestEverySearchIsLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle().minor()
	for _, tt := range []struct {
		who, path, patient, outcome string
		resources                   int
	}{
		{"dr-lam", "/DocumentReference?patient=camille" + since2000, "camille", audit.Granted, 1},
		{"dr-lam", "/DocumentReference?patient=camille&status=superseded", "camille", audit.Granted, 0},
		{"dr-lam", "/DocumentReference?patient=camille&_summary=count", "camille", audit.Granted, 0},
		{"dr-lam", "/Patient/camille/$everything?_type=Condition", "camille", audit.Granted, 0},
		{"dr-lam", "/Patient/camille/$everything?_type=DocumentReference", "camille", audit.Granted, 1},
		{"dr-bloque", "/DocumentReference?patient=camille", "camille", audit.Refused, 0},
		{"dr-bloque", "/Patient/camille/$everything", "camille", audit.Refused, 1},
		{"dr-bloque", "/DocumentReference/report", "camille", audit.Refused, 1},
		{"dr-loin-free", "/DocumentReference?_id=report", "camille", audit.Granted, 0},
		{"dr-lam", "/DocumentReference?patient=lucas", "lucas", audit.Refused, 0},
		{"dr-lam", "/Patient/lucas", "lucas", audit.Refused, 1},
		{"dr-lam", "/DocumentReference/nothing", "camille", audit.Refused, 1},
		{"dr-lam", "/DocumentReference/report/_history?_since=2030-01-01T00:00:00Z", "camille", audit.Granted, 1},
	} {
		entries := w.logged(tt.patient, func() { w.get(tt.who, tt.path) })
		if len(entries) != 1 || entries[0].Outcome != tt.outcome || len(entries[0].Resources) != tt.resources || entries[0].Rule == "" {
			t.Errorf("%s %s: logged %+v", tt.who, tt.path, entries)
		}
	}
}

// TestReadingTheLogEnds: each page of the log writes an entry; the pages show the log as it stood at the first.
func TestReadingTheLogEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	for range 3 {
		w.get("dr-lam", "/DocumentReference/report").is(200)
	}
	path, pages := "/AuditEvent?patient=camille&_count=1", 0
	for ; path != "" && pages < 9; pages++ {
		path = w.get("camille", path).is(200).link("next")
	}
	if pages != 3 {
		t.Errorf("%d pages of 3 entries", pages)
	}
	if got := len(w.entries("camille")); got != 6 {
		t.Errorf("%d entries, want 6: reading the log is logged", got)
	}
}

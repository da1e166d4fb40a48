package history_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/audit"
)

// coded is what no page of the history shows to people: codes, ids, rules, types of FHIR.
var coded = regexp.MustCompile(`urn:|\b[A-Z]\d+\.[a-z]|camille-|\b(DocumentReference|AllergyIntolerance|AuditEvent|Practitioner/|Organization/)|bris_de_glace|centre_15|search-type|%!|\| `)

func TestHistoryInWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.reads("dr-roux", "DocumentReference?patient=camille", "AllergyIntolerance?patient=camille", "DocumentReference/camille-psychiatric-letter")
	w.reads("inf-martin", "DocumentReference/camille-psychiatric-letter")
	w.reads("dr-bloque", "Observation?patient=camille")
	b := w.SignIn("camille", "/space/history")
	page := ok(b, "/space/history").Says(
		"Dr Anne Roux (doctor, Cabinet médical du Pont), your médecin traitant, read 8 documents and your allergies.",
		"This doctor is your médecin traitant; the law gives them access to the whole record.",
		"Attempts that failed", "Dr Yves Morin (doctor, Cabinet du docteur Morin) tried to read your record, and was not let in.",
		"Mme Chloé Martin (nurse, Cabinet infirmier des Minimes) tried to read 1 document, and was not let in.",
	)
	for _, lang := range []string{"en", "fr"} {
		b.Lang = lang
		for _, path := range []string{"/space/history", "/space/history?view=mine", "/space/history?view=services", "/space/history?outcome=refused", "/space/history/export"} {
			if found := coded.FindString(ok(b, path).Text()); found != "" {
				t.Errorf("%s in %s shows %q: %s", path, lang, found, ok(b, path).Text())
			}
		}
	}
	b.Lang = "fr"
	ok(b, "/space/history").Says("Dr Anne Roux (médecin, Cabinet médical du Pont), votre médecin traitant, a lu 8 documents et vos allergies.")
	if strings.Count(page.Text(), "Dr Anne Roux") != 2 { // the sentence, and what its control is about
		t.Errorf("one visit is told %d times: %s", strings.Count(page.Text(), "Dr Anne Roux"), page.Text())
	}
	page.Silent("psychiatr") // no title, no id
}

func TestReadingTheHistoryIsLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.reads("dr-roux", "AllergyIntolerance?patient=camille")
	b := w.SignIn("camille", "/space/history?view=mine")
	ok(b, "/space/history?view=mine").Says("you read the log of who saw your record")
	for _, e := range w.newest("camille", 3) {
		if e.Actor.ID != "Patient/camille" || e.Outcome != audit.Granted {
			t.Errorf("%+v", e)
		}
	}
}

func TestViewsAndDays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.reads("dr-roux", "AllergyIntolerance?patient=camille")
	b := w.SignIn("camille", "/space/history")
	today, tomorrow := time.Now().In(paris(t)).Format(time.DateOnly), time.Now().In(paris(t)).AddDate(0, 0, 1).Format(time.DateOnly)
	ok(b, "/space/history?since="+today+"&until="+today).Says("Dr Anne Roux")
	ok(b, "/space/history?since="+tomorrow).Silent("Dr Anne Roux")
	ok(b, "/space/history?until=2020-01-01").Says("No access to show here.")
	ok(b, "/space/history?since=yesterday&view=everything&from=").Says("Dr Anne Roux") // what is none of ours is left out
	ok(b, "/space/history?view=services").Silent("Dr Anne Roux")
	ok(b, "/space/history?view=mine").Silent("Dr Anne Roux")
	if status := b.Get("/space/history?from=forged").Status; status != http.StatusBadRequest {
		t.Errorf("a forged position is answered with %d", status)
	}
}

func paris(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return zone
}

// TestPages leads through a long history by the links of the pages, and tells each access once.
func TestPages(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const visits = 60
	w.visited(visits)
	b := w.SignIn("camille", "/space/history")
	older, seen, pages := regexp.MustCompile(`href="([^"]*)">Older<`), 0, 0
	page := ok(b, "/space/history")
	for ; pages < 10; pages++ {
		seen += strings.Count(page.Raw, "your médecin traitant, read your allergies.</p>")
		next := older.FindStringSubmatch(page.Raw)
		if next == nil {
			break
		}
		page = ok(b, strings.ReplaceAll(next[1], "&amp;", "&"))
	}
	if seen != visits || pages == 0 {
		t.Errorf("%d visits on %d pages, want %d", seen, pages+1, visits)
	}
}

func TestWhoMayNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	camille, roux := w.SignIn("camille", "/space/history"), w.SignIn("dr-roux", "/oauth2/sessions")
	for _, path := range []string{"/space/history?patient=jeanne", "/space/history?patient=nobody", "/space/history/export.json?patient=jeanne"} {
		if status := camille.Get(path).Status; status != http.StatusNotFound {
			t.Errorf("%s is answered with %d", path, status)
		}
	}
	for _, path := range []string{"/space/history", "/space/history/export", "/space/history/export.pdf"} {
		if status := roux.Get(path).Status; status != http.StatusNotFound {
			t.Errorf("%s is answered with %d to a professional", path, status)
		}
	}
	sofia := w.SignIn("sofia", "/space/history?patient=jeanne")
	sofia.Get("/space/history?patient=jeanne").Is(http.StatusForbidden).Says("This part of the space is reserved to its holder.")
	sofia.Get("/space/history/export.json?patient=jeanne").Is(http.StatusForbidden).Says("they take no copy of the access history along")
}

// TestConfidentialAct holds that a representative reads nothing of what a minor keeps secret, in no view, refusal or copy.
func TestConfidentialAct(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	karim := w.SignIn("karim", "/space/history?patient=lucas")
	read := func() string {
		var out []string
		for _, path := range []string{"?patient=lucas", "?patient=lucas&outcome=refused"} {
			out = append(out, ok(karim, "/space/history"+path).Text())
		}
		return strings.Join(out, "\n")
	}
	before := read()
	err := w.Entries.Append(t.Context(), audit.Entry{
		Patient: "lucas", Outcome: audit.Granted, Interaction: "read", Mode: "normal", Rule: "P1.circle", Labels: []string{"INVISIBLE_REPRESENTANTS_LEGAUX"},
		Actor: audit.Agent{Kind: "professional", ID: "Practitioner/dr-noel", Name: "Dr Claire Noël"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if after := read(); after != before {
		t.Errorf("the page tells: %s", after)
	}
	for _, path := range []string{"/space/history/export.json?patient=lucas"} {
		if body := karim.Get(path).Raw; strings.Contains(body, "Noël") || strings.Contains(body, "Claire") {
			t.Errorf("%s tells of it", path)
		}
	}
}

// TestPendingAnnouncement holds that a holder reads nothing of what is not to be told them yet, nor of who reads it.
func TestPendingAnnouncement(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.reads("dr-roux", "DocumentReference/camille-consultation")
	b := w.SignIn("camille", "/space/history")
	before := ok(b, "/space/history").Text()
	if !w.Reads("dr-roux", "DocumentReference/camille-announcement") {
		t.Fatal("nobody reads the announcement")
	}
	if after := ok(b, "/space/history").Text(); after != before {
		t.Errorf("the page tells: %s", after)
	}
	copied := ok(b, "/space/history/export.json").Raw
	if _, err := audit.VerifyHistory([]byte(copied), w.Entries.VerifierKey()); err != nil || strings.Contains(copied, "announcement") {
		t.Errorf("the copy tells of it, or does not hold: %v", err)
	}
	if n := strings.Count(copied, `"reference": "Practitioner/dr-roux"`); n != 1 {
		t.Errorf("the copy tells %d accesses of the doctor, want 1", n)
	}
}

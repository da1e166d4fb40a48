package gate

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/space"
)

var entryIDs = regexp.MustCompile(`\b0[0-9a-v]{25}\b`)

// TestLogOfOneself holds that nobody learns from their own log what they could not see: an attempt at something hidden is
// logged and shown as one at nothing (rules.md S1).
func TestLogOfOneself(t *testing.T) {
	t.Parallel()
	log := func(there bool) string {
		w := newWorld(t).settle().minor()
		if there {
			w.put("lucas", document("secret", of("lucas"), labelled(secret)), observation("secret", "lucas"))
			w.put("camille", document("pending", labelled(unseen)), observation("pending", "camille"))
		}
		for _, path := range []string{"/DocumentReference/secret", "/DocumentReference/secret/_history", "/Observation/secret"} {
			w.get("karim", path).is(http.StatusNotFound)
		}
		for _, path := range []string{"/DocumentReference/pending", "/Observation/pending", "/DocumentReference/secret", "/Observation/secret"} {
			w.get("camille", path).is(http.StatusNotFound)
		}
		var entries []string
		for _, who := range []string{"karim", "camille"} {
			for _, e := range w.get(who, "/AuditEvent").is(200).node().Get("entry").Items() {
				entries = append(entries, who+entryIDs.ReplaceAllString(string(e.Bytes()), "#"))
			}
		}
		if len(entries) != 7 {
			t.Errorf("%d attempts are in the logs of those who made them, want 7", len(entries))
		}
		slices.Sort(entries) // those of one millisecond come in the order of their ids, which are random
		return strings.Join(entries, "\n")
	}
	if diff := cmp.Diff(strings.Split(log(false), ","), strings.Split(log(true), ",")); diff != "" {
		t.Errorf("the logs tell (-want +got):\n%s", diff)
	}
}

// TestLogOfHidden holds that an access to what somebody may not know of yet is in their log once they may.
func TestLogOfHidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", document("pending", labelled(unseen)))
	w.get("dr-lam", "/DocumentReference/pending").is(200)
	w.get("dr-lam", "/DocumentReference?identifier=urn:doc|pending").is(200)
	names := w.get("camille", "/AuditEvent?action=R").is(200).names()
	if len(names) != 0 {
		t.Errorf("the log tells of %v before the announcement", names)
	}
	if n := len(w.get("camille", "/AuditEvent?action=E&agent=Practitioner/dr-lam").is(200).names()); n != 1 {
		t.Errorf("%d searches are in the log, want the search alone", n)
	}
	w.put("camille", document("pending"))
	told := w.get("camille", "/AuditEvent?action=R&agent=Practitioner/dr-lam").is(200)
	if len(told.names()) != 1 || !strings.Contains(told.Body.String(), "DocumentReference/pending") {
		t.Errorf("after the announcement the log tells %s", told.Body.String())
	}
}

// TestConsentNamesNothing holds that a consent by which somebody names a guessed resource does not tell whether it is there.
func TestConsentNamesNothing(t *testing.T) {
	t.Parallel()
	told := func(there bool) string {
		w := newWorld(t).settle()
		if there {
			w.put("camille", observation("guess", "camille"))
		}
		hide := strings.Replace(consent("camille", "x", space.Hide, "2026-11-01", `"type":"deny","actor":[{"role":{"coding":[{"code":"IRCP"}]},"reference":{"reference":"Practitioner/dr-lam"}}],"data":[{"meaning":"instance","reference":{"reference":"Observation/guess"}}]`), `"id":"x",`, "", 1)
		made := w.post("camille", "/Consent", hide)
		if made.Code != http.StatusCreated {
			t.Fatal(made.Code, made.Body.String())
		}
		return made.node().Get("provision").Text() + string(made.node().Get("provision").Bytes())
	}
	if there, absent := told(true), told(false); there != absent {
		t.Errorf("the consent tells %s, rather than %s", there, absent)
	}
}

func observation(id, patient string) string {
	label := map[string]string{"lucas": secret, "camille": unseen}[patient]
	return `{"resourceType":"Observation","id":"` + id + `","meta":{"security":[{"system":"` + maskURL + `","code":"` + label + `"}]},"status":"final","code":{"coding":[{"system":"http://loinc.org","code":"29463-7"}]},"subject":{"reference":"Patient/` + patient + `"}}`
}

// TestHollowWhateverIsAsked holds that a list of nothing but hidden documents is not taken for an empty one by a search
// that asks about its links.
func TestHollowWhateverIsAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", document("pending", labelled(unseen)), listOf("hollow", "DocumentReference/pending"), listOf("empty"))
	for _, q := range []string{"item:missing=true", "_sort=item", "item:missing=true&_total=accurate&_count=1"} {
		names := w.get("camille", "/List?"+q).is(200).names()
		if diff := cmp.Diff([]string{"List/empty"}, names); diff != "" {
			t.Errorf("%s (-want +got):\n%s", q, diff)
		}
	}
}

// TestEntriesComeInTheirOwnOrder holds that the entries of a search stand in the same order whether or not something that
// the holder may not know of yet was found before the rest.
func TestEntriesComeInTheirOwnOrder(t *testing.T) {
	t.Parallel()
	rules := func(there bool) []string {
		w := newWorld(t).settle()
		w.put("camille", document("b", by("dr-roux")), document("c", by("dr-lam")))
		if there {
			w.put("camille", document("a", by("dr-lam"), labelled(unseen)))
		}
		var out []string
		for _, e := range w.logged("camille", func() { w.get("dr-lam", "/DocumentReference?_id=a,b,c").is(200) }) {
			out = append(out, e.Rule)
		}
		return out
	}
	want := rules(false)
	if len(want) != 2 {
		t.Fatalf("a search of two documents left entries by %v, want one by each of two rules", want)
	}
	if diff := cmp.Diff(want, rules(true)); diff != "" {
		t.Errorf("the order tells (-without +with):\n%s", diff)
	}
}

// TestOwnLogTellsOfNobody holds that the log of who asks for somebody else by an identifier is the same whether or not
// anybody has it.
func TestOwnLogTellsOfNobody(t *testing.T) {
	t.Parallel()
	entries := func(there bool) int {
		w := newWorld(t).settle()
		if there {
			w.put("absente", patient("absente", "1970-01-01", "urn:ins|absente"))
		}
		return len(w.logged("camille", func() { w.get("camille", "/Observation?patient.identifier=urn:ins|absente").is(200) }))
	}
	if without, with := entries(false), entries(true); without != with {
		t.Errorf("a search for a stranger leaves %d entries in one's own log when there is nobody, %d when there is somebody", without, with)
	}
}

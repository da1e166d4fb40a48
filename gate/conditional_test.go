package gate

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func labResult(value, more string) string {
	return fmt.Sprintf(`{"resourceType":"Observation","identifier":[{"system":"urn:lab","value":%q}],"status":"final","subject":{"reference":"Patient/camille"},"performer":[{"reference":"Practitioner/dr-lam"}],"code":{"coding":[{"system":"http://loinc.org","code":"8302-2"}]},"effectiveDateTime":"2026-10-02"%s}`, value, more)
}

// stored is what an import puts under an id.
func withID(body, id string) string {
	return strings.Replace(body, `"identifier"`, fmt.Sprintf(`"id":%q,"identifier"`, id), 1)
}

const secretly = `,"meta":{"security":[{"system":"` + maskURL + `","code":"` + masque + `"}]}`

// TestCreateIfNone: a conditional create finds what the depositor may read, by any criteria, and nothing else.
func TestCreateIfNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", withID(labResult("1", ""), "one"), withID(labResult("2", secretly), "two"), withID(labResult("3", ""), "three"), withID(labResult("3", ""), "four"))
	for _, tt := range []struct {
		condition string
		status    int
	}{
		{"identifier=urn:lab|1", 200},
		{"Observation?identifier=urn:lab|1&status=final", 200},
		{"identifier=urn:lab|3", 412},
		{"identifier=urn:lab|9", 201},
		{"code=http://loinc.org|8302-2&date=2026-10-02", 412},
		{"identifier=urn:lab|1&_count=1", 400},
		{"nonsense=1", 400},
		{"", 400},
		{"patient=lucas", 201},
	} {
		a := w.post("dr-lam", "/Observation", labResult("new", ""), "If-None-Exist", tt.condition)
		if a.Code != tt.status {
			t.Errorf("%q: %d, want %d: %s", tt.condition, a.Code, tt.status, a.Body)
		}
	}
	found := w.post("dr-lam", "/Observation", labResult("1", ""), "If-None-Exist", "identifier=urn:lab|1").is(200)
	if id := found.node().Get("id").Text(); id != "one" {
		t.Errorf("what was there is shown as %s", id)
	}
}

// TestCreateBesideHidden: what is hidden neither stops a conditional create nor stands in for it: the answer is the one
// for a record without it. Its owner then has both.
func TestCreateBesideHidden(t *testing.T) {
	t.Parallel()
	with, without := newWorld(t).settle(), newWorld(t).settle()
	hidden := strings.Replace(withID(labResult("2", secretly), "two"), "dr-lam", "dr-benali", 1)
	with.put("camille", hidden)
	ask := func(w *world) (string, string) {
		a := w.post("dr-lam", "/Observation", labResult("2", ""), "If-None-Exist", "identifier=urn:lab|2").is(201)
		made := a.node().Get("id").Text()
		again := w.post("dr-lam", "/Observation", labResult("2", ""), "If-None-Exist", "identifier=urn:lab|2").is(200)
		fold := strings.NewReplacer(made, "MADE")
		return fold.Replace(a.whole()), fold.Replace(again.whole())
	}
	first, again := ask(with)
	first0, again0 := ask(without)
	if diff := cmp.Diff([]string{first0, again0}, []string{first, again}); diff != "" {
		t.Errorf("without what is hidden is -, with it is +:\n%s", diff)
	}
	if n := len(with.get("dr-roux", "/Observation?patient=camille&identifier=urn:lab|2").is(200).names()); n != 2 {
		t.Errorf("who may see both sees %d", n)
	}
	with.post("dr-roux", "/Observation", labResult("2", ""), "If-None-Exist", "identifier=urn:lab|2").is(412)
}

// TestCreateOnce: of conditional creates at the same time one makes the resource and the others find it.
func TestCreateOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	statuses := make([]int, 8)
	var all sync.WaitGroup
	for k := range statuses {
		all.Go(func() {
			statuses[k] = w.post("dr-lam", "/Observation", labResult("7", ""), "If-None-Exist", "identifier=urn:lab|7").Code
		})
	}
	all.Wait()
	made := 0
	for _, s := range statuses {
		if s == 201 {
			made++
		} else if s != 200 {
			t.Errorf("status %d", s)
		}
	}
	if made != 1 {
		t.Errorf("%d were made: %v", made, statuses)
	}
}

// TestWriteByMatch: PATCH, DELETE and PUT of what matches.
func TestWriteByMatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", withID(labResult("1", ""), "one"), withID(labResult("3", ""), "three"), withID(labResult("3", ""), "four"),
		withID(strings.Replace(labResult("2", secretly), "dr-lam", "dr-benali", 1), "two"))
	mask := `[{"op":"add","path":"/meta/security","value":[{"system":"` + maskURL + `","code":"` + masque + `"}]}]`
	w.patch("dr-lam", "/Observation?identifier=urn:lab|3", mask).is(412)
	w.patch("dr-lam", "/Observation?identifier=urn:lab|1", mask, "If-Match", `W/"9"`).is(412)
	w.patch("dr-lam", "/Observation?identifier=urn:lab|1", mask, "If-None-Match", `*`).is(412)
	w.ask("dr-lam", "DELETE", "/Observation?identifier=urn:lab|3", "").is(412)
	w.ask("dr-lam", "DELETE", "/Observation", "").is(400)
	w.ask("dr-lam", "DELETE", "/Observation?identifier=urn:lab|1", "", "If-Match", `*`).is(204)
	w.get("dr-lam", "/Observation/one").is(404)
	for _, id := range []string{"urn:lab|2", "urn:lab|8"} {
		absent := w.ask("dr-lam", "DELETE", "/Observation?identifier=urn:lab|1", "")
		for _, a := range []answer{w.ask("dr-lam", "DELETE", "/Observation?identifier="+id, ""), w.patch("dr-lam", "/Observation?identifier="+id, mask)} {
			if diff := cmp.Diff(absent.whole(), a.whole()); diff != "" {
				t.Errorf("%s: absent is -, this is +:\n%s", id, diff)
			}
		}
	}
}

// TestUpdateByMatch: a consent is ended by what it says, made when there is none, and left alone when two match.
func TestUpdateByMatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	named := func(id, status string) string {
		body := consent("camille", id, "express", "2026-11-01", `"type":"permit","actor":[{"role":{"coding":[{"code":"IRCP"}]},"reference":{"reference":"Practitioner/dr-loin"}}]`)
		body = strings.Replace(body, `"status":"active"`, fmt.Sprintf(`"status":%q,"identifier":[{"system":"urn:c","value":"1"}]`, status), 1)
		return strings.Replace(body, `"id":"",`, "", 1)
	}
	w.ask("camille", "PUT", "/Consent?identifier=urn:c|1", named("", "active"), "If-Match", `W/"1"`).is(412)
	w.ask("camille", "PUT", "/Consent?identifier=urn:c|1", named("mine", "active")).is(400)
	made := w.ask("camille", "PUT", "/Consent?identifier=urn:c|1", named("", "active")).is(201)
	id := made.node().Get("id").Text()
	w.ask("camille", "PUT", "/Consent?identifier=urn:c|1", named("other", "inactive")).is(400)
	w.ask("camille", "PUT", "/Consent?identifier=urn:c|1", named(id, "inactive"), "If-Match", `W/"7"`).is(412)
	ended := w.ask("camille", "PUT", "/Consent?identifier=urn:c|1", named("", "inactive"), "If-Match", `W/"1"`).is(200)
	if got := ended.node(); got.Get("id").Text() != id || got.Get("status").Text() != "inactive" {
		t.Errorf("ended as %s", ended.Body)
	}
	w.ask("camille", "PUT", "/Consent?status=active", named("", "inactive")).is(412)
	w.ask("camille", "PUT", "/DocumentReference?identifier=urn:doc|report", document("report")).is(405)
	w.ask("dr-lam-free", "PUT", "/Consent?identifier=nobody", named("", "active")).is(400)
}

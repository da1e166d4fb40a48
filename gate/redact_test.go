package gate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/fhir"
)

// TestWithout: what is cut takes its element with it and nothing else; all other bytes stay as they were.
func TestWithout(t *testing.T) {
	t.Parallel()
	hidden := map[string]bool{linkOf("DocumentReference/h", ""): true, linkOf("", "s|v"): true}
	for name, tt := range map[string][2]string{
		"a member":                  {`{"resourceType":"X", "a":{"reference":"DocumentReference/h","display":"d"},"b" : 1.50}`, `{"resourceType":"X","b" : 1.50}`},
		"an element of a list":      {`{"resourceType":"X","e":[{"i":{"reference":"DocumentReference/h"},"f":1},{"i":{"reference":"k"} }]}`, `{"resourceType":"X","e":[{"i":{"reference":"k"} }]}`},
		"the last of a list":        {`{"resourceType":"X","e":[{"i":{"reference":"DocumentReference/h"}}],"z":0}`, `{"resourceType":"X","z":0}`},
		"a list in an element":      {`{"resourceType":"X","c":{"related":[{"reference":"DocumentReference/h"}],"p":"kept"}}`, `{"resourceType":"X","c":{"p":"kept"}}`},
		"what becomes empty":        {`{"resourceType":"X","c":{"related":[{"reference":"DocumentReference/h"}]}}`, `{"resourceType":"X"}`},
		"a logical reference":       {`{"resourceType":"X","r":[{"t":{"identifier":{"system":"s","value":"v"}}}],"identifier":[{"system":"s","value":"v"}]}`, `{"resourceType":"X","identifier":[{"system":"s","value":"v"}]}`},
		"in a contained resource":   {`{"resourceType":"X","contained":[{"resourceType":"Y","id":"1","s":{"reference":"DocumentReference/h"}}]}`, `{"resourceType":"X","contained":[{"resourceType":"Y","id":"1"}]}`},
		"an extension":              {`{"resourceType":"X","extension":[{"url":"u","valueReference":{"reference":"DocumentReference/h"}},{"url":"w"}]}`, `{"resourceType":"X","extension":[{"url":"w"}]}`},
		"the narrative":             {`{"resourceType":"X","text":{"div":"<div>the letter</div>"},"a":{"reference":"DocumentReference/h"}}`, `{"resourceType":"X"}`},
		"in the middle of a member": {`{"resourceType":"X","c":{"d":{"reference":"DocumentReference/h"},"k": "é<&>"}}`, `{"resourceType":"X","c":{"k":"é<&>"}}`},
	} {
		n, err := fhir.Parse([]byte(tt[0]), fhir.Limits{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt[1], string(without(n, hidden))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// TestReferencesToHiddenAreCut, in every way of reading, and a reference that leads nowhere is cut alike: who deposits
// one must not read from it what is there.
func TestReferencesToHiddenAreCut(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	const more = `"relatesTo":[{"code":"appends","target":{"reference":"DocumentReference/%"}}],"context":{"period":{"start":"2026-01-01"},"related":[{"reference":"` + testBase + `/DocumentReference/%"}]}`
	about := func(id, target string) string {
		return document(id, by("dr-lam"), and(strings.ReplaceAll(more, "%", target)))
	}
	w.put("camille", about("near-letter", "letter"), about("near-nothin", "nothin"), about("near-report", "report"),
		document("named-letter", by("dr-lam"), and(`"relatesTo":[{"code":"appends","target":{"identifier":{"system":"urn:doc","value":"letter"}}}]`)),
		document("named-nothin", by("dr-lam"), and(`"relatesTo":[{"code":"appends","target":{"identifier":{"system":"urn:doc","value":"nothin"}}}]`)),
		document("named-report", by("dr-lam"), and(`"relatesTo":[{"code":"appends","target":{"identifier":{"system":"urn:doc","value":"report"}}}]`)))
	for _, kind := range []string{"near", "named"} {
		for _, path := range []string{
			"/DocumentReference/ID", "/DocumentReference/ID/_history", "/DocumentReference/ID/_history/1", "/DocumentReference?_id=ID" + since2000,
			"/DocumentReference?_id=report" + since2000 + "&_revinclude=DocumentReference:relatesto",
		} {
			at := func(id string) string { return strings.ReplaceAll(path, "ID", kind+"-"+id) }
			letter, nothing := w.get("dr-lam", at("letter")).is(200).Body.String(), w.get("dr-lam", at("nothin")).is(200).Body.String()
			if diff := cmp.Diff(strings.ReplaceAll(nothing, "nothin", "letter"), letter); diff != "" {
				t.Errorf("%s: to nothing is -, to the hidden +:\n%s", at("letter"), diff)
			}
			if strings.Contains(letter, "DocumentReference/letter") || strings.Contains(letter, `"value":"letter"`) {
				t.Errorf("%s names the letter: %s", at("letter"), letter)
			}
		}
		if got := w.get("dr-lam", "/DocumentReference/"+kind+"-report").is(200).Body.String(); !strings.Contains(got, "relatesTo") {
			t.Errorf("a reference to what may be read was cut: %s", got)
		}
		if got := w.get("dr-roux", "/DocumentReference/"+kind+"-letter").is(200).Body.String(); !strings.Contains(got, "relatesTo") {
			t.Errorf("a reference was cut for who may follow it: %s", got)
		}
	}
	if got := w.get("dr-lam", "/DocumentReference/near-letter").Body.String(); !strings.Contains(got, `"context":{"period":{"start":"2026-01-01"}}`) {
		t.Errorf("more was cut than the reference: %s", got)
	}
}

// TestCutReferencesAreNotFound: no criterion and no order finds out what was cut.
func TestCutReferencesAreNotFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", document("near", by("dr-lam"), and(`"relatesTo":[{"code":"appends","target":{"reference":"DocumentReference/letter"}}]`)))
	for path, want := range map[string]int{
		"relatesto=DocumentReference/letter": 0, "relatesto=letter": 0, "relatesto:missing=false": 0, "relatesto:missing=true": 2,
		"relationship=DocumentReference/letter$appends": 0,
	} {
		if got := w.get("dr-lam", "/DocumentReference?patient=camille"+since2000+"&"+path).is(200).names(); len(got) != want {
			t.Errorf("%s: %v, want %d", path, got, want)
		}
	}
	if got := w.get("dr-roux", "/DocumentReference?patient=camille"+since2000+"&relatesto=DocumentReference/letter").is(200).names(); len(got) != 1 {
		t.Errorf("the treating doctor finds %v", got)
	}
}

// TestHollowIsHidden: what only holds hidden resources is hidden with them; what holds one that may be read is shown,
// with that one.
func TestHollowIsHidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", document("pending", by("dr-roux"), labelled(unseen)))
	w.put("camille", listOf("hollow", "DocumentReference/pending"), listOf("mixed", "DocumentReference/pending", "DocumentReference/report"),
		listOf("outer", "List/hollow"), listOf("loop", "List/pool"), listOf("pool", "List/loop"))
	w.get("camille", "/List/hollow").is(404)
	w.get("camille", "/List/outer").is(404)
	w.get("camille", "/List/loop").is(404)
	if got := w.get("camille", "/List/mixed").is(200).Body.String(); strings.Contains(got, "pending") || !strings.Contains(got, "report") {
		t.Errorf("a list of both: %s", got)
	}
	if diff := cmp.Diff([]string{"List/mixed"}, w.get("camille", "/List?patient=camille").is(200).names()); diff != "" {
		t.Errorf("lists (-want +got):\n%s", diff)
	}
}

// TestAbsoluteReferencesAreOurs, whether or not the source knows under which URL it is served.
func TestAbsoluteReferencesAreOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.records.Base = ""
	w.settle()
	w.put("camille", document("near", by("dr-lam"), and(`"context":{"related":[{"reference":"`+testBase+`/DocumentReference/letter"}]}`)))
	if got := w.get("dr-lam", "/DocumentReference/near").is(200).Body.String(); strings.Contains(got, "letter") {
		t.Errorf("an absolute reference names the letter: %s", got)
	}
}

// TestNoSectionOfWhatIsHidden holds that a section about hidden documents goes with its title and its words.
func TestNoSectionOfWhatIsHidden(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", document("pending", labelled(unseen)), `{"resourceType":"Composition","id":"summary","status":"final","type":{"text":"x"},"subject":{"reference":"Patient/camille"},"date":"2026-11-01","author":[{"reference":"Practitioner/dr-lam"}],"title":"x","section":[{"title":"gone","text":{"status":"generated","div":"<div>gone</div>"},"entry":[{"reference":"DocumentReference/pending"}]},{"title":"kept","text":{"status":"generated","div":"<div>gone</div>"},"entry":[{"reference":"DocumentReference/pending"},{"reference":"DocumentReference/report"}]},{"title":"words","text":{"status":"generated","div":"<div>kept</div>"}}]}`)
	got := string(w.get("camille", "/Composition/summary").is(200).node().Get("section").Bytes())
	want := `[{"title":"kept","entry":[{"reference":"DocumentReference/report"}]},{"title":"words","text":{"status":"generated","div":"<div>kept</div>"}}]`
	if got != want {
		t.Errorf("sections %s\nwant %s", got, want)
	}
}

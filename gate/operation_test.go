package gate

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func measured(id, code, at, more string) string {
	return fmt.Sprintf(`{"resourceType":"Observation","id":%q,"status":"final","category":[{"coding":[{"code":"vital-signs"}]}],"subject":{"reference":"Patient/camille"},"performer":[{"reference":"Practitioner/dr-benali"}],"code":{"coding":[{"system":"http://loinc.org","code":%q}]},"effectiveDateTime":%q%s}`, id, code, at, more)
}

func measures() []string {
	return []string{
		measured("w1", "29463-7", "2026-01-01", ""), measured("w2", "29463-7", "2026-03-01", ""), measured("w3", "29463-7", "2026-05-01", ""),
		measured("w4", "29463-7", "2026-05-01", ""), measured("h1", "8302-2", "2025-12-01", ""),
		strings.Replace(measured("h2", "8302-2", "2024-01-01", ""), `"code":"8302-2"}`, `"code":"8302-2"},{"system":"urn:local","code":"height"}`, 1),
		strings.Replace(measured("h3", "height", "2026-06-01", ""), "http://loinc.org", "urn:local", 1),
	}
}

// documents are the names of an answer but for what is said beside them and the people they name.
func (a answer) documents() []string {
	a.w.Helper()
	return slices.DeleteFunc(a.names(), func(n string) bool {
		return strings.HasPrefix(n, "OperationOutcome/") || strings.HasPrefix(n, "Practitioner/")
	})
}

// TestLastN: the last of each code, codes of one meaning together, those as late as the last one too.
func TestLastN(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", measures()...)
	w.put("camille", measured("hidden", "29463-7", "2026-07-01", secretly))
	for _, tt := range []struct {
		who, query, want string
	}{
		{"dr-lam", "category=vital-signs", "w3 w4 h3"},
		{"dr-lam", "category=vital-signs&max=2", "w3 w4 h3 h1"},
		{"dr-lam", "category=vital-signs&max=3", "w3 w4 w2 h3 h1 h2"},
		{"dr-lam", "code=http://loinc.org|29463-7&max=1&date=lt2026-04", "w2"},
		{"dr-lam", "code=nothing", ""},
		{"dr-roux", "code=29463-7", "hidden"},
		{"dr-lam-free", "code=29463-7&patient=camille", "w3 w4"},
		{"dr-loin-free", "code=29463-7&patient=camille", ""},
	} {
		a := w.get(tt.who, "/Observation/$lastn?"+tt.query).is(200)
		got := strings.ReplaceAll(strings.Join(a.names(), " "), "Observation/", "")
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", tt.who, tt.query, diff)
		}
		if again := w.get(tt.who, a.link("self")); again.Body.String() != a.Body.String() {
			t.Errorf("%s: the self link %s gives another answer: %s", tt.query, a.link("self"), again.Body)
		}
	}
	byPost := w.post("dr-lam", "/Observation/$lastn", `{"resourceType":"Parameters","parameter":[{"name":"max","valuePositiveInt":2},{"name":"category","valueCoding":{"code":"vital-signs"}}]}`).is(200)
	if diff := cmp.Diff(w.get("dr-lam", "/Observation/$lastn?max=2&category=vital-signs").names(), byPost.names()); diff != "" {
		t.Errorf("by GET is -, by POST is +:\n%s", diff)
	}
	for path, status := range map[string]int{
		"?max=2": 400, "?code=x&max=0": 400, "?code=x&_sort=date": 400, "?code=x&_count=2": 400, "?code=x&nonsense=1": 400, "/x": 404,
	} {
		w.get("dr-lam", "/Observation/$lastn"+path).is(status)
	}
	w.get("dr-lam-free", "/Observation/$lastn?code=x").is(400)
	w.ask("dr-lam", "DELETE", "/Observation/$lastn?code=x", "").is(405)
}

// TestDocRef: the documents of a patient, current ones unless dates are given.
func TestDocRef(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	period := func(start, end string) option {
		return and(fmt.Sprintf(`"context":{"period":{"start":%q,"end":%q}}`, start, end))
	}
	w.put("camille", document("spring", period("2026-03-01", "2026-03-05")), strings.Replace(document("old", period("2026-02-01", "2026-02-02")), `"current"`, `"superseded"`, 1))
	for _, tt := range []struct {
		who, query string
		want       []string
	}{
		{"dr-lam", "patient=camille", []string{"DocumentReference/report", "DocumentReference/spring"}},
		{"dr-lam", "patient=camille&start=2026-01-01&end=2026-04-01", []string{"DocumentReference/old", "DocumentReference/spring"}},
		{"dr-lam", "patient=camille&start=2026-02-15", []string{"DocumentReference/spring"}},
		{"dr-lam", "patient=camille&type=http://loinc.org|11488-4&on-demand=false", []string{"DocumentReference/report", "DocumentReference/spring"}},
		{"dr-lam", "patient=camille&type=http://loinc.org|0", []string{}},
		{"dr-lam", "patient=camille&profile=http://x", []string{}},
		{"dr-lam", "patient=lucas", []string{}},
		{"dr-loin-free", "patient=camille", []string{}},
	} {
		if diff := cmp.Diff(tt.want, w.get(tt.who, "/DocumentReference/$docref?"+tt.query).is(200).documents()); diff != "" {
			t.Errorf("%s %s (-want +got):\n%s", tt.who, tt.query, diff)
		}
	}
	w.get("dr-lam", "/DocumentReference/$docref").is(400)
	w.get("dr-lam", "/DocumentReference/$docref?patient=camille&on-demand=true").is(400)
	w.get("dr-lam", "/DocumentReference/$docref?patient=camille&start=yesterday").is(400)
	w.post("dr-lam", "/DocumentReference/$docref", `{"resourceType":"Parameters","parameter":[{"name":"patient","valueId":"camille"},{"name":"type","valueCodeableConcept":{"coding":[{"system":"http://loinc.org","code":"11488-4"}]}}]}`).is(200)
	w.post("dr-lam", "/DocumentReference/$docref", `{"resourceType":"Parameters","parameter":[{"name":"patient","part":[]}]}`).is(400)
	if e := w.logged("camille", func() { w.get("dr-lam", "/DocumentReference/$docref?patient=camille").is(200) }); len(e) == 0 || e[0].Interaction != "operation" {
		t.Errorf("logged as %+v", e)
	}
}

// TestEverythingOfCare: start and end are about when care took place; what has no such date stays.
func TestEverythingOfCare(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", measures()...)
	got := w.get("dr-lam", "/Patient/camille/$everything?start=2026-05-01&end=2026-05-31&_type=Observation,Patient,DocumentReference").is(200)
	if diff := cmp.Diff([]string{"Observation/w3", "Observation/w4", "Patient/camille"}, got.documents()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	post := w.post("dr-lam", "/Patient/camille/$everything", `{"resourceType":"Parameters","parameter":[{"name":"start","valueDate":"2026-05-01"},{"name":"end","valueDate":"2026-05-31"},{"name":"_type","valueCode":"Observation"},{"name":"_count","valueInteger":1}]}`).is(200)
	if diff := cmp.Diff([]string{"Observation/w3"}, post.documents()); diff != "" {
		t.Errorf("by POST (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Observation/w4"}, w.get("dr-lam", post.link("next")).is(200).documents()); diff != "" {
		t.Errorf("next page (-want +got):\n%s", diff)
	}
	w.get("dr-lam", "/Patient/camille/$everything?start=soon").is(400)
	w.get("dr-lam", "/Patient/$everything").is(404)
	w.get("dr-lam", "/Encounter/x/$everything").is(404)
}

// TestOperationsHideAlike: what an operation tells with something hidden is what it tells without it.
func TestOperationsHideAlike(t *testing.T) {
	t.Parallel()
	with, without := newWorld(t).settle(), newWorld(t).settle()
	for _, w := range []*world{with, without} {
		w.put("camille", measures()...)
	}
	with.put("camille", measured("hidden", "29463-7", "2026-07-01", secretly), measured("alone", "0000-0", "2026-07-01", secretly), document("secret", by("dr-benali"), masked))
	for _, who := range []string{"dr-lam", "inf-martin", "dr-bloque", "dr-loin", "dr-lam-free", "dr-loin-free"} {
		for _, path := range []string{
			"/Observation/$lastn?patient=camille&category=vital-signs", "/Observation/$lastn?patient=camille&category=vital-signs&max=2", "/Observation/$lastn?patient=camille&code=0000-0",
			"/Observation/$lastn?patient=camille&code=29463-7&performer=Practitioner/dr-benali",
			"/DocumentReference/$docref?patient=camille", "/DocumentReference/$docref?patient=camille&start=2020", "/Patient/camille/$everything?start=2026-06-01" + "&_type=Observation,DocumentReference",
		} {
			if diff := cmp.Diff(without.get(who, path).told(who), with.get(who, path).told(who)); diff != "" {
				t.Errorf("%s %s: without what is hidden is -, with it is +:\n%s", who, path, diff)
			}
		}
	}
}

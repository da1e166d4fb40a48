package gate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestConditionalReference: a reference by criteria in a transaction leads to the one resource that its author may know
// of, or the transaction fails; what is hidden is as if it were not there (FHIR R4 http.html#trules).
func TestConditionalReference(t *testing.T) {
	t.Parallel()
	with, without := newWorld(t).settle(), newWorld(t).settle()
	for _, w := range []*world{with, without} {
		w.put("camille", withID(labResult("1", ""), "one"), withID(labResult("3", ""), "three"), withID(labResult("3", ""), "four"))
	}
	hidden := strings.Replace(withID(labResult("2", secretly), "two"), "dr-lam", "dr-benali", 1)
	with.put("camille", hidden, strings.Replace(strings.Replace(hidden, `"two"`, `"too"`, 1), `"value":"2"`, `"value":"1"`, 1))
	ask := func(w *world, criteria string) answer {
		return w.together("dr-lam", "transaction", request{method: "POST", path: "/Observation",
			body: labResult("new", fmt.Sprintf(`,"hasMember":[{"reference":"Observation?%s"}]`, criteria))})
	}
	for criteria, status := range map[string]int{
		"identifier=urn:lab|1": 200, "identifier=urn:lab%7C1&status=final": 200, "identifier=urn:lab|2": 412, "identifier=urn:lab|9": 412,
		"identifier=urn:lab|3": 412, "nonsense=1": 400, "patient=lucas": 412,
	} {
		entries := with.logged("camille", func() {
			a, b := ask(with, criteria), ask(without, criteria)
			if a.Code != status || b.Code != status {
				t.Errorf("%s: %d and %d, want %d: %s", criteria, a.Code, b.Code, status, a.Body)
			}
			if status != 200 {
				if diff := cmp.Diff(b.whole(), a.whole()); diff != "" {
					t.Errorf("%s: without what is hidden is -, with it is +:\n%s", criteria, diff)
				}
			}
		})
		if told := fmt.Sprint(entries); status == 200 && !strings.Contains(told, "Observation/one") {
			t.Errorf("%s: what was found is not in the log: %s", criteria, told)
		}
	}
	made := with.get("dr-lam", "/Observation?identifier=urn:lab|new").is(200)
	if n := strings.Count(made.Body.String(), `"reference":"Observation/one"`); n != 2 {
		t.Errorf("%d references lead to what was found: %s", n, made.Body)
	}
}

package record

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCaredForBy holds by which names which records are found, and that a list that stops says so.
func TestCaredForBy(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	put := func(patient, resourceType, rest string) {
		t.Helper()
		body := fmt.Sprintf(`{"resourceType":%q,"id":"x-%s-%s",%s}`, resourceType, patient, resourceType, rest)
		if resourceType == "Patient" {
			body = fmt.Sprintf(`{"resourceType":"Patient","id":%q}`, patient)
		}
		id := "x-" + patient + "-" + resourceType
		if resourceType == "Patient" {
			id = patient
		}
		if _, err := e.Write(t.Context(), patient, []Change{{Ref: Ref{resourceType, id}, Body: []byte(body)}}); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []string{"a", "b", "c", "d", "f"} {
		put(p, "Patient", "")
	}
	put("a", "CareTeam", `"subject":{"reference":"Patient/a"},"participant":[{"member":{"reference":"Practitioner/p"}}]`)
	put("b", "Appointment", `"status":"booked","participant":[{"actor":{"reference":"Patient/b"}},{"actor":{"identifier":{"system":"urn:rpps","value":"7"}}}]`)
	put("c", "Encounter", `"status":"in-progress","class":{"code":"IMP"},"subject":{"reference":"Patient/c"},"serviceProvider":{"reference":"Organization/h"},"participant":[{"individual":{"reference":"Practitioner/p"}}]`)
	put("d", "Consent", `"status":"active","patient":{"reference":"Patient/d"},"provision":{"actor":[{"reference":{"reference":"Practitioner/p"}}]}`)
	put("f", "Encounter", `"status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/f"},"period":{"start":"2019-01-01","end":"2019-01-02"},"participant":[{"individual":{"reference":"Practitioner/p"}}]`)

	for name, c := range map[string]struct {
		names []string
		most  int
		want  []string
		more  bool
	}{
		"one name":           {[]string{"Practitioner/p"}, 10, []string{"a", "c", "d"}, false},
		"an identifier":      {[]string{"urn:rpps|7"}, 10, []string{"b"}, false},
		"several, each once": {[]string{"Organization/h", "Practitioner/p"}, 10, []string{"c", "a", "d"}, false},
		"just enough":        {[]string{"Practitioner/p"}, 3, []string{"a", "c", "d"}, false},
		"too many":           {[]string{"Practitioner/p"}, 2, []string{"a", "c"}, true},
		"patients are none":  {[]string{"Patient/b"}, 10, nil, false},
		"nobody":             {[]string{"Practitioner/q", ""}, 10, nil, false},
	} {
		got, more, err := e.CaredForBy(t.Context(), c.names, c.most)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(c.want, got); d != "" || more != c.more {
			t.Errorf("%s: more %v, %s", name, more, d)
		}
	}
}

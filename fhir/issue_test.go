package fhir

import (
	"slices"
	"testing"
)

func TestOperationOutcome(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		issues []Issue
		want   string
	}{
		{nil, `{"resourceType":"OperationOutcome","issue":[{"severity":"information","code":"informational","details":{"text":"All OK.","_text":{"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/translation","extension":[{"url":"lang","valueCode":"fr"},{"url":"content","valueString":"Tout va bien."}]}]}}}]}`},
		{[]Issue{{}}, `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing"}]}`},
		{[]Issue{{Code: "required", EN: "a \"b\"\n", Path: "Patient.name[0]", Diagnostics: "x\xff"}, {FR: "é", Severity: "warning"}},
			`{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"required","details":{"text":"a \"b\"\n"},"diagnostics":"x` + "\uFFFD" + `","expression":["Patient.name[0]"]},{"severity":"warning","code":"processing","details":{"text":"é"}}]}`},
	} {
		got := OperationOutcome(c.issues...)
		if string(got) != c.want {
			t.Errorf("\n got %s\nwant %s", got, c.want)
		}
		if r, err := ParseResource(got); err != nil || r.Type() != "OperationOutcome" {
			t.Errorf("it does not read back: %v", err)
		}
	}
}

// TestIssues holds that what OperationOutcome writes is read again, in both languages.
func TestIssues(t *testing.T) {
	t.Parallel()
	want := []Issue{{Severity: "error", Code: "forbidden", EN: "No.", FR: "Non."}, {Severity: "warning", Code: "processing", EN: "Late."}}
	r, err := ParseResource(OperationOutcome(want...))
	if err != nil {
		t.Fatal(err)
	}
	if got := Issues(r.Node()); !slices.Equal(got, want) {
		t.Errorf("read %+v, want %+v", got, want)
	}
	if got := Translation(r.Node().Get("issue"), "fr"); got != "" {
		t.Errorf("a list has the translation %q", got)
	}
}

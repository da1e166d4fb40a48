package visit

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/fhir"
)

// TestRelabelling: labels go however they are spelt, places of the others stay, and no list is left empty.
func TestRelabelling(t *testing.T) {
	t.Parallel()
	const masked = `{"coding":[{"system":"` + fhir.VisibilitySystem + `","code":"MASQUE_PS"}]}`
	const waiting = `{"coding":[{"system":"urn:oid:1.2.250.1.213.1.1.4.13","code":"invisible_patient"}]}`
	const other = `{"coding":[{"system":"https://example.org/labels","code":"MASQUE_PS"}]}`
	remove := func(path string) any { return map[string]any{"op": "remove", "path": path} }
	mask := map[string]any{"coding": []any{map[string]any{"system": fhir.VisibilitySystem, "code": fhir.Masked}}}
	for name, c := range map[string]struct {
		labels  string
		off, on []string
		want    []any
	}{
		"the last":         {masked, []string{fhir.Masked}, nil, []any{remove("/securityLabel")}},
		"one of several":   {masked + "," + other + "," + masked, []string{fhir.Masked}, nil, []any{remove("/securityLabel/2"), remove("/securityLabel/0")}},
		"spelt otherwise":  {other + "," + waiting, []string{fhir.Unannounced}, nil, []any{remove("/securityLabel/1")}},
		"of other systems": {other, []string{fhir.Masked}, nil, nil},
		"for another":      {waiting, []string{fhir.Unannounced}, []string{fhir.Masked}, []any{remove("/securityLabel/0"), map[string]any{"op": "add", "path": "/securityLabel/-", "value": mask}}},
		"the first":        {"", nil, []string{fhir.Masked}, []any{map[string]any{"op": "add", "path": "/securityLabel", "value": []any{mask}}}},
		"there already":    {masked, nil, []string{fhir.Masked}, nil},
	} {
		document := `{"resourceType":"DocumentReference","id":"one"}`
		if c.labels != "" {
			document = `{"resourceType":"DocumentReference","id":"one","securityLabel":[` + c.labels + `]}`
		}
		one, err := fhir.ParseResource([]byte(document))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, Relabelling(one, fhir.VisibilitySystem, c.off, c.on)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

package search_test

import (
	"fmt"
	"strings"
	"testing"
)

// Ranges and quantities with a comparator are compared as the intervals they mean, ends exactly.
func TestExtents(t *testing.T) {
	t.Parallel()
	condition := func(onset string) string {
		return `{"resourceType":"Condition","subject":{"reference":"Patient/p"},` + onset + `}`
	}
	low, high := `"low":{"value":5,"unit":"a"}`, `"high":{"value":10,"unit":"a"}`
	both, from, to := condition(`"onsetRange":{`+low+`,`+high+`}`), condition(`"onsetRange":{`+low+`}`), condition(`"onsetRange":{`+high+`}`)
	age := func(comparator string) string {
		return condition(fmt.Sprintf(`"onsetAge":{"value":5,"unit":"a","comparator":%q}`, comparator))
	}
	for _, c := range []struct {
		body, yes, no string // values of onset-age, separated by spaces
	}{
		{both, "gt9.9999 ge10 lt5.0001 le5 sa4.999 eb10.001 ap5 ap10 ap11 ne7 ne10", "gt10 ge10.0001 lt5 le4.999 sa5 eb10 eq7 10 ap4 ap12 ap3"},
		{from, "gt1000 ge5 le5 sa4 ap900 ne5", "lt5 le4.9 sa5 eb9999 5 ap4"},
		{to, "lt-1000 le10 ge10 eb10.5 ap-900 ne10", "gt10 ge10.1 eb10 sa-1000 10 ap12"},
		{age("<"), "lt1 le5 ge4.9 gt4.9 eb5", "ge5 gt5 sa0 5 ap6"},
		{age("<="), "lt1 le5 ge5 gt4.9 eb5.1", "gt5 eb5 5"},
		{age(">"), "gt9 ge5 le5.1 lt5.1 sa5", "le5 lt5 eb99 5"},
		{age(">="), "gt9 ge5 le5 lt5.1 sa4.9", "lt5 sa5 5"},
	} {
		r := resource(t, c.body)
		for want, values := range map[bool]string{true: c.yes, false: c.no} {
			for _, v := range strings.Fields(values) {
				if got := holds(t, query(t, "Condition", "onset-age="+v), r); got != want {
					t.Errorf("onset-age=%s on %s: %t", v, c.body, got)
				}
			}
		}
	}
}

// The parts of relationship are what their definitions mean, whatever HL7's file joins them with; creation is IHE's.
func TestParametersOfDocumentsThatTheStandardsMiswrite(t *testing.T) {
	t.Parallel()
	r := resource(t, `{"resourceType":"DocumentReference","status":"current","relatesTo":[
		{"code":"replaces","target":{"reference":"DocumentReference/old"}},{"code":"appends","target":{"reference":"DocumentReference/other"}}],
		"content":[{"attachment":{"creation":"2024-05-06"}}]}`)
	for raw, want := range map[string]bool{
		"relationship=DocumentReference/old$replaces": true, "relationship=old$replaces": true,
		"relationship=DocumentReference/other$replaces": false, "relationship=DocumentReference/other$appends": true,
		"creation=2024-05": true, "creation=lt2024": false,
	} {
		if got := holds(t, query(t, "DocumentReference", raw), r); got != want {
			t.Errorf("%s: %t", raw, got)
		}
	}
}

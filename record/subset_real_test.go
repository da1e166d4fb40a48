package record

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/structure"
)

// TestSubsetsOfRealExamples: each subset keeps the top-level members that R4 says, the mandatory ones in each, as they
// are (but below an element of the summary), with the SUBSETTED tag; what it gives is FHIR.
func TestSubsetsOfRealExamples(t *testing.T) {
	t.Parallel()
	n := 0
	eachReal(t, filepath.Join("hl7-r4-examples", "*.ndjson.gz"), func(r *fhir.Resource) {
		if n++; n%3 > 0 {
			return
		}
		s := &Stored{Ref: Ref{r.Type(), r.ID()}, Version: 1, Body: r.JSON()}
		mandatory := append(fhir.MandatoryElements(r.Type()), "resourceType", "id", "meta")
		modifiers := slices.Clone(mandatory)
		for name := range r.Node().Fields() {
			m, known := fhir.DefinitionOf(r.Type()).Root.Member(strings.TrimPrefix(name, "_"))
			if known && m.Element.Modifier {
				modifiers = append(modifiers, strings.TrimPrefix(name, "_"))
			}
		}
		for raw, keeps := range map[string]func(string) bool{
			"_summary=true": func(name string) bool {
				return slices.Contains(fhir.SummaryElements(r.Type()), name) || slices.Contains(mandatory, name)
			},
			"_summary=text":           func(name string) bool { return name == "text" || slices.Contains(mandatory, name) },
			"_summary=data":           func(name string) bool { return name != "text" },
			"_elements=status,coding": func(name string) bool { return name == "status" || slices.Contains(modifiers, name) },
		} {
			checkSubset(t, r, raw, Subset(s, parseQuery(t, r.Type()+"?"+raw)), keeps)
		}
	})
	if n < 250 {
		t.Errorf("only %d examples", n)
	}
}

func checkSubset(t *testing.T, whole *fhir.Resource, raw string, body []byte, keeps func(string) bool) {
	t.Helper()
	name := whole.Type() + "/" + whole.ID() + "?" + raw
	part, err := fhir.ParseResource(body)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	tagged := false
	for _, tag := range part.Node().Get("meta").Get("tag").Items() {
		tagged = tagged || tag.Get("code").Text() == "SUBSETTED" && tag.Get("system").Text() == "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
	}
	if !tagged {
		t.Errorf("%s: no SUBSETTED tag", name)
	}
	for member, v := range whole.Node().Fields() {
		got := part.Node().Get(member)
		if want := keeps(strings.TrimPrefix(member, "_")); want != (got != nil) && (member != "contained" || !strings.Contains(string(body), `"#`)) {
			t.Errorf("%s: %s there: %t", name, member, got != nil)
		}
		if got != nil && member != "meta" && raw != "_summary=true" && string(got.Bytes()) != string(v.Bytes()) {
			t.Errorf("%s: %s is not as it was", name, member)
		}
	}
	if len(structure.Check(whole)) == 0 {
		for _, issue := range structure.Check(part) {
			t.Errorf("%s: %s", name, issue.EN)
		}
	}
}

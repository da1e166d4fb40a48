package structure_test

import (
	"testing"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/structure"
)

func TestEveryPrimitivePatternCompiles(t *testing.T) {
	t.Parallel()
	for typeName, ok := range map[string]string{"date": "2020-01", "dateTime": "2020", "instant": "2020-01-02T03:04:05.678Z",
		"time": "03:04:05", "decimal": "1.50", "integer": "-3", "unsignedInt": "0", "positiveInt": "1", "oid": "urn:oid:1.2.3",
		"uuid": "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "boolean": "true", "string": "é", "markdown": "*a*\n", "code": "a b",
		"id": "a.b-c", "uri": "urn:x", "url": "http://x", "canonical": "http://x|1", "base64Binary": "AA==", "xhtml": "<div/>"} {
		if !structure.WellFormed(typeName, ok) {
			t.Errorf("%s %q is refused", typeName, ok)
		}
	}
	for typeName, wrong := range map[string]string{"date": "2020-13", "dateTime": "2020-01-02T03:04Z", "instant": "2020-01-02",
		"time": "24:00:00", "decimal": "01", "integer": "+3", "unsignedInt": "-1", "positiveInt": "0", "oid": "1.2.3",
		"uuid": "urn:uuid:C757873D", "code": "a  b", "id": "a_b", "uri": "a b", "base64Binary": "A=AA"} {
		if structure.WellFormed(typeName, wrong) {
			t.Errorf("%s %q is accepted", typeName, wrong)
		}
	}
}

// Every element of every type leads to a definition, so that the walk never steps into nothing.
func TestEveryElementHasAContainer(t *testing.T) {
	t.Parallel()
	walked := 0
	for _, typeName := range append(fhir.Types(), "Extension", "Dosage", "ElementDefinition", "Timing", "Meta", "Signature") {
		for _, e := range fhir.DefinitionOf(typeName).Elements {
			for _, child := range e.Children() {
				m, ok := e.Member(child.Name)
				if child.Choice {
					m, ok = e.Member(child.Name + "Boolean")
				}
				if !ok {
					continue
				}
				walked++
				if d := fhir.DefinitionOf(m.Type); m.Container() == nil && m.Type != "Resource" && (d == nil || d.Kind != "primitive-type") {
					t.Errorf("%s (%s) leads nowhere", child.Path, m.Type)
				}
			}
		}
	}
	if walked < 1000 {
		t.Errorf("only %d elements walked", walked)
	}
}

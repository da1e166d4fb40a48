package fhir

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// repeated writes a JSON list of n elements.
func repeated(n int, format string) string {
	var b strings.Builder
	b.WriteByte('[')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, format, i)
	}
	b.WriteByte(']')
	return b.String()
}

// TestLargeResourcesStayLinear: someone deposits a resource in which everything
// refers to everything, so that what is looked up for each of many is itself
// many. Quadratic work would take minutes here.
func TestLargeResourcesStayLinear(t *testing.T) {
	t.Parallel()
	const n = 40_000
	for _, c := range []struct{ name, text string }{
		{"many contained, as many references", `{"resourceType":"DocumentReference","contained":` + repeated(n, `{"resourceType":"Practitioner","id":"p%d"}`) + `,"author":` + repeated(n, `{"reference":"#p%d"}`) + `}`},
		{"one contained with many identifiers", `{"resourceType":"DocumentReference","contained":[{"resourceType":"Patient","id":"p","identifier":` + repeated(n, `{"value":"%d"}`) + `}],"subject":{"reference":"#p"},"author":` + repeated(n, `{"reference":"#p","x":%d}`) + `}`},
		{"one contained with many empty identifiers", `{"resourceType":"DocumentReference","contained":[{"resourceType":"Patient","id":"p","identifier":` + repeated(n, `{"x":"%d"}`) + `}],"author":` + repeated(n, `{"reference":"#p","x":%d}`) + `}`},
		{"references below a long name", `{"resourceType":"Basic","` + strings.Repeat("x", 4<<20) + `":` + repeated(n, `{"reference":"Patient/p%d"}`) + `}`},
		{"many patients", `{"resourceType":"Group","member":` + repeated(n, `{"entity":{"reference":"Patient/p%d"}}`) + `}`},
		{"many labels and codes", `{"resourceType":"Basic","meta":{"security":` + repeated(n, `{"code":"c%d"}`) + `},"code":{"coding":` + repeated(n, `{"code":"c%d"}`) + `}}`},
		{"composite over the whole", `{"resourceType":"MolecularSequence","referenceSeq":{"chromosome":{"coding":` + repeated(n, `{"code":"c%d"}`) + `}},"variant":` + repeated(n, `{"start":%d,"end":1}`) + `}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			r := mustResource(t, c.text)
			everything(r)
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

// everything asks a resource all that can be asked.
func everything(r *Resource) int {
	r.Attributes()
	r.Labels()
	count := len(r.References()) + len(r.Patients()) + len(r.PatientIdentifiers())
	for _, p := range Params(r.Type()) {
		count += len(p.Values(r)) + len(p.Nodes(r))
	}
	r.Stamp("x", "1", time.Unix(0, 0)).Attributes()
	return count
}

// FuzzResource: whatever its form, a resource never panics whoever asks it.
func FuzzResource(f *testing.F) {
	f.Add([]byte(frenchDocument))
	for _, typ := range []string{"Patient", "Observation", "List", "AuditEvent", "MolecularSequence"} {
		f.Add([]byte(`{"resourceType":"` + typ + `","id":"x","meta":{"security":[{"code":"N"}]},"subject":{"reference":"#"},"extension":[{"url":"u","valueReference":{"reference":"Patient?identifier=%zz"}}]}`))
	}
	f.Add([]byte(`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Composition"}}],"meta":7,"contained":{"id":"a"},"identifier":[null]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := ParseResource(b)
		if err != nil {
			return
		}
		everything(r)
		if s := r.Stamp("n", "2", time.Unix(1, 0)); s.Node().Get("id").Text() != "n" || s.Node().At("meta", "versionId").Text() != "2" {
			t.Fatalf("stamped as %s", s.JSON())
		}
	})
}

// TestEveryParameterOfRealData asks every real resource everything.
func TestEveryParameterOfRealData(t *testing.T) {
	t.Parallel()
	resources, answers := 0, 0
	for _, pattern := range []string{"hl7-r4-examples/*", "fr-ans/examples", "synthea-bulk-2025/*"} {
		eachResource(t, pattern, func(name string, r *Resource) {
			resources++
			answers += everything(r)
		})
	}
	t.Logf("%d resources gave %d answers", resources, answers)
}

func TestValuesOfAnotherTypeAreNone(t *testing.T) {
	t.Parallel()
	r := mustResource(t, `{"resourceType":"Patient","id":"x"}`)
	if p := ParamOf("Observation", "_id"); len(p.Values(r)) != 0 || len(p.Nodes(r)) != 0 {
		t.Error("a parameter of Observation has values in a Patient")
	}
}

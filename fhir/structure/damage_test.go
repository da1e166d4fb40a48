package structure_test

import (
	"testing"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/structure"
	"pgregory.net/rapid"
)

// TestDamagedExamplesAreRefused damages HL7's own examples anywhere and expects an issue.
func TestDamagedExamplesAreRefused(t *testing.T) {
	t.Parallel()
	all := lines(t, "hl7-r4-examples/resources.ndjson.gz")
	rapid.Check(t, func(rt *rapid.T) {
		text := string(rapid.SampledFrom(all).Draw(rt, "resource"))
		n := pick(rt, parse(t, []byte(text)).Node())
		before, after := text[:n.Offset()], text[n.Offset()+len(n.Bytes()):]
		damaged := rapid.SampledFrom([]string{"{}", "[]", "null", `{"zz":1}`, `[[1]]`, `""`, "wrap"}).Draw(rt, "damage")
		switch {
		case damaged == "wrap" && n.Kind() == fhir.Array:
			damaged = string(n.Items()[0].Bytes())
		case damaged == "wrap":
			damaged = "[" + string(n.Bytes()) + "]"
		}
		if r, err := fhir.ParseResource([]byte(before + damaged + after)); err == nil && len(structure.Check(r)) == 0 {
			rt.Fatalf("accepted with %s in place of %s at %d of %s", damaged, n.Bytes(), n.Offset(), text)
		}
	})
}

// pick draws a member's value anywhere in a resource but an extension's text, which alone may be empty.
func pick(rt *rapid.T, n *fhir.Node) *fhir.Node {
	var members []*fhir.Node
	var walk func(*fhir.Node)
	walk = func(n *fhir.Node) {
		if n.Kind() != fhir.Object {
			if n.Kind() == fhir.Array {
				for item := range n.Each() {
					walk(item)
				}
			}
			return
		}
		for name, value := range n.Fields() {
			if name != "valueString" {
				members = append(members, value)
				walk(value)
			}
		}
	}
	walk(n)
	return rapid.SampledFrom(members).Draw(rt, "member")
}

func BenchmarkCheckDocumentReference(b *testing.B) {
	all := lines(b, "synthea-bulk-2025/DocumentReference.ndjson.gz")
	r := parse(b, all[0])
	b.ReportAllocs()
	for b.Loop() {
		structure.Check(r)
	}
}

// FuzzCheck: whatever the resource, Check ends, stays within its bound and speaks both languages.
func FuzzCheck(f *testing.F) {
	f.Add([]byte(sound))
	f.Add([]byte(`{"resourceType":"Bundle","entry":[{"resource":null},{"resource":{"resourceType":"Bundle","entry":{}}}]}`))
	f.Add([]byte(`{"resourceType":"Observation","_status":[null],"status":[],"component":[[{}]],"valueQuantity":{"_value":{"extension":[{}]}}}`))
	f.Add([]byte(`{"resourceType":"Questionnaire","item":[{"item":[{"item":{}}],"enableWhen":[{"answerReference":{"reference":"#"}}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := fhir.ParseResource(text)
		if err != nil {
			return
		}
		issues := structure.Check(r)
		if len(issues) > structure.MaxIssues {
			t.Fatalf("%d issues", len(issues))
		}
		for _, i := range issues {
			if i.Path == "" || i.FR == "" || i.EN == "" || i.Severity != "error" {
				t.Fatalf("issue %+v", i)
			}
		}
	})
}

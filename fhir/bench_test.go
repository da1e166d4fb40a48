package fhir

import (
	"bytes"
	"encoding/json"
	"testing"
)

// page builds a searchset of some 100 kB.
func page(b *testing.B) []byte {
	b.Helper()
	var out bytes.Buffer
	out.WriteString(`{"resourceType":"Bundle","type":"searchset","entry":[`)
	for i := range 50 {
		if i > 0 {
			out.WriteByte(',')
		}
		out.WriteString(`{"fullUrl":"https://here/fhir/DocumentReference/d","resource":` + frenchDocument + `}`)
	}
	out.WriteString("]}")
	return out.Bytes()
}

func BenchmarkParse(b *testing.B) {
	for _, c := range []struct {
		name string
		text []byte
	}{{"document", []byte(frenchDocument)}, {"page of 50", page(b)}} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(c.text, Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("page of 50 by encoding/json", func(b *testing.B) {
		text := page(b)
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			var v any
			if err := json.Unmarshal(text, &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkAttributes(b *testing.B) {
	r := mustResource(b, frenchDocument)
	b.ReportAllocs()
	for b.Loop() {
		if a := r.gather(); a.Subject == "" {
			b.Fatal("no subject")
		}
	}
}

func BenchmarkValues(b *testing.B) {
	r := mustResource(b, frenchDocument)
	for _, name := range []string{"patient", "type", "date", "status", "security-label", "author"} {
		p := ParamOf("DocumentReference", name)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if len(p.Values(r)) == 0 {
					b.Fatal("no value")
				}
			}
		})
	}
	b.Run("all of a document", func(b *testing.B) {
		all := Params("DocumentReference")
		b.ReportAllocs()
		for b.Loop() {
			for _, p := range all {
				p.Values(r)
			}
		}
	})
}

func BenchmarkDefinitions(b *testing.B) {
	b.Run("elements", func(b *testing.B) {
		for b.Loop() {
			for name, n := range table(elementsTable).Fields() {
				definition(name, n)
			}
		}
	})
	b.Run("parameters", func(b *testing.B) {
		for b.Loop() {
			for n := range table(parametersTable).Each() {
				sourceOf(n)
			}
		}
	})
}

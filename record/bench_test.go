package record

import (
	"context"
	"fmt"
	"testing"
)

// benchRecord is a compartment of 3 000 Observations of about a kilobyte.
func benchRecord(b *testing.B) *Embedded {
	b.Helper()
	e := openEmbedded(b)
	changes := make([]Change, 3000)
	for i := range changes {
		id := fmt.Sprintf("o%05d", i)
		changes[i] = Change{Ref: Ref{"Observation", id}, Body: []byte(fmt.Sprintf(`{"resourceType":"Observation","id":%q,"status":"final",
"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"laboratory","display":"Laboratory"}]}],
"code":{"coding":[{"system":"http://loinc.org","code":"%d-4","display":"Some measure of the blood"}],"text":"Some measure of the blood"},
"subject":{"reference":"Patient/p"},"encounter":{"reference":"Encounter/e%d"},"effectiveDateTime":"20%02d-03-04T10:11:12+01:00","issued":"2024-03-04T10:11:12.123+01:00",
"performer":[{"reference":"Practitioner/d%d"}],"valueQuantity":{"value":%d.50,"unit":"mmol/L","system":"http://unitsofmeasure.org","code":"mmol/L"},
"referenceRange":[{"low":{"value":3.5,"unit":"mmol/L"},"high":{"value":5.5,"unit":"mmol/L"}}]}`, id, i%20, i%50, i%25, i%10, i))}
	}
	if _, err := e.Write(b.Context(), "p", changes); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	return e
}

func allow(_ context.Context, batch []*Stored) ([]bool, error) {
	out := make([]bool, len(batch))
	for i := range out {
		out[i] = true
	}
	return out, nil
}

func BenchmarkRead(b *testing.B) {
	e := benchRecord(b)
	for b.Loop() {
		if _, err := e.Read(b.Context(), Ref{"Observation", "o01500"}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSearch answers a page of 50 from a compartment of 3 000, the Bundle included.
func BenchmarkSearch(b *testing.B) {
	for _, query := range []string{
		"Observation?_count=50", "Observation?code=7-4&_count=50", "Observation?code=7-4&_sort=-date&_count=50",
		"Observation?date=ge2010&_sort=-date&_count=50", "Observation?category=laboratory&_count=50&_total=accurate",
	} {
		b.Run(query, func(b *testing.B) {
			e := benchRecord(b)
			q := parseQuery(b, query)
			for b.Loop() {
				page, err := Search(b.Context(), e, q, Scope{Patients: []string{"p"}}, nil, allow)
				if err != nil {
					b.Fatal(err)
				}
				if len(page.Bundle("http://test/fhir", q, "", nil)) < 10_000 {
					b.Fatal("not a page of 50")
				}
			}
		})
	}
}

func BenchmarkWrite(b *testing.B) {
	e := benchRecord(b)
	for n := 0; b.Loop(); n++ {
		id := fmt.Sprintf("n%d", n)
		if _, err := e.Write(b.Context(), "p", []Change{{Ref: Ref{"Observation", id}, Body: []byte(observation(id, "p", "1-1"))}}); err != nil {
			b.Fatal(err)
		}
	}
}

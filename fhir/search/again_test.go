package search_test

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
	"pgregory.net/rapid"
)

// fixed are options under which `ap` means the same at each reading.
func fixed(strict bool) search.Options {
	return search.Options{Strict: strict, Now: func() time.Time { return time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC) }}
}

// resame checks that what Self says is read as the same search.
func resame(tb interface {
	Helper()
	Fatalf(string, ...any)
}, q *search.Query) {
	tb.Helper()
	again, issues, err := search.ParseWith(q.Type, fixed(true), q.Self())
	if err != nil || len(issues) > 0 {
		tb.Fatalf("%s?%s: %v %v", q.Type, q.Self(), err, issues)
	}
	if again.Self() != q.Self() || !reflect.DeepEqual(again, q) {
		tb.Fatalf("%s?%s is read again as %s", q.Type, q.Self(), again.Self())
	}
}

func TestSelfIsReadAgainAsTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		resourceType := rapid.SampledFrom([]string{"Patient", "DocumentReference", "Observation"}).Draw(rt, "type")
		var parts []string
		for range rapid.IntRange(0, 4).Draw(rt, "parameters") {
			p := rapid.SampledFrom(fhir.Params(resourceType)).Draw(rt, "parameter")
			parts = append(parts, p.Name+"="+drawValue(rt, p))
		}
		parts = append(parts, rapid.SampledFrom([]string{"_count=7", "_sort=-_lastUpdated,_id", "_summary=data", "_total=none", "_pretty=true", "_elements=id,meta"}).Draw(rt, "control"))
		q, _, err := search.ParseWith(resourceType, fixed(true), strings.Join(parts, "&"))
		if err != nil {
			rt.Fatalf("%s: %v", parts, err)
		}
		if len(q.Criteria) != len(parts)-1 {
			rt.Fatalf("%s: %d criteria", parts, len(q.Criteria))
		}
		resame(rt, q)
	})
}

// drawValue draws a value that fits a parameter's type.
func drawValue(rt *rapid.T, p *fhir.Param) string {
	text := strings.NewReplacer("%", "%25", "&", "%26", "+", "%2B", "=", "%3D", "#", "%23", ";", "%3B")
	word := func() string {
		return text.Replace(search.Escape(rapid.StringMatching(`[a-zé][a-zé%&+=|,$\\ ]{0,7}`).Draw(rt, "word")))
	}
	prefix := rapid.SampledFrom([]string{"", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"}).Draw(rt, "prefix")
	number := prefix + rapid.StringMatching(`-?[0-9]{1,6}(\.[0-9]{1,3})?`).Draw(rt, "number")
	switch p.Type {
	case "date":
		return prefix + rapid.SampledFrom([]string{"2024", "2024-02", "2024-02-29", "2024-02-29T10:00Z", "2024-02-29T10:00:00.5%2B02:00", "2024-02-29T10:00:00 01:00"}).Draw(rt, "date")
	case "number":
		return number
	case "quantity":
		return rapid.SampledFrom([]string{number, number + "||mg", number + "|http://unitsofmeasure.org|mg"}).Draw(rt, "quantity")
	case "reference":
		return rapid.SampledFrom([]string{"abc", "Patient/abc", "http://x.org/fhir/Patient/1", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520"}).Draw(rt, "reference")
	case "token":
		return rapid.SampledFrom([]string{"a", "a|b", "|b", "a|", "a,b|c"}).Draw(rt, "token")
	case "composite":
		var parts []string
		for _, c := range p.Components {
			parts = append(parts, strings.NewReplacer(`\,`, "x", ",", "").Replace(drawValue(rt, &fhir.Param{Type: c.Type})))
		}
		return strings.Join(parts, "$")
	}
	return word()
}

func FuzzParse(f *testing.F) {
	for resourceType, searches := range mhd {
		for _, raw := range searches {
			f.Add(resourceType, raw, true)
		}
	}
	f.Add("Patient", "_has:Observation:patient:code=a&_count=0&name=%ff", false)
	f.Add("Observation", "code-value-quantity=a$5||mg&date=ap2013-01-01&value-quantity=1e2", false)
	f.Add("Observation", `subject:Patient.name=a\,b&_include=Observation:*`, false)
	samples := []*fhir.Resource{resource(f, patient), resource(f, observation), resource(f, valueSet)}
	f.Fuzz(func(t *testing.T, resourceType, raw string, strict bool) {
		q, issues, err := search.ParseWith(resourceType, fixed(strict), raw)
		if err != nil {
			var e *search.Error
			if !errors.As(err, &e) || e.FR == "" || e.EN == "" {
				t.Fatalf("%q: %v", raw, err)
			}
			return
		}
		if len(q.Criteria)+len(issues) > search.MaxParameters || q.Count < 0 || q.Count > search.MaxCount {
			t.Fatalf("%q: out of bounds", raw)
		}
		q.PatientIDs()
		q.PatientIdentifiers()
		q.ParameterNames()
		resame(t, q)
		for _, r := range samples {
			if r.Type() == resourceType {
				holds(t, plainOnes(q), r)
				search.Compare(q.Sort, r, r)
			}
		}
	})
}

// plainOnes is a search without its chains.
func plainOnes(q *search.Query) *search.Query {
	plain := *q
	plain.Criteria = slices.DeleteFunc(slices.Clone(q.Criteria), func(c search.Criterion) bool { return len(c.Chain) > 0 || c.Has != nil })
	return &plain
}

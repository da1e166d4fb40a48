package search_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

const vital = "http://terminology.hl7.org/CodeSystem/observation-category|vital-signs"

func TestParseNarrowing(t *testing.T) {
	t.Parallel()
	for _, ok := range []string{
		"Observation category=" + vital, "Observation category=vital-signs,laboratory", "Observation category=vital-signs&status=final",
		"Observation date=ge2020-01-01", "Observation _security=N", "Observation _id=a", "Observation patient=camille", "Observation subject=Patient/camille",
		"Observation performer=Practitioner/dr-lam,Organization/hopital", "DocumentReference type=http://loinc.org|11488-4", "Condition clinical-status=active", "Practitioner name=martin",
	} {
		kind, raw, _ := strings.Cut(ok, " ")
		if _, err := search.ParseNarrowing(kind, raw); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
	for _, bad := range []string{
		"Observation ", "Observation &", "Observation category=", "Observation category:in=http://x", "Observation category:not=x", "Observation code:text=x", "Observation code:missing=true",
		"Observation patient.birthdate=1990", "Observation subject:Patient.name=x", "Observation _filter=code eq x", "Observation _has:Provenance:target:agent=x", "Observation _list=1",
		"Observation _count=1", "Observation category=x&_sort=date", "Observation _include=Observation:subject", "Observation nonsense=x", "Observation _lastUpdated=gt2020-01-01", "Observation _source=x", "Observation category=%zz", "Observation date=ap2020",
		"Observation has-member=Observation/x", "Observation derived-from=DocumentReference/x", "Observation encounter=Encounter/1", "Observation encounter=1", "Observation performer=dr-lam", "Observation subject=http://elsewhere/Patient/x",
		"Observation identifier=urn:x|1", "Observation component-code=x", "Observation code-value-quantity=a$1", "DocumentReference relation=appends", "DocumentReference relationship=DocumentReference/a$appends", "DocumentReference contenttype=text/plain",
		"Binary _id=x", "Bundle _id=x", "AuditEvent date=2020", "Nonsense code=x", "* code=x", "Observation category=" + strings.Repeat("x", 2000), "Observation " + strings.Repeat("code=x&", 11) + "code=x",
	} {
		kind, raw, _ := strings.Cut(bad, " ")
		if n, err := search.ParseNarrowing(kind, raw); err == nil {
			t.Errorf("%s is read as %v", bad, n.Criteria())
		}
	}
}

func TestNarrowingMatch(t *testing.T) {
	t.Parallel()
	r, err := fhir.ParseResource([]byte(`{"resourceType":"Observation","id":"a","status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for raw, want := range map[string]bool{
		"category=" + vital: true, "category=vital-signs": true, "category=laboratory": false, "category=laboratory,vital-signs": true,
		"category=vital-signs&status=final": true, "category=vital-signs&status=amended": false, "category=http://elsewhere|vital-signs": false,
	} {
		n, err := search.ParseNarrowing("Observation", raw)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if got, err := n.Match(r); err != nil || got != want {
			t.Errorf("%s: %v, %v; want %v", raw, got, err, want)
		}
	}
	n, _ := search.ParseNarrowing("Condition", "category=vital-signs")
	if got, _ := n.Match(r); got {
		t.Error("a narrowing of conditions matches an observation")
	}
}

func TestNarrowingCriteria(t *testing.T) {
	t.Parallel()
	a, errA := search.ParseNarrowing("Observation", "status=final&category=http%3A%2F%2Fx%7Cy")
	b, errB := search.ParseNarrowing("Observation", "category=http://x|y&status=final&status=final")
	if errA != nil || errB != nil || !slices.Equal(a.Criteria(), b.Criteria()) {
		t.Errorf("the same search in other words: %v %v, %v %v", a.Criteria(), errA, b.Criteria(), errB)
	}
}

func FuzzParseNarrowing(f *testing.F) {
	for _, s := range []string{"category=" + vital, "date=ge2020&code=a,b", "subject=Patient/x", "code:in=x", "a.b=c"} {
		f.Add("Observation", s)
	}
	f.Fuzz(func(t *testing.T, kind, raw string) {
		n, err := search.ParseNarrowing(kind, raw)
		if err != nil {
			return
		}
		if c := n.Criteria(); len(c) == 0 || slices.ContainsFunc(c, func(s string) bool { return strings.HasPrefix(s, "_filter") }) {
			t.Errorf("%s?%s is read as %v", kind, raw, c)
		}
	})
}

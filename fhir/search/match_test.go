package search_test

import (
	"slices"
	"sync"
	"testing"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

func resource(tb testing.TB, text string) *fhir.Resource {
	tb.Helper()
	r, err := fhir.ParseResource([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func query(tb testing.TB, resourceType, raw string) *search.Query {
	tb.Helper()
	q, issues, err := search.Parse(resourceType, raw, true)
	if err != nil || len(issues) > 0 {
		tb.Fatalf("%s?%s: %v %v", resourceType, raw, err, issues)
	}
	return q
}

// holds reports whether a resource satisfies all criteria of a search, and checks on the way that the index keys do
// not miss a match.
func holds(tb testing.TB, q *search.Query, r *fhir.Resource) bool {
	tb.Helper()
	all := true
	for i := range q.Criteria {
		ok, err := q.Criteria[i].Match(r)
		if err != nil {
			tb.Fatal(err)
		}
		if ok {
			narrows(tb, &q.Criteria[i], r)
		}
		all = all && ok
	}
	return all
}

// filed are the index keys of resources met, by *fhir.Resource.
var filed sync.Map

// narrows checks that a matching resource has one of the criterion's keys.
func narrows(tb testing.TB, c *search.Criterion, r *fhir.Resource) {
	tb.Helper()
	keys, ok := c.Keys()
	if !ok {
		return
	}
	cached, found := filed.Load(r)
	if !found {
		cached, _ = filed.LoadOrStore(r, search.IndexKeys(r))
	}
	for _, k := range keys {
		if _, found := slices.BinarySearch(cached.([]string), k); found {
			return
		}
	}
	tb.Errorf("%s matches %s/%s, whose keys hold none of %q", c, r.Type(), r.ID(), keys)
}

const (
	patient = `{"resourceType":"Patient","id":"camille","active":true,"gender":"female","birthDate":"1980-02-03",` +
		`"meta":{"lastUpdated":"2024-05-06T07:08:09.123Z","profile":["http://hl7.org/fhir/StructureDefinition/Patient"],"tag":[{"system":"urn:t","code":"a"}],"source":"http://example.org/a/b"},` +
		`"identifier":[{"type":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0203","code":"MR"}],"text":"Dossier médical"},"system":"http://acme.org/patient","value":"2345"},{"value":"Sans-Système"}],` +
		`"name":[{"family":"Évrard-Roux","given":["Camille","Aimée"]}],"address":[{"line":["3 rue de l’Œuvre"],"city":"Besançon"}],` +
		`"telecom":[{"system":"phone","value":"+33 1 23"}],` +
		`"generalPractitioner":[{"reference":"Practitioner/23"},{"reference":"http://acme.org/fhir/Practitioner/24/_history/3"},{"identifier":{"system":"urn:rpps","value":"8100"}}]}`
	observation = `{"resourceType":"Observation","id":"o","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"8480-6","display":"Systolic"}],"text":"Pression artérielle"},` +
		`"subject":{"reference":"Patient/camille"},"effectiveDateTime":"2013-01-14T10:00:00Z","valueQuantity":{"value":5.40,"unit":"milligrammes","system":"http://unitsofmeasure.org","code":"mg"},` +
		`"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"A"}]},"valueQuantity":{"value":1}},{"code":{"coding":[{"system":"http://loinc.org","code":"B"}]},"valueQuantity":{"value":2}}]}`
	valueSet = `{"resourceType":"ValueSet","id":"v","status":"active","url":"http://acme.org/fhir/ValueSet/123"}`
)

// matches follow the examples of https://hl7.org/fhir/R4/search.html, type by type.
var matches = []struct {
	resource, search string
	want             bool
}{
	{patient, "", true},
	{patient, "_id=camille", true},
	{patient, "_id=Camille", false}, // logical ids are case-sensitive
	{patient, "_id=x,camille", true},
	{patient, "_id=x&_id=camille", false},
	{patient, "_lastUpdated=2024-05-06", true},
	{patient, "_lastUpdated=gt2024-05-06T07:08:09.123Z", false},
	{patient, "_lastUpdated=ge2024-05-06T07:08:09.123Z", true},
	{patient, "_lastUpdated=2024-05-06T09:08:09%2B02:00", true},
	{patient, "_lastUpdated=2024-05-06T09:08:09+02:00", true}, // the plus left as it is
	{patient, "_tag=urn:t|a", true},
	{patient, "_profile=http://hl7.org/fhir/StructureDefinition/Patient", true},
	{patient, "_source:below=http://example.org/a", true},
	{patient, "_source:below=http://example.org/a/", true},
	{patient, "_source:below=http://example", false},
	{patient, "_source:above=http://example.org/a/b/c", true},
	// string
	{patient, "given=cam", true},
	{patient, "given=AIMEE", true},
	{patient, "given=mille", false},
	{patient, "given:contains=mille", true},
	{patient, "given:exact=Camille", true},
	{patient, "given:exact=camille", false},
	{patient, "given:exact=Cam", false},
	{patient, "family=evrard", true},
	{patient, "name=evr&name=cam", true},
	{patient, "address=3%20rue%20de%20l'oe", true},
	{patient, "address-city=besancon,paris", true},
	{patient, "address-postalcode:missing=true", true},
	{patient, "address-postalcode:missing=false", false},
	{patient, "name:missing=false", true},
	// token
	{patient, "active=true", true},
	{patient, "gender=FEMALE", true},
	{patient, "gender=http://hl7.org/fhir/administrative-gender|female", true},
	{patient, "gender=urn:other|female", false},
	{patient, "gender:not=male", true},
	{patient, "gender:not=male,female", false},
	{patient, "deceased:not=true", true}, // the expression says false for who is not dead
	{patient, "deceased=false", true},
	{patient, "gender=male,female", true},
	{patient, "identifier=http://acme.org/patient|2345", true},
	{patient, "identifier=2345", true},
	{patient, "identifier=|2345", false},
	{patient, "identifier=http://acme.org/patient|", true},
	{patient, "identifier=urn:x|2345", false},
	{patient, "identifier=|sans-syst%C3%A8me", true},
	{patient, "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|2345", true},
	{patient, "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|MR|9", false},
	{patient, "identifier:of-type=http://terminology.hl7.org/CodeSystem/v2-0203|XX|2345", false},
	{patient, "identifier:text=dossier%20me", true},
	{patient, "telecom=phone|%2B33 1 23", true},
	{observation, "code:text=pression", true},
	{observation, "code:text=syst", true},
	{observation, "code:text=final", false},
	{observation, "code:not=http://loinc.org|8480-6", false},
	{observation, "category:not=x", true}, // without a value, nothing matches
	// reference
	{patient, "general-practitioner=23", true},
	{patient, "general-practitioner=Practitioner/23", true},
	{patient, "general-practitioner=Organization/23", false},
	{patient, "general-practitioner:Practitioner=23", true},
	{patient, "general-practitioner:Organization=23", false},
	{patient, "general-practitioner=http://acme.org/fhir/Practitioner/24", true},
	{patient, "general-practitioner=http://acme.org/fhir/Practitioner/24/_history/3", true},
	{patient, "general-practitioner=Practitioner/24", false}, // another server's
	{patient, "general-practitioner:identifier=urn:rpps|8100", true},
	{patient, "general-practitioner:identifier=8100", true},
	{patient, "general-practitioner:identifier=urn:x|8100", false},
	{observation, "subject=Patient/camille/_history/2", false}, // the reference names no version
	{observation, "patient=camille", true},
	{observation, "subject:Patient=camille", true},
	{observation, "subject:Group=camille", false},
	{observation, "encounter:missing=true", true},
	// uri
	{valueSet, "url=http://acme.org/fhir/ValueSet/123", true},
	{valueSet, "url=http://acme.org/fhir/ValueSet/123/", false},
	{valueSet, "url=http://acme.org/fhir/valueset/123", false},
	{valueSet, "url:below=http://acme.org/fhir/", true},
	{valueSet, "url:above=http://acme.org/fhir/ValueSet/123/_history/5", true},
	// quantity
	{observation, "value-quantity=5.4|http://unitsofmeasure.org|mg", true},
	{observation, "value-quantity=5.4||mg", true},
	{observation, "value-quantity=5.4||milligrammes", true},
	{observation, "value-quantity=5.4||Mg", false},
	{observation, "value-quantity=5.40e-3|http://unitsofmeasure.org|g", false}, // no conversion
	{observation, "value-quantity=5", true},
	{observation, "value-quantity=5.41", false},
	{observation, "value-quantity=le5.4|http://unitsofmeasure.org|mg", true},
	{observation, "value-quantity=lt5.4", false},
	{observation, "value-quantity=ap5.8|http://unitsofmeasure.org|mg", true},
	{observation, "value-quantity=ap6.1|http://unitsofmeasure.org|mg", false},
	{observation, "value-quantity=ne5.4", false},
	// composite
	{observation, "code-value-quantity=http://loinc.org|8480-6$5.4||mg", true},
	{observation, "code-value-quantity=http://loinc.org|8480-6$gt6", false},
	{observation, "component-code-value-quantity=http://loinc.org|A$1", true},
	{observation, "component-code-value-quantity=http://loinc.org|A$2", false}, // each in another component
	{observation, "component-code-value-quantity=A$2,B$2", true},
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, c := range matches {
		r := resource(t, c.resource)
		if got := holds(t, query(t, r.Type(), c.search), r); got != c.want {
			t.Errorf("%s?%s: %t, want %t", r.Type(), c.search, got, c.want)
		}
	}
}

// TestDatePrefixes is the table of R4 search §3.1.1.4.5 over a date, a time, and periods open at either end.
func TestDatePrefixes(t *testing.T) {
	t.Parallel()
	const (
		day    = `"2013-03-14"`
		noon   = `"2013-03-14T10:00:00Z"`
		month  = `"2013-03"`
		onward = `{"start":"2013-01-21"}`
		until  = `{"end":"2013-01-21"}`
		within = `{"start":"2013-03-14T09:00:00Z","end":"2013-03-14T11:00:00Z"}`
	)
	for _, c := range []struct {
		search string
		yes    []string
		no     []string
	}{
		{"eq2013-03-14", []string{day, noon, within}, []string{month, onward, until}},
		{"2013-03", []string{day, noon, within, month}, []string{onward, until}},
		{"ne2013-03-14", []string{month, onward, until}, []string{day, noon, within}},
		{"lt2013-03-14T10:00:00Z", []string{day, month, onward, until, within}, []string{noon}},
		{"gt2013-03-14T10:00:00Z", []string{day, month, onward, within}, []string{noon, until}},
		{"ge2013-03-14", []string{day, noon, within, month, onward}, []string{until}},
		{"le2013-03-14", []string{day, noon, within, month, onward, until}, nil},
		{"le2013-03-13", []string{month, onward, until}, []string{day, noon, within}},
		{"sa2013-03-13", []string{day, noon, within}, []string{month, onward, until}},
		{"sa2013-03-14", nil, []string{day, noon, within, month, onward, until}},
		{"eb2013-03-15", []string{day, noon, within, until}, []string{month, onward}},
		{"eb2013-03-14", []string{until}, []string{day, noon, within, month, onward}},
	} {
		for want, dates := range map[bool][]string{true: c.yes, false: c.no} {
			for _, date := range dates {
				name := "effectiveDateTime"
				if date[0] == '{' {
					name = "effectivePeriod"
				}
				r := resource(t, `{"resourceType":"Observation","id":"o","`+name+`":`+date+`}`)
				if got := holds(t, query(t, "Observation", "date="+c.search), r); got != want {
					t.Errorf("%s on %s: %t, want %t", c.search, date, got, want)
				}
			}
		}
	}
}

// TestNumbers is the table of R4 search §3.1.1.4.6.
func TestNumbers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		search string
		yes    []string
		no     []string
	}{
		{"100", []string{"100", "99.5", "100.49999"}, []string{"99.4999", "100.5"}},
		{"100.00", []string{"100", "99.995", "100.00499"}, []string{"100.005", "99.9949"}},
		{"1e2", []string{"95", "104.9", "100"}, []string{"94.9", "105"}},
		{"lt100", []string{"99.99"}, []string{"100", "100.1"}},
		{"le100", []string{"100", "99"}, []string{"100.0000001"}},
		{"gt100", []string{"100.0000000000000000000000001", "101"}, []string{"100", "99.9"}},
		{"ge100", []string{"100", "1e3"}, []string{"99.9999999999999999999"}},
		{"ne100", []string{"100.5", "99"}, []string{"100", "100.4"}},
		{"sa100", []string{"100.1"}, []string{"100"}},
		{"eb100", []string{"99.9"}, []string{"100"}},
		{"ap100", []string{"90", "109.9"}, []string{"89.9", "110.1"}},
		{"-5", []string{"-5", "-5.5", "-4.6"}, []string{"5", "-4.5"}},
		{"0.1", []string{"0.1", "1e-1", "0.05"}, []string{"0.15", "0.04999"}},
	} {
		for want, numbers := range map[bool][]string{true: c.yes, false: c.no} {
			for _, n := range numbers {
				r := resource(t, `{"resourceType":"RiskAssessment","id":"r","prediction":[{"probabilityDecimal":`+n+`}]}`)
				if got := holds(t, query(t, "RiskAssessment", "probability="+c.search), r); got != want {
					t.Errorf("%s on %s: %t, want %t", c.search, n, got, want)
				}
			}
		}
	}
}

func TestComparatorsAndRanges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		element, search string
		want            bool
	}{
		{`"valueQuantity":{"value":5,"comparator":"<"}`, "value-quantity=lt3", true},
		{`"valueQuantity":{"value":5,"comparator":"<"}`, "value-quantity=gt6", false},
		{`"valueQuantity":{"value":5,"comparator":"<"}`, "value-quantity=5", false},
		{`"valueQuantity":{"value":5,"comparator":">="}`, "value-quantity=gt100", true},
	} {
		r := resource(t, `{"resourceType":"Observation","id":"o",`+c.element+`}`)
		if got := holds(t, query(t, "Observation", c.search), r); got != c.want {
			t.Errorf("%s on %s: %t, want %t", c.search, c.element, got, c.want)
		}
	}
	for _, c := range []struct {
		onset, search string
		want          bool
	}{
		{`{"low":{"value":5},"high":{"value":10}}`, "gt8", true},
		{`{"low":{"value":5},"high":{"value":10}}`, "sa4", true},
		{`{"low":{"value":5},"high":{"value":10}}`, "lt5", false},
		{`{"low":{"value":5},"high":{"value":10}}`, "7", false},
		{`{"low":{"value":5}}`, "gt900", true},
		{`{"high":{"value":10}}`, "lt-3", true},
		{`{"high":{"value":10}}`, "gt10", false},
	} {
		r := resource(t, `{"resourceType":"Condition","id":"c","onsetRange":`+c.onset+`}`)
		if got := holds(t, query(t, "Condition", "onset-age="+c.search), r); got != c.want {
			t.Errorf("%s on %s: %t, want %t", c.search, c.onset, got, c.want)
		}
	}
}

func TestEscapes(t *testing.T) {
	t.Parallel()
	r := resource(t, `{"resourceType":"Patient","id":"p","identifier":[{"system":"urn:x","value":"a,b|c$d\\e"}],"name":[{"family":"Roux, veuve Lam"}]}`)
	for raw, want := range map[string]bool{
		`identifier=urn:x|a\,b\|c\$d\\e`: true,
		`identifier=a\,b\|c\$d\\e`:       true,
		`family=Roux\, veuve`:            true,
		`family=Lam,Roux`:                true,
		`family:exact=Roux\, veuve Lam`:  true,
	} {
		if got := holds(t, query(t, "Patient", raw), r); got != want {
			t.Errorf("%s: %t, want %t", raw, got, want)
		}
	}
	if got := search.Escape(`a,b|c$d\e`); got != `a\,b\|c\$d\\e` {
		t.Errorf("Escape: %s", got)
	}
}

// A reference written absolutely under the server's own base is the same as a relative one, on either side.
func TestBase(t *testing.T) {
	t.Parallel()
	const base = "http://localhost:8700/fhir"
	absolute := resource(t, `{"resourceType":"Observation","id":"o","subject":{"reference":"`+base+`/Patient/camille"}}`)
	relative := resource(t, observation)
	for _, raw := range []string{"subject=Patient/camille", "subject=camille", "subject=" + base + "/Patient/camille"} {
		q, _, err := search.ParseWith("Observation", search.Options{Strict: true, Base: base + "/"}, raw)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range []*fhir.Resource{absolute, relative, absolute.Under(base), relative.Under(base)} {
			if !holds(t, q, r) {
				t.Errorf("%s does not match %s", raw, r.JSON())
			}
		}
		if ids := q.PatientIDs(); len(ids) != 1 || ids[0] != "camille" {
			t.Errorf("%s: patients %q", raw, ids)
		}
	}
	if holds(t, query(t, "Observation", "subject=http://other/fhir/Patient/camille"), absolute) {
		t.Error("another server's patient matches")
	}
}

func TestMatchRefusesChains(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"subject:Patient.name=x", "_has:Provenance:target:agent=Practitioner/x"} {
		if _, err := query(t, "Observation", raw).Criteria[0].Match(resource(t, observation)); err == nil {
			t.Errorf("%s is matched without being followed", raw)
		}
	}
}

func TestMatchOfAnotherTypeIsFalse(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"gender:not=male", "address-postalcode:missing=true", "_id=o"} {
		if ok, err := query(t, "Patient", raw).Criteria[0].Match(resource(t, observation)); ok || err != nil {
			t.Errorf("Patient?%s on an Observation: %t, %v", raw, ok, err)
		}
	}
}

func TestChainOverLogicalReference(t *testing.T) {
	t.Parallel()
	step := query(t, "DocumentReference", "patient.identifier=urn:ins|1,urn:ins|2").Criteria[0].Chain
	if len(step) == 0 || step[len(step)-1].Type != "Patient" {
		t.Fatalf("alternatives: %+v", step)
	}
	for identifier, want := range map[string]bool{"urn:ins|1": true, "urn:ins|2": true, "urn:ins|3": false, "urn:x|1": false, "": false} {
		if got := step[len(step)-1].MatchIdentifier(fhir.Reference{Identifier: identifier}); got != want {
			t.Errorf("%q: %t, want %t", identifier, got, want)
		}
	}
	if step[len(step)-1].MatchIdentifier(fhir.Reference{Identifier: "urn:ins|1", Type: "Device"}) {
		t.Error("a device passes for a patient")
	}
}

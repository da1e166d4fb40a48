package fhir

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseReference(t *testing.T) {
	t.Parallel()
	const base = "https://here/fhir"
	for _, want := range []Reference{
		{URL: "Patient/1", Type: "Patient", ID: "1"},
		{URL: "Patient/1/_history/2", Type: "Patient", ID: "1", Version: "2"},
		{URL: "https://here/fhir/Patient/1", Type: "Patient", ID: "1"},
		{URL: "https://here/fhir/Patient/1/_history/2", Type: "Patient", ID: "1", Version: "2"},
		{URL: "https://here/fhirx/Patient/1", Type: "Patient"},
		{URL: "https://here/fhir/x/Patient/1"},
		{URL: "https://there/fhir/Patient/1", Type: "Patient"},
		{URL: "http://here/fhir/Patient/1", Type: "Patient"},
		{URL: "/Patient/1"},
		{URL: "Patient/1/_history/"},
		{URL: "Patient/1/_history/2/x"},
		{URL: "Patient/_history/2"},
		{URL: "../Patient/1"},
		{URL: "x/Patient/1"},
		{URL: "Patient/1/"},
		{URL: "Patient/a b"},
		{URL: "Patient/1#x"},
		{URL: "patient/1"},
		{URL: "Nothing/1"},
		{URL: "urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0"},
		{URL: "urn:oid:1.2.3"},
		{URL: "#x", ID: "x", Contained: true},
		{URL: "#", Contained: true},
		{URL: ""},
		{URL: "Patient?identifier=urn:oid:1.2|9", Type: "Patient", Identifier: "urn:oid:1.2|9"},
		{URL: "Patient?identifier=urn%3Aoid%3A1.2%7C9", Type: "Patient", Identifier: "urn:oid:1.2|9"},
		{URL: "https://here/fhir/Patient?identifier=s|9", Type: "Patient", Identifier: "s|9"},
		{URL: "https://there/fhir/Patient?identifier=s|9"},
		{URL: "Patient?identifier=urn:oid:1.2", Type: "Patient"},
		{URL: "Patient?identifier=s|1,s|2", Type: "Patient"},
		{URL: "Patient?identifier=s|1&identifier=s|2", Type: "Patient"},
		{URL: "Patient?name=x", Type: "Patient"},
		{URL: "Patient?identifier=s|1&name=x", Type: "Patient"},
	} {
		if d := cmp.Diff(want, ParseReference(base, want.URL)); d != "" {
			t.Errorf("%s: %s", want.URL, d)
		}
	}
	if f := ParseReference("", "https://here/fhir/Patient/1"); f.ID != "" || f.Literal() != "" {
		t.Error("without a base an absolute reference counts as this server's")
	}
}

func TestReferencesOfAResource(t *testing.T) {
	t.Parallel()
	got := mustResource(t, frenchDocument).References()
	want := []Reference{
		{Path: "contained[1].practitioner", Type: "Practitioner", ID: "who", URL: "#who", Identifier: "https://rpps.esante.gouv.fr|99700218896", Contained: true},
		{Path: "contained[1].organization", Type: "Organization", ID: "clinic", URL: "Organization/clinic"},
		{Path: "subject", Type: "Patient", ID: "camille", URL: "Patient/camille"},
		{Path: "author[0]", Type: "PractitionerRole", ID: "role", URL: "#role", Identifier: "urn:oid:1.2.250.1.71.4.2.1|899700218896", Contained: true},
		{Path: "author[1]", Type: "Organization", ID: "other", Version: "3", URL: "Organization/other/_history/3"},
		{Path: "author[2]", Identifier: "s|v"},
		{Path: "author[3]", Type: "Practitioner", URL: "https://elsewhere/fhir/Practitioner/x"},
		{Path: "custodian", Type: "Organization", ID: "keeper", URL: "Organization/keeper"},
		{Path: "context.sourcePatientInfo", Type: "Patient", ID: "pat", URL: "#pat", Identifier: "urn:oid:1.2.250.1.213.1.4.8|123456789012345", Contained: true},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestPatients(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"a patient", `{"resourceType":"Patient","id":"x","link":[{"other":{"reference":"Patient/y"}}]}`, []string{"x"}},
		{"a patient without id", `{"resourceType":"Patient"}`, nil},
		{"subject", `{"resourceType":"Observation","subject":{"reference":"Patient/x"}}`, []string{"x"}},
		{"subject before performer", `{"resourceType":"Observation","performer":[{"reference":"Patient/y"}],"subject":{"reference":"Patient/x"}}`, []string{"x", "y"}},
		{"beneficiary before who pays", `{"resourceType":"Coverage","payor":[{"reference":"Patient/y"}],"beneficiary":{"reference":"Patient/x"}}`, []string{"x", "y"}},
		{"once", `{"resourceType":"Observation","performer":[{"reference":"Patient/x"}],"subject":{"reference":"Patient/x"}}`, []string{"x"}},
		{"a group", `{"resourceType":"Observation","subject":{"reference":"Group/x"}}`, nil},
		{"elsewhere", `{"resourceType":"Observation","subject":{"reference":"http://elsewhere/Patient/x"}}`, nil},
		{"logical", `{"resourceType":"Observation","subject":{"type":"Patient","identifier":{"value":"x"}}}`, nil},
		{"contained", `{"resourceType":"Observation","contained":[{"resourceType":"Patient","id":"x"}],"subject":{"reference":"#x"}}`, nil},
		{"audit", `{"resourceType":"AuditEvent","agent":[{"who":{"reference":"Patient/y"}}],"entity":[{"what":{"reference":"Patient/x"}}]}`, []string{"y", "x"}},
		{"outside", `{"resourceType":"Practitioner","id":"x"}`, nil},
		{"mentions do not count", `{"resourceType":"Observation","focus":[{"reference":"Patient/x"}]}`, nil},
	} {
		if d := cmp.Diff(c.want, mustResource(t, c.text).Patients()); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
	r := mustResource(t, `{"resourceType":"Observation","subject":{"reference":"http://elsewhere/Patient/x"}}`)
	if d := cmp.Diff([]string{"x"}, r.Under("http://elsewhere").Patients()); d != "" {
		t.Errorf("under its base: %s", d)
	}
}

func TestPatientIdentifiers(t *testing.T) {
	t.Parallel()
	const contained = `"contained":[{"resourceType":"Patient","id":"x","identifier":[{"system":"s","value":"1"},{"system":"s","value":"2"}]},{"resourceType":"Practitioner","id":"p","identifier":[{"system":"s","value":"8"}]}]`
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"logical", `{"resourceType":"Observation","subject":{"identifier":{"system":"s","value":"1"}}}`, []string{"s|1"}},
		{"contained", `{"resourceType":"Observation",` + contained + `,"subject":{"reference":"#x"}}`, []string{"s|1", "s|2"}},
		{"conditional", `{"resourceType":"Observation","subject":{"reference":"Patient?identifier=s|1"}}`, []string{"s|1"}},
		{"other subject", `{"resourceType":"Observation",` + contained + `,"subject":{"reference":"#p"}}`, nil},
		{"who performed is not whom it is about", `{"resourceType":"Observation",` + contained + `,"performer":[{"reference":"#x"}]}`, nil},
		{"source when nobody is named", `{"resourceType":"DocumentReference",` + contained + `,"subject":{"reference":"Patient?identifier=s"},"context":{"sourcePatientInfo":{"reference":"#x"}}}`, []string{"s|1", "s|2"}},
		{"no source beside a subject", `{"resourceType":"DocumentReference",` + contained + `,"subject":{"reference":"Patient/a"},"context":{"sourcePatientInfo":{"reference":"#x"}}}`, nil},
		{"a patient's own", `{"resourceType":"Patient","identifier":[{"system":"s","value":"1"},{"system":"t"}]}`, []string{"s|1"}},
	} {
		if d := cmp.Diff(c.want, mustResource(t, c.text).PatientIdentifiers()); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

func TestParseResourceRefusals(t *testing.T) {
	t.Parallel()
	var syntax *SyntaxError
	for text, check := range map[string]func(error) bool{
		`[]`:                                           func(err error) bool { return errors.Is(err, ErrNoResource) },
		`{}`:                                           func(err error) bool { return errors.Is(err, ErrNoResource) },
		`{"resourceType":"Resource"}`:                  func(err error) bool { return errors.Is(err, ErrNoResource) },
		`{"resourceType":["Patient"]}`:                 func(err error) bool { return errors.Is(err, ErrNoResource) },
		`{"resourceType":"Patient","id":""}`:           func(err error) bool { return errors.Is(err, ErrBadID) },
		`{"resourceType":"Patient","id":7}`:            func(err error) bool { return errors.Is(err, ErrBadID) },
		`{"resourceType":"Patient","id":"../x"}`:       func(err error) bool { return errors.Is(err, ErrBadID) },
		`{"resourceType":"Patient","id":"a_b"}`:        func(err error) bool { return errors.Is(err, ErrBadID) },
		`{"resourceType":"Patient","id":"x","id":"y"}`: func(err error) bool { return errors.As(err, &syntax) },
	} {
		if _, err := ParseResource([]byte(text)); err == nil || !check(err) {
			t.Errorf("%s: got %v", text, err)
		}
	}
}

// TestReferencesFindNoLessThanTheParameters compares the walk with the reference
// search parameters over real resources: each literal one must be in both.
func TestReferencesFindNoLessThanTheParameters(t *testing.T) {
	t.Parallel()
	count := 0
	for _, pattern := range []string{"hl7-r4-examples/*", "fr-ans/examples"} {
		eachResource(t, pattern, func(name string, r *Resource) {
			walked := map[string]bool{}
			for _, f := range r.References() {
				walked[f.URL+"^"+f.Identifier] = true
			}
			for _, p := range Params(r.Type()) {
				if p.Type != "reference" {
					continue
				}
				for _, n := range p.Nodes(r) {
					if f, ok := r.reference(n); ok && n.Get("resourceType") == nil {
						count++
						if !walked[f.URL+"^"+f.Identifier] {
							t.Errorf("%s: %s is not among the references: %+v", name, p.Name, f)
						}
					}
				}
			}
		})
	}
	t.Logf("%d references", count)
}

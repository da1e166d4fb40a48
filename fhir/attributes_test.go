package fhir

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// none of the lists set.
func attributes(edit func(*Attributes)) Attributes {
	e := []string{}
	a := Attributes{Class: e, Code: e, Author: e, Custodian: e, Labels: e, Members: e}
	edit(&a)
	return a
}

// frenchDocument has the shape of PDSm's worked examples.
const frenchDocument = `{"resourceType":"DocumentReference","id":"d",
"meta":{"source":"urn:oid:1.2","security":[{"system":"http://terminology.hl7.org/CodeSystem/v3-Confidentiality","code":"R"}]},
"contained":[
 {"resourceType":"Patient","id":"pat","identifier":[{"system":"urn:oid:1.2.250.1.213.1.4.8","value":"123456789012345"}]},
 {"resourceType":"PractitionerRole","id":"role","identifier":[{"system":"urn:oid:1.2.250.1.71.4.2.1","value":"899700218896"}],
  "practitioner":{"reference":"#who"},"organization":{"reference":"Organization/clinic"}},
 {"resourceType":"Practitioner","id":"who","identifier":[{"system":"https://rpps.esante.gouv.fr","value":"99700218896"}]}],
"extension":[{"url":"https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived","valueBoolean":true}],
"status":"current","docStatus":"final",
"type":{"coding":[{"system":"http://loinc.org","code":"11488-4"}]},
"category":[{"coding":[{"system":"https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument","code":"11"}]}],
"subject":{"reference":"Patient/camille"},
"date":"2024-11-20T10:30:00+01:00",
"author":[{"reference":"#role"},{"reference":"Organization/other/_history/3"},{"identifier":{"system":"s","value":"v"}},{"reference":"https://elsewhere/fhir/Practitioner/x"},{"display":"nobody"}],
"custodian":{"reference":"Organization/keeper"},
"securityLabel":[{"coding":[{"system":"https://mos.esante.gouv.fr/NOS/TRE_A07-StatusVisibiliteDocument/FHIR/TRE-A07-StatusVisibiliteDocument","code":"MASQUE_PS"},{"system":"http://x","code":"PSY"}]}],
"context":{"period":{"start":"2024-11-19"},"sourcePatientInfo":{"reference":"#pat"}}}`

func TestAttributesOfADocument(t *testing.T) {
	t.Parallel()
	r := mustResource(t, frenchDocument)
	want := Attributes{
		Type: "DocumentReference", ID: "d",
		Class: []string{"https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument|11"},
		Code:  []string{"http://loinc.org|11488-4"},
		Author: []string{"urn:oid:1.2.250.1.71.4.2.1|899700218896", "https://rpps.esante.gouv.fr|99700218896", "Organization/clinic",
			"Organization/other", "s|v", "https://elsewhere/fhir/Practitioner/x"},
		Custodian: []string{"Organization/keeper"},
		Labels:    []string{"MASQUE_PS", "R", "http://x|PSY"},
		Status:    "current", DocStatus: "final", Date: "2024-11-19T00:00:00Z", Source: "urn:oid:1.2",
		Archived: true, Subject: "Patient/camille", Members: []string{},
	}
	if d := cmp.Diff(want, r.Attributes()); d != "" {
		t.Error(d)
	}
	own := r.Under("https://elsewhere/fhir/").Attributes().Author
	if got := own[len(own)-1]; got != "Practitioner/x" {
		t.Errorf("an absolute reference to this server is told as %s", got)
	}
}

func TestAttributesByType(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want func(*Attributes)
	}{
		{`{"resourceType":"Observation","status":"final","category":[{"coding":[{"system":"c","code":"lab"}]}],"code":{"coding":[{"code":"x"}]},"subject":{"reference":"Patient/p"},"performer":[{"reference":"Practitioner/a"}],"effectivePeriod":{"start":"2024-02"},"issued":"2025-01-01T00:00:00Z"}`,
			func(a *Attributes) {
				a.Status, a.Class, a.Code, a.Subject = "final", []string{"c|lab"}, []string{"|x"}, "Patient/p"
				a.Author, a.Date = []string{"Practitioner/a"}, "2024-02-01T00:00:00Z"
			}},
		{`{"resourceType":"Immunization","vaccineCode":{"coding":[{"system":"cvx","code":"1"}]},"patient":{"reference":"Patient/p"},"performer":[{"actor":{"reference":"Practitioner/a"}}],"occurrenceDateTime":"2024-02-01T10:00:00+01:00"}`,
			func(a *Attributes) {
				a.Code, a.Subject, a.Author, a.Date = []string{"cvx|1"}, "Patient/p", []string{"Practitioner/a"}, "2024-02-01T10:00:00+01:00"
			}},
		{`{"resourceType":"MedicationRequest","contained":[{"resourceType":"Medication","id":"m","code":{"coding":[{"system":"atc","code":"A"}]}}],"medicationReference":{"reference":"#m"},"subject":{"reference":"Patient/p"},"requester":{"reference":"Practitioner/a"},"recorder":{"reference":"Practitioner/a"}}`,
			func(a *Attributes) {
				a.Code, a.Subject, a.Author = []string{"atc|A"}, "Patient/p", []string{"Practitioner/a"}
			}},
		{`{"resourceType":"AllergyIntolerance","category":["food"],"clinicalStatus":{"coding":[{"code":"active"}]},"verificationStatus":{"coding":[{"code":"entered-in-error"}]},"patient":{"reference":"Patient/p"},"asserter":{"reference":"Patient/p"}}`,
			func(a *Attributes) {
				a.Class, a.Status = []string{"http://hl7.org/fhir/allergy-intolerance-category|food"}, "entered-in-error"
				a.Subject, a.Author = "Patient/p", []string{"Patient/p"}
			}},
		{`{"resourceType":"Condition","clinicalStatus":{"coding":[{"code":"active"}]},"verificationStatus":{"coding":[{"code":"confirmed"}]}}`,
			func(a *Attributes) { a.Status = "active" }},
		{`{"resourceType":"CareTeam","subject":{"reference":"Patient/p"},"participant":[{"member":{"reference":"Practitioner/a"}},{"member":{"identifier":{"system":"s","value":"v"}},"onBehalfOf":{"reference":"Organization/o"}}],"managingOrganization":[{"reference":"Organization/m"}]}`,
			func(a *Attributes) {
				a.Subject, a.Members = "Patient/p", []string{"Practitioner/a", "s|v", "Organization/o"}
			}},
		{`{"resourceType":"Communication","subject":{"reference":"Patient/p"},"sender":{"reference":"Practitioner/a"},"recipient":[{"reference":"Patient/p"}],"sent":"2024-01-01T00:00:00Z"}`,
			func(a *Attributes) {
				a.Subject, a.Author, a.Date = "Patient/p", []string{"Practitioner/a"}, "2024-01-01T00:00:00Z"
				a.Members = []string{"Practitioner/a", "Patient/p"}
			}},
		{`{"resourceType":"List","source":{"reference":"#o","extension":[{"url":"` + mhdAuthorOrg + `","valueReference":{"reference":"#o"}}]},"contained":[{"resourceType":"Organization","id":"o","identifier":[{"system":"finess","value":"1"}]}],"extension":[{"url":"` + mhdDesignationType + `","valueCodeableConcept":{"coding":[{"system":"A03","code":"11"}]}}],"subject":{"reference":"Patient/p"},"code":{"coding":[{"code":"submissionset"}]}}`,
			func(a *Attributes) {
				a.Class, a.Code, a.Subject, a.Author = []string{"A03|11"}, []string{"|submissionset"}, "Patient/p", []string{"finess|1"}
			}},
		{`{"resourceType":"Composition","confidentiality":"V","custodian":{"reference":"Organization/o"}}`,
			func(a *Attributes) { a.Labels, a.Custodian = []string{"V"}, []string{"Organization/o"} }},
		{`{"resourceType":"Patient","id":"p","link":[{"other":{"reference":"Patient/q"}}]}`,
			func(a *Attributes) { a.ID, a.Subject = "p", "Patient/p" }},
		{`{"resourceType":"Practitioner","id":"x"}`, func(a *Attributes) { a.ID = "x" }},
		{`{"resourceType":"Basic","code":5,"author":"x","subject":[],"meta":[],"extension":{},"category":null}`, func(*Attributes) {}},
	} {
		r := mustResource(t, c.text)
		want := attributes(c.want)
		want.Type = r.Type()
		if d := cmp.Diff(want, r.Attributes()); d != "" {
			t.Errorf("%s: %s", r.Type(), d)
		}
	}
}

func TestLabelSpellings(t *testing.T) {
	t.Parallel()
	for system, want := range map[string]string{
		"https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument": "MASQUE_PS",
		"https://smt.esante.gouv.fr/terminologie-tre_a07":                                                       "MASQUE_PS",
		"urn:oid:1.2.250.1.213.1.1.4.13":                                                                        "MASQUE_PS",
		"1.2.250.1.213.1.1.4.13":                                                                                "MASQUE_PS",
		"https://mos.esante.gouv.fr/NOS/TRE_A08-X/FHIR":                                                         "MASQUE_PS",
		"http://hl7.org/fhir/v3/Confidentiality":                                                                "MASQUE_PS",
		"http://terminology.hl7.org/CodeSystem/v3-ActReason":                                                    "http://terminology.hl7.org/CodeSystem/v3-ActReason|masque_ps",
		"":             "MASQUE_PS",
		"http://other": "http://other|masque_ps",
	} {
		r := mustResource(t, `{"resourceType":"DocumentReference","securityLabel":[{"coding":[{"system":"`+system+`","code":" masque_ps "}]}]}`)
		if got := r.Labels(); len(got) != 1 || got[0] != want {
			t.Errorf("%s: got %v, want %s", system, got, want)
		}
	}
	r := mustResource(t, `{"resourceType":"Observation","meta":{"security":[{"code":"INVISIBLE_REP_LEGAUX"},{"code":""},{}]}}`)
	if got := strings.Join(r.Labels(), " "); got != "INVISIBLE_REPRESENTANTS_LEGAUX" {
		t.Errorf("got %s", got)
	}
}

func TestFrenchExamplesTellTheirAuthors(t *testing.T) {
	t.Parallel()
	seen := 0
	eachResource(t, "fr-ans/examples", func(name string, r *Resource) {
		switch r.ID() {
		case "example-td3-1a-cr-consultation", "docref-td2", "submissionset-td2":
			seen++
			if d := cmp.Diff([]string{"urn:oid:1.2.250.1.71.4.2.1|899700218896"}, r.Attributes().Author); d != "" {
				t.Errorf("%s: %s", name, d)
			}
			if d := cmp.Diff([]string{"urn:oid:1.2.250.1.213.1.4.8|123456789012345"}, r.PatientIdentifiers()); d != "" {
				t.Errorf("%s: %s", name, d)
			}
			if got := r.Attributes().Class; len(got) != 1 || !strings.HasSuffix(got[0], "TRE-A03-ClasseDocument|11") {
				t.Errorf("%s: class %v", name, got)
			}
		}
	})
	if seen != 3 {
		t.Errorf("found %d of the 3 examples", seen)
	}
}

// TestRealDataHasAttributes looks at the share of real resources of which nothing
// is told, which a wrong table would raise.
func TestRealDataHasAttributes(t *testing.T) {
	t.Parallel()
	type count struct{ all, code, date, subject, author int }
	counts := map[string]*count{}
	for _, pattern := range []string{"synthea-bulk-2025/*", "synthea-hiv-2021/*", "hl7-r4-examples/*"} {
		eachResource(t, pattern, func(_ string, r *Resource) {
			c := counts[r.Type()]
			if c == nil {
				c = &count{}
				counts[r.Type()] = c
			}
			a := r.Attributes()
			c.all++
			for _, x := range []struct {
				n  *int
				ok bool
			}{{&c.code, len(a.Code) > 0}, {&c.date, a.Date != ""}, {&c.subject, a.Subject != ""}, {&c.author, len(a.Author) > 0}} {
				if x.ok {
					*x.n++
				}
			}
		})
	}
	for _, typ := range []string{"DocumentReference", "Condition", "Encounter", "MedicationRequest", "Procedure", "Observation", "Immunization", "AllergyIntolerance"} {
		c := counts[typ]
		t.Logf("%s: %+v", typ, *c)
		if c.code*10 < c.all*9 || c.date*10 < c.all*7 {
			t.Errorf("%s: %+v", typ, *c)
		}
	}
}

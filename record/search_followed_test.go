package record

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// followedWorld is a small record and directory whose references go round, share targets, name versions, and dangle.
var followedWorld = map[string][]string{
	"": {
		`{"resourceType":"Organization","id":"o1","name":"Cabinet","partOf":{"reference":"Organization/o2"},"identifier":[{"system":"urn:o","value":"1"}]}`,
		`{"resourceType":"Organization","id":"o2","name":"Groupe","partOf":{"reference":"Organization/o3"}}`,
		`{"resourceType":"Organization","id":"o3","partOf":{"reference":"Organization/o3"}}`,
		`{"resourceType":"Practitioner","id":"d1","active":true,"name":[{"family":"Roux"}]}`,
		`{"resourceType":"Practitioner","id":"d2","name":[{"family":"Lam"}],"birthDate":"1990-05-15"}`,
		`{"resourceType":"PractitionerRole","id":"r1","practitioner":{"reference":"Practitioner/d1"},"organization":{"reference":"Organization/o1"}}`,
		`{"resourceType":"Location","id":"l1","partOf":{"reference":"Location/l1"},"name":"Salle"}`,
		`{"resourceType":"Medication","id":"m1","code":{"text":"Calcitriol","coding":[{"system":"s","code":"04823543"}]}}`,
		`{"resourceType":"Questionnaire","id":"q1","status":"active","url":"http://q/phq","version":"2","title":"PHQ-9"}`,
	},
	"p": {
		`{"resourceType":"Patient","id":"p","gender":"male","birthDate":"1955-01-01","name":[{"family":"Tester","given":["Joe"]}],"managingOrganization":{"reference":"Organization/o1"},"generalPractitioner":[{"reference":"Practitioner/d1"}],"meta":{"tag":[{"code":"t"}]}}`,
		`{"resourceType":"Encounter","id":"e1","status":"finished","class":{"system":"c","code":"IMP"},"subject":{"reference":"Patient/p"},"serviceProvider":{"reference":"Organization/o1"},"period":{"start":"2020-09-14T12:00:00Z","end":"2020-09-14T12:00:00Z"},"location":[{"location":{"reference":"Location/l1"}}]}`,
		`{"resourceType":"Encounter","id":"e2","status":"planned","class":{"code":"AMB"},"subject":{"reference":"Patient/p"},"partOf":{"reference":"Encounter/e1"},"location":[{"location":{"reference":"Location/l1"},"period":{"start":"2020-09-14","end":"2020-09-14"}}]}`,
		`{"resourceType":"Observation","id":"a","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"2345-7"}]},"subject":{"reference":"Patient/p"},"encounter":{"reference":"Encounter/e1"},"valueQuantity":{"value":200},"effectiveDateTime":"2001-01-01","performer":[{"reference":"Practitioner/d1"},{"reference":"PractitionerRole/r1"}],"hasMember":[{"reference":"Observation/b"}]}`,
		`{"resourceType":"Observation","id":"b","status":"amended","code":{"coding":[{"code":"x"}]},"subject":{"reference":"Patient/p/_history/1"},"encounter":{"reference":"Encounter/e2"},"effectiveDateTime":"2001-01-02","hasMember":[{"reference":"Observation/c"},{"reference":"Observation/a"}],"derivedFrom":[{"reference":"Observation/gone"}]}`,
		`{"resourceType":"Observation","id":"c","status":"final","code":{"coding":[{"code":"x"}]},"subject":{"reference":"Patient/p"},"valueQuantity":{"value":-1},"performer":[{"reference":"Practitioner/d2"}],"hasMember":[{"reference":"Observation/c"}]}`,
		`{"resourceType":"DiagnosticReport","id":"r","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p"},"result":[{"reference":"Observation/a"},{"reference":"Observation/b"},{"reference":"Observation/a"}]}`,
		`{"resourceType":"Provenance","id":"v","target":[{"reference":"Patient/p"},{"reference":"Observation/c"},{"reference":"Encounter/e1"}],"recorded":"2025-01-01T00:00:00Z","agent":[{"who":{"reference":"Practitioner/d2"}}]}`,
		`{"resourceType":"MedicationAdministration","id":"ma","status":"completed","subject":{"reference":"Patient/p"},"medicationReference":{"reference":"Medication/m1"}}`,
		`{"resourceType":"MedicationRequest","id":"mr","status":"active","intent":"order","subject":{"reference":"Patient/p"},"medicationCodeableConcept":{"text":"Calcitriol"}}`,
		`{"resourceType":"QuestionnaireResponse","id":"qr","status":"completed","questionnaire":"http://q/phq|2","subject":{"reference":"Patient/p"}}`,
		`{"resourceType":"Procedure","id":"pc","status":"completed","subject":{"reference":"Patient/p"},"performer":[{"actor":{"reference":"#y"}}],"contained":[{"resourceType":"Practitioner","id":"x","name":[{"family":"Dedans"}]},{"resourceType":"PractitionerRole","id":"y","practitioner":{"reference":"#x"},"organization":{"reference":"Organization/o1"}}]}`,
		`{"resourceType":"Procedure","id":"pd","status":"completed","subject":{"reference":"Patient/p"},"partOf":[{"reference":"Procedure/pc"}]}`,
		`{"resourceType":"Group","id":"g","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/p"}}]}`,
		`{"resourceType":"CareTeam","id":"t","status":"active","subject":{"reference":"Group/g"},"participant":[{"member":{"reference":"Patient/p"}}]}`,
		`{"resourceType":"List","id":"l","status":"current","mode":"working","subject":{"reference":"Patient/p"},"entry":[{"item":{"reference":"Observation/a"}},{"item":{"reference":"Observation/b"}}]}`,
		`{"resourceType":"List","id":"m","status":"current","mode":"changes","subject":{"reference":"Patient/p"},"entry":[{"item":{"reference":"Observation/b"}},{"item":{"reference":"Observation/c"}},{"item":{"reference":"Observation/a"},"deleted":true}]}`,
	},
}

// followed are searches over that world: what they match, and after the bar what they include.
var followed = []struct{ search, want string }{
	{"Observation?subject:Patient.name=tester", "a b c |"},
	{"Observation?subject:Patient.gender:not=female", "a b c |"},
	{"Observation?subject:Patient.gender:not=male", "|"},
	{"Observation?subject:Patient._tag=t&subject.birthdate=lt1960", "a b c |"},
	{"Observation?subject:Group._tag=t", "|"},
	{"Observation?encounter.date=ge2020-09-14&encounter.date=le2020-09-15", "a |"},
	{"Observation?encounter.class=c|IMP,AMB", "a b |"},
	{"Observation?encounter.class=c|IMP&encounter.class=AMB", "|"},
	{"Observation?encounter.service-provider.name:missing=false", "a |"},
	{"Observation?encounter.service-provider:missing=true", "b |"},
	{"Observation?encounter.service-provider.partof.name=gr", "a |"},
	{"Observation?performer:Practitioner.family=x,roux", "a |"},
	{"Observation?performer.active=true", "a |"},
	{"Observation?performer.identifier=x", "|"},
	{"Observation?performer:PractitionerRole.organization.identifier=urn:o|1", "a |"},
	{"Observation?has-member.has-member.status=final", "a b c |"},
	{"Observation?derived-from.status=final", "|"},
	{"Organization?partof.partof.partof=Organization/o3", "o1 o2 o3 |"},
	{"MedicationAdministration?medication.code=04823543", "ma |"},
	{"MedicationAdministration?medication.code:text=x,calci", "ma |"},
	{"MedicationRequest?medication.code:text=calci", "|"},
	{"QuestionnaireResponse?questionnaire.title=phq", "qr |"},
	{"Patient?_has:Observation:subject:code=http://loinc.org|2345-7&_has:Encounter:subject:date=gt1950", "p |"},
	{"Patient?_has:Observation:subject:code-value-quantity=2345-7$gt180&_has:Observation:subject:value-quantity=lt0", "p |"},
	{"Patient?_has:Observation:subject:code-value-quantity=2345-7$lt180,2345-7$gt300", "|"},
	{"Patient?_has:Observation:subject:encounter:missing=true", "p |"},
	{"Patient?_has:Observation:subject:code:missing=true", "|"},
	{"Patient?_has:Observation:subject:status:not=final", "p |"},
	{"Patient?_has:Condition:subject:code:not=x", "|"},
	{"Patient?_has:Observation:subject:_lastUpdated=ge2026-11-21&gender=male&birthdate=gt1950&birthdate=lt1960", "p |"},
	{"Patient?_has:Observation:subject:_lastUpdated=lt2026-11-21", "|"},
	{"Patient?_has:Observation:subject:_has:DiagnosticReport:result:status=final", "p |"},
	{"Patient?_has:Observation:subject:_has:Provenance:target:agent=Practitioner/d2", "p |"},
	{"Patient?_has:Observation:subject:encounter.service-provider.name=cabinet", "p |"},
	{"Patient?_has:Observation:performer:status=final", "|"},
	{"Encounter?_has:Provenance:target:agent=d2", "e1 |"},
	{"Observation?_has:Provenance:target:agent=d2", "c |"},
	{"Observation?_has:Observation:has-member:status=final", "b c |"},
	{"Observation?encounter._has:Provenance:target:agent=d2", "a |"},
	{"Observation?encounter:Encounter._has:Encounter:part-of:_id=e2", "a |"},
	{"Practitioner?_has:PractitionerRole:practitioner:organization.partof.name=groupe", "d1 |"},
	{"Practitioner?_has:Observation:performer:encounter.service-provider._has:Organization:partof:_id=x", "|"},
	{"Questionnaire?_has:QuestionnaireResponse:questionnaire:status=completed", "q1 |"},
	{"Procedure?performer:PractitionerRole.practitioner.family=dedans", "pc |"},
	{"Procedure?performer.practitioner:Practitioner.family=dedans", "pc |"},
	{"Procedure?performer:PractitionerRole.organization=Organization/o1", "pc |"},
	{"Procedure?performer:PractitionerRole.organization.partof.name=groupe", "pc |"},
	{"Procedure?part-of:Procedure.performer:PractitionerRole.practitioner.family=dedans", "pd |"},
	{"Procedure?performer:Practitioner.family=dedans", "|"},
	{"Procedure?performer=PractitionerRole/y,y,x", "|"},
	{"Procedure?_include=Procedure:performer&_include:iterate=PractitionerRole:organization&_include=Procedure:part-of", "pc pd |"},
	{"Provenance?patient.name=tester&target:Observation.status=final", "v |"},
	{"Patient?_has:Provenance:patient:agent=d2&_has:Provenance:target:agent.family=lam", "p |"},
	{"Observation?_list=l&_list=m", "b |"},
	{"Observation?_list=l,m,x", "a b c |"},
	{"Observation?_list=x", "|"},
	{"Observation?_list=m&status:not=amended", "c |"},
	{"Observation?_has:List:item:_id=m", "a b c |"}, // that an entry is marked as deleted is _list's to know
	{"Organization?_id=o1&_include=Organization:partof", "o1 | o2"},
	{"Organization?_id=o1&_include:iterate=Organization:partof", "o1 | o2 o3"},
	{"Organization?_id=o3&_include=Organization:partof&_revinclude=Organization:partof", "o3 | o2"},
	{"Organization?_include:iterate=Organization:partof", "o1 o2 o3 |"},
	{"Location?_id=l1&_include=Location:partof&_revinclude=Location:partof&_revinclude=Encounter:location", "l1 | e1 e2"},
	{"Observation?_id=a&_include=Observation:performer:Practitioner", "a | d1"},
	{"Observation?_id=a&_include=Observation:performer&_include:iterate=PractitionerRole:practitioner&_include:iterate=PractitionerRole:*", "a | d1 r1 o1"},
	{"Observation?_id=a,b&_include=Observation:has-member", "a b | c"},
	{"Observation?_id=a&_include=*", "a | e1 b p d1 r1"},
	{"Observation?_id=b&_include=Observation:*", "b | e2 c a p"},
	{"Observation?_id=c&_include=Observation:has-member&_revinclude=Observation:has-member", "c | b"},
	{"Observation?_id=c&_include=Observation:has-member:Observation&_include=Observation:subject:Patient", "c | p"},
	{"Observation?_id=b&_include=Observation:subject", "b | p"},
	{"CareTeam?_include=CareTeam:patient", "t |"},
	{"CareTeam?_include=CareTeam:subject:Patient", "t |"},
	{"CareTeam?_include=CareTeam:subject", "t | g"},
	{"CareTeam?_include=CareTeam:subject&_include:iterate=Group:member", "t | g p"},
	{"CareTeam?patient:missing=true", "t |"},
	{"CareTeam?patient=p,Patient/p,g", "|"},
	{"CareTeam?patient.name=tester", "|"},
	{"CareTeam?subject:Group.member.name=tester", "t |"},
	{"Patient?_revinclude=CareTeam:patient&_revinclude=CareTeam:participant", "p | t"},
	{"Patient?_revinclude=CareTeam:patient&_revinclude=Group:*", "p | g"},
	{"Patient?_has:CareTeam:patient:status=active", "|"},
	{"Patient?_has:CareTeam:participant:status=active", "p |"},
	{"Patient?_revinclude=Encounter:patient", "p | e1 e2"},
	{"Patient?_revinclude=Encounter:patient&_include:iterate=Encounter:location&_include=Patient:organization", "p | o1 e1 e2 l1"},
	{"Patient?_revinclude=Encounter:patient&_revinclude:iterate=Provenance:target", "p | e1 e2 v"},
	{"Patient?_include:iterate=Organization:partof&_include=Patient:organization&_include=Patient:general-practitioner", "p | o1 d1 o2 o3"},
	{"Patient?_revinclude=DiagnosticReport:*&_include:iterate=DiagnosticReport:result", "p | r a b"},
	{"Patient?_lastUpdated=lt2000&_revinclude=Encounter:patient", "|"},
	{"Patient?_id=x&_include:iterate=Patient:link", "|"},
	{"Patient?_summary=count&_revinclude=Encounter:patient", "| 1"},
	{"Observation?_total=accurate&_include=Observation:performer&_count=1", "a | d1 r1 3; b | 3; c | d2 3"},
	{"Observation?_sort=-date&_include=Observation:performer", "b a c | d1 r1 d2"},
	{"Observation?_sort=date&_count=2&_include=Observation:encounter", "a b | e1 e2; c |"},
	{"Observation?_sort=status,-date", "b a c |"},
	{"Observation?_sort=value-quantity", "c a b |"},
	{"Observation?_sort=-value-quantity&_count=1", "a |; c |; b |"},
	{"Observation?subject:Patient.name=tester&_sort=-code,_id", "b c a |"},
	{"Practitioner?_sort=-active,family", "d1 d2 |"},
	{"Practitioner?_sort=active,-family", "d1 d2 |"},
	{"QuestionnaireResponse?_include=QuestionnaireResponse:questionnaire", "qr | q1"},
	{"QuestionnaireResponse?_include=*", "qr | p q1"},
	{"Questionnaire?_revinclude=QuestionnaireResponse:questionnaire", "q1 | qr"},
	{"Questionnaire?url=http://q/phq&_revinclude=QuestionnaireResponse:*&_include:iterate=QuestionnaireResponse:subject", "q1 | qr p"},
}

// TestFollowed runs each of them page by page.
func TestFollowed(t *testing.T) {
	t.Parallel()
	e := openEmbedded(t)
	for patient, bodies := range followedWorld {
		for _, body := range bodies {
			put(t, e, patient, body)
		}
	}
	put(t, e, "p", observation("gone", "p", "x"))
	if _, err := e.Write(t.Context(), "p", []Change{{Ref: Ref{"Observation", "gone"}, Delete: true}}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range followed {
		resourceType, raw, _ := cutQuery(tt.search)
		q, _, err := search.ParseWith(resourceType, search.Options{Strict: true, Now: fixedNow}, raw)
		if err != nil {
			t.Errorf("%s: %v", tt.search, err)
			continue
		}
		scope := Scope{Patients: []string{"p"}, Directory: fhir.IsDirectory(resourceType)}
		var got []string
		for after := (*Position)(nil); ; {
			page, err := Search(t.Context(), e, q, scope, after, allow)
			if err != nil {
				t.Fatalf("%s: %v", tt.search, err)
			}
			got = append(got, pageOf(page))
			if after = page.Next; after == nil {
				break
			}
		}
		if s := strings.Join(got, "; "); s != tt.want {
			t.Errorf("%s: %q, want %q", tt.search, s, tt.want)
		}
	}
}

// pageOf writes a page as followed does.
func pageOf(p *Page) string {
	var b strings.Builder
	for _, s := range p.Matches {
		b.WriteString(s.ID + " ")
	}
	b.WriteString("|")
	for _, s := range p.Included {
		b.WriteString(" " + s.ID)
	}
	if p.Total != nil {
		fmt.Fprintf(&b, " %d", *p.Total)
	}
	return b.String()
}

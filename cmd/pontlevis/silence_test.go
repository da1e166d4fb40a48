package main_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// silent is a question about camille. The same is asked about camilla, whom nobody knows: whoever may know nothing of
// camille must not be able to tell the two answers apart.
type silent struct {
	method, path, body, contentType string
}

func questions(ins string) []silent {
	get := func(path string) silent { return silent{method: http.MethodGet, path: path} }
	out := []silent{
		get("Patient/camille"), get("Patient/camille/_history"), get("Patient/camille/_history/1"), get("Patient/camille/$everything"),
		get("Patient/camille/$everything?_type=DocumentReference&_count=3"), get("Patient?_id=camille"), get("Patient?identifier=" + ins),
		get("Patient?_id=camille&_revinclude=DocumentReference:patient"), get("Patient?_id=camille&_summary=count"),
		get("Patient?_id=camille&_has:Observation:patient:code=2339-0"),
		get("DocumentReference/camille-psychiatric-letter"), get("DocumentReference/camille-psychiatric-letter/_history"),
		get("DocumentReference/camille-psychiatric-letter/_history/1"), get("DocumentReference/camille-psychiatric-letter/_history/2"),
		get("DocumentReference/camille-consultation?_summary=true"), get("DocumentReference/camille-consultation?_elements=status"),
		get("Binary/camille-consultation"), get("Binary/camille-psychiatric-letter"), get("Bundle/camille-biology"),
		get("DocumentReference?patient=camille"), get("DocumentReference?patient=camille&date=ge2000"),
		get("DocumentReference?patient=camille&_summary=count"), get("DocumentReference?patient=camille&_total=accurate"),
		get("DocumentReference?patient=camille&_count=1&_sort=-date"), get("DocumentReference?patient.identifier=" + ins),
		get("DocumentReference?subject:Patient.identifier=" + ins), get("DocumentReference?_id=camille-consultation"),
		get("DocumentReference?identifier=urn:pontlevis:demo|camille-consultation"), get("Patient/camille/DocumentReference"),
		get("DocumentReference?patient=camille&_include=DocumentReference:author"),
		get("DocumentReference?patient=camille&security-label=MASQUE_PS"), get("DocumentReference?patient=camille&_has:List:item:code=x"),
		get("Practitioner?_id=dr-roux&_revinclude=DocumentReference:author"), get("Observation?patient=camille&code=2339-0"),
		get("AllergyIntolerance?patient=camille"), get("MedicationRequest?patient=camille"), get("Condition?patient=camille"),
		get("Immunization?patient=camille"), get("Consent?patient=camille"), get("CareTeam?patient=camille"), get("RelatedPerson?patient=camille"),
		get("Appointment?patient=camille"), get("Communication?patient=camille"), get("AuditEvent?patient=camille"),
		get("List?patient=camille"), get("Provenance?patient=camille"), get("Encounter?patient=camille"),
		{http.MethodHead, "DocumentReference/camille-consultation", "", ""},
		{http.MethodPost, "DocumentReference/_search", "patient=camille&_total=accurate", "application/x-www-form-urlencoded"},
		{http.MethodPatch, "DocumentReference/camille-consultation", `[{"op":"replace","path":"/status","value":"superseded"}]`, jsonPatch},
		{http.MethodPatch, "DocumentReference?identifier=urn:pontlevis:demo|camille-consultation", `[{"op":"replace","path":"/status","value":"superseded"}]`, jsonPatch},
		{http.MethodPut, "Consent/camille-consent", `{"resourceType":"Consent","id":"camille-consent","status":"inactive","patient":{"reference":"Patient/camille"}}`, fhirJSON},
		{http.MethodDelete, "DocumentReference/camille-consultation", "", ""},
	}
	for _, one := range []string{"AllergyIntolerance/camille-penicillin", "Observation/camille-glucose-1", "Consent/camille-block-morin", "CareTeam/camille-circle", "Communication/camille-message", "Device/camille-pump"} {
		out = append(out, get(one), get(one+"/_history"))
	}
	return out
}

// varying are the headers that differ between any two answers.
var varying = []string{"Date"}

// described is an answer as far as two of them can be compared.
func described(a answer, known ...string) string {
	var b strings.Builder
	b.WriteString(http.StatusText(a.status) + "\n")
	names := []string{}
	for name := range a.header {
		if !slices.Contains(varying, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		b.WriteString(name + ": " + strings.Join(a.header[name], ", ") + "\n")
	}
	body := decisionID.ReplaceAllString(string(a.body), "decision ID")
	return strings.NewReplacer(known...).Replace(b.String() + body)
}

var decisionID = regexp.MustCompile(`decision [0-9a-z]{20,}`)

// TestForbiddenLooksAbsent compares, byte for byte, what somebody who may know nothing is told of camille and of
// nobody (rules.md S1).
func TestForbiddenLooksAbsent(t *testing.T) {
	t.Parallel()
	s := readOnly(t)
	ins := s.ins(t, "camille")
	nobody := ins[:len(ins)-2] + "99" // a number with a wrong key is nobody's
	for _, who := range []string{"dr-bloque", "dr-urgence", "dr-travail", "as-morel", "jeanne"} {
		for _, bound := range []bool{false, true} {
			name := who + "/unbound"
			about, elsewhere := s.as(t, who), s.as(t, who)
			if bound {
				if who == "jeanne" {
					continue // a person's token is always bound
				}
				name = who + "/bound"
				about, elsewhere = s.about(t, who, "camille"), s.about(t, who, "camilla")
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				about.t, elsewhere.t = t, t
				for _, q := range questions(ins) {
					other := q
					other.path = strings.ReplaceAll(strings.ReplaceAll(q.path, ins, nobody), "camille", "camilla")
					other.body = strings.ReplaceAll(q.body, "camille", "camilla")
					one := described(about.ask(q), "camilla", "camille", number(nobody), number(ins))
					two := described(elsewhere.ask(other), "camilla", "camille", number(nobody), number(ins))
					if one != two {
						t.Errorf("%s %s\n--- of camille\n%s\n--- of nobody\n%s", q.method, q.path, one, two)
					}
				}
			})
		}
	}
}

// number is the value of a token "system|value".
func number(token string) string {
	_, value, _ := strings.Cut(token, "|")
	return value
}

func (r reader) ask(q silent) answer {
	r.t.Helper()
	if q.body == "" {
		return r.send(q.method, q.path, nil)
	}
	return r.send(q.method, q.path, []byte(q.body), "Content-Type", q.contentType)
}

// TestMaskedLooksAbsent: within a record that is open, what is masked cannot be told from what was never there.
func TestMaskedLooksAbsent(t *testing.T) {
	t.Parallel()
	s := readOnly(t)
	const masked, absent = "camille-psychiatric-letter", "camille-psychiatric-lettex"
	for _, who := range []string{"inf-martin", "ph-diallo", "dr-lam"} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			r := s.about(t, who, "camille")
			for _, path := range []string{
				"DocumentReference/ID", "DocumentReference/ID/_history", "DocumentReference/ID/_history/1", "DocumentReference?_id=ID",
				"DocumentReference?patient=camille&identifier=urn:pontlevis:demo|ID&_total=accurate", "Binary/ID", "Binary/ID/_history/1",
				"DocumentReference?patient=camille&identifier=urn:pontlevis:demo|ID&_summary=count",
				"Patient?_id=camille&_has:DocumentReference:patient:identifier=urn:pontlevis:demo|ID&_elements=id",
				"Practitioner?_id=dr-benali&_has:DocumentReference:author:identifier=urn:pontlevis:demo|ID",
				"Patient/camille/DocumentReference?identifier=urn:pontlevis:demo|ID",
			} {
				one := described(r.get(strings.ReplaceAll(path, "ID", masked)), absent, masked)
				two := described(r.get(strings.ReplaceAll(path, "ID", absent)), absent, masked)
				if one != two {
					t.Errorf("%s\n--- masked\n%s\n--- absent\n%s", path, one, two)
				}
			}
			if n := len(r.get("DocumentReference?patient=camille&security-label=MASQUE_PS&date=ge2000").is(t, 200).names(t)); n > 0 {
				t.Errorf("a search for masked documents finds %d", n)
			}
		})
	}
}

package gate

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSituations: who a professional is at each place, as their own sign-in would say.
func TestSituations(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("", `{"resourceType":"Organization","id":"clinic","identifier":[{"system":"urn:finess","value":"1"}],"name":"Clinique"}`,
		`{"resourceType":"PractitionerRole","id":"a","active":true,"practitioner":{"reference":"Practitioner/dr-roux"},"organization":{"reference":"Organization/clinic"},"code":[{"coding":[{"system":"urn:oid:1.2.250.1.71.1.2.7","code":"10"}]}],"specialty":[{"coding":[{"system":"urn:s","code":"SM54"}]}]}`,
		`{"resourceType":"PractitionerRole","id":"b","practitioner":{"reference":"Practitioner/dr-roux"},"code":[{"text":"médecin"}]}`,
		`{"resourceType":"PractitionerRole","id":"c","active":false,"practitioner":{"reference":"Practitioner/dr-roux"}}`,
		`{"resourceType":"PractitionerRole","id":"d","practitioner":{"reference":"Practitioner/dr-lam"}}`)
	rpps := "https://rpps.esante.gouv.fr|rpps-dr-roux"
	at := Actor{Kind: "professional", ID: "Practitioner/dr-roux", Name: "dr-roux", Identities: []string{"Practitioner/dr-roux", rpps, "PractitionerRole/a"},
		Organizations: []string{"Organization/clinic", "urn:finess|1"}, Profession: doctor, Speciality: "urn:s|SM54"}
	elsewhere := Actor{Kind: "professional", ID: "Practitioner/dr-roux", Name: "dr-roux", Identities: []string{"Practitioner/dr-roux", rpps, "PractitionerRole/b"}}
	alone := Actor{Kind: "professional", ID: "Practitioner/dr-benali", Name: "dr-benali", Identities: []string{"Practitioner/dr-benali", "https://rpps.esante.gouv.fr|rpps-dr-benali"}}
	for who, want := range map[string][]Actor{
		"Practitioner/dr-roux": {at, elsewhere}, rpps: {at, elsewhere}, "PractitionerRole/a": {at}, "PractitionerRole/c": nil,
		"Practitioner/dr-benali": {alone}, "Practitioner/nobody": nil, "PractitionerRole/nobody": nil, "urn:x|1": nil, "|": nil, "": nil,
		"Patient/camille": nil, "DocumentReference/letter": nil,
	} {
		got, err := w.gate.Situations(t.Context(), who)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%q: %v %s", who, err, diff)
		}
	}
}

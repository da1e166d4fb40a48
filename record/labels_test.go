package record

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A document is decided by its DocumentReference: what its bytes say of who may see them must stand there too.
func TestLabelsOfBytesReachTheirDocument(t *testing.T) {
	t.Parallel()
	meta := func(codings ...string) string { return `"meta":{"security":[` + strings.Join(codings, ",") + `]},` }
	coding := func(code string) string { return `{"system":"` + visibility + `","code":"` + code + `"}` }
	structured := func(bundle, composition, confidentiality string) string {
		return `{"resourceType":"Bundle",` + bundle + `"type":"document","identifier":{"system":"urn:ietf:rfc:3986","value":"urn:uuid:d"},"timestamp":"2026-11-21T10:00:00Z","entry":[
		{"fullUrl":"urn:uuid:c","resource":{"resourceType":"Composition",` + composition + `"status":"final","type":{"coding":[{"system":"http://loinc.org","code":"60591-5"}]},
		"subject":{"reference":"urn:uuid:p"},"date":"2026-11-21","author":[{"display":"x"}],"title":"Synthèse"` + confidentiality + `}},
		{"fullUrl":"urn:uuid:p","resource":{"resourceType":"Patient","id":"elsewhere","identifier":[{"system":"` + ins + `","value":"280029912345678"}]}}]}`
	}
	withBytes := func(bytes, more string) string {
		named := strings.TrimSuffix(fill(document, "SUBJECT", byINS, "ATTACHMENT", attachment), "}") + more + "}"
		return `{"resourceType":"Bundle","type":"transaction","entry":[{"fullUrl":"urn:uuid:aaaaaaaa-0000-4000-8000-000000000002","resource":` + named +
			`,"request":{"method":"POST","url":"DocumentReference"}},{"fullUrl":"urn:uuid:aaaaaaaa-0000-4000-8000-000000000003","resource":` + bytes +
			`,"request":{"method":"POST","url":"` + strings.Split(bytes, `"`)[3] + `"}}]}`
	}
	raw := `{"resourceType":"Binary",` + meta(coding("MASQUE_PS")) + `"contentType":"application/xml","data":"` + small + `"}`
	restricted := `,"securityLabel":[{"coding":[{"system":"` + confidentiality + `","code":"R"}]}]`
	for name, c := range map[string]struct {
		to, body string
		want     []string
		concepts int
	}{
		"the Bundle's":           {"/Bundle", structured(meta(coding("MASQUE_PS")), "", ""), []string{"MASQUE_PS"}, 1},
		"the Composition's":      {"/Bundle", structured("", meta(coding("INVISIBLE_PATIENT")), `,"confidentiality":"N"`), []string{"INVISIBLE_PATIENT", "N"}, 2},
		"both, one twice":        {"/Bundle", structured(meta(coding("MASQUE_PS"), coding("INVISIBLE_REPRESENTANTS_LEGAUX")), meta(coding("MASQUE_PS")), ""), []string{"INVISIBLE_REPRESENTANTS_LEGAUX", "MASQUE_PS"}, 2},
		"a mask for its secrecy": {"/Bundle", structured("", "", `,"confidentiality":"MASQUE_PS"`), []string{"MASQUE_PS"}, 1},
		"none":                   {"/Bundle", structured("", "", ""), nil, 0},
		"a Binary's":             {"/", withBytes(raw, restricted), []string{"MASQUE_PS", "R"}, 2},
		"a Binary's, said":       {"/", withBytes(raw, `,"securityLabel":[`+mask+`]`), []string{"MASQUE_PS"}, 1},
		"a named Bundle's":       {"/", withBytes(structured(meta(coding("MASQUE_PS")), meta(coding("INVISIBLE_PATIENT")), ""), restricted), []string{"INVISIBLE_PATIENT", "MASQUE_PS", "R"}, 3},
	} {
		doc := find(write(t, home(t), deposit(t, c.to, c.body)), "DocumentReference")
		got := slices.Clone(doc.Attributes.Labels)
		if len(got) == 0 {
			got = nil
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if n := parsed(t, doc).Get("securityLabel").Len(); n != c.concepts {
			t.Errorf("%s: %d labels, want %d", name, n, c.concepts)
		}
	}
}

// The labels in meta of anything in a record are amended, and nothing else of it.
func TestLabelsInMetaAreAmended(t *testing.T) {
	t.Parallel()
	coding := `{"system":"` + visibility + `","code":"MASQUE_PS"}`
	body := func(resourceType, security string) string {
		return `{"resourceType":"` + resourceType + `","id":"o","meta":{"versionId":"3"` + security + `}, "status":"current","valueDecimal":1.00,"subject":{"reference":"Patient/camille"}}`
	}
	plain, masked := "", `,"security":[`+coding+`]`
	set, lift := `[{"op":"add","path":"/meta/security","value":[`+coding+`]}]`, `[{"op":"test","path":"/meta/security/0/code","value":"MASQUE_PS"},{"op":"remove","path":"/meta/security"}]`
	amendment := func(resourceType, patient, security, patch string) (*Amendment, error) {
		return ParsePatch(&Interaction{Kind: KindPatch, Body: []byte(patch)},
			&Stored{Ref: Ref{resourceType, "o"}, Version: 3, Patient: patient, Body: []byte(body(resourceType, security))})
	}
	for _, resourceType := range []string{"Observation", "Condition", "MedicationRequest", "List", "DocumentReference"} {
		for _, c := range []struct {
			before, patch, after string
			added, removed       []string
		}{
			{plain, set, masked, []string{"MASQUE_PS"}, []string{}},
			{masked, lift, plain, []string{}, []string{"MASQUE_PS"}},
		} {
			got, err := amendment(resourceType, "camille", c.before, c.patch)
			if err != nil {
				t.Errorf("%s: %v", resourceType, err)
				continue
			}
			if diff := cmp.Diff(body(resourceType, c.after), string(got.Body)); diff != "" {
				t.Errorf("%s: %s", resourceType, diff)
			}
			got.Change = Change{}
			if diff := cmp.Diff(&Amendment{LabelsAdded: c.added, LabelsRemoved: c.removed}, got); diff != "" {
				t.Errorf("%s: %s", resourceType, diff)
			}
		}
	}
	for _, resourceType := range []string{"Consent", "CareTeam", "RelatedPerson", "AuditEvent", "Patient", "Binary", "Bundle", "Practitioner"} {
		if _, err := amendment(resourceType, "camille", masked, lift); status(err) != 405 {
			t.Errorf("%s: %v", resourceType, err)
		}
	}
	if _, err := amendment("Observation", "", masked, lift); status(err) != 405 {
		t.Errorf("outside any record: %v", err)
	}
	for patch, want := range map[string]int{
		`[{"op":"replace","path":"/status","value":"final"}]`:                                            405,
		`[{"op":"add","path":"/extension","value":[{"url":"` + ArchivedURL + `","valueBoolean":true}]}]`: 405,
		`[{"op":"add","path":"/securityLabel","value":[` + mask + `]}]`:                                  405,
		`[{"op":"replace","path":"/meta/versionId","value":"9"}]`:                                        405,
		`[{"op":"add","path":"/meta/source","value":"urn:x"}]`:                                           405,
		`[{"op":"add","path":"/meta/tag","value":[` + coding + `]}]`:                                     405,
		`[{"op":"remove","path":"/meta"}]`:                                                               405,
		`[{"op":"replace","path":"/meta","value":null}]`:                                                 405,
		`[{"op":"remove","path":"/meta/security"},{"op":"remove","path":"/subject"}]`:                    405,
		`[{"op":"remove","path":"/meta/security/0"}]`:                                                    422,
		`[{"op":"replace","path":"/meta/security","value":"MASQUE_PS"}]`:                                 422,
		`[{"op":"replace","path":"/meta/security/0","value":{"code":3}}]`:                                422,
	} {
		_, err := amendment("Observation", "camille", masked, patch)
		if status(err) != want {
			t.Errorf("%s: %v, want %d", patch, err, want)
		}
	}
}

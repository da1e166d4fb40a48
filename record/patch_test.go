package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/pontlevis/pontlevis/fhir"
)

const (
	confidentiality = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
	visibility      = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatusVisibiliteDocument/FHIR/TRE-A07-StatusVisibiliteDocument"
	// letter is spelled as its author spelled it: spaces, escapes, an extension before and a number with its zeros.
	letter = `{ "resourceType":"DocumentReference","id":"letter", "extension":[{"url":"urn:x","valueDecimal":1.00}],"status" : "current",
 "description":"Lettre \u00e0 l'ami","subject":{"reference":"Patient/camille"},"securityLabel":[{"coding":[{"system":"` + confidentiality + `","code":"N"}]}],
 "content":[{"attachment":{"contentType":"text/plain","url":"Binary/b"}}]}`
	mask = `{"coding":[{"system":"` + visibility + `","code":"MASQUE_PS"}]}`
)

func storedLetter(body string) *Stored {
	return &Stored{Ref: Ref{"DocumentReference", "letter"}, Version: 3, Patient: "camille", Body: []byte(body)}
}

func patched(body, patch string) (*Amendment, error) {
	return ParsePatch(&Interaction{Kind: KindPatch, Body: []byte(patch)}, storedLetter(body))
}

func TestMetadataIsAmended(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	archivedLetter := strings.Replace(letter, `"valueDecimal":1.00}`, `"valueDecimal":1.00},{"url":"`+ArchivedURL+`","valueBoolean":true}`, 1)
	masked := strings.Replace(letter, `"code":"N"}]}]`, `"code":"N"}]},`+mask+`]`, 1)
	for name, c := range map[string]struct {
		before, patch, after string
		want                 Amendment
	}{
		"mask": {
			letter, `[{"op":"add","path":"/securityLabel/-","value":` + mask + `}]`, masked,
			Amendment{LabelsAdded: []string{"MASQUE_PS"}, LabelsRemoved: []string{}},
		},
		"mask by index 0": { // the French examples replace the first element: N goes with it
			letter, `[{"op":"replace","path":"/securityLabel/0","value":` + mask + `}]`,
			strings.Replace(letter, `{"coding":[{"system":"`+confidentiality+`","code":"N"}]}`, mask, 1),
			Amendment{LabelsAdded: []string{"MASQUE_PS"}, LabelsRemoved: []string{"N"}},
		},
		"unmask": {
			masked, `[{"op":"test","path":"/status","value":"current"},{"op":"remove","path":"/securityLabel/1"}]`, letter,
			Amendment{LabelsAdded: []string{}, LabelsRemoved: []string{"MASQUE_PS"}},
		},
		"reordered": {
			masked, `[{"op":"move","from":"/securityLabel/1","path":"/securityLabel/0"}]`,
			strings.Replace(letter, `"securityLabel":[`, `"securityLabel":[`+mask+`,`, 1),
			Amendment{LabelsAdded: []string{}, LabelsRemoved: []string{}},
		},
		"supersede": {
			letter, `[{"op":"replace","path":"/status","value":"superseded"}]`, strings.Replace(letter, `"current"`, `"superseded"`, 1),
			Amendment{Status: "superseded", LabelsAdded: []string{}, LabelsRemoved: []string{}},
		},
		"archive": {
			letter, `[{"op":"add","path":"/extension/-","value":{"url":"` + ArchivedURL + `","valueBoolean":true}}]`, archivedLetter,
			Amendment{Archived: &yes, LabelsAdded: []string{}, LabelsRemoved: []string{}},
		},
		"unarchive": {
			archivedLetter, `[{"op":"replace","path":"/extension/1/valueBoolean","value":false}]`, strings.Replace(archivedLetter, "true", "false", 1),
			Amendment{Archived: &no, LabelsAdded: []string{}, LabelsRemoved: []string{}},
		},
		"nothing": {
			letter, `[{"op":"replace","path":"/status","value":"current"}]`, "", Amendment{},
		},
		"to and fro": {
			letter, `[{"op":"replace","path":"/description","value":"x"},{"op":"replace","path":"/description","value":"Lettre à l'ami"},{"op":"replace","path":"/status","value":"superseded"}]`,
			strings.Replace(letter, `"current"`, `"superseded"`, 1), Amendment{Status: "superseded", LabelsAdded: []string{}, LabelsRemoved: []string{}},
		},
	} {
		got, err := patched(c.before, c.patch)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got.Empty() != (c.after == "") || squeeze(string(got.Body)) != squeeze(c.after) {
			t.Errorf("%s: body\n%s\nwant\n%s", name, got.Body, c.after)
		}
		if !got.Empty() && (*got.IfVersion != 3 || !strings.Contains(string(got.Body), `"valueDecimal":1.00`)) {
			t.Errorf("%s: %+v", name, got)
		}
		got.Change = Change{}
		if diff := cmp.Diff(&c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// squeeze drops white space between tokens and unifies one escape, which the patched elements themselves may lose.
func squeeze(s string) string {
	return strings.NewReplacer(" ", "", "\n", "", `\u00e0`, "à").Replace(s)
}

func TestPatchesAreRefused(t *testing.T) {
	t.Parallel()
	copies := strings.Repeat(`{"op":"copy","from":"/content","path":"/content/-"},`, 11)
	for patch, want := range map[string]int{
		`[{"op":"replace","path":"/description","value":"x"}]`:                                        405,
		`[{"op":"remove","path":"/content/0"}]`:                                                       405,
		`[{"op":"add","path":"/docStatus","value":"final"}]`:                                          405,
		`[{"op":"replace","path":"/id","value":"other"}]`:                                             405,
		`[{"op":"add","path":"/meta","value":{"source":"urn:x","security":[]}}]`:                      405,
		`[{"op":"add","path":"/meta","value":{"security":[]}}]`:                                       422,
		`[{"op":"remove","path":"/extension/0"}]`:                                                     405,
		`[{"op":"replace","path":"/extension/0/valueDecimal","value":1.0}]`:                           405,
		`[{"op":"add","path":"/extension/-","value":{"url":"urn:y","valueCode":"x"}}]`:                405,
		`[{"op":"replace","path":"/status","value":"superseded"},{"op":"remove","path":"/subject"}]`:  405,
		`[{"op":"add","path":"/_status","value":{"id":"x"}}]`:                                         405,
		`[{"op":"add","path":"/modifierExtension","value":[]}]`:                                       405,
		`[{"op":"replace","path":"/extension[url:'` + ArchivedURL + `']/valueBoolean","value":true}]`: 400,
		`[{"op":"replace","path":"status","value":"x"}]`:                                              400,
		`[{"op":"replace","path":"","value":{}}]`:                                                     400,
		`[{"op":"replace","path":"/a~2b","value":{}}]`:                                                400,
		`[{"op":"replace","path":"/status"}]`:                                                         400,
		`[{"op":"explode","path":"/status"}]`:                                                         400,
		`[{"op":"copy","path":"/status"}]`:                                                            400,
		`[{"op":"copy","path":"/status","from":"status"}]`:                                            400,
		`[`:                             400,
		`[]`:                            400,
		`{}`:                            400,
		`[1]`:                           400,
		`null`:                          400,
		`{"resourceType":"Parameters"}`: 400,
		`[{"op":"test","op":"remove","path":"/status"}]`: 400,
		`[` + strings.Repeat(`{"op":"test","path":"/status","value":"current"},`, 100) + `{"op":"test","path":"/status","value":"current"}]`: 400,
		`[` + strings.TrimSuffix(copies, ",") + `]`:                                                               400,
		`[{"op":"test","path":"/status","value":"superseded"}]`:                                                   409,
		`[{"op":"test","path":"/nothing","value":"x"}]`:                                                           409,
		`[{"op":"remove","path":"/nothing"}]`:                                                                     422,
		`[{"op":"replace","path":"/securityLabel/7","value":{}}]`:                                                 422,
		`[{"op":"replace","path":"/securityLabel/-1","value":{}}]`:                                                422,
		`[{"op":"remove","path":"/status"}]`:                                                                      422,
		`[{"op":"replace","path":"/status","value":"gone"}]`:                                                      422,
		`[{"op":"replace","path":"/status","value":3}]`:                                                           422,
		`[{"op":"replace","path":"/securityLabel","value":[]}]`:                                                   422,
		`[{"op":"replace","path":"/securityLabel","value":"MASQUE_PS"}]`:                                          422,
		`[{"op":"add","path":"/securityLabel/-","value":"MASQUE_PS"}]`:                                            422,
		`[{"op":"add","path":"/securityLabel/-","value":{"coding":[{"code":3}]}}]`:                                422,
		`[{"op":"add","path":"/extension/-","value":{"url":"` + ArchivedURL + `"}}]`:                              422,
		`[{"op":"add","path":"/extension/-","value":{"url":"` + ArchivedURL + `","valueBoolean":"true"}}]`:        422,
		`[{"op":"add","path":"/extension/-","value":{"url":"` + ArchivedURL + `","valueBoolean":true,"id":"x"}}]`: 422,
	} {
		_, err := patched(letter, patch)
		var no *Refusal
		if !errors.As(err, &no) {
			t.Errorf("%s: accepted", patch)
			continue
		}
		if no.Status != want {
			t.Errorf("%.200s\ngot %d (%s), want %d", patch, no.Status, no, want)
		}
		checkSentences(t, no)
	}
}

func TestPatchOfAnotherVersionOrType(t *testing.T) {
	t.Parallel()
	i := &Interaction{Kind: KindPatch, IfMatch: "2", Body: []byte(`[{"op":"replace","path":"/status","value":"superseded"}]`)}
	if _, err := ParsePatch(i, storedLetter(letter)); status(err) != 412 {
		t.Errorf("another version: %v", err)
	}
	i.IfMatch = "3"
	if _, err := ParsePatch(i, storedLetter(letter)); err != nil {
		t.Errorf("this version: %v", err)
	}
	o := &Stored{Ref: Ref{"Observation", "o"}, Version: 3, Body: []byte(observation("o", "camille", "1"))}
	i.Body = []byte(`[{"op":"replace","path":"/status","value":"amended"}]`)
	if _, err := ParsePatch(i, o); status(err) != 405 {
		t.Errorf("an Observation: %v", err)
	}
	l := &Stored{Ref: Ref{"List", "l"}, Version: 3, Body: []byte(`{"resourceType":"List","id":"l","status":"current","mode":"working"}`)}
	i.Body = []byte(`[{"op":"replace","path":"/status","value":"retired"},{"op":"add","path":"/extension","value":[{"url":"` + ArchivedURL + `","valueBoolean":true}]}]`)
	if a, err := ParsePatch(i, l); err != nil || a.Status != "retired" || a.Archived == nil || !*a.Archived {
		t.Errorf("a List: %+v %v", a, err)
	}
}

// Copies of copies double what they copy: a patch of a few hundred bytes must not make gigabytes.
func TestPatchCannotExplode(t *testing.T) {
	t.Parallel()
	long := strings.Replace(letter, `"Lettre`, `"`+strings.Repeat("x", 400_000)+` Lettre`, 1)
	var b strings.Builder
	b.WriteString(`[{"op":"add","path":"/x","value":[]}`)
	for k := range 9 {
		fmt.Fprintf(&b, `,{"op":"copy","from":"/%s","path":"/x/-"}`, []string{"description", "x"}[min(k, 1)])
	}
	if _, err := patched(long, b.String()+`]`); status(err) != 422 {
		t.Errorf("%v", err)
	}
}

// Whatever sequence of operations: an amendment that is accepted leaves everything but the metadata byte for byte.
func TestAmendmentsLeaveContentAlone(t *testing.T) {
	t.Parallel()
	paths := rapid.SampledFrom([]string{
		"/status", "/securityLabel", "/securityLabel/0", "/securityLabel/-", "/securityLabel/0/coding/0/code", "/extension/-",
		"/extension/0", "/description", "/content/0/attachment/url", "/subject", "/id", "/meta", "/new",
	})
	values := rapid.SampledFrom([]string{
		`"current"`, `"superseded"`, `"entered-in-error"`, mask, `[` + mask + `]`, `{"url":"` + ArchivedURL + `","valueBoolean":true}`,
		`{"url":"urn:x","valueDecimal":1.00}`, `"Lettre à l'ami"`, `null`, `[]`, `"R"`,
		`{"security":[{"code":"MASQUE_PS"}]}`, `{"security":[{"code":"MASQUE_PS"}],"source":"urn:x"}`,
	})
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		var operations []map[string]any
		for range rapid.IntRange(1, 4).Draw(t, "operations") {
			op := rapid.SampledFrom([]string{"add", "replace", "remove", "copy", "move"}).Draw(t, "op")
			operations = append(operations, map[string]any{
				"op": op, "path": paths.Draw(t, "path"), "from": paths.Draw(t, "from"), "value": json.RawMessage(values.Draw(t, "value")),
			})
		}
		if rapid.Bool().Draw(t, "status alone") { // else chance may accept none of a hundred
			operations = []map[string]any{{"op": "replace", "path": "/status", "value": json.RawMessage(`"superseded"`)}}
		}
		patch, err := json.Marshal(operations)
		if err != nil {
			t.Fatal(err)
		}
		a, err := patched(letter, string(patch))
		if err != nil {
			if status(err) == 0 {
				t.Fatalf("%v", err)
			}
			return
		}
		if a.Empty() {
			return
		}
		accepted++
		before, _ := fhir.Parse([]byte(letter), fhir.Limits{})
		after, err := fhir.Parse(a.Body, fhir.Limits{})
		if err != nil {
			t.Fatalf("%v: %s", err, a.Body)
		}
		rest := func(n *fhir.Node) string { return string(n.Without("status", "securityLabel", "extension", "meta")) }
		if m := after.Get("meta"); m != nil && string(m.Without("security")) != "{}" {
			t.Fatalf("patch %s\nmade %s", patch, a.Body)
		}
		if rest(before) != rest(after) {
			t.Fatalf("patch %s\nmade %s", patch, a.Body)
		}
		if len(slices.DeleteFunc(after.Get("extension").Items(), isArchived)) != 1 {
			t.Fatalf("patch %s\nmade %s", patch, a.Body)
		}
	})
	if accepted == 0 {
		t.Error("no patch was ever accepted: the property was not tried")
	}
}

func FuzzParsePatch(f *testing.F) {
	f.Add(`[{"op":"add","path":"/securityLabel/-","value":` + mask + `}]`)
	f.Add(`[{"op":"copy","from":"/content","path":"/content/-"},{"op":"test","path":"/status","value":null}]`)
	f.Add(`[{"op":"replace","path":"/extension/0/valueDecimal","value":1e400}]`)
	f.Add(`[{"op":"move","from":"/securityLabel","path":"/securityLabel/0/coding"}]`)
	f.Fuzz(func(t *testing.T, patch string) {
		a, err := patched(letter, patch)
		if err != nil {
			var no *Refusal
			if !errors.As(err, &no) {
				t.Fatalf("error of another kind: %v", err)
			}
			checkSentences(t, no)
			return
		}
		if a.Empty() {
			return
		}
		if _, err := fhir.ParseResource(a.Body); err != nil {
			t.Fatalf("%v: %s", err, a.Body)
		}
	})
}

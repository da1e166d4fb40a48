package plugins

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestDisguise(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ in, want string }{
		"the person": {
			`{"resourceType":"Patient","id":"camille","meta":{"versionId":"3"},"identifier":[{"value":"280"}],"name":[{"family":"M"}],"gender":"female","birthDate":"1980-02-03","telecom":[{"value":"06"}],"address":[{"city":"Lyon"}],"extension":[{"url":"u","valueString":"x"}],"deceasedBoolean":false}`,
			`{"resourceType":"Patient","id":"~","gender":"female","birthDate":"1980-02-03","deceasedBoolean":false}`,
		},
		"references": {
			`{"resourceType":"Observation","id":"camille-o","subject":{"reference":"Patient/camille","display":"Camille M."},"performer":[{"reference":"http://host.test/fhir/Practitioner/dr-roux/_history/4","display":"Dr Roux"},{"reference":"Practitioner/dr-roux"}],"focus":[{"reference":"#p"},{"reference":"urn:uuid:1"}],"hasMember":[{"reference":"Observation/camille-o"}]}`,
			`{"resourceType":"Observation","id":"~1","subject":{"reference":"Patient/~"},"performer":[{"reference":"Practitioner/~2","display":"Dr Roux"},{"reference":"Practitioner/~2"}],"focus":[{"reference":"#p"},{"reference":"urn:uuid:1"}],"hasMember":[{"reference":"Observation/~1"}]}`,
		},
		"names, identifiers, narratives, bytes": {
			`{"resourceType":"DocumentReference","id":"d","text":{"status":"generated","div":"<div>Camille</div>"},"masterIdentifier":{"value":"1"},"identifier":[{"value":"1"}],"contained":[{"resourceType":"Patient","id":"p","name":[{"text":"Camille"}],"gender":"female"}],"context":{"sourcePatientInfo":{"reference":"#p"},"period":{"start":"2020"}},"content":[{"attachment":{"contentType":"text/plain","url":"Binary/x","data":"Q2FtaWxsZQ==","hash":"x","title":"Letter"}}],"extension":[{"url":"u","valueIdentifier":{"value":"280"}},{"url":"v","valueHumanName":{"text":"C"}}],"type":{"text":"Compte rendu"}}`,
			`{"resourceType":"DocumentReference","id":"~1","contained":[{"resourceType":"Patient","id":"~2","gender":"female"}],"context":{"period":{"start":"2020"}},"content":[{"attachment":{"contentType":"text/plain","url":"Binary/~3","title":"Letter"}}],"extension":[{"url":"u"},{"url":"v"}],"type":{"text":"Compte rendu"}}`,
		},
		"numbers in words, and codes": {
			`{"resourceType":"Immunization","id":"i","note":[{"text":"INS 2 80 02 75 123 456 71, dossier camille, camilles"}],"vaccineCode":{"coding":[{"system":"urn:cip","code":"3400930000000"},{"code":"280027512345671"}]},"lotNumber":"2800275123456","status":"completed"}`,
			`{"resourceType":"Immunization","id":"~1","note":[{"text":"INS ~, dossier ~, camilles"}],"vaccineCode":{"coding":[{"system":"urn:cip","code":"3400930000000"},{"code":"280027512345671"}]},"lotNumber":"~","status":"completed"}`,
		},
		"a page": {
			`{"resourceType":"Bundle","id":"x","type":"searchset","total":1,"link":[{"relation":"self","url":"http://host.test/fhir/Immunization?patient=camille"}],"entry":[{"fullUrl":"http://host.test/fhir/Immunization/camille-1","resource":{"resourceType":"Immunization","id":"camille-1","patient":{"type":"Patient","identifier":{"value":"280"},"display":"Camille"}},"search":{"mode":"match"}}]}`,
			`{"resourceType":"Bundle","type":"searchset","total":1,"entry":[{"resource":{"resourceType":"Immunization","id":"~1","patient":{"type":"Patient"}},"search":{"mode":"match"}}]}`,
		},
		"an empty page": {`{"resourceType":"Bundle","type":"searchset","total":0}`, `{"resourceType":"Bundle","type":"searchset","total":0}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, _, err := newAliases(base, "camille").disguise([]byte(tt.in))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, string(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDisguiseContext(t *testing.T) {
	t.Parallel()
	got, err := newAliases(base, "camille").disguiseContext([]byte(`{"userId":"Practitioner/dr-roux","patientId":"camille","encounterId":"e1","draftOrders":{"resourceType":"Bundle","entry":[{"fullUrl":"x","resource":{"resourceType":"MedicationRequest","id":"m","subject":{"reference":"Patient/camille"}}}]}}`))
	want := `{"userId":"Practitioner/~1","patientId":"~","encounterId":"~2","draftOrders":{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"MedicationRequest","id":"~3","subject":{"reference":"Patient/~"}}}]}}`
	if err != nil || string(got) != want {
		t.Errorf("%s, %v", got, err)
	}
	for _, bad := range []string{`[]`, `"x"`, `{`, `{"a":1}{}`} {
		if _, err := newAliases(base, "camille").disguiseContext([]byte(bad)); err == nil {
			t.Errorf("%s is no context", bad)
		}
	}
}

// TestAliasesAreOneToOne holds that what was met has one name, the name leads back, and nothing else has one.
func TestAliasesAreOneToOne(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a := newAliases(base, "p")
		back := map[string]string{}
		for range rapid.IntRange(1, 30).Draw(t, "n") {
			kind, id := rapid.SampledFrom([]string{"Patient", "Observation", "Immunization"}).Draw(t, "kind"), rapid.StringMatching(`[a-z0-9.-]{1,6}|p`).Draw(t, "id")
			alias := a.of(kind, id)
			if old, ok := back[kind+"/"+alias]; ok && old != id {
				t.Fatalf("%s names %s and %s", alias, old, id)
			}
			back[kind+"/"+alias] = id
			if got, ok := a.real(kind, alias); !ok || got != id {
				t.Fatalf("%s/%s leads to %q, want %q", kind, alias, got, id)
			}
			if got, ok := a.real("Device", alias); ok {
				t.Fatalf("as a device it leads to %s", got)
			}
		}
	})
}

// FuzzDisguise holds that whatever the gate gave, what a plugin gets is JSON without the person's id or number, and that a
// proposal made of it is never about anybody else.
func FuzzDisguise(f *testing.F) {
	f.Add(`{"resourceType":"Observation","id":"o1","subject":{"reference":"Patient/qq7qq"}}`)
	f.Add(`{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Patient","id":"qq7qq","text":{"div":"x"}}}]}`)
	f.Add(`{"a":["qq7qq",{"reference":"http://host.test/fhir/Patient/qq7qq/_history/2"},"280027512345671",{"patientId":"qq7qq"}]}`)
	f.Fuzz(func(t *testing.T, in string) {
		a := newAliases(base, "qq7qq")
		out, _, err := a.disguise([]byte(in))
		if err != nil || len(out) == 0 {
			return
		}
		if !json.Valid(out) {
			t.Fatalf("%s became %s", in, out)
		}
		var v any
		if err := json.Unmarshal(out, &v); err != nil {
			t.Fatal(err)
		}
		look(t, v, "")
	})
}

func look(t *testing.T, v any, key string) {
	switch v := v.(type) {
	case map[string]any:
		for name, value := range v {
			look(t, value, name)
		}
	case []any:
		for _, value := range v {
			look(t, value, key)
		}
	case string:
		if key != "code" && key != "resourceType" && strings.Contains(" "+v+" ", " qq7qq ") {
			t.Fatalf("the id is there: %s: %q", key, v)
		}
	}
}

// FuzzTarget holds that no query, whatever it is, asks for another record or leaves its type.
func FuzzTarget(f *testing.F) {
	for _, query := range []string{"Immunization?status=completed", "Patient/~", "Immunization/~1", "Immunization?patient=lucas", "Observation?code:not=a%26patient=lucas", "A/../B"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		a := newAliases(base, "camille")
		a.of("Immunization", "i1")
		target, no := a.target(query)
		if no != nil {
			return
		}
		kind, rest, isSearch := strings.Cut(target, "?")
		if !isSearch {
			if target != "Patient/camille" && target != "Immunization/i1" && !isTypeName(target) {
				t.Fatalf("%q became %q", query, target)
			}
			return
		}
		if !isTypeName(kind) || forbidden[kind] || strings.ContainsAny(rest, "#;?/ ") {
			t.Fatalf("%q became %q", query, target)
		}
		for part := range strings.SplitSeq(rest, "&") {
			name, _, _ := strings.Cut(part, "=")
			name, _, _ = strings.Cut(name, "%3A")
			if !parameters[name] {
				t.Fatalf("%q became %q", query, target)
			}
		}
	})
}

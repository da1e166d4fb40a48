package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func example(t testing.TB, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// changed replaces one text of an example by another.
func changed(t testing.TB, raw []byte, from, to string) []byte {
	t.Helper()
	if bytes.Count(raw, []byte(from)) != 1 {
		t.Fatalf("%q is in the example %d times, want once", from, bytes.Count(raw, []byte(from)))
	}
	return bytes.Replace(raw, []byte(from), []byte(to), 1)
}

func TestExamplesAreClean(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"glycare", "rappel"} {
		for _, f := range Lint(example(t, name)) {
			t.Errorf("%s: %s", name, f)
		}
	}
}

func TestScopes(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"glycare": "fhirUser launch launch/encounter launch/patient offline_access online_access openid patient/Observation.cruds patient/Patient.rs profile",
		"rappel":  "patient/Immunization.rs patient/ImmunizationEvaluation.rs patient/ImmunizationRecommendation.rs patient/Patient.rs",
	} {
		m, err := Parse(example(t, name))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, strings.Join(m.Scopes(), " ")); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// TestInsurersReadNothing: a manifest of a publisher that may never read is none, whatever it asks (rules.md L1).
func TestInsurersReadNothing(t *testing.T) {
	t.Parallel()
	raw := example(t, "glycare")
	banned := 0
	for _, category := range PublisherCategories() {
		of := changed(t, raw, `"category": "health"`, `"category": "`+category+`"`)
		_, isBanned := Banned(category)
		if isBanned {
			banned++
		}
		_, err := Parse(of)
		var invalid *Invalid
		if got := errors.As(err, &invalid); got != isBanned {
			t.Errorf("%s: %v", category, err)
		}
		if isBanned && (invalid.Findings[0].Rule != "L1.read" || invalid.Findings[0].Path != "/data/0") {
			t.Errorf("%s: %v", category, invalid.Findings)
		}
		var listed map[string]any
		if err := json.Unmarshal(of, &listed); err != nil {
			t.Fatal(err)
		}
		delete(listed, "data")
		without, _ := json.Marshal(listed)
		if m, err := Parse(without); err != nil || strings.Contains(strings.Join(m.Scopes(), " "), ".") {
			t.Errorf("%s, listed without data: %v", category, err)
		}
	}
	if banned < 4 {
		t.Errorf("only %d categories of publishers are banned: the tables were not read", banned)
	}
}

// TestFindings: what is wrong, where it stands and by which rule.
func TestFindings(t *testing.T) {
	t.Parallel()
	glycare, rappel := example(t, "glycare"), example(t, "rappel")
	for _, tt := range []struct {
		raw      []byte
		from, to string
		want     []string // line:column severity rule path
	}{
		{glycare, `"PATRQT", "TREAT"`, `"HRESCH"`, []string{"21:16 error L2.purpose /purposes/0"}},
		{glycare, `"measures", "dir`, `"everything", "dir`, []string{"23:18 error schema.enum /data/0/category"}},
		{glycare, `"measures", "dir`, `"Consent", "dir`, []string{"23:18 error schema.enum /data/0/category"}},
		{glycare, `"demographics", "directions": ["read"]`, `"demographics", "directions": ["write"]`, []string{"24:49 error data.write /data/1/directions/0"}},
		{glycare, `"demographics", "dir`, `"measures", "dir`, []string{"24:18 error data.twice /data/1/category"}},
		{glycare, `"demographics", "dir`, `"history", "dir`, nil},
		{glycare, `"https://glycare.example/callback"`, `"https://*.glycare.example/callback"`, []string{"27:23 error address /smart/redirect_uris/0"}},
		{glycare, `"https://glycare.example/callback"`, `"http://glycare.example/callback"`, []string{"27:23 error address /smart/redirect_uris/0"}},
		{glycare, `"https://glycare.example/callback"`, `"javascript:alert(1)"`, []string{"27:23 error address /smart/redirect_uris/0"}},
		{glycare, `"https://glycare.example/callback"`, `"fr.glycare.app:/back"`, nil},
		{glycare, `"launch_uri": "https://glycare.example/launch",`, ``, []string{"26:12 error smart.launch /smart/launch_uri"}},
		{glycare, `"auth_method": "none"`, `"auth_method": "private_key_jwt", "jwks": {"keys": [{"kty": "EC", "d": "x"}]}`, []string{"31:57 error schema.secret /smart/jwks/keys/0"}},
		{glycare, `"siren": "732829320"`, `"siren": "732829321"`, []string{"7:14 error publisher.siren /publisher/siren"}},
		{glycare, `"version": "2.3.1"`, `"version": "v2"`, []string{"3:14 error schema.pattern /version"}},
		{glycare, `"version": "2.3.1",`, ``, []string{"1:1 error schema.required /version"}},
		{glycare, `"id": "glycare",`, `"id": "glycare", "Id": "x",`, []string{"2:26 error schema.unknown /Id"}},
		{glycare, `"id": "glycare",`, `"id": "glycare", "id": "portal",`, []string{"2:26 error json.twice /id"}},
		{glycare, `"kinds": ["smart"]`, `"kinds": ["smart", "backend"]`, []string{"1:1 error kinds.part /backend", "4:12 error kinds.both /kinds"}},
		{glycare, `"en": "Your name above the curves."`, `"en": "Votre nom en tête des courbes."`, []string{"24:112 warning texts.same /data/1/why/en"}},
		{glycare, `"certified": true`, `"certified": false`, []string{"39:14 warning data.hosting /hosting"}},
		{glycare, `"category": "follow-up",`, `"category": "follow-up"`, []string{"20:3 error json.syntax "}},
		{rappel, `"hook": "patient-view"`, `"hook": "patient-wiew"`, []string{"18:32 warning plugin.hook /plugin/hooks/0/hook"}},
		{rappel, `Immunization?patient={{context.patientId}}`, `Immunization?status=completed`, []string{"20:73 error plugin.prefetch /plugin/hooks/0/prefetch/doses"}},
		{rappel, `Immunization?patient={{context.patientId}}`, `Condition?patient={{context.patientId}}`, []string{"20:73 error plugin.data /plugin/hooks/0/prefetch/doses"}},
		{rappel, `"hook": "rappels"`, `"hook": "nobody"`, []string{"22:44 error plugin.schedule /plugin/schedule/hook"}},
		{rappel, `"isolation": "S3"`, `"isolation": "S0"`, []string{"26:18 error schema.enum /plugin/isolation"}},
		{rappel, `essai.example/calendrier`, `essai.example/calendrier?who=1`, []string{"24:15 error address /plugin/links/0"}},
		{rappel, `"vaccinations", "directions": ["read"]`, `"vaccinations", "directions": ["read", "write"]`, []string{"13:57 error data.plugin /data/0/directions/1"}},
	} {
		var got []string
		for _, f := range Lint(changed(t, tt.raw, tt.from, tt.to)) {
			got = append(got, strings.Join([]string{strings.Join(strings.Split(f.String(), ":")[:2], ":"), f.Severity, f.Rule, f.Path}, " "))
			if f.Text.FR == "" || f.Text.EN == "" || f.Text.FR == f.Text.EN {
				t.Errorf("%s says nothing in one of the languages: %+v", f.Rule, f.Text)
			}
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.to, d)
		}
	}
}

// TestNoManifest: what is no JSON, or too much of it, is told and never panics.
func TestNoManifest(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"": "json.syntax", "{": "json.syntax", "[]": "schema.type", "null": "schema.type", "{} {}": "json.syntax", "\xff": "json.utf8",
		strings.Repeat("[", 1000): "json.syntax", strings.Repeat(" ", MaxSize+1): "json.size", `"` + strings.Repeat("x", 100) + `"`: "schema.type",
	} {
		found := Lint([]byte(raw))
		if len(found) == 0 || found[0].Rule != want {
			t.Errorf("%.20q: %v, want %s", raw, found, want)
		}
		if m, err := Parse([]byte(raw)); m != nil || err == nil {
			t.Errorf("%.20q was taken", raw)
		}
	}
}

func TestSchemaIsPublished(t *testing.T) {
	t.Parallel()
	if s := string(Schema()); strings.Contains(s, `"@`) || !strings.Contains(s, `"vaccinations"`) || !strings.Contains(s, `"insurer"`) || !json.Valid([]byte(s)) {
		t.Error("the schema lacks the tables of the policies")
	}
}

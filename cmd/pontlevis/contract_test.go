package main_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// castKeys are the keys of design.md §9, with what each person is.
var castKeys = map[string]string{
	"camille": "patient", "lucas": "patient", "jeanne": "patient", "yanis": "patient", "nour": "patient", "elise": "patient",
	"karim": "representative", "sofia": "carer",
	"dr-roux": "professional", "dr-benali": "professional", "dr-lam": "professional", "inf-martin": "professional",
	"ph-diallo": "professional", "dr-urgence": "professional", "dr-regul": "professional", "dr-bloque": "professional",
	"as-morel": "professional", "dr-travail": "professional",
}

var clientKeys = []string{"portal", "glycare", "oldapp", "backend-lab", "smart-conf", "fapi-app", "backend-dpi", "workstation", "summary-service"}

// TestDemoJSON holds demo.json to its contract.
func TestDemoJSON(t *testing.T) {
	t.Parallel()
	s := readOnly(t)
	path := filepath.Join(s.data, "demo.json")
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatalf("demo.json: %v, mode %v, want 0600", err, info.Mode())
	}
	d := s.description(t)
	if d.Base != s.base || d.Issuer != s.base || d.FHIR != s.base+"/fhir" {
		t.Errorf("base %s, issuer %s, fhir %s; the demo is at %s", d.Base, d.Issuer, d.FHIR, s.base)
	}
	seen := map[string]bool{}
	for _, p := range d.People {
		if want := castKeys[p.Key]; want != "" && p.Kind != want {
			t.Errorf("%s is a %s, want %s", p.Key, p.Kind, want)
		}
		if p.Login == "" || p.Password == "" || p.Name == "" {
			t.Errorf("%s cannot sign in: %+v", p.Key, p)
		}
		if p.Kind == "patient" && (p.Patient == "" || len(p.INS) != 15) {
			t.Errorf("%s: patient %q, INS %q", p.Key, p.Patient, p.INS)
		}
		reviews := p.Key == "reviewer" || p.Key == "authority" // who need no profession for it
		if p.Kind == "professional" && (p.Profession == "" && !reviews || p.Organization == "") {
			t.Errorf("%s: profession %q, organization %q", p.Key, p.Profession, p.Organization)
		}
		seen[p.Key] = true
	}
	for key := range castKeys {
		if !seen[key] {
			t.Errorf("demo.json lacks %s", key)
		}
	}
	for _, c := range d.Clients {
		if c.ClientID == "" || c.AuthMethod == "" || c.RedirectURIs == nil || len(c.Scopes) == 0 {
			t.Errorf("%s is no whole client: %+v", c.Key, c)
		}
		seen[c.Key] = true
	}
	for _, key := range clientKeys {
		if !seen[key] {
			t.Errorf("demo.json lacks the client %s", key)
		}
	}
}

// TestFilesAreTheOwnersAlone: nothing in a data folder can be read by another account.
func TestFilesAreTheOwnersAlone(t *testing.T) {
	t.Parallel()
	s := readOnly(t)
	err := filepath.Walk(s.data, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestWhatTheDemoPrints: one line begins with "ready ", and it is the last.
func TestWhatTheDemoPrints(t *testing.T) {
	t.Parallel()
	s := readOnly(t)
	lines := strings.Split(strings.TrimRight(s.printed(), "\n"), "\n")
	if n := len(regexp.MustCompile(`(?m)^ready `).FindAllString(s.printed(), -1)); n != 1 {
		t.Errorf("%d lines begin with ready", n)
	}
	if last := lines[len(lines)-1]; last != "ready "+s.base {
		t.Errorf("the last line is %q", last)
	}
}

// TestTokenOfEverybody: `pontlevis token` mints a token for each of the cast, and it is one.
func TestTokenOfEverybody(t *testing.T) {
	t.Parallel()
	s := readOnly(t)
	for key, kind := range castKeys {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			r := s.as(t, key)
			if strings.ContainsAny(r.token, " \n\t") || len(r.token) < 32 {
				t.Fatalf("token %q", r.token)
			}
			r.get("Practitioner/dr-roux").is(t, 200)
			if kind == "professional" {
				s.about(t, key, "camille").get("Practitioner/dr-roux").is(t, 200)
			}
		})
	}
	s.as(t, "backend-lab")
	s.as(t, "camille", "--client", "glycare")
	s.as(t, "camille", "--client", "oldapp")
	s.about(t, "camille", "lucas")
	s.as(t, "dr-roux", "--patient", "camille", "--scope", "patient/Observation.rs")
}

// TestTokenRefusals: who is nobody, and who acts for nobody, gets no token and a sentence.
func TestTokenRefusals(t *testing.T) {
	t.Parallel()
	s := readOnly(t)
	for name, args := range map[string][]string{
		"nobody":           {"--as", "nobody"},
		"another's space":  {"--as", "yanis", "--patient", "camille"},
		"no such client":   {"--as", "camille", "--client", "none"},
		"no such scope":    {"--as", "camille", "--scope", "none"},
		"no such patient":  {"--as", "camille", "--patient", "none"},
		"as is missing":    {"--patient", "camille"},
		"an unknown flag":  {"--as", "camille", "--colour", "red"},
		"a stray argument": {"--as", "camille", "camille"},
	} {
		out, code := exits(t, append([]string{"token", "--data", s.data}, args...)...)
		if code == 0 || !strings.Contains(out, "Error: ") || strings.Contains(out, "panic") {
			t.Errorf("%s: exit %d\n%s", name, code, out)
		}
	}
	if out, code := exits(t, "token", "--data", t.TempDir(), "--as", "camille"); code == 0 || !strings.Contains(out, "no data folder of a demo") {
		t.Errorf("a folder without demo: exit %d\n%s", code, out)
	}
}

// TestPathsOfTheContract: the addresses that design.md §9 names and this server has.
func TestPathsOfTheContract(t *testing.T) {
	t.Parallel()
	s := readOnly(t)
	r := reader{t, s, ""}
	for path, has := range map[string]string{
		"/healthz": "ok", "/": "camille", "/fhir/metadata": `"CapabilityStatement"`,
		"/fhir/.well-known/smart-configuration":      `"authorization_endpoint"`,
		"/.well-known/oauth-authorization-server":    `"issuer":"` + s.base + `"`,
		"/.well-known/openid-configuration":          `"jwks_uri"`,
		"/.well-known/oauth-protected-resource":      `"authorization_servers"`,
		"/.well-known/oauth-protected-resource/fhir": `"authorization_servers"`,
		"/oauth2/jwks": `"keys"`,
	} {
		if a := r.get(s.base+path).is(t, 200); !strings.Contains(string(a.body), has) {
			t.Errorf("%s lacks %s\n%s", path, has, a.text())
		}
	}
	for _, path := range []string{"/nowhere", "/admin", "/demo.json", "/fhirx", "/oauth2x", "/demo/tokens"} {
		if a := r.get(s.base + path); a.status != 404 {
			t.Errorf("%s: status %d, want 404", path, a.status)
		}
	}
	for _, path := range []string{"/demo/token", "/demo/explain", "/demo/audit"} {
		r.send("POST", s.base+path, []byte(`{"as":"camille"}`)).is(t, 401)
		r.send("POST", s.base+path, []byte(`{"as":"camille"}`), "Authorization", "Bearer wrong").is(t, 401)
	}
}

// TestMetrics: Caddy's admin address says how the gate does, and names nobody.
func TestMetrics(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.about(t, "dr-roux", "camille").get("DocumentReference?patient=camille").is(t, 200)
	s.about(t, "inf-martin", "camille").get("DocumentReference/camille-psychiatric-letter").is(t, 404)
	s.as(t, "camille").patch("DocumentReference/camille-imaging", addMask).is(t, 200)
	got := s.metrics(t)
	for _, want := range []string{
		`pontlevis_decisions_total{outcome="granted",rule="L6.treating"}`, `pontlevis_decisions_total{outcome="refused",rule="P5.masked"}`,
		"pontlevis_request_duration_seconds_count{", "pontlevis_audit_lag_seconds_count ", "pontlevis_audit_entries_total ",
		"pontlevis_audit_commits_total ", "pontlevis_policy_age_seconds ", "pontlevis_policy_revision_info{revision=",
		`pontlevis_policy_fast_path{state="plan"} 1`, `pontlevis_policy_evaluated_total{by="plan"}`, "pontlevis_policy_disagreements_total 0",
		"pontlevis_time_to_deny_seconds_count{",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	for _, line := range strings.Split(got, "\n") {
		for _, key := range []string{"camille", "roux", "martin", "Durand", "2800999", "19900000"} {
			if strings.HasPrefix(line, "pontlevis_") && strings.Contains(line, key) {
				t.Errorf("a metric names somebody: %s", line)
			}
		}
	}
}

// addMask puts MASQUE_PS on a document that has labels already.
var addMask = object{"op": "add", "path": "/securityLabel/-", "value": concept(maskSystem, "MASQUE_PS")}

// maskSystem is TRE_A07, who may see a document.
const maskSystem = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument"

// TestDataIsReused: a second start over the same folder finds what the first left, and the log goes on.
func TestDataIsReused(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.as(t, "camille").patch("DocumentReference/camille-consultation", addMask).is(t, 200)
	before := len(s.as(t, "camille").walk("AuditEvent?patient=camille"))
	s.stop(t)
	again := startOver(t, s.data)
	again.about(t, "inf-martin", "camille").get("DocumentReference/camille-consultation").is(t, 404)
	again.about(t, "dr-roux", "camille").get("DocumentReference/camille-consultation").is(t, 200)
	if after := len(again.as(t, "camille").walk("AuditEvent?patient=camille")); after <= before {
		t.Errorf("the log had %d entries of camille, after a new start %d", before, after)
	}
	command(t, "audit", "verify", "--data", s.data)
}

// TestDataIsHeldByOne: a second server over the same folder says who holds it and touches nothing.
func TestDataIsHeldByOne(t *testing.T) {
	t.Parallel()
	s := start(t)
	out, code := exits(t, "demo", "--listen", freeAddress(t), "--data", s.data)
	if code == 0 || !strings.Contains(out, s.data) {
		t.Errorf("exit %d\n%s", code, out)
	}
	s.about(t, "dr-roux", "camille").get("Patient/camille").is(t, 200)
}

// TestListenRefusals: the demo gives tokens for the asking, so it stays on the machine.
func TestListenRefusals(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"0.0.0.0:0", "8700", "192.0.2.1:8700", "example.org:8700"} {
		if out, code := exits(t, "demo", "--listen", address, "--data", t.TempDir()); code == 0 || strings.Contains(out, "panic") {
			t.Errorf("--listen %s: exit %d\n%s", address, code, out)
		}
	}
}

// TestImports loads each shape that --import takes.
func TestImports(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	files := writeImports(t, folder)
	all := filepath.Join(folder, "folder")
	s := start(t, "--import", files["bundle"], "--import", files["ndjson"], "--import", files["gzip"], "--import", all)
	for _, patient := range []string{"bundled", "lined", "zipped", "foldered", "foldered-deep"} {
		r := s.as(t, "patient:"+patient)
		r.get("Patient/"+patient).is(t, 200)
		if got := r.walk("Observation?patient=" + patient); !slices.Equal(got, []string{"Observation/" + patient + "-weight"}) {
			t.Errorf("%s has %v", patient, got)
		}
		s.about(t, "dr-roux", patient).get("Patient/"+patient).is(t, 404)
	}
	s.as(t, "camille").get("Patient/camille").is(t, 200)
	s.stop(t)
	again := startOver(t, s.data, "--import", all) // idempotent
	r := again.as(t, "patient:foldered")
	if got := r.get("Observation/foldered-weight/_history").is(t, 200).names(t); len(got) != 1 {
		t.Errorf("importing again made %d versions", len(got))
	}
	if out, code := exits(t, "demo", "--listen", freeAddress(t), "--data", t.TempDir(), "--import", filepath.Join(folder, "none")); code == 0 {
		t.Errorf("an import that is not there: exit 0\n%s", out)
	}
}

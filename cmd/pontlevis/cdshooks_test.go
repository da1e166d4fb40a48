package main_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// called is what the Python client says of one service.
type called struct {
	ID     string
	Status int
	Bytes  string
	Body   string
	Cards  []struct {
		Summary, Detail, Indicator string
		Source                     struct{ Label, URL string }
		Suggestions                []struct{ Label string }
	}
	Feedback int
}

// python runs the CDS Hooks client that knows nothing of us, and returns what each service of the hook answered, by id.
func (s *server) python(t *testing.T, flags ...string) map[string]called {
	t.Helper()
	c := exec.CommandContext(t.Context(), needs(t, "python3"), append([]string{
		filepath.Join("..", "..", "test", "clients", "cdshooks.py"), "--base", s.base, "--fhir", s.base + "/fhir",
	}, flags...)...)
	c.SysProcAttr = withParent()
	var said, errs strings.Builder
	c.Stdout, c.Stderr = &said, &errs
	if err := c.Run(); err != nil {
		t.Fatalf("cdshooks.py %s: %v\n%s", strings.Join(flags, " "), err, errs.String())
	}
	var got struct{ Results []called }
	if err := json.Unmarshal([]byte(said.String()), &got); err != nil {
		t.Fatal(err)
	}
	out := map[string]called{}
	for _, r := range got.Results {
		out[r.ID] = r
	}
	return out
}

// needsPlugins skips where no plugin can run.
func (s *server) needsPlugins(t *testing.T) {
	t.Helper()
	var found struct{ Services []struct{ ID string } }
	if err := json.Unmarshal(reader{t, s, ""}.send("GET", s.base+"/cds-services", nil).is(t, 200).body, &found); err != nil {
		t.Fatal(err)
	}
	if len(found.Services) < 4 {
		lacking(t, "no cage for plugins can be had on this machine: "+s.errors())
	}
}

const (
	vaccines  = "rappel-vaccins.due"
	compares  = "interactions.patient-view"
	emptyBody = `{"cards":[]}` + "\n"
)

// servingLine is what `pontlevis doctor` says of a version that serves.
var servingLine = regexp.MustCompile(`(?m)^rappel-vaccins +\d+\.\d+\.\d+ +serves +S\d +\d+ +\d+ +0 +answered$`)

// TestCDSHooksClientInAnotherLanguage is criterion 6 of the catalogue: a client in Python from the public specification
// alone gets cards for camille as her doctor, and an empty, well-formed answer as a doctor without a link.
func TestCDSHooksClientInAnotherLanguage(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.needsPlugins(t)
	view := []string{"--hook", "patient-view", "--patient", "camille", "--user", "Practitioner/dr-roux"}
	doctor := s.about(t, "dr-roux", "camille").token
	got := s.python(t, append(view, "--token", doctor, "--feedback", "--language", "fr")...)
	for id, want := range map[string][]string{
		vaccines: {"rougeole, oreillons, rubéole", "rappel diphtérie, tétanos, poliomyélite : depuis le", "ne remplace pas l’avis"},
		compares: {"Comparé : 1 allergie(s) à 3 traitement(s)", "pas un feu vert"},
	} {
		r := got[id]
		if r.Status != 200 || len(r.Cards) != 1 || r.Feedback != 200 {
			t.Fatalf("%s: %+v", id, r)
		}
		for _, w := range want {
			if !strings.Contains(r.Cards[0].Detail, w) {
				t.Errorf("%s lacks %q:\n%s", id, w, r.Cards[0].Detail)
			}
		}
	}
	if label := got[compares].Cards[0].Source; label.Label != "Interactions" || label.URL != s.base+"/catalog/interactions" {
		t.Errorf("the source is %+v", label)
	}
	if out, _ := exits(t, "doctor", "--data", s.data, "--demand", "S1"); !servingLine.MatchString(out) {
		t.Errorf("the doctor does not say which version serves:\n%s", out)
	}
	if told := s.metrics(t); !strings.Contains(told, `pontlevis_plugin_releases{state="serves"} 2`) {
		t.Error("the metrics do not say how many versions serve")
	}
	entries := string(s.as(t, "camille").get("AuditEvent?patient=camille&_count=100").is(t, 200).body)
	for _, want := range []string{"rappel-vaccins", "interactions", "Practitioner/dr-roux"} {
		if !strings.Contains(entries, want) {
			t.Errorf("the access log of camille does not name %s", want)
		}
	}
	for who, flags := range map[string][]string{
		"without a link":            {"--patient", "camille", "--user", "Practitioner/dr-urgence", "--token", s.about(t, "dr-urgence", "").token},
		"blocked":                   {"--patient", "camille", "--user", "Practitioner/dr-bloque", "--token", s.about(t, "dr-bloque", "").token},
		"of a patient nobody knows": {"--patient", "nobody", "--user", "Practitioner/dr-roux", "--token", s.about(t, "dr-roux", "").token},
		"without consent":           {"--patient", "jeanne", "--user", "Practitioner/dr-roux", "--token", s.about(t, "dr-roux", "").token},
		"of another record":         {"--patient", "jeanne", "--user", "Practitioner/dr-roux", "--token", doctor},
	} {
		for id, r := range s.python(t, append([]string{"--hook", "patient-view"}, flags...)...) {
			if r.Status != 200 || r.Bytes != emptyBody {
				t.Errorf("a doctor %s asks %s: %d %q%s", who, id, r.Status, r.Bytes, r.Body)
			}
		}
	}
	order := `{"selections":["MedicationRequest/d"],"draftOrders":{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"MedicationRequest","id":"d","status":"draft","intent":"order","subject":{"reference":"Patient/camille"},"medicationCodeableConcept":{"coding":[{"system":"http://www.whocc.no/atc","code":"J01CA04","display":"Amoxicilline"}]}}}]}}`
	for _, hook := range []string{"order-select", "order-sign"} {
		r := s.python(t, "--hook", hook, "--patient", "camille", "--user", "Practitioner/dr-roux", "--token", doctor, "--context", order)["interactions."+hook]
		if len(r.Cards) != 1 || r.Cards[0].Indicator != "critical" || !strings.Contains(r.Cards[0].Summary, "Pénicilline") {
			t.Errorf("amoxicillin for camille on %s: %+v", hook, r)
		}
	}
	s.withdraw(t, "camille-app-rappel-vaccins")
	if r := s.python(t, append(view, "--token", doctor)...)[vaccines]; r.Bytes != emptyBody {
		t.Errorf("the next call after the consent was withdrawn: %+v", r)
	}
}

// withdraw ends an agreement of camille's.
func (s *server) withdraw(t *testing.T, id string) {
	t.Helper()
	camille := s.as(t, "camille")
	agreed := camille.get("Consent/"+id).is(t, 200).resource(t)
	agreed["status"] = "inactive"
	camille.put("Consent/"+id, agreed).is(t, 200)
}

// TestCDSHooksOfASystemWithAKey: a system signs for itself and shows the doctor's token; it gets cards once camille let the
// system in, and what it was let see.
func TestCDSHooksOfASystemWithAKey(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.needsPlugins(t)
	var key any
	for _, c := range s.description(t).Clients {
		if c.Key == "smart-conf" && c.JWK != nil {
			key = c.JWK
		}
	}
	if key == nil {
		t.Fatal("the demo has no client smart-conf with a key")
	}
	file := filepath.Join(t.TempDir(), "key.json")
	if err := os.WriteFile(file, encode(t, key), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := []string{
		"--hook", "patient-view", "--patient", "camille", "--user", "Practitioner/dr-roux", "--grant", s.about(t, "dr-roux", "camille").token,
		"--issuer", "smart-conf", "--key", file,
	}
	if r := s.python(t, flags...)[compares]; r.Bytes != emptyBody {
		t.Errorf("a system that camille did not let in: %+v", r)
	}
	agreed := s.as(t, "camille").get("Consent/camille-app-interactions").is(t, 200).resource(t)
	delete(agreed, "id")
	delete(agreed, "meta")
	provision := agreed["provision"].(object)
	provision["actor"].(list)[0].(object)["reference"].(object)["identifier"].(object)["value"] = "smart-conf"
	s.as(t, "camille").post("Consent", agreed).is(t, 201)
	got := s.python(t, flags...)
	if r := got[compares]; len(r.Cards) != 1 {
		t.Errorf("a system that camille let in: %+v", r)
	}
	if r := got[vaccines]; r.Bytes != emptyBody {
		t.Errorf("it was not let see vaccinations: %+v", r)
	}
}

// TestOnlyWhatIsInstalledIsOffered: the discovery and the storefront go by the bits on the disk, at each look.
func TestOnlyWhatIsInstalledIsOffered(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.needsPlugins(t)
	const absent = "n’est pas installée sur ce serveur"
	looks := func() (offered, told bool) {
		anybody := reader{t, s, ""}
		return strings.Contains(string(anybody.send("GET", s.base+"/cds-services", nil).is(t, 200).body), vaccines),
			strings.Contains(string(anybody.send("GET", s.base+"/catalog/rappel-vaccins", nil).is(t, 200).body), absent)
	}
	if offered, told := looks(); !offered || told {
		t.Fatalf("installed: offered %v, said to be absent %v", offered, told)
	}
	info, err := os.Stat(filepath.Join(filepath.Dir(binary), "rappel-vaccins"))
	if err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(s.data, "plugins")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(folder, "rappel-vaccins") // it is looked for here first, and has the right size
	if err := os.WriteFile(other, make([]byte, info.Size()), 0o600); err != nil {
		t.Fatal(err)
	}
	if offered, told := looks(); offered || !told {
		t.Errorf("another program in its place: offered %v, said to be absent %v", offered, told)
	}
	if err := os.Remove(other); err != nil {
		t.Fatal(err)
	}
	if offered, told := looks(); !offered || told {
		t.Errorf("put right: offered %v, said to be absent %v", offered, told)
	}
}

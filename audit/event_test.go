package audit_test

import (
	"bufio"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/pontlevis/pontlevis/audit"
)

func reasons(rule string) (fr, en string) {
	if rule == "P5" {
		return "Document masqué aux professionnels.", "The document is masked from professionals."
	}
	return "", ""
}

// full is an entry with everything in it.
func full() audit.Entry {
	return audit.Entry{
		ID: "d1", At: noon, Patient: "camille",
		Actor: audit.Agent{
			Kind: "professional", ID: "Practitioner/inf-martin", Name: "Inès Martin",
			Profession: "urn:oid:1.2.250.1.71.1.2.7|60", Organization: "urn:oid:1.2.250.1.71.4.2.2|750000001",
		},
		Client: "glycare", Action: "read", Interaction: "search-type", Outcome: audit.Refused,
		Rule: "P5", Layer: "person", Purpose: "TREAT", Mode: "bris_de_glace", Reason: "URG1", Stage: 2,
		Resources: []string{"DocumentReference/a", "DocumentReference/b"}, Types: map[string]int{"DocumentReference": 2},
		Parameters: []string{"date", "patient.identifier"}, Labels: []string{"INVISIBLE_REPRESENTANTS_LEGAUX"},
		Revision: "sha256:ab", Grant: "g1", Address: "192.0.2.7", Details: map[string]string{"verb": "give"},
	}
}

func parse(t testing.TB, b []byte) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	return v
}

// at walks into parsed JSON: at(v, "agent", 0, "name").
func at(v any, path ...any) any {
	for _, p := range path {
		switch p := p.(type) {
		case string:
			m, _ := v.(map[string]any)
			v = m[p]
		case int:
			l, _ := v.([]any)
			if p >= len(l) {
				return nil
			}
			v = l[p]
		}
	}
	return v
}

func TestAuditEvent(t *testing.T) {
	t.Parallel()
	v := parse(t, full().AuditEvent("https://dmp.example/fhir", reasons))
	for _, c := range []struct {
		want any
		path []any
	}{
		{"AuditEvent", []any{"resourceType"}},
		{"d1", []any{"id"}},
		{"2026-11-02T12:00:00.123Z", []any{"recorded"}},
		{"2026-11-02T12:00:00.123Z", []any{"meta", "lastUpdated"}},
		{"INVISIBLE_REPRESENTANTS_LEGAUX", []any{"meta", "security", 0, "code"}},
		{"rest", []any{"type", "code"}},
		{"search-type", []any{"subtype", 0, "code"}},
		{"E", []any{"action"}},
		{"4", []any{"outcome"}},
		{"The document is masked from professionals.", []any{"outcomeDesc"}},
		{"fr", []any{"_outcomeDesc", "extension", 0, "extension", 0, "valueCode"}},
		{"Document masqué aux professionnels.", []any{"_outcomeDesc", "extension", 0, "extension", 1, "valueString"}},
		{"TREAT", []any{"purposeOfEvent", 0, "coding", 0, "code"}},
		{"IRCP", []any{"agent", 0, "type", "coding", 0, "code"}},
		{"60", []any{"agent", 0, "role", 0, "coding", 0, "code"}},
		{"Practitioner/inf-martin", []any{"agent", 0, "who", "reference"}},
		{"Inès Martin", []any{"agent", 0, "name"}},
		{true, []any{"agent", 0, "requestor"}},
		{"750000001", []any{"agent", 1, "who", "identifier", "value"}},
		{"110153", []any{"agent", 2, "type", "coding", 0, "code"}},
		{"glycare", []any{"agent", 2, "who", "identifier", "value"}},
		{"192.0.2.7", []any{"agent", 2, "network", "address"}},
		{"110152", []any{"agent", 3, "type", "coding", 0, "code"}},
		{false, []any{"agent", 3, "requestor"}},
		{"pontlevis", []any{"source", "observer", "display"}},
		{"Patient/camille", []any{"entity", 0, "what", "reference"}},
		{"1", []any{"entity", 0, "role", "code"}},
		{"DocumentReference/b", []any{"entity", 2, "what", "reference"}},
		{"24", []any{"entity", 3, "role", "code"}},
		{base64.StdEncoding.EncodeToString([]byte("date&patient.identifier")), []any{"entity", 3, "query"}},
		{"d1", []any{"entity", 4, "what", "identifier", "value"}},
	} {
		if got := at(v, c.path...); got != c.want {
			t.Errorf("%v is %v, want %v", c.path, got, c.want)
		}
	}
	details := map[string]any{}
	for _, d := range at(v, "entity", 4, "detail").([]any) {
		details[at(d, "type").(string)] = at(d, "valueString")
	}
	want := map[string]any{
		"decision": "d1", "rule": "P5", "layer": "person", "mode": "bris_de_glace", "stage": "2", "reason": "URG1",
		"policy-revision": "sha256:ab", "action": "read", "interaction": "search-type", "grant": "g1",
		"count-DocumentReference": "2", "verb": "give",
	}
	if d := cmp.Diff(want, details); d != "" {
		t.Errorf("details (-want +got):\n%s", d)
	}
}

func TestAuditEventCodes(t *testing.T) {
	t.Parallel()
	for interaction, want := range map[string]string{
		"read": "R read", "vread": "R vread", "history-instance": "R history-instance", "document": "R read",
		"search-type": "E search-type", "everything": "E operation", "transaction": "E transaction",
		"create": "C create", "update": "U update", "patch": "U patch", "delete": "D delete",
		"sign-in": "E <nil>", "": "E <nil>",
	} {
		v := parse(t, audit.Entry{ID: "x", Interaction: interaction, Outcome: audit.Granted}.AuditEvent("", nil))
		if got := fmt.Sprint(v["action"], " ", at(v, "subtype", 0, "code")); got != want {
			t.Errorf("%s is %s, want %s", interaction, got, want)
		}
		party := "IRCP"
		if strings.ContainsAny(want[:1], "CUD") {
			party = "AUT"
		}
		if got := at(v, "agent", 0, "type", "coding", 0, "code"); got != party {
			t.Errorf("in %s the person is %v", interaction, got)
		}
	}
	for outcome, want := range map[string]string{audit.Granted: "0", audit.Refused: "4", audit.Failed: "8", "": "8"} {
		if v := parse(t, audit.Entry{Outcome: outcome}.AuditEvent("", nil)); v["outcome"] != want {
			t.Errorf("%s is %v", outcome, v["outcome"])
		}
	}
	for _, c := range []struct{ fr, en, desc string }{{"", "", ""}, {"Oui", "", "Oui"}, {"", "Yes", "Yes"}} {
		v := parse(t, audit.Entry{Rule: "r"}.AuditEvent("", func(string) (string, string) { return c.fr, c.en }))
		if got, _ := v["outcomeDesc"].(string); got != c.desc || v["_outcomeDesc"] != nil {
			t.Errorf("%q, %q become %v and %v", c.fr, c.en, v["outcomeDesc"], v["_outcomeDesc"])
		}
	}
}

// Each event is held against HL7's own definition of AuditEvent: elements, cardinalities, primitive formats, and the
// codes of required bindings.
func TestAuditEventIsFHIR(t *testing.T) {
	t.Parallel()
	d := loadDefinition(t)
	minimal := audit.Entry{ID: "x", At: noon, Outcome: audit.Granted}
	nobody := full()
	nobody.Actor, nobody.Patient, nobody.Client, nobody.Resources, nobody.Rule = audit.Agent{}, "", "", nil, ""
	for name, e := range map[string]audit.Entry{"full": full(), "minimal": minimal, "nobody": nobody} {
		for _, problem := range d.check("AuditEvent", parse(t, e.AuditEvent("https://dmp.example/fhir", reasons))) {
			t.Errorf("%s: %s", name, problem)
		}
	}
	wrong := parse(t, full().AuditEvent("", nil))
	delete(wrong, "recorded")
	wrong["outcome"], wrong["surprise"] = "9", 1
	wrong["agent"].([]any)[0].(map[string]any)["requestor"] = "yes"
	if got := d.check("AuditEvent", wrong); len(got) != 4 {
		t.Errorf("of four mistakes the check finds %q", got)
	}
}

type element struct {
	Path    string
	Min     int
	Max     string
	Type    []struct{ Code string }
	Binding struct{ Strength, ValueSet string }
}

type definitions map[string][]element // by type

func loadDefinition(t *testing.T) definitions {
	t.Helper()
	path := filepath.Join("..", "..", "shared", "data", "hl7-r4-definitions", "StructureDefinition.ndjson.gz")
	f, err := os.Open(path)
	if err != nil {
		t.Skipf("HL7's definitions are not here, the shape is NOT checked against them: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	d := definitions{}
	s := bufio.NewScanner(z)
	s.Buffer(nil, 64<<20)
	for s.Scan() {
		var sd struct {
			Type, Derivation string
			Snapshot         struct{ Element []element }
		}
		if err := json.Unmarshal(s.Bytes(), &sd); err != nil {
			t.Fatal(err)
		}
		if sd.Derivation != "constraint" {
			d[sd.Type] = sd.Snapshot.Element
		}
	}
	if s.Err() != nil || d["AuditEvent"] == nil || d["Coding"] == nil {
		t.Fatalf("the definitions do not hold AuditEvent: %v", s.Err())
	}
	return d
}

var formats = map[string]*regexp.Regexp{
	"instant":      regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$`),
	"code":         regexp.MustCompile(`^\S+( \S+)*$`),
	"uri":          regexp.MustCompile(`^\S+$`),
	"string":       regexp.MustCompile(`^[\s\S]+$`),
	"id":           regexp.MustCompile(`^[A-Za-z0-9\-.]{1,64}$`),
	"base64Binary": regexp.MustCompile(`^[A-Za-z0-9+/=]+$`),
}

var required = map[string][]string{
	"http://hl7.org/fhir/ValueSet/audit-event-action|4.0.1":  {"C", "R", "U", "D", "E"},
	"http://hl7.org/fhir/ValueSet/audit-event-outcome|4.0.1": {"0", "4", "8", "12"},
	"http://hl7.org/fhir/ValueSet/network-type|4.0.1":        {"1", "2", "3", "4", "5"},
}

// check returns what is wrong with an object at a path of a type's snapshot.
func (d definitions) check(path string, object map[string]any) (problems []string) {
	root, _, _ := strings.Cut(path, ".")
	known := map[string]bool{"resourceType": path == root}
	for _, e := range d[root] {
		name, ok := strings.CutPrefix(e.Path, path+".")
		if !ok || strings.Contains(name, ".") {
			continue
		}
		values, types := []any(nil), e.Type
		for i, key := range e.names(name) {
			known[key], known["_"+key] = true, true
			if v, ok := object[key]; ok {
				values, types = list(v), e.Type[i:i+1]
			}
		}
		if len(values) < e.Min || e.Max == "1" && len(values) > 1 {
			problems = append(problems, fmt.Sprintf("%s occurs %d times", e.Path, len(values)))
		}
		for _, v := range values {
			problems = append(problems, d.value(e, types[0].Code, v)...)
		}
	}
	for key := range object {
		if !known[key] {
			problems = append(problems, path+" has no "+key)
		}
	}
	return problems
}

// names are the JSON names of an element: one, or one for each type of a choice.
func (e element) names(name string) []string {
	base, choice := strings.CutSuffix(name, "[x]")
	if !choice {
		return []string{name}
	}
	var names []string
	for _, t := range e.Type {
		names = append(names, base+strings.ToUpper(t.Code[:1])+t.Code[1:])
	}
	return names
}

func (d definitions) value(e element, typ string, v any) []string {
	wrong := []string{fmt.Sprintf("%s is no %s: %v", e.Path, typ, v)}
	if codes := required[e.Binding.ValueSet]; e.Binding.Strength == "required" && !slices.Contains(codes, fmt.Sprint(v)) {
		return []string{fmt.Sprintf("%s: %v is not a code of %s", e.Path, v, e.Binding.ValueSet)}
	}
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 {
			return []string{e.Path + " is empty"}
		}
		if typ == "BackboneElement" {
			return d.check(e.Path, v)
		}
		return d.check(typ, v)
	case bool:
		if typ == "boolean" {
			return nil
		}
	case string:
		if strings.HasSuffix(typ, "System.String") {
			typ = "string"
		}
		if f := formats[typ]; f != nil && f.MatchString(v) {
			return nil
		}
	}
	return wrong
}

func list(v any) []any {
	if l, ok := v.([]any); ok {
		return l
	}
	return []any{v}
}

func TestNewIDIsFHIR(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 1000 {
		id := audit.NewID()
		if !formats["id"].MatchString(id) || seen[id] {
			t.Fatalf("%q", id)
		}
		seen[id] = true
	}
	before := audit.NewID()
	time.Sleep(2 * time.Millisecond)
	if after := audit.NewID(); after <= before {
		t.Errorf("%s comes after %s but sorts before", after, before)
	}
}

func ExampleEntry_AuditEvent() {
	e := audit.Entry{
		ID: "d1", At: time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC), Patient: "camille",
		Actor:       audit.Agent{Kind: "professional", ID: "Practitioner/dr-roux", Name: "Dr Roux"},
		Interaction: "read", Outcome: audit.Granted, Resources: []string{"DocumentReference/letter"},
	}
	var v struct {
		Action, Outcome, Recorded string
	}
	_ = json.Unmarshal(e.AuditEvent("", nil), &v)
	fmt.Println(v.Recorded, v.Action, v.Outcome)
	// Output: 2026-11-02T12:00:00.000Z R 0
}

package policies

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

const accessFile = "pontlevis/access/access.rego"

// small gives the bundle of testdata/small in memory, to be changed by a test.
func small(t testing.TB) fstest.MapFS {
	t.Helper()
	files, err := readFiles(os.DirFS("testdata/small"))
	if err != nil {
		t.Fatal(err)
	}
	out := fstest.MapFS{}
	for _, f := range files {
		out[f.name] = &fstest.MapFile{Data: f.content, Mode: 0o644}
	}
	return out
}

// replace changes a file of a bundle, and fails when there is nothing to change: a test that changes nothing proves nothing.
func replace(t testing.TB, fsys fstest.MapFS, name, old, with string) {
	t.Helper()
	f := fsys[name]
	if f == nil || !strings.Contains(string(f.Data), old) {
		t.Fatalf("%s does not hold %q", name, old)
	}
	fsys[name] = &fstest.MapFile{Data: []byte(strings.Replace(string(f.Data), old, with, 1)), Mode: f.Mode}
}

func load(t testing.TB, fsys fs.FS) *Revision {
	t.Helper()
	r, err := Load(context.Background(), fsys)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestLoadGivesARevision(t *testing.T) {
	t.Parallel()
	r := load(t, small(t))
	ids := []string{}
	for _, rule := range r.Rules() {
		ids = append(ids, rule.ID)
	}
	if diff := cmp.Diff([]string{"D0", "M1", "P1", "P4", "P5"}, ids); diff != "" {
		t.Error(diff)
	}
	masked, ok := r.Rule("P5")
	if !ok || masked.Reason.FR != "Ce document est masqué." || masked.Reason.EN != "This document is masked." ||
		masked.Source != "CSP R1111-49" || masked.Layer != "person" || masked.File != accessFile || masked.Line != 27 {
		t.Errorf("rule P5 reads %+v", masked)
	}
	names, all := r.ReadSet()
	if diff := cmp.Diff([]string{"author", "class", "labels", "status"}, names); diff != "" || all {
		t.Error(diff, all)
	}
	if grace, ok := r.Data("pontlevis", "matrix", "settings", "grace"); !ok || grace == nil {
		t.Errorf("data is %v, %v", grace, ok)
	}
}

func TestDigestTellsBundlesApart(t *testing.T) {
	t.Parallel()
	a := []file{{"a", []byte("bc")}, {"d", nil}}
	b := []file{{"a", []byte("b")}, {"cd", nil}}
	if digestOf(a) == digestOf(b) {
		t.Error("moving a boundary between files keeps the digest")
	}
	if digestOf(a) != digestOf([]file{{"a", []byte("bc")}, {"d", nil}}) {
		t.Error("the digest of the same files differs")
	}
}

// TestLoadRefuses breaks the bundle in one way at a time: each must be refused under its own name, at its place.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name      string
		file      string
		old, with string
		rule      string
		line      int    // 0: any
		says      string // part of the message
	}{
		{"syntax", accessFile, "deny contains \"P4\"", "deny contians \"P4\"", "parse", 17, ""},
		{"no rego.v2", accessFile, "import rego.v2", "import rego.v1", "no-rego-v2", 3, "fail open"},
		{"misspelt attribute", accessFile, "input.resource.labels", "input.resource.lables", "compile", 28, "undefined ref: input.resource.lables"},
		{"wrong type", accessFile, "input.resource.status != \"current\"", "input.resource.status == true", "compile", 71, "match error"},
		{"builtin that reads the clock", accessFile, "time.parse_rfc3339_ns(input.now)", "time.now_ns()", "builtin", 7, "time.now_ns"},
		{"builtin that reaches the network", accessFile, "not author", `http.send({"url": "http://a"})`, "builtin", 29, "http.send"},
		{"walk", accessFile, "some class in input.resource.class", "walk(input.resource.class, [_, class])", "builtin", 43, "walk"},
		{"impure builtin in the list", builtinsFile, `"count"`, `"count", "rand.intn"`, "builtins", 0, "rand.intn"},
		{"unknown builtin in the list", builtinsFile, `"count"`, `"count", "cuont"`, "builtins", 0, "cuont"},
		{"with outside tests", accessFile, "not author", "not author with input.action as \"read\"", "with", 29, "tests alone"},
		{"default that allows", "pontlevis/main/main.rego", `default decision := {"allow": false`, `default decision := {"allow": true`, "default-allow", 9, "permits"},
		{"recursion", accessFile, "author if input.actor.id", "author if not author\n\nauthor if input.actor.id", "compile", 0, "recursive"},
		{"unused variable", accessFile, "	not author\n", "	not author\n	unused := 1\n", "compile", 0, "unused"},
		{"reason in one language", accessFile, `fr: "Ce document est masqué.", `, "", "metadata", 19, "reason.fr"},
		{"no remedy", accessFile, `#   remedy: {fr: "Demandez au patient.", en: "Ask the patient."}` + "\n", "", "metadata", 0, "remedy.fr, remedy.en"},
		{"no source", accessFile, "#   source: matrix\n", "", "metadata", 0, "source"},
		{"unknown layer", accessFile, "layer: matrix", "layer: martix", "metadata", 0, "martix"},
		{"decision naming no rule", accessFile, `{"allow": true, "rule": "P1"`, `{"allow": true, "rule": "P9"`, "metadata", 66, "P9"},
		{"two texts for one rule", accessFile, "rule: P4", "rule: P5", "metadata", 0, "described twice"},
		{"open schema", schemaFile, `"type": "object", "additionalProperties": false, "required": ["id", "kind"]`, `"type": "object", "required": ["id", "kind"]`, "open-schema", 0, "input.actor"},
		{"schema that refers to itself without end", schemaFile, `"resource": {`, `"loop": {"$ref": "#/properties/loop"}, "resource": {`, "schema", 0, "too deeply"},
		{"schema keyword that is not held", schemaFile, `"now": {"type": "string"}`, `"now": {"anyOf": [{"type": "string"}]}`, "schema", 0, "anyOf"},
		{"test that fails", accessFile, `"MASQUE_PS" in`, `"MASQUE" in`, "test", 26, "test_deny_masked"},
		{"test left for later", "pontlevis/access/access_test.rego", "test_deny_masked if", "todo_test_deny_masked if", "test", 0, "skipped"},
		{"test in a policy file", accessFile, "author if input", "test_author if true\n\nauthor if input", "misplaced-test", 0, "test_author"},
		{"unreadable data", "pontlevis/matrix/data.json", "{", "[", "data", 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			bundle := small(t)
			replace(t, bundle, c.file, c.old, c.with)
			wantProblem(t, bundle, c.rule, c.line, c.says)
		})
	}
}

func wantProblem(t *testing.T, bundle fs.FS, rule string, line int, says string) {
	t.Helper()
	_, err := Load(t.Context(), bundle)
	var refused *LoadError
	if !errors.As(err, &refused) {
		t.Fatalf("the bundle is not refused: %v", err)
	}
	for _, p := range refused.Problems {
		if p.Rule == rule && (line == 0 || p.Line == line) && strings.Contains(p.Message, says) {
			return
		}
	}
	t.Errorf("no problem %s at line %d that says %q in:\n%v", rule, line, says, err)
}

func TestLoadRefusesWhatIsMissing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{builtinsFile, schemaFile, "pontlevis/main/main.rego"} {
		bundle := small(t)
		delete(bundle, name)
		if _, err := Load(t.Context(), bundle); err == nil {
			t.Errorf("a bundle without %s is loaded", name)
		}
	}
	bundle := small(t)
	delete(bundle, "pontlevis/access/access_test.rego")
	wantProblem(t, bundle, "test", 0, "no tests")
}

func TestLoadRefusesStrayAndDoubledData(t *testing.T) {
	t.Parallel()
	stray := small(t)
	stray["pontlevis/matrix/extra.json"] = &fstest.MapFile{Data: []byte("{}")}
	wantProblem(t, stray, "stray-file", 0, "")

	twice := small(t)
	twice["pontlevis/data.json"] = &fstest.MapFile{Data: []byte(`{"matrix": {"settings": 1}}`)}
	wantProblem(t, twice, "data", 0, "data.pontlevis.matrix.settings is given twice")

	hides := small(t)
	hides["pontlevis/access/data.json"] = &fstest.MapFile{Data: []byte(`{"deny": ["P4"]}`)}
	wantProblem(t, hides, "compile", 0, "conflict")
}

// TestLoadBounds gives a bundle no bundle can be: it is refused for its size, not read whole.
func TestLoadBounds(t *testing.T) {
	t.Parallel()
	big := small(t)
	big["pontlevis/huge/data.json"] = &fstest.MapFile{Data: make([]byte, maxFileBytes+1)}
	wantProblem(t, big, "read", 0, "larger than")

	many := small(t)
	for i := range maxBundleFiles + 1 {
		many["x/"+strings.Repeat("y", i%50+1)+string(rune('a'+i%26))+strings.Repeat("z", i/50)+".rego"] = &fstest.MapFile{Data: []byte("package x")}
	}
	wantProblem(t, many, "read", 0, "more than")
}

func TestWarningsDoNotRefuse(t *testing.T) {
	t.Parallel()
	r := load(t, small(t))
	if len(r.Warnings) != 1 || r.Warnings[0].Rule != "unused-data" || !strings.Contains(r.Warnings[0].Message, "data.pontlevis.matrix.settings") {
		t.Errorf("warnings are %v", r.Warnings)
	}
}

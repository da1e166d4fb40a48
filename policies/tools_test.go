package policies

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCheckOfAGoodBundle(t *testing.T) {
	t.Parallel()
	r := Check(t.Context(), small(t))
	if !r.OK() || r.Rules != 5 || r.Tests != 7 || r.Coverage < 95 || r.Coverage >= 100 {
		t.Errorf("the report is %+v", r)
	}
	var out bytes.Buffer
	if err := r.Write(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"access.rego:71: warning: uncovered", "0 error(s), 2 warning(s)", "taken by the compiled plan"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &out)
		}
	}
}

// TestCheckFinds breaks what only Check looks at.
func TestCheckFinds(t *testing.T) {
	t.Parallel()
	const tests = "pontlevis/access/access_test.rego"
	for _, c := range []struct {
		name, file, old, with, rule, says string
		line                              int
	}{
		{"unformatted", accessFile, "deny contains \"P4\" if", "deny contains \"P4\"  if", "format", "not formatted", 17},
		{"rule never seen to hold", tests, "with input.resource.labels as [\"MASQUE_PS\"]\n	d.rule == \"P5\"", "\n	d.allow", "untested", "no test makes this body of rule P5 hold", 27},
		{"rule that always holds", accessFile, "deny contains \"P4\" if input.actor.id in input.patient.blocked", "deny contains \"P4\" if input.actor.id != \"\"", "untested", "every test that looks", 17},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			bundle := small(t)
			replace(t, bundle, c.file, c.old, c.with)
			if c.name == "rule never seen to hold" {
				replace(t, bundle, tests, "with input.resource.labels as [\"MASQUE_PS\"] with", "with")
			}
			r := Check(t.Context(), bundle)
			for _, p := range r.Problems {
				if p.Rule == c.rule && strings.Contains(p.Message, c.says) && p.Line == c.line {
					return
				}
			}
			t.Errorf("not found in %v", r.Problems)
		})
	}
}

func TestTestTellsOfFailures(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := Test(t.Context(), small(t), &out, true, true); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"ok   data.pontlevis.access_test.test_deny_masked", "7 of 7 tests pass", "access.rego:71: no test reaches line 71", "98.1 % of the deciding lines"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, &out)
		}
	}
	bad := small(t)
	replace(t, bad, accessFile, `"MASQUE_PS" in`, `"MASQUE" in`)
	out.Reset()
	err := Test(t.Context(), bad, &out, false, false)
	if err == nil || !strings.Contains(out.String(), "FAIL data.pontlevis.access_test.test_deny_masked (pontlevis/access/access_test.rego:26") {
		t.Errorf("%v\n%s", err, &out)
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bundle := small(t)
	want := string(bundle[accessFile].Data)
	replace(t, bundle, accessFile, "deny contains \"P4\" if", "deny   contains \"P4\" if")
	writeBundle(t, dir, bundle)
	path := filepath.Join(dir, filepath.FromSlash(accessFile))
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, write := range []bool{false, true} {
		changed, err := Format(dir, write)
		if err != nil || !cmp.Equal(changed, []string{accessFile}) {
			t.Fatalf("%v, %v", changed, err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Error(cmp.Diff(want, string(got)), err)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the mode is %v, %v", st.Mode(), err)
	}
	if changed, err := Format(dir, true); err != nil || len(changed) > 0 {
		t.Errorf("formatting twice changes %v, %v", changed, err)
	}
}

func TestFormatNamesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	bundle := small(t)
	replace(t, bundle, accessFile, "package", "pakcage")
	writeBundle(t, dir, bundle)
	if _, err := Format(dir, true); err == nil || !strings.Contains(err.Error(), accessFile) {
		t.Errorf("the error is %v", err)
	}
}

func TestExplain(t *testing.T) {
	t.Parallel()
	r := load(t, small(t))
	masked := letter()
	masked["labels"] = []string{"MASQUE_PS"}
	e, err := Explain(t.Context(), r, facts(), masked)
	if err != nil {
		t.Fatal(err)
	}
	if d := decide(t, r, facts(), masked); !d.Equal(e.Decision) {
		t.Errorf("the explanation is of another decision: %+v", e.Decision)
	}
	steps := map[string]Step{}
	for _, s := range e.Steps {
		steps[s.Rule] = s
	}
	p5 := steps["P5"]
	if p5.State != Held || p5.Line != 27 || !cmp.Equal(p5.Facts, []Fact{
		{Path: "input.resource.labels", Value: `["MASQUE_PS"]`}, {Path: "input.actor.id", Value: `"Practitioner/a"`}, {Path: "input.resource.author", Value: "[]"},
	}) {
		t.Errorf("P5 is %+v", p5)
	}
	want := &Condition{File: accessFile, Line: 17, Text: "input.actor.id in input.patient.blocked",
		Facts: []Fact{{Path: "input.actor.id", Value: `"Practitioner/a"`}, {Path: "input.patient.blocked", Value: "[]"}}}
	if diff := cmp.Diff(want, steps["P4"].Unmet); diff != "" || steps["P4"].State != Unmet {
		t.Error(diff)
	}
	if steps["P1"].State != Unreached {
		t.Errorf("P1 is %s: a refusal asks for no grant", steps["P1"].State)
	}
	fr, en := e.Text("fr"), e.Text("en")
	for text, want := range map[string]string{fr: "Accès refusé par la règle P5 (couche", en: "Access refused by rule P5 “Masked” (layer"} {
		if !strings.HasPrefix(text, want) {
			t.Errorf("the text begins otherwise:\n%s", text)
		}
	}
	if strings.Contains(fr, "Masked") {
		t.Errorf("the French text has titles in English:\n%s", fr)
	}
	if !strings.Contains(fr, "Ce document est masqué.") || !strings.Contains(en, "line 17: input.actor.id in input.patient.blocked  [actor.id = \"Practitioner/a\"; patient.blocked = []]") {
		t.Errorf("%s\n%s", fr, en)
	}
}

// TestExplainFollowsHelpers: why `not author` was not met is that author held, and from which facts.
func TestExplainFollowsHelpers(t *testing.T) {
	t.Parallel()
	r := load(t, small(t))
	own := letter()
	own["labels"], own["author"] = []string{"MASQUE_PS"}, []string{"Practitioner/a"}
	e, err := Explain(t.Context(), r, facts(), own)
	if err != nil || !e.Decision.Allow || e.Decision.Rule != "P1" {
		t.Fatalf("%+v, %v", e, err)
	}
	for _, s := range e.Steps {
		if s.Rule != "P5" {
			continue
		}
		if s.Unmet == nil || s.Unmet.Line != 29 || len(s.Unmet.Because) != 1 || !s.Unmet.Because[0].Held || s.Unmet.Because[0].Line != 47 {
			t.Errorf("P5 is %+v, unmet %+v", s, s.Unmet)
		}
	}
	if text := e.Text("fr"); !strings.Contains(text, "author if input.actor.id in input.resource.author tient") {
		t.Error(text)
	}
}

func TestMutantsOfSmall(t *testing.T) {
	t.Parallel()
	bundle := small(t)
	ms, err := Mutants(t.Context(), bundle)
	if err != nil || len(ms) != 5 {
		t.Fatalf("%v, %v", ms, err)
	}
	for _, m := range ms {
		if !m.Killed {
			t.Errorf("nobody misses rule %s (%s:%d)", m.Rule, m.File, m.Line)
		}
	}
	replace(t, bundle, "pontlevis/access/access_test.rego", `d.rule == "M1"`, "not d.allow")
	replace(t, bundle, "pontlevis/access/access_test.rego", `with input.actor.profession as "nurse"`, `with input.actor.profession as "nurse" with input.patient.circle as []`)
	ms, err = Mutants(t.Context(), bundle)
	if err != nil {
		t.Fatal(err)
	}
	survivors := []string{}
	for _, m := range ms {
		if !m.Killed {
			survivors = append(survivors, m.Rule)
		}
	}
	if diff := cmp.Diff([]string{"M1"}, survivors); diff != "" {
		t.Error(diff)
	}
}

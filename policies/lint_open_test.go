package policies

import (
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
)

const openSchema = `{
  "type": "object", "additionalProperties": false, "required": ["level", "list", "person"],
  "properties": {
    "level": {"type": "integer"}, "maybe": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}},
    "list": {"type": "array", "items": {"type": "object", "additionalProperties": false, "required": ["who"],
      "properties": {"who": {"type": "string"}, "until": {"type": "string"}}}},
    "label": {"type": "object", "additionalProperties": false, "required": ["status"], "properties": {"status": {"type": "string"}}},
    "person": {"type": "object", "additionalProperties": false, "required": ["id"], "properties": {"id": {"type": "string"}, "born": {"type": "string"}}}
  }
}`

// TestFailsOpen tries the lint on bodies of a denial: `want` is the attribute it must name, "" when it must be silent.
func TestFailsOpen(t *testing.T) {
	t.Parallel()
	tree := parse([]file{{schemaFile, []byte(openSchema)}}).root
	if tree == nil {
		t.Fatal("the schema is refused")
	}
	for _, c := range []struct{ name, rules, want string }{
		{"required attribute", `deny contains "x" if input.level < 2`, ""},
		{"optional attribute", `deny contains "x" if input.maybe < 2`, "input.maybe"},
		{"not equal", `deny contains "x" if input.maybe != 2`, "input.maybe"},
		{"equal", `deny contains "x" if input.maybe == 2`, "input.maybe"},
		{"under not", `deny contains "x" if not input.maybe >= 2`, ""},
		{"under two nots", `deny contains "x" if not ok

ok if not input.maybe < 2`, "input.maybe"},
		{"member of an optional object", `deny contains "x" if input.label.status != "online"`, "input.label"},
		{"optional member", `deny contains "x" if input.person.born > "2008"`, "input.person.born"},
		{"presence named", `deny contains "x" if {
	input.maybe
	input.maybe < 2
}`, ""},
		{"presence of a deeper path named", `deny contains "x" if {
	input.label.status
	input.label.status != "online"
}`, ""},
		{"presence of another named", `deny contains "x" if {
	input.label
	input.maybe < 2
}`, "input.maybe"},
		{"inside a call", `deny contains "x" if time.parse_rfc3339_ns(input.person.born) < 5`, "input.person.born"},
		{"through a name", `deny contains "x" if {
	m := input.maybe
	m < 2
}`, "input.maybe"},
		{"through a helper", `deny contains "x" if weak

weak if input.maybe < 2`, "input.maybe"},
		{"through a helper under not", `deny contains "x" if not strong

strong if input.maybe >= 2`, ""},
		{"through a function", `deny contains "x" if weak(input.maybe)

weak(level) if level < 2`, "input.maybe"},
		{"through or", `deny contains "x" if input.level < 2 or input.maybe < 2`, "input.maybe"},
		{"item of a list", `deny contains "x" if {
	some link in input.list
	link.until < "2026"
}`, "input.list[].until"},
		{"presence in an item named", `deny contains "x" if {
	some link in input.list
	link.until
	link.until < "2026"
}`, ""},
		{"required member of an item", `deny contains "x" if {
	some link in input.list
	link.who != "a"
}`, ""},
		{"entry picked by an attribute", `deny contains "x" if {
	some link in input.list
	link.until == "2026"
}`, ""},
		{"absence in a sibling", `deny contains "x" if over(input.list[0])

over(link) if not link.until

over(link) if link.until < "2026"`, ""},
		{"membership", `deny contains "x" if "a" in input.tags`, ""},
		{"count of some", `deny contains "x" if count(input.tags) > 0`, ""},
		{"count of none", `deny contains "x" if count(input.tags) == 0`, "input.tags"},
		{"every", `deny contains "x" if {
	every tag in input.tags { tag != "a" }
}`, "input.tags"},
		{"key of the denial", `deny contains input.maybe if input.level < 2`, "input.maybe"},
		{"grant", `grant contains "x" if input.maybe > 2`, ""},
		{"not in a grant", `grant contains "x" if not blocked

blocked if input.maybe > 2`, "input.maybe"},
		{"described set of another name", `# METADATA
# custom:
#   rule: X
standing contains "x" if input.maybe < 2`, "input.maybe"},
		{"rule that neither refuses nor permits", `other contains "x" if input.maybe < 2`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m, err := ast.ParseModuleWithOpts("a.rego", "package a\n\nimport rego.v2\n\n"+c.rules+"\n", ast.ParserOptions{ProcessAnnotation: true})
			if err != nil {
				t.Fatal(err)
			}
			got := failsOpen(map[string]*ast.Module{"a.rego": m}, tree)
			switch {
			case c.want == "" && len(got) > 0:
				t.Errorf("found %v", got)
			case c.want != "" && (len(got) != 1 || got[0].Line < 5 || got[0].File != "a.rego" || got[0].Mend == "" || got[0].Message[:len(c.want)+1] != c.want+" "):
				t.Errorf("found %v, want %s", got, c.want)
			}
		})
	}
}

// TestFailsOpenIsRight proves the two sides of the lint by OPA itself: with the attribute absent, what it refuses does not deny and what
// it proposes does.
func TestFailsOpenIsRight(t *testing.T) {
	t.Parallel()
	for body, denies := range map[string]bool{"input.actor.level < 2": false, "not input.actor.level >= 2": true} {
		bundle := small(t)
		replace(t, bundle, accessFile, "if input.actor.id in input.patient.blocked", "if "+body)
		files, err := readFiles(bundle)
		if err != nil {
			t.Fatal(err)
		}
		p := parse(files)
		r, problems := assemble(t.Context(), p, LoadOptions{})
		if r == nil {
			t.Fatal(problems)
		}
		if refused := refusal(problems) != nil; refused == denies {
			t.Errorf("%s: refused is %v", body, refused)
		}
		if d := decide(t, r, facts(), letter()); d.Allow == denies {
			t.Errorf("%s: without the attribute, allow is %v", body, d.Allow)
		}
	}
}

package policies

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Rule is what the bundle says of one of its rules in `# METADATA`: the texts a person reads when it decides, and where it comes from.
type Rule struct {
	ID          string `json:"id"`    // custom.rule, such as "P5"
	Layer       string `json:"layer"` // custom.layer
	Title       string `json:"title"`
	Description string `json:"description,omitempty"`
	Reason      Text   `json:"reason"` // custom.reason.{fr,en}
	Remedy      Text   `json:"remedy"` // custom.remedy.{fr,en}
	Source      string `json:"source"` // custom.source: the article of law or the profile
	Path        string `json:"path"`   // of the first Rego rule that carries it, "data.pontlevis.person.deny"
	File        string `json:"file"`
	Line        int    `json:"line"`
}

// layers are those of the contract between bundle and gate.
var layers = []string{"law", "person", "establishment", "matrix", "app", "default"}

// ruleSet gathers the rules described by the modules that decide, and what is missing from their descriptions.
type ruleSet struct {
	rules    map[string]Rule
	byAST    map[string]string // "file:line" of a Rego rule → id of the rule it carries out
	problems []Problem
}

// gatherRules reads the METADATA of every rule that has a custom.rule.
func gatherRules(modules map[string]*ast.Module) *ruleSet {
	s := &ruleSet{rules: map[string]Rule{}, byAST: map[string]string{}}
	for _, name := range sortedKeys(modules) {
		m := modules[name]
		for _, a := range m.Annotations {
			s.add(m, a)
		}
	}
	for _, name := range sortedKeys(modules) {
		s.checkNamed(modules[name])
	}
	return s
}

func (s *ruleSet) add(m *ast.Module, a *ast.Annotations) {
	id, ok := a.Custom["rule"].(string)
	if !ok {
		if _, given := a.Custom["rule"]; given {
			s.problems = append(s.problems, problemAt("metadata", Error, a.Location, `write custom.rule: "P5".`, "custom.rule is not a string."))
		}
		return
	}
	r := Rule{
		ID: id, Title: a.Title, Description: a.Description, Layer: text(a.Custom["layer"]), Source: text(a.Custom["source"]),
		Reason: texts(a.Custom["reason"]), Remedy: texts(a.Custom["remedy"]), Path: a.GetTargetPath().String(),
	}
	if a.Location != nil {
		r.File, r.Line = a.Location.File, a.Location.Row
	}
	if rule := annotatedRule(m, a); rule != nil {
		for one := rule; one != nil; one = one.Else {
			s.byAST[at(one.Location)] = id
		}
		r.Line = rule.Location.Row
	}
	if missing := r.missing(); len(missing) > 0 {
		s.problems = append(s.problems, problemAt("metadata", Error, a.Location, "give it under custom in the METADATA block of the rule.",
			"rule %s says nothing for %s; a rule without its reasons does not publish.", id, strings.Join(missing, ", ")))
	}
	if old, ok := s.rules[id]; ok {
		if old.Reason != r.Reason || old.Remedy != r.Remedy || old.Layer != r.Layer {
			s.problems = append(s.problems, problemAt("metadata", Error, a.Location, "give the same texts, or another id.",
				"rule %s is described twice with different texts (also at %s:%d).", id, old.File, old.Line))
		}
		return
	}
	s.rules[id] = r
}

// missing lists what the description of a rule lacks.
func (r Rule) missing() []string {
	var out []string
	for _, f := range []struct{ name, value string }{
		{"title", r.Title}, {"reason.fr", r.Reason.FR}, {"reason.en", r.Reason.EN}, {"remedy.fr", r.Remedy.FR}, {"remedy.en", r.Remedy.EN},
		{"layer", r.Layer}, {"source", r.Source},
	} {
		if strings.TrimSpace(f.value) == "" {
			out = append(out, f.name)
		}
	}
	if r.Layer != "" && !slices.Contains(layers, r.Layer) {
		out = append(out, fmt.Sprintf("layer (%q is none of %s)", r.Layer, strings.Join(layers, ", ")))
	}
	if r.ID == "" || r.ID == ErrorRule {
		out = append(out, "rule (an id of its own)")
	}
	return out
}

// checkNamed refuses a decision written in a module (an object with the member `rule`) whose rule nobody described. What is computed only
// at run time is held by Revision.read.
func (s *ruleSet) checkNamed(m *ast.Module) {
	ast.WalkTerms(m, func(t *ast.Term) bool {
		obj, ok := t.Value.(ast.Object)
		if !ok {
			return false
		}
		named := obj.Get(ast.InternedTerm("rule"))
		if named == nil {
			return false
		}
		id, ok := named.Value.(ast.String)
		if _, known := s.rules[string(id)]; ok && !known {
			s.problems = append(s.problems, problemAt("metadata", Error, named.Location, "describe the rule with custom.rule, or correct the id.",
				"a decision names rule %s, which no METADATA describes.", string(id)))
		}
		return false
	})
}

// annotatedRule finds the Rego rule that an annotation stands before.
func annotatedRule(m *ast.Module, a *ast.Annotations) *ast.Rule {
	for _, r := range m.Rules {
		for _, own := range r.Annotations { // copies of the module's, so they are told apart by place
			if own.Custom["rule"] != nil && at(own.Location) == at(a.Location) {
				return r
			}
		}
	}
	return nil
}

func texts(v any) Text {
	m, _ := v.(map[string]any)
	return Text{FR: text(m["fr"]), EN: text(m["en"])}
}

// text reads a string, or a list of strings as one sentence of several sources.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v)
	case []any:
		parts := make([]string, 0, len(v))
		for _, e := range v {
			if s, ok := e.(string); ok {
				parts = append(parts, strings.TrimSpace(s))
			}
		}
		return strings.Join(parts, "; ")
	}
	return ""
}

func at(l *ast.Location) string {
	if l == nil {
		return ""
	}
	return fmt.Sprintf("%s:%d", l.File, l.Row)
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// compareIDs orders ids as people read them: P2 before P10.
func compareIDs(a, b string) int {
	la, na := splitID(a)
	lb, nb := splitID(b)
	return cmp.Or(cmp.Compare(la, lb), cmp.Compare(na, nb), cmp.Compare(a, b))
}

func splitID(id string) (letters string, number int) {
	i := strings.IndexAny(id, "0123456789")
	if i < 0 {
		return id, 0
	}
	for _, c := range id[i:] {
		if c < '0' || c > '9' || number > 1<<20 {
			break
		}
		number = number*10 + int(c-'0')
	}
	return id[:i], number
}

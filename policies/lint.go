package policies

import (
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// lint holds the parsed bundle to the checks that OPA does not make. What each catches, and what it does not, is said at its function.
func lint(p *parsed) []Problem {
	var out []Problem
	for _, name := range sortedKeys(p.modules) {
		m := p.modules[name]
		out = append(out, needsRegoV2(m)...)
		out = append(out, callsOutsideList(p, m)...)
		if strings.HasSuffix(name, testSuffix) {
			continue
		}
		out = append(out, replacesDocuments(m)...)
		out = append(out, allowsByDefault(m)...)
		out = append(out, hidesTests(m)...)
	}
	if p.root == nil {
		return out
	}
	for _, path := range p.root.openObjects("input") {
		out = append(out, Problem{Rule: "open-schema", Severity: Error, File: schemaFile,
			Message: path + " accepts members it does not name, so a misspelt attribute would pass.", Mend: `add "additionalProperties": false.`})
	}
	return append(out, failsOpen(p.decisionModules(), p.root)...)
}

// needsRegoV2 refuses a module without `import rego.v2`: under the older `not`, a denial with an undefined operand does not deny.
func needsRegoV2(m *ast.Module) []Problem {
	for _, i := range m.Imports {
		if i.Path.String() == "rego.v2" {
			return nil
		}
	}
	return []Problem{problemAt("no-rego-v2", Error, m.Package.Location, "add `import rego.v2` after the package line.",
		"the module does not import rego.v2, so its negations fail open on absent attributes.")}
}

// callsOutsideList refuses a call to a builtin that the bundle's builtins.json does not list, and any call of `walk`, `trace` or a builtin
// that reads clock, network, chance or machine, listed or not. Tests are held to the same list.
func callsOutsideList(p *parsed, m *ast.Module) []Problem {
	var out []Problem
	check := func(op *ast.Term) {
		ref, ok := op.Value.(ast.Ref)
		if !ok {
			return
		}
		name := ref.String()
		if _, builtin := ast.BuiltinMap[name]; !builtin || p.mayCall(name) {
			return
		}
		out = append(out, problemAt("builtin", Error, op.Location, "write it without, or add it to "+builtinsFile+" if it is pure.",
			"%s is not in the bundle's list of builtins.", name))
	}
	ast.WalkExprs(m, func(e *ast.Expr) bool {
		if terms, ok := e.Terms.([]*ast.Term); ok && len(terms) > 0 {
			check(terms[0])
		}
		return false
	})
	ast.WalkTerms(m, func(t *ast.Term) bool {
		if call, ok := t.Value.(ast.Call); ok && len(call) > 0 {
			check(call[0])
		}
		return false
	})
	return out
}

// replacesDocuments refuses `with` outside tests: it would let a rule decide over facts that are not the request's.
func replacesDocuments(m *ast.Module) []Problem {
	var out []Problem
	ast.WalkExprs(m, func(e *ast.Expr) bool {
		if len(e.With) > 0 {
			out = append(out, problemAt("with", Error, e.With[0].Location, "pass the value to a function instead.",
				"`with` replaces documents and belongs to tests alone."))
		}
		return false
	})
	return out
}

// allowsByDefault refuses a default that permits: `default allow := true`, the same for names that begin with allow, permit or grant, and a
// default object whose member allow is true.
func allowsByDefault(m *ast.Module) []Problem {
	var out []Problem
	for _, r := range m.Rules {
		if !r.Default || r.Head.Value == nil || !permits(r) {
			continue
		}
		out = append(out, problemAt("default-allow", Error, r.Location, "refuse by default, and permit by a rule that says why.",
			"%s permits when nothing else decides.", r.Head.Ref()))
	}
	return out
}

func permits(r *ast.Rule) bool {
	name := lastName(r.Head.Ref())
	yes := ast.InternedTerm(true)
	if obj, ok := r.Head.Value.Value.(ast.Object); ok {
		allow := obj.Get(ast.InternedTerm("allow"))
		return allow != nil && allow.Equal(yes)
	}
	isGrant := slices.ContainsFunc([]string{"allow", "permit", "grant"}, func(p string) bool { return strings.HasPrefix(name, p) })
	return isGrant && r.Head.Value.Equal(yes)
}

// hidesTests refuses a rule named test_… outside a _test.rego file: it would be left out of the tests and kept in the decisions.
func hidesTests(m *ast.Module) []Problem {
	var out []Problem
	for _, r := range m.Rules {
		if name := lastName(r.Head.Ref()); strings.HasPrefix(name, "test_") || strings.HasPrefix(name, "todo_test_") {
			out = append(out, problemAt("misplaced-test", Error, r.Location, "move it to a file whose name ends in "+testSuffix+".",
				"%s is a test outside a test file.", name))
		}
	}
	return out
}

// lastName gives the name a rule is known by: `deny` of `deny`, and of `a.deny`.
func lastName(ref ast.Ref) string {
	ground := ref.GroundPrefix()
	for i := len(ground) - 1; i >= 0; i-- {
		switch v := ground[i].Value.(type) {
		case ast.String:
			return string(v)
		case ast.Var:
			return string(v)
		}
	}
	return ""
}

// unusedData warns of a table of the bundle that no rule reads, in the modules as compiled, where every reference is spelt whole.
func unusedData(p *parsed, modules map[string]*ast.Module) []Problem {
	unused := slices.DeleteFunc(slices.Clone(p.tables), func(t dataTable) bool {
		return under(t.path, attributesPath) || under(t.path, redecidedPath[:2])
	})
	for _, m := range modules {
		ast.WalkRefs(m, func(r ast.Ref) bool {
			unused = slices.DeleteFunc(unused, func(t dataTable) bool { return reaches(r, t.path) })
			return false
		})
	}
	out := make([]Problem, 0, len(unused))
	for _, t := range unused {
		out = append(out, Problem{Rule: "unused-data", Severity: Warning, File: t.file, Message: "data." + strings.Join(t.path, ".") + " is read by no rule.",
			Mend: "remove it, or write the rule that was to read it."})
	}
	return out
}

func under(path, parent []string) bool {
	return len(path) >= len(parent) && slices.Equal(path[:len(parent)], parent)
}

// reaches reports whether a reference reads a table or something in it: each step agrees, and a variable agrees with anything.
func reaches(r ast.Ref, table []string) bool {
	if len(r) < 2 || !r[0].Equal(ast.DefaultRootDocument) {
		return false
	}
	for i := 0; i < len(table) && i+1 < len(r); i++ {
		if s, ground := r[i+1].Value.(ast.String); ground && string(s) != table[i] {
			return false
		}
	}
	return true
}

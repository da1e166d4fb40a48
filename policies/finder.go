package policies

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// finder resolves names of rules and functions in modules as they were written, before the compiler spells every reference whole.
type finder struct {
	modules map[string]*ast.Module
	rules   map[string][]*ast.Rule // by rulePath
}

func newFinder(modules map[string]*ast.Module) *finder {
	f := &finder{modules: modules, rules: map[string][]*ast.Rule{}}
	for _, name := range sortedKeys(modules) {
		for _, r := range modules[name].Rules {
			path := rulePath(r)
			f.rules[path] = append(f.rules[path], r)
		}
	}
	return f
}

// rulePath is the path a rule is referred to by, such as data.pontlevis.person.deny.
func rulePath(r *ast.Rule) string {
	return r.Module.Package.Path.Append(ast.StringTerm(lastName(r.Head.Ref()))).String()
}

// find gives the rules that a reference names: in its own package, through an import, or by its whole path.
func (f *finder) find(ref ast.Ref, m *ast.Module) []*ast.Rule {
	head, ok := ref[0].Value.(ast.Var)
	if !ok || m == nil {
		return nil
	}
	full := slices.Concat(m.Package.Path, ref)
	full[len(m.Package.Path)] = ast.StringTerm(string(head))
	if head == "data" {
		full = ref
	}
	for _, i := range m.Imports {
		path, isRef := i.Path.Value.(ast.Ref)
		if isRef && string(i.Name()) == string(head) && path[0].Equal(ast.DefaultRootDocument) {
			full = slices.Concat(path, ref[1:])
		}
	}
	for n := len(full); n > 1; n-- {
		if rules := f.rules[full[:n].String()]; rules != nil {
			return rules
		}
	}
	return nil
}

// helpersOf gives the rules and functions that an expression leans on, each body once, `else` bodies after the first.
func (f *finder) helpersOf(e *ast.Expr, m *ast.Module) []*ast.Rule {
	var out []*ast.Rule
	add := func(ref ast.Ref) {
		for _, first := range f.find(ref, m) {
			for r := first; r != nil; r = r.Else {
				if !r.Default && !slices.Contains(out, r) {
					out = append(out, r)
				}
			}
		}
	}
	ast.WalkTerms(e, func(t *ast.Term) bool {
		switch v := t.Value.(type) {
		case ast.Ref:
			add(v)
		case ast.Var:
			add(ast.Ref{t})
		}
		return false
	})
	return out
}

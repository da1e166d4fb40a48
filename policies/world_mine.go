package policies

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// mineModules notes every string of the rules, and beside which attribute it stands.
func (w *Worlds) mineModules(modules map[string]*ast.Module, data any) {
	for _, name := range sortedKeys(modules) {
		for _, r := range modules[name].Rules {
			drawn := drawnFrom(r)
			ast.WalkExprs(r, func(e *ast.Expr) bool {
				names, texts := w.mineExpr(e, drawn)
				w.strings = append(w.strings, texts...)
				for _, n := range names {
					w.hints[n] = append(w.hints[n], texts...)
				}
				return false
			})
			ast.WalkRefs(r, func(ref ast.Ref) bool {
				w.mineTable(ref, drawn, data)
				return false
			})
		}
	}
	for n, texts := range w.hints {
		slices.Sort(texts)
		w.hints[n] = slices.Compact(texts)
	}
}

// drawnFrom gives, of the variables that a rule draws from lists of the input, the names under which the lists stand there.
func drawnFrom(r *ast.Rule) map[ast.Var][]string {
	out := map[ast.Var][]string{}
	ast.WalkExprs(r, func(e *ast.Expr) bool {
		if d, ok := e.Terms.(*ast.SomeDecl); ok {
			for _, s := range d.Symbols {
				if c, ok := s.Value.(ast.Call); ok && len(c) >= 3 {
					note(out, c[len(c)-2], c[len(c)-1])
				}
			}
		}
		return false
	})
	return out
}

func note(out map[ast.Var][]string, of, list *ast.Term) {
	v, isVar := of.Value.(ast.Var)
	ref, isRef := list.Value.(ast.Ref)
	if isVar && isRef {
		if n := inputNames(ref); len(n) > 0 {
			out[v] = append(out[v], n[len(n)-1])
		}
	}
}

// inputNames gives the names of a path into the input.
func inputNames(ref ast.Ref) (names []string) {
	if !ref[0].Equal(ast.InputRootDocument) {
		return nil
	}
	for _, step := range ref[1:] {
		if s, ok := step.Value.(ast.String); ok {
			names = append(names, string(s))
		}
	}
	return names
}

// mineTable notes the keys of a table of the data beside the attribute by which a rule looks into it.
func (w *Worlds) mineTable(ref ast.Ref, drawn map[ast.Var][]string, data any) {
	if !ref[0].Equal(ast.DefaultRootDocument) {
		return
	}
	at := data
	for _, step := range ref[1:] {
		table, ok := at.(map[string]any)
		if !ok {
			return
		}
		var names []string
		switch v := step.Value.(type) {
		case ast.String:
			at = table[string(v)]
			continue
		case ast.Var: // drawn from a list of the input, or at least called as an attribute is
			if names = drawn[v]; len(names) == 0 {
				names = []string{string(v)}
			}
		case ast.Ref:
			if all := inputNames(v); len(all) > 0 {
				names = all[len(all)-1:]
			}
		}
		keys := sortedKeys(table)
		for _, n := range names {
			w.hints[n] = append(w.hints[n], keys...)
		}
		if len(keys) == 0 {
			return
		}
		at = table[keys[0]] // tables within a table are alike
	}
}

// mineExpr gives the last names of the references and the strings in an expression.
func (w *Worlds) mineExpr(e *ast.Expr, drawn map[ast.Var][]string) (names, texts []string) {
	ast.WalkTerms(e, func(t *ast.Term) bool {
		switch v := t.Value.(type) {
		case ast.String:
			texts = append(texts, string(v))
		case ast.Number:
			w.mineNumber(string(v))
		case ast.Var:
			names = append(names, drawn[v]...)
		case ast.Ref:
			names = append(names, inputNames(v)...)
			return v[0].Equal(ast.InputRootDocument) // the steps of a path are names, not values
		}
		return false
	})
	return names, texts
}

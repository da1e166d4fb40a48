package policies

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// readSet is what the modules look at in `input.resource`: the only thing that can tell two documents of one context apart.
type readSet struct {
	names []string // sorted
	all   bool     // the resource, or the input, is used as a whole
}

// has reports whether an attribute takes part in a decision.
func (s readSet) has(name string) bool {
	if s.all {
		return true
	}
	_, ok := slices.BinarySearch(s.names, name)
	return ok
}

// readSetOf computes the read set from compiled modules. Any use that does not name an attribute with a plain string (`input.resource`
// passed to a function, `input.resource[x]`, `input` itself) makes every attribute part of it.
func readSetOf(modules map[string]*ast.Module) readSet {
	var s readSet
	var v *ast.GenericVisitor
	v = ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case *ast.Annotations, *ast.Package, *ast.Import:
			return true
		case ast.Var:
			s.all = s.all || x.Equal(ast.InputRootDocument.Value)
		case ast.Ref:
			if !x.HasPrefix(ast.InputRootRef) {
				return false
			}
			s.ref(x)
			for _, t := range x[1:] { // the root itself is no use of the input as a whole; what indexes it may read more
				v.Walk(t)
			}
			return true
		}
		return false
	})
	for _, m := range modules {
		v.Walk(m)
	}
	slices.Sort(s.names)
	s.names = slices.Compact(s.names)
	if s.all {
		s.names = nil
	}
	return s
}

func (s *readSet) ref(r ast.Ref) {
	if len(r) == 1 {
		s.all = true
		return
	}
	head, ok := r[1].Value.(ast.String)
	switch {
	case !ok:
		s.all = true
	case head != "resource":
	case len(r) == 2:
		s.all = true
	default:
		name, ok := r[2].Value.(ast.String)
		if !ok {
			s.all = true
			return
		}
		s.names = append(s.names, string(name))
	}
}

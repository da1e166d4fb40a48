package fhir

import (
	"fmt"
	"slices"
	"strings"
)

// expression is a search parameter's FHIRPath compiled against the definitions
// for one type: choices are JSON names already, and each node found comes with
// its data type.
type expression []branch

// branch is one side of a union. With tests it gives true or false instead of
// the nodes its steps lead to.
type branch struct {
	root  bool // from the resource rather than from the focus
	steps []step
	tests []test
	types []Member // what the steps lead to, for components and values
}

type stepKind uint8

const (
	stepChild     stepKind = iota // into members
	stepEqual                     // keep what has a member of that text
	stepTarget                    // keep references to that type
	stepExtension                 // keep what has an extension of that URL
)

type step struct {
	kind  stepKind
	names []typedName
	index int // of the one element to take, -1 for all
	text  string
}

// typedName is a JSON member name with the type of its value.
type typedName struct{ name, typ string }

type test struct {
	op    string
	steps []step
	text  string
}

func (p *Param) compile() error {
	root := DefinitionOf(p.Resource)
	if root == nil || root.Root == nil {
		return fmt.Errorf("compiling %s: no type %s", p.Name, p.Resource)
	}
	self := []Member{{Element: root.Root, Type: p.Resource}}
	compiled, err := compile(p.Expression, p.Resource, self)
	if err != nil {
		return fmt.Errorf("compiling %s of %s: %w", p.Name, p.Resource, err)
	}
	p.compiled = compiled
	var types []Member
	for _, b := range compiled {
		types = append(types, b.types...)
	}
	for i := range p.Components {
		c := &p.Components[i]
		if c.compiled, err = compile(c.Expression, p.Resource, types); err != nil {
			return fmt.Errorf("compiling %s of %s: %w", p.Name, p.Resource, err)
		}
	}
	return nil
}

// Nested reports whether a parameter looks, anywhere but in meta, into an element that may hold a reference beside what it
// looks at: an element of an element, or an Identifier, which names its assigner.
func (p *Param) Nested() bool {
	for _, b := range p.compiled {
		depth := 0
		for _, s := range b.steps {
			if s.kind != stepChild {
				continue
			}
			if depth++; depth == 1 && slices.ContainsFunc(s.names, func(n typedName) bool { return n.name == "meta" }) {
				break
			}
			if depth > 1 || slices.ContainsFunc(s.names, func(n typedName) bool { return n.typ == "Identifier" }) {
				return true
			}
		}
	}
	return false
}

// compile reads the expression for a resource type; focus is what relative
// paths start from. Clauses about other types are left out.
func compile(text, resource string, focus []Member) (expression, error) {
	clauses, err := parseExpression(text)
	if err != nil {
		return nil, err
	}
	var e expression
	for _, c := range clauses {
		if len(c.tests) > 0 {
			b, err := compileTests(c.tests, resource, focus)
			if err != nil {
				return nil, err
			}
			if len(b.tests) > 0 {
				e = append(e, b)
			}
			continue
		}
		b, applies, err := compilePath(c.path, resource, focus)
		if err != nil {
			return nil, err
		}
		if applies {
			e = append(e, b)
		}
	}
	return e, nil
}

func compileTests(tests []segment, resource string, focus []Member) (branch, error) {
	b := branch{types: []Member{{Type: "boolean"}}}
	for _, t := range tests {
		p, applies, err := compilePath(t.path, resource, focus)
		if err != nil {
			return b, err
		}
		if !applies {
			return branch{}, nil
		}
		b.tests = append(b.tests, test{op: t.op, steps: p.steps, text: t.text})
	}
	return b, nil
}

// compilePath resolves a path; it does not apply when it starts at another type.
func compilePath(path []segment, resource string, focus []Member) (branch, bool, error) {
	b := branch{types: focus}
	d := DefinitionOf(resource)
	switch head := path[0].name; {
	case path[0].call:
	case head == "%resource", head == resource, head == "Resource", head == d.Base:
		b.root, path = true, path[1:]
		b.types = []Member{{Element: d.Root, Type: resource}}
	case IsType(head), DefinitionOf(head) != nil && DefinitionOf(head).Abstract:
		return b, false, nil
	}
	for _, s := range path {
		if err := b.add(s); err != nil {
			return b, false, err
		}
	}
	return b, true, nil
}

// add compiles one more segment.
func (b *branch) add(s segment) error {
	if !s.call {
		return b.child(s.name, s.index)
	}
	switch s.name {
	case "as", "ofType":
		return b.narrow(s.text)
	case "extension":
		if err := b.child("extension", s.index); err != nil {
			return err
		}
		b.steps = append(b.steps, step{kind: stepEqual, names: []typedName{{"url", "uri"}}, text: s.text})
		return nil
	case "where":
		return b.where(s)
	}
	return fmt.Errorf("%w: %s()", errExpression, s.name)
}

func (b *branch) where(s segment) error {
	first := s.path[0]
	switch {
	case len(s.path) == 1 && first.call && first.name == "resolve" && s.op == "is":
		b.steps = append(b.steps, step{kind: stepTarget, text: s.text})
	case len(s.path) == 1 && first.call && first.name == "hasExtension":
		b.steps = append(b.steps, step{kind: stepExtension, text: first.text})
	case len(s.path) == 1 && !first.call && s.op == "=":
		inner := branch{types: b.types}
		if err := inner.child(first.name, -1); err != nil {
			return err
		}
		b.steps = append(b.steps, step{kind: stepEqual, names: inner.steps[0].names, text: s.text})
	default:
		return fmt.Errorf("%w: where()", errExpression)
	}
	return nil
}

// child steps into the members an element name stands for, in any of the types
// the path may have led to.
func (b *branch) child(name string, index int) error {
	st := step{kind: stepChild, index: index}
	var types []Member
	for _, t := range b.types {
		container := t.Element
		if container == nil || container.of.Root != container {
			if container = t.Container(); container == nil {
				continue
			}
		}
		for _, child := range container.Children() {
			if child.Name != name {
				continue
			}
			for _, n := range child.names() {
				m, _ := container.Member(n)
				if tn := (typedName{n, m.Type}); !slices.Contains(st.names, tn) {
					st.names = append(st.names, tn)
					types = append(types, m)
				}
			}
		}
	}
	if len(types) == 0 {
		return fmt.Errorf("%w: no element %s", errExpression, name)
	}
	b.steps, b.types = append(b.steps, st), types
	return nil
}

// names are the JSON names of an element.
func (e *Element) names() []string {
	if !e.Choice {
		return []string{e.Name}
	}
	names := make([]string, len(e.Types))
	for i, t := range e.Types {
		names[i] = e.Name + capital(t.Code)
	}
	return names
}

// narrow keeps the choices of a type. HL7 writes DateTime for dateTime once.
func (b *branch) narrow(typ string) error {
	if len(b.steps) == 0 || b.steps[len(b.steps)-1].kind != stepChild {
		return fmt.Errorf("%w: as %s", errExpression, typ)
	}
	last := b.steps[len(b.steps)-1]
	var names []typedName
	var types []Member
	for i, n := range last.names {
		if strings.EqualFold(n.typ, typ) {
			names, types = append(names, n), append(types, b.types[i])
		}
	}
	if len(names) == 0 {
		return fmt.Errorf("%w: never %s", errExpression, typ)
	}
	last.names = names
	b.steps = append(slices.Clone(b.steps[:len(b.steps)-1]), last)
	b.types = types
	return nil
}

package policies

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// kinds is a set of JSON Schema types.
type kinds uint8

const (
	kindObject kinds = 1 << iota
	kindArray
	kindString
	kindBoolean
	kindNumber
	kindInteger
	kindNull
)

var kindNames = map[string]kinds{
	"object": kindObject, "array": kindArray, "string": kindString, "boolean": kindBoolean, "number": kindNumber, "integer": kindInteger,
	"null": kindNull,
}

// slot is what a schema says of one member of an object.
type slot struct {
	node     *node // nil: any value
	known    bool  // named under properties
	required bool
}

// prepare turns what was read into what the walk over facts asks.
func (n *node) prepare() {
	for _, t := range n.types {
		n.kinds |= kindNames[t]
	}
	n.slots = make(map[string]*slot, len(n.members))
	for name, m := range n.members {
		n.slots[name] = &slot{node: m, known: true}
	}
	for _, name := range n.required {
		if n.slots[name] == nil {
			n.slots[name] = &slot{}
		}
		n.slots[name].required = true
	}
	n.needed = 0
	for _, s := range n.slots {
		if s.required {
			n.needed++
		}
	}
}

// misfit is a place where a value does not fit: the path grows from its end while the walk returns. It never holds the value, for facts are of
// persons.
type misfit struct {
	path    []string // innermost first
	problem string
}

func (m *misfit) under(step string) *misfit {
	m.path = append(m.path, step)
	return m
}

// fault is the misfit as an error, nil when there is none.
func (m *misfit) fault() error {
	if m == nil {
		return nil
	}
	slices.Reverse(m.path)
	return fmt.Errorf("%s %s", strings.Join(m.path, ""), m.problem)
}

// check holds a value to the schema. The error names the path alone.
func (n *node) check(v canonical, path string) error {
	r := reader{s: v}
	if m := n.walk(&r); m != nil {
		return m.under(path).fault()
	}
	return nil
}

// checkMember holds a first-level member of the input to the schema.
func (n *node) checkMember(name string, v canonical) error {
	s := n.slots[name]
	if s == nil || !s.known {
		if n.closed {
			return fmt.Errorf("input.%s is not in the schema", name)
		}
		return nil
	}
	return s.node.check(v, "input."+name)
}

// checkRequired asks for the members that the schema requires, but the resource.
func (n *node) checkRequired(c *Context) error {
	have := 0
	for _, m := range c.members {
		if s := n.slots[m.name]; s != nil && s.required {
			have++
		}
	}
	needed := n.needed
	if s := n.slots[resourceMember]; s != nil && s.required {
		needed--
	}
	if have == needed {
		return nil
	}
	for _, name := range n.required {
		if name != resourceMember && !slices.ContainsFunc(c.members, func(m contextMember) bool { return m.name == name }) {
			return fmt.Errorf("input.%s is missing, the schema requires it", name)
		}
	}
	return nil
}

// checkResource holds the attributes that the policy will see to the schema, and asks for those it requires, seen or not.
func (n *node) checkResource(projected canonical, has func(name string) bool) error {
	n = n.members[resourceMember]
	if n == nil {
		return nil
	}
	for _, name := range n.required {
		if !has(name) {
			return fmt.Errorf("input.resource.%s is missing, the schema requires it", name)
		}
	}
	r := reader{s: projected, at: 1}
	for {
		name, more := r.member()
		if !more {
			return nil
		}
		if m := n.members[name].walk(&r); m != nil {
			return m.under("input.resource." + name).fault()
		}
	}
}

// walk goes over the next value of the reader, to its end when it fits.
func (n *node) walk(r *reader) *misfit {
	if n == nil {
		r.skip()
		return nil
	}
	begin := r.at
	if len(n.types) > 0 && n.kinds&kindsAt(r) == 0 {
		return &misfit{problem: fmt.Sprintf("is %s, the schema says %s", valueName(r.s[begin]), strings.Join(n.types, " or "))}
	}
	if len(n.enum) > 0 {
		v := reader{s: r.s, at: begin}
		v.skip()
		if !slices.ContainsFunc(n.enum, func(e any) bool { return sameScalar(r.s[begin:v.at], e) }) {
			return &misfit{problem: "is none of the values the schema lists"}
		}
	}
	switch r.s[begin] {
	case tagObject:
		return n.walkObject(r)
	case tagArray:
		if n.items != nil {
			return n.walkArray(r)
		}
	}
	r.skip()
	return nil
}

func (n *node) walkArray(r *reader) *misfit {
	r.at++
	for count := r.length(); count > 0; count-- {
		if m := n.items.walk(r); m != nil {
			return m.under("[]")
		}
	}
	return nil
}

func (n *node) walkObject(r *reader) *misfit {
	begin := r.at
	r.at++
	have := 0
	for {
		name, more := r.member()
		if !more {
			break
		}
		s := n.slots[name]
		if s == nil || !s.known {
			if n.closed {
				return (&misfit{problem: "is not in the schema"}).under("." + name)
			}
			r.skip()
		} else if m := s.node.walk(r); m != nil {
			return m.under("." + name)
		}
		if s != nil && s.required {
			have++
		}
	}
	if have == n.needed {
		return nil
	}
	whole := reader{s: r.s, at: begin}
	whole.skip()
	for _, name := range n.required {
		if _, ok := r.s[begin:whole.at].find([]string{name}); !ok {
			return (&misfit{problem: "is missing, the schema requires it"}).under("." + name)
		}
	}
	return nil
}

// kindsAt gives the kinds that the next value of a reader is of.
func kindsAt(r *reader) kinds {
	switch r.s[r.at] {
	case tagObject:
		return kindObject
	case tagArray, tagSet:
		return kindArray
	case tagText:
		return kindString
	case tagTrue, tagFalse:
		return kindBoolean
	case tagNumber:
		n := reader{s: r.s, at: r.at + 1}
		text := n.text()
		if isDigits(text) {
			return kindNumber | kindInteger
		}
		if _, whole := ast.Number(json.Number(text)).Int64(); whole {
			return kindNumber | kindInteger
		}
		return kindNumber
	}
	return kindNull
}

func valueName(tag byte) string {
	switch tag {
	case tagObject:
		return "object"
	case tagArray:
		return "array"
	case tagSet:
		return "set"
	case tagText:
		return "string"
	case tagTrue, tagFalse:
		return "boolean"
	case tagNumber:
		return "number"
	}
	return "null"
}

func sameScalar(v canonical, e any) bool {
	switch e := e.(type) {
	case string:
		s, ok := v.isText()
		return ok && s == e
	case bool:
		return e && v[0] == tagTrue || !e && v[0] == tagFalse
	case json.Number:
		if v[0] != tagNumber {
			return false
		}
		n, ok := v.term().(ast.Number)
		return ok && n.Compare(ast.Number(e)) == 0
	}
	return e == nil && v[0] == tagNull
}

package policies

import (
	"fmt"
	"slices"
	"strings"
)

// node is one place of the input schema, cut down to what facts are held to at run time and what the lint asks of them: type, members,
// which of them are required, items, enumerated strings. OPA's type checker reads the schema whole at load.
type node struct {
	types    []string
	members  map[string]*node
	required []string
	closed   bool
	items    *node
	enum     []any

	kinds  kinds            // types, as a set
	slots  map[string]*slot // members and required names, for the walk over facts
	needed int              // how many slots are required
}

// schemaOf builds the tree; `$ref` inside the document is followed, elsewhere it is a problem.
func schemaOf(schema any) (*node, error) {
	root, ok := schema.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("the schema is not an object")
	}
	return buildNode(root, root, 0)
}

func buildNode(root, s map[string]any, depth int) (*node, error) {
	if depth > maxInputDepth {
		return nil, fmt.Errorf("the schema is nested, or refers to itself, too deeply")
	}
	for k := range s {
		if !slices.Contains(schemaKeywords, k) {
			return nil, fmt.Errorf("the keyword %q is not held at run time, so it is not accepted", k)
		}
	}
	if err := buildShared(root, s, depth); err != nil {
		return nil, err
	}
	if ref, ok := s["$ref"].(string); ok {
		target, err := follow(root, ref)
		if err != nil {
			return nil, err
		}
		return buildNode(root, target, depth+1)
	}
	n := shallowNode(s)
	if err := n.buildMembers(root, s, depth); err != nil {
		return nil, err
	}
	n.prepare()
	if items, ok := s["items"].(map[string]any); ok {
		var err error
		if n.items, err = buildNode(root, items, depth+1); err != nil {
			return nil, fmt.Errorf("items: %w", err)
		}
	}
	return n, nil
}

// shallowNode reads what a schema says of a value itself, not of what is inside.
func shallowNode(s map[string]any) *node {
	n := &node{closed: s["additionalProperties"] == false}
	switch t := s["type"].(type) {
	case string:
		n.types = []string{t}
	case []any:
		for _, e := range t {
			n.types = append(n.types, fmt.Sprint(e))
		}
	}
	if req, ok := s["required"].([]any); ok {
		for _, e := range req {
			n.required = append(n.required, fmt.Sprint(e))
		}
	}
	n.enum, _ = s["enum"].([]any)
	return n
}

func (n *node) buildMembers(root, s map[string]any, depth int) error {
	props, ok := s["properties"].(map[string]any)
	if !ok {
		return nil
	}
	n.members = make(map[string]*node, len(props))
	for _, k := range sortedKeys(props) {
		m, ok := props[k].(map[string]any)
		if !ok {
			return fmt.Errorf("property %s is not an object", k)
		}
		child, err := buildNode(root, m, depth+1)
		if err != nil {
			return fmt.Errorf("%s: %w", k, err)
		}
		n.members[k] = child
	}
	return nil
}

// schemaKeywords are those that are held, or that only speak to readers. Others are refused rather than silently not held; a schema made of
// these and built once without end is also one that OPA's own reader, which does not bound itself, can be given.
var schemaKeywords = []string{
	"$schema", "$id", "$ref", "$comment", "$defs", "definitions", "title", "description", "examples", "format", "type", "properties", "required",
	"additionalProperties", "items", "enum",
}

// buildShared builds what `$ref` may point to, used or not.
func buildShared(root, s map[string]any, depth int) error {
	for _, where := range []string{"$defs", "definitions"} {
		defs, _ := s[where].(map[string]any)
		for _, name := range sortedKeys(defs) {
			m, ok := defs[name].(map[string]any)
			if !ok {
				return fmt.Errorf("%s.%s is not an object", where, name)
			}
			if _, err := buildNode(root, m, depth+1); err != nil {
				return fmt.Errorf("%s.%s: %w", where, name, err)
			}
		}
	}
	return nil
}

func follow(root map[string]any, ref string) (map[string]any, error) {
	rest, ok := strings.CutPrefix(ref, "#/")
	if !ok {
		return nil, fmt.Errorf("$ref %q does not stay inside the schema", ref)
	}
	var at any = root
	for part := range strings.SplitSeq(rest, "/") {
		m, _ := at.(map[string]any)
		at = m[part]
	}
	m, ok := at.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("$ref %q leads nowhere", ref)
	}
	return m, nil
}

// needs reports whether the schema requires a member.
func (n *node) needs(member string) bool { return slices.Contains(n.required, member) }

// openObjects lists the objects of a schema that accept members it does not name: a misspelt attribute would pass there.
func (n *node) openObjects(path string) []string {
	var out []string
	if n.members != nil && !n.closed {
		out = append(out, path)
	}
	for _, k := range sortedKeys(n.members) {
		out = append(out, n.members[k].openObjects(path+"."+k)...)
	}
	if n.items != nil {
		out = append(out, n.items.openObjects(path+"[]")...)
	}
	return out
}

package policies

import (
	"fmt"
	"slices"

	"github.com/open-policy-agent/opa/v1/ast"
)

// narrowing is one line of the bundle's own attributes table (data.pontlevis.attributes): an attribute of the resource
// that no rule looks at unless a part of the context is there and not empty. Elsewhere the evaluator is shown "" in its
// place, so that documents that differ in it alone share a decision. The id of a document matters only to somebody from
// whom a document was hidden by name, say; without this every document would be a class of its own.
//
// It is a claim of the bundle about its own rules. TestTableEqualsEvaluator holds it: the table is compared with the
// evaluator, which sees every attribute.
type narrowing struct {
	attribute string
	path      []string // in the input, such as patient, hidden
}

// attributesPath is where a bundle may keep its attributes table.
var attributesPath = []string{"pontlevis", "attributes"}

// narrowings reads the attributes table of a bundle; a bundle without one narrows nothing.
func (r *Revision) narrowings() ([]narrowing, error) {
	found, ok := r.Data(attributesPath...)
	if !ok {
		return nil, nil
	}
	table, ok := found.(map[string]any)
	if !ok {
		return nil, fmt.Errorf("data.pontlevis.attributes must map attributes to what they matter for")
	}
	var out []narrowing
	for _, attribute := range sortedKeys(table) {
		line, _ := table[attribute].(map[string]any)
		path, _ := line["only_with"].([]any)
		n := narrowing{attribute: attribute}
		for _, p := range path {
			if s, ok := p.(string); ok {
				n.path = append(n.path, s)
			}
		}
		if len(n.path) == 0 || len(n.path) != len(path) || attribute == "type" {
			return nil, fmt.Errorf("data.pontlevis.attributes.%s needs only_with: the path of a part of the input", attribute)
		}
		out = append(out, n)
	}
	return out, nil
}

// blanked are the attributes that no rule looks at in this context.
func blanked(all []narrowing, c *Context) []string {
	var out []string
	for _, n := range all {
		if empty(c.member(n.path)) {
			out = append(out, n.attribute)
		}
	}
	return out
}

// member is a part of the facts, nil when it is absent.
func (c *Context) member(path []string) ast.Value {
	var v ast.Value
	for _, pair := range c.pairs {
		if pair[0].Value.Compare(ast.String(path[0])) == 0 {
			v = pair[1].Value
		}
	}
	for _, p := range path[1:] {
		o, ok := v.(ast.Object)
		if !ok {
			return nil
		}
		t := o.Get(ast.InternedTerm(p))
		if t == nil {
			return nil
		}
		v = t.Value
	}
	return v
}

// empty reports whether a part of the input is surely absent or empty.
func empty(v ast.Value) bool {
	switch v := v.(type) {
	case nil:
		return true
	case ast.String:
		return v == ""
	case *ast.Array:
		return v.Len() == 0
	case ast.Object:
		return v.Len() == 0
	}
	return false
}

// narrowed is a resource with some of its texts blank.
type narrowed struct {
	view
	blank []string
}

func (n narrowed) get(name string) (any, bool) {
	v, ok := n.view.get(name)
	if !ok || !slices.Contains(n.blank, name) {
		return v, ok
	}
	switch v.(type) {
	case string, ast.String:
		return "", true
	}
	return v, true
}

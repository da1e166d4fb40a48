package policies

import (
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// maxHelperDepth bounds how far failsOpen follows helpers; the compiler refuses recursion by itself.
const maxHelperDepth = 16

// failsOpen refuses denials that fall silent when an attribute is absent.
//
// What it catches: in a rule whose name begins with deny, refuse or refusal, or that puts a rule described in METADATA into a set whose
// name does not begin with allow, permit or grant; and in every helper or function such a rule leans on
// positively, a comparison (== != < <= > >=) or an `every` over an attribute of the input that the schema does not require: absent, the
// comparison is undefined and the denial is lost. `not` turns the sense: what stands under it is lost-proof (`not input.x >= 2` denies
// when x is absent), and a `not` under that is looked at again; in rules whose name begins with allow, permit or grant only what stands
// under `not` is. Local names (`x := input.a.b`, `some x in input.list`, parameters of functions) are followed. A reference to an
// attribute that is not required in the key of a denial is caught too.
//
// What it takes as meant: a line that is the attribute alone (`input.patient`) says "this denial is about inputs that have it", and so
// does any such line for the paths it begins with; a sibling body of the same rule that says `not x`, alone, of the same attribute;
// `count(…) > 0`; membership (`x in input.list`: an absent list holds nothing); an equality that picks an entry of a list by an
// attribute of its own.
//
// What it does not see: the inside of comprehensions, attributes handed to builtins that are not comparisons, and references computed at
// run time. That required attributes are there is held at run time by Revision.Session, which refuses an input outside the schema.
func failsOpen(modules map[string]*ast.Module, schema *node) []Problem {
	c := &openCheck{schema: schema, finder: newFinder(modules), seen: map[string]bool{}}
	for _, name := range sortedKeys(modules) {
		for _, r := range modules[name].Rules {
			switch {
			case permissive(r):
				c.rule(r, false, scope{}, 0)
			case refusing(r):
				c.rule(r, true, scope{}, 0)
			}
		}
	}
	return c.out
}

// permissive reports a rule that permits, by the name it goes by.
func permissive(r *ast.Rule) bool {
	return beginsWith(lastName(r.Head.Ref()), "allow", "permit", "grant")
}

// refusing reports a rule that refuses: by its name, or because it puts a described rule into a set that does not permit.
func refusing(r *ast.Rule) bool {
	if beginsWith(lastName(r.Head.Ref()), "deny", "denied", "refuse", "refusal") {
		return true
	}
	described := slices.ContainsFunc(r.Annotations, func(a *ast.Annotations) bool { return a.Custom["rule"] != nil })
	return described && r.Head.RuleKind() == ast.MultiValue
}

func beginsWith(name string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
}

type openCheck struct {
	schema *node
	finder *finder
	seen   map[string]bool
	out    []Problem
}

// place is where a reference leads in the schema: its node (nil when the schema says no more), its path, and the last step of the path
// that may be absent ("" when all are required): who names that one names those before it.
type place struct {
	node   *node
	path   string
	absent string
}

// scope is what is known inside a body: local names, and paths whose presence the author named.
type scope struct {
	names  map[string]place
	guards []string
	module *ast.Module
}

func (s scope) inside(m *ast.Module) scope {
	names := make(map[string]place, len(s.names))
	for k, v := range s.names {
		names[k] = v
	}
	return scope{names, slices.Clone(s.guards), m}
}

// rule looks at one rule. lost tells that an undefined body loses a denial.
func (c *openCheck) rule(r *ast.Rule, lost bool, s scope, depth int) {
	s = s.inside(r.Module)
	for _, sibling := range c.finder.rules[rulePath(r)] {
		if sibling != r {
			s.guards = append(s.guards, c.absences(sibling, s)...)
		}
	}
	for ; r != nil && depth < maxHelperDepth; r = r.Else {
		inner := s.inside(r.Module)
		c.body(r.Body, lost, inner, depth)
		if !lost || depth > 0 {
			continue
		}
		for _, t := range []*ast.Term{r.Head.Key, r.Head.Value} {
			if t != nil {
				c.operands([]*ast.Term{t}, inner, t.Location, "the key of the denial")
			}
		}
	}
}

// absences lists the attributes whose absence a body is about: lines that are `not x` alone. Parameters go by the names of the caller's
// scope, which siblings of one function share when they name their parameters alike.
func (c *openCheck) absences(r *ast.Rule, s scope) []string {
	var out []string
	for _, e := range r.Body {
		not, ok := e.Terms.(*ast.Not)
		if !ok || len(not.Body) != 1 {
			continue
		}
		if t, ok := not.Body[0].Terms.(*ast.Term); ok {
			if p, ok := c.place(t, s); ok {
				out = append(out, p.path)
			}
		}
	}
	return out
}

func (c *openCheck) body(b ast.Body, lost bool, s scope, depth int) {
	for _, e := range b { // names first: a line that names an attribute may use one
		c.names(e, s)
	}
	for _, e := range b {
		if t, ok := e.Terms.(*ast.Term); ok {
			if p, ok := c.place(t, s); ok {
				s.guards = append(s.guards, p.path)
			}
		}
	}
	for _, e := range b {
		c.expr(e, lost != e.Negated, s, depth)
	}
}

func (c *openCheck) expr(e *ast.Expr, lost bool, s scope, depth int) {
	switch t := e.Terms.(type) {
	case *ast.Not:
		c.body(t.Body, !lost, s.inside(s.module), depth)
	case *ast.LogicalOr:
		c.body(t.Lhs, lost, s.inside(s.module), depth)
		c.body(t.Rhs, lost, s.inside(s.module), depth)
	case *ast.LogicalAnd:
		c.body(t.Lhs, lost, s, depth)
		c.body(t.Rhs, lost, s, depth)
	case *ast.Every:
		if lost {
			c.operands([]*ast.Term{t.Domain}, s, e.Location, "`every`")
		}
		inner := s.inside(s.module)
		c.bindItem(t.Value, t.Domain, inner)
		c.body(t.Body, lost, inner, depth)
	case *ast.Term:
		c.helpers(t, lost, s, depth)
	case []*ast.Term:
		c.call(t, e.Location, lost, s, depth)
	}
}

func (c *openCheck) call(t []*ast.Term, loc *ast.Location, lost bool, s scope, depth int) {
	name := t[0].Value.String()
	switch {
	case names(t):
	case name == "equal" && c.selects(t[1:], s):
	case lost && comparison(name) && !countsSome(t):
		c.operands(t[1:], s, loc, "a comparison")
	}
	if counts(t) {
		return // how many denials there are says nothing of one denial's operands
	}
	c.function(t, lost, s, depth)
	for _, operand := range t[1:] {
		c.helpers(operand, lost, s, depth)
	}
}

func comparison(name string) bool {
	return slices.Contains([]string{"equal", "eq", "neq", "lt", "lte", "gt", "gte"}, name)
}

// counts reports a comparison of a count; countsSome one that asks for at least one, which an absent list rightly has not.
func counts(t []*ast.Term) bool {
	if !comparison(t[0].Value.String()) || len(t) != 3 {
		return false
	}
	call, ok := t[1].Value.(ast.Call)
	return ok && call[0].Value.String() == "count"
}

func countsSome(t []*ast.Term) bool {
	if !counts(t) {
		return false
	}
	op, n := t[0].Value.String(), t[2].Value.String()
	return op == "gt" && n == "0" || op == "gte" && n == "1"
}

// selects reports an equality that picks entries of a list by one of their attributes: an entry without it is not the one meant.
func (c *openCheck) selects(operands []*ast.Term, s scope) bool {
	some := false
	for _, t := range operands {
		if p, ok := c.place(t, s); ok && p.absent != "" {
			if !strings.Contains(p.absent, "[]") {
				return false
			}
			some = true
		}
	}
	return some
}

// names notes the local names that an expression gives: `x := input.a.b`, `some x in input.list`.
func (c *openCheck) names(e *ast.Expr, s scope) {
	switch t := e.Terms.(type) {
	case *ast.SomeDecl:
		for _, sym := range t.Symbols {
			if call, ok := sym.Value.(ast.Call); ok && len(call) >= 3 {
				c.bindItem(call[len(call)-2], call[len(call)-1], s)
			}
		}
	case []*ast.Term:
		if !names(t) {
			return
		}
		if p, ok := c.place(t[2], s); ok {
			s.names[string(t[1].Value.(ast.Var))] = p
		}
	}
}

// names reports an expression that gives a name to a value.
func names(t []*ast.Term) bool {
	if op := t[0].Value.String(); len(t) != 3 || op != "assign" && op != "eq" {
		return false
	}
	_, ok := t[1].Value.(ast.Var)
	return ok
}

func (c *openCheck) bindItem(item, list *ast.Term, s scope) {
	v, ok := item.Value.(ast.Var)
	if !ok {
		return
	}
	if p, ok := c.place(list, s); ok {
		s.names[string(v)] = place{node: p.node.itemsOrNil(), path: p.path + "[]"}
	}
}

func (n *node) itemsOrNil() *node {
	if n == nil {
		return nil
	}
	return n.items
}

// function follows a call of a function of the bundle, with its parameters standing for what they were given.
func (c *openCheck) function(t []*ast.Term, lost bool, s scope, depth int) {
	ref, ok := t[0].Value.(ast.Ref)
	if !ok {
		return
	}
	for _, r := range c.finder.find(ref, s.module) {
		inner := scope{guards: s.guards, names: map[string]place{}}
		for i, arg := range r.Head.Args {
			v, isVar := arg.Value.(ast.Var)
			if !isVar || i+1 >= len(t) {
				continue
			}
			if p, ok := c.place(t[i+1], s); ok {
				inner.names[string(v)] = p
			}
		}
		c.rule(r, lost, inner, depth+1)
	}
}

// helpers follows the rules of the bundle that a term refers to, and the functions it calls, outside comprehensions.
func (c *openCheck) helpers(t *ast.Term, lost bool, s scope, depth int) {
	switch v := t.Value.(type) {
	case ast.Call:
		c.function(v, lost, s, depth)
		for _, operand := range v[1:] {
			c.helpers(operand, lost, s, depth)
		}
	case ast.Ref:
		for _, r := range c.finder.find(v, s.module) {
			c.rule(r, lost, scope{guards: s.guards}, depth+1)
		}
	case ast.Var:
		for _, r := range c.finder.find(ast.Ref{t}, s.module) {
			c.rule(r, lost, scope{guards: s.guards}, depth+1)
		}
	}
}

// operands reports each attribute that may be absent in the operands of something that is undefined with it.
func (c *openCheck) operands(terms []*ast.Term, s scope, loc *ast.Location, what string) {
	for _, t := range terms {
		if p, ok := c.place(t, s); ok {
			c.report(p, s, loc, what)
			continue
		}
		switch v := t.Value.(type) {
		case ast.Call:
			c.operands(v[1:], s, loc, what)
		case *ast.Array:
			v.Foreach(func(e *ast.Term) { c.operands([]*ast.Term{e}, s, loc, what) })
		case ast.Object:
			v.Foreach(func(_, e *ast.Term) { c.operands([]*ast.Term{e}, s, loc, what) })
		}
	}
}

func (c *openCheck) report(p place, s scope, loc *ast.Location, what string) {
	if p.absent == "" || slices.ContainsFunc(s.guards, func(g string) bool {
		return g == p.absent || strings.HasPrefix(g, p.absent+".") || strings.HasPrefix(g, p.absent+"[")
	}) {
		return
	}
	key := at(loc) + p.absent
	if c.seen[key] {
		return
	}
	c.seen[key] = true
	c.out = append(c.out, problemAt("fails-open", Error, loc,
		fmt.Sprintf("require it in %s; or write the denial with `not`, so that absence denies; or, where only inputs that have it are meant, say so with a line `%s`.", schemaFile, strings.ReplaceAll(p.absent, "[]", "[_]")),
		"%s may be absent, and then %s is undefined and the denial is lost.", p.absent, what))
}

// place finds where a term leads in the input's schema, when it is a plain reference to the input or to a local name that is one.
func (c *openCheck) place(t *ast.Term, s scope) (place, bool) {
	switch v := t.Value.(type) {
	case ast.Var:
		p, ok := s.names[string(v)]
		return p, ok
	case ast.Ref:
		head, ok := v[0].Value.(ast.Var)
		if !ok {
			return place{}, false
		}
		start, known := s.names[string(head)]
		if !known && head != "input" {
			return place{}, false
		}
		if !known {
			start = place{node: c.schema, path: "input"}
		}
		return start.descend(v[1:]), true
	}
	return place{}, false
}

func (p place) descend(steps ast.Ref) place {
	for _, t := range steps {
		name, isName := t.Value.(ast.String)
		if !isName {
			p = place{node: p.node.itemsOrNil(), path: p.path + "[]", absent: p.absent}
			continue
		}
		member := string(name)
		p.path += "." + member
		if p.node == nil || p.node.members == nil {
			p.node = nil
			continue
		}
		if !p.node.needs(member) {
			p.absent = p.path
		}
		p.node = p.node.members[member]
	}
	return p
}

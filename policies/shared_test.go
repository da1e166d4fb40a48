package policies

import (
	"context"
	"slices"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// sharedReference is OPA's evaluator asked about the documents of one context, one after the other: what its rules say of the context
// alone they say once, and OPA's own cache keeps it for the page. Nothing else bounds it, where Revision.Reference looks at the clock.
type sharedReference struct {
	rev   *Revision
	rules *steadyRules
	page  topdown.VirtualCache
}

func newSharedReference(rev *Revision, rules *steadyRules) *sharedReference {
	return &sharedReference{rev: rev, rules: rules, page: topdown.NewVirtualCache()}
}

// Evaluate implements Evaluator, for the context it is first asked about and no other.
func (e *sharedReference) Evaluate(ctx context.Context, c *Context, r *Resource) (*Decision, error) {
	cache := &pageCache{rules: e.rules, page: e.page, resource: topdown.NewVirtualCache()}
	v, err := e.rev.compiled.eval(ctx, topdown.NewCancel(), c.Input(r), rego.EvalVirtualCache(cache))
	switch {
	case err != nil:
		return nil, err
	case v == nil:
		return nil, ErrUndefined
	}
	return e.rev.read(v)
}

var _ Evaluator = &sharedReference{}

// pageCache is OPA's own cache of the values of rules, twice: one for the page, of what is the same for every resource, and one for the
// resource in hand. Under `with` there is the second alone.
type pageCache struct {
	rules    *steadyRules
	page     topdown.VirtualCache
	resource topdown.VirtualCache
	depth    int
}

func (c *pageCache) of(key ast.Ref) topdown.VirtualCache {
	if c.depth == 0 && c.rules.has(key) {
		return c.page
	}
	return c.resource
}

// Push implements topdown.VirtualCache.
func (c *pageCache) Push() { c.depth++; c.resource.Push() }

// Pop implements topdown.VirtualCache.
func (c *pageCache) Pop() { c.depth--; c.resource.Pop() }

// Get implements topdown.VirtualCache.
func (c *pageCache) Get(key ast.Ref) (*ast.Term, bool) { return c.of(key).Get(key) }

// Put implements topdown.VirtualCache.
func (c *pageCache) Put(key ast.Ref, value *ast.Term) { c.of(key).Put(key, value) }

// Keys implements topdown.VirtualCache.
func (c *pageCache) Keys() []ast.Ref { return slices.Concat(c.page.Keys(), c.resource.Keys()) }

// steadyRules are the rules and functions of a bundle whose values in one context (functions: by their arguments) are the same for every
// resource: neither they nor what they lean on names input.resource, or the input as a whole. It is read from OPA's compiled modules
// alone, and knows nothing of what the plan takes to be so.
type steadyRules struct {
	below map[ast.Value]*steadyRules // by the next name of the path
	rules bool                       // some end here
	reads bool                       // of which one depends on the resource
}

// leaning is what a rule looks at: whether the resource, and which other rules.
type leaning struct {
	path  ast.Ref
	reads bool
	on    []ast.Ref
}

func newSteadyRules(modules map[string]*ast.Module) *steadyRules {
	by := map[string]*leaning{}
	for _, m := range modules {
		for _, r := range m.Rules {
			path := r.Ref().GroundPrefix()
			l := by[path.String()]
			if l == nil {
				l = &leaning{path: path}
				by[path.String()] = l
			}
			l.look(r)
		}
	}
	for grown := true; grown; {
		grown = false
		for _, l := range by {
			if !l.reads && l.leansOnReader(by) {
				l.reads, grown = true, true
			}
		}
	}
	root := &steadyRules{}
	for _, l := range by {
		root.add(l)
	}
	return root
}

// look notes what a rule, its defaults and its `else` look at.
func (l *leaning) look(x any) {
	var v *ast.GenericVisitor
	v = ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case *ast.Annotations:
			return true
		case ast.Var:
			l.reads = l.reads || x.Equal(ast.InputRootDocument.Value)
			if x.Equal(ast.DefaultRootDocument.Value) {
				l.on = append(l.on, ast.Ref{ast.DefaultRootDocument})
			}
		case ast.Ref:
			switch {
			case x[0].Equal(ast.InputRootDocument):
				l.reads = l.reads || len(x) == 1 || !namesOtherMember(x[1])
			case x[0].Equal(ast.DefaultRootDocument):
				l.on = append(l.on, x.GroundPrefix())
			default:
				return false
			}
			for _, step := range x[1:] {
				v.Walk(step)
			}
			return true
		}
		return false
	})
	v.Walk(x)
}

// namesOtherMember reports whether a step into the input surely leads to a member that is not the resource.
func namesOtherMember(step *ast.Term) bool {
	s, ok := step.Value.(ast.String)
	return ok && s != resourceMember
}

// leansOnReader reports whether some reference may select a rule that depends on the resource: the path of one begins with the other's.
func (l *leaning) leansOnReader(by map[string]*leaning) bool {
	for _, ref := range l.on {
		for _, other := range by {
			if other.reads && (other.path.HasPrefix(ref) || ref.HasPrefix(other.path)) {
				return true
			}
		}
	}
	return false
}

func (s *steadyRules) add(l *leaning) {
	at := s
	for _, step := range l.path {
		if at.below == nil {
			at.below = map[ast.Value]*steadyRules{}
		}
		next := at.below[step.Value]
		if next == nil {
			next = &steadyRules{}
			at.below[step.Value] = next
		}
		at = next
	}
	at.rules, at.reads = true, at.reads || l.reads
}

// has reports whether a key of OPA's cache, the path of a rule and what follows it, is of a steady rule.
func (s *steadyRules) has(key ast.Ref) bool {
	at := s
	for _, step := range key {
		if at.rules {
			break
		}
		switch step.Value.(type) {
		case ast.String, ast.Var: // what a path is made of, and can be looked for in a map
		default:
			return false
		}
		if at = at.below[step.Value]; at == nil {
			return false
		}
	}
	return at.rules && !at.reads && at.below == nil
}

// TestSteadyRules knows what depends on the resource, through whatever a rule leans on.
func TestSteadyRules(t *testing.T) {
	t.Parallel()
	modules := map[string]*ast.Module{
		"a": ast.MustParseModule(`package a
			fixed := 1
			context if input.actor == "x"
			resource if input.resource.id == "x"
			whole := count(input)
			any_member if input[data.b.names[_]]
			via if not resource
			deeper := [x | x := data.a.via]
			fun(x) := x if input.actor
			reader(x) := x if input.resource
			calls := fun(1)
			calls_reader if reader(1)
			otherwise := 1 if { false } else := 2 if { input.resource.id }
			table[k] := v if { some k, v in input.actor }
			all_of_b := data.b
			under := true if { data.a.context with input.resource as 1 }
		`),
		"b": ast.MustParseModule(`package b
			names := ["x"]
			other if input.resource.x
		`),
	}
	c := ast.NewCompiler()
	if c.Compile(modules); c.Failed() {
		t.Fatal(c.Errors)
	}
	rules := newSteadyRules(c.Modules)
	for path, want := range map[string]bool{
		"data.a.fixed": true, "data.a.context": true, "data.a.fun": true, "data.a.calls": true, "data.a.table": true, "data.b.names": true,
		"data.a.resource": false, "data.a.whole": false, "data.a.any_member": false, "data.a.via": false, "data.a.deeper": false,
		"data.a.reader": false, "data.a.calls_reader": false, "data.a.otherwise": false, "data.a.all_of_b": false, "data.a.under": false,
		"data.a": false, "data.a.unheard": false, `data.a.table["x"]`: true, `data.a.via["x"]`: false,
	} {
		if got := rules.has(ast.MustParseRef(path)); got != want {
			t.Errorf("%s: steady %t, want %t", path, got, want)
		}
	}
	if r, _ := worldsOf(t, bundles["embedded"]); r != nil {
		entry := newSteadyRules(r.compiled.compiler.Modules)
		if entry.has(ast.MustParseRef(decisionQuery)) {
			t.Error("the decision is taken not to depend on the resource")
		}
	}
}

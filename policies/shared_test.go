package policies

import (
	"context"
	"maps"
	"strconv"
	"strings"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// sharedReference is OPA's evaluator asked about the documents of one context, one after the other: what its rules say is kept in OPA's own
// cache from one document to the next, as long as no member of the resource is another that they look at. Nothing else bounds it, where
// Revision.Reference looks at the clock.
type sharedReference struct {
	rev   *Revision
	rules *ruleReads
	kept  map[string]topdown.VirtualCache // by a set of members, and their values
}

func newSharedReference(rev *Revision, rules *ruleReads) *sharedReference {
	return &sharedReference{rev: rev, rules: rules, kept: map[string]topdown.VirtualCache{}}
}

// Evaluate implements Evaluator, for the context it is first asked about and no other.
func (e *sharedReference) Evaluate(ctx context.Context, c *Context, r *Resource) (*Decision, error) {
	cache := &pageCache{ref: e, members: map[string]string{}, own: topdown.NewVirtualCache(), by: make([]topdown.VirtualCache, len(e.rules.sets))}
	for _, name := range r.names() {
		value, _ := r.get(name)
		cache.members[name] = string(value.(canonical))
	}
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

// pageCache is OPA's own cache of the values of rules many times: one for each set of members of the resource on which rules depend, with
// the values that they have; and one for this resource alone. Under `with` there is the last alone.
type pageCache struct {
	ref     *sharedReference
	members map[string]string
	own     topdown.VirtualCache
	by      []topdown.VirtualCache // by set
	depth   int
}

func (c *pageCache) of(key ast.Ref) topdown.VirtualCache {
	set := c.ref.rules.setOf(key)
	if c.depth > 0 || set < 0 {
		return c.own
	}
	if c.by[set] == nil {
		c.by[set] = c.keptFor(set)
	}
	return c.by[set]
}

// keptFor gives the cache of the rules that depend on a set of members, as this resource has them.
func (c *pageCache) keptFor(set int) topdown.VirtualCache {
	key := []byte{byte(set), byte(set >> 8)}
	for _, name := range c.ref.rules.sets[set] {
		value, ok := c.members[name]
		key = strconv.AppendBool(key, ok)
		key = strconv.AppendInt(key, int64(len(value)), 10)
		key = append(append(key, ' '), value...)
	}
	kept := c.ref.kept[string(key)]
	if kept == nil {
		kept = topdown.NewVirtualCache()
		c.ref.kept[string(key)] = kept
	}
	return kept
}

// Push implements topdown.VirtualCache.
func (c *pageCache) Push() { c.depth++; c.own.Push() }

// Pop implements topdown.VirtualCache.
func (c *pageCache) Pop() { c.depth--; c.own.Pop() }

// Get implements topdown.VirtualCache.
func (c *pageCache) Get(key ast.Ref) (*ast.Term, bool) { return c.of(key).Get(key) }

// Put implements topdown.VirtualCache.
func (c *pageCache) Put(key ast.Ref, value *ast.Term) { c.of(key).Put(key, value) }

// Keys implements topdown.VirtualCache; only tracing asks.
func (c *pageCache) Keys() []ast.Ref { return c.own.Keys() }

// ruleReads says which members of the resource each rule or function of a bundle depends on in one context (functions: besides their
// arguments), itself or through what it leans on. It is read from OPA's compiled modules alone, and knows nothing of what the plan holds.
type ruleReads struct {
	root places
	sets [][]string // of members, sorted
}

// places are the paths of rules, as a tree.
type places struct {
	below map[ast.Value]*places // by the next name of the path
	rules bool                  // some end here
	set   int                   // of members on which they depend; -1: on all
}

// leaning is what a rule looks at: members of the resource, and which other rules.
type leaning struct {
	path    ast.Ref
	whole   bool
	members map[string]bool
	on      []ast.Ref
}

func newRuleReads(modules map[string]*ast.Module) *ruleReads {
	by := map[string]*leaning{}
	for _, m := range modules {
		for _, r := range m.Rules {
			path := r.Ref().GroundPrefix()
			l := by[path.String()]
			if l == nil {
				l = &leaning{path: path, members: map[string]bool{}}
				by[path.String()] = l
			}
			l.look(r)
		}
	}
	for grown := true; grown; {
		grown = false
		for _, l := range by {
			grown = l.grow(by) || grown
		}
	}
	reads := &ruleReads{}
	numbers := map[string]int{}
	for _, path := range sortedKeys(by) {
		l, set := by[path], -1
		if names := sortedKeys(l.members); !l.whole {
			key := strings.Join(names, " ")
			if _, known := numbers[key]; !known {
				numbers[key] = len(reads.sets)
				reads.sets = append(reads.sets, names)
			}
			set = numbers[key]
		}
		reads.root.add(l.path, set)
	}
	return reads
}

// look notes what a rule, its defaults and its `else` look at.
func (l *leaning) look(x any) {
	var v *ast.GenericVisitor
	v = ast.NewGenericVisitor(func(x any) bool {
		switch x := x.(type) {
		case *ast.Annotations:
			return true
		case ast.Var:
			l.whole = l.whole || x.Equal(ast.InputRootDocument.Value)
			if x.Equal(ast.DefaultRootDocument.Value) {
				l.on = append(l.on, ast.Ref{ast.DefaultRootDocument})
			}
		case ast.Ref:
			switch {
			case x[0].Equal(ast.InputRootDocument):
				l.input(x)
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

// input notes a reference into the input.
func (l *leaning) input(ref ast.Ref) {
	name := func(at int) (ast.String, bool) {
		if at >= len(ref) {
			return "", false
		}
		s, ok := ref[at].Value.(ast.String)
		return s, ok
	}
	switch first, ok := name(1); {
	case !ok:
		l.whole = true
	case first == resourceMember:
		member, ok := name(2)
		l.whole = l.whole || !ok
		l.members[string(member)] = true
	}
}

// grow takes over what the rules look at that this one may lean on: the path of one begins with the other's. It reports what it did not know.
func (l *leaning) grow(by map[string]*leaning) bool {
	whole, members := l.whole, len(l.members)
	for _, ref := range l.on {
		for _, other := range by {
			if other.path.HasPrefix(ref) || ref.HasPrefix(other.path) {
				l.whole = l.whole || other.whole
				maps.Copy(l.members, other.members)
			}
		}
	}
	return l.whole != whole || len(l.members) != members
}

func (s *places) add(path ast.Ref, set int) {
	at := s
	for _, step := range path {
		if at.below == nil {
			at.below = map[ast.Value]*places{}
		}
		next := at.below[step.Value]
		if next == nil {
			next = &places{}
			at.below[step.Value] = next
		}
		at = next
	}
	at.rules, at.set = true, set
}

// setOf gives the set of members on which a rule depends of which a key of OPA's cache speaks: the path of the rule and what follows it. It is
// -1 for what is no rule, begins the paths of others, or depends on all.
func (r *ruleReads) setOf(key ast.Ref) int {
	at := &r.root
	for _, step := range key {
		if at.rules {
			break
		}
		switch step.Value.(type) {
		case ast.String, ast.Var: // what a path is made of, and can be looked for in a map
		default:
			return -1
		}
		if at = at.below[step.Value]; at == nil {
			return -1
		}
	}
	if !at.rules || at.below != nil {
		return -1
	}
	return at.set
}

// TestRuleReads knows what depends on which members of the resource, through whatever a rule leans on.
func TestRuleReads(t *testing.T) {
	t.Parallel()
	modules := map[string]*ast.Module{
		"a": ast.MustParseModule(`package a
			fixed := 1
			context if input.actor == "x"
			resource if input.resource.id == "x"
			all := input.resource
			whole := count(input)
			any_member if input[data.b.names[_]]
			via if not resource
			deeper := [x | x := data.a.via; input.resource.type]
			fun(x) := x if input.actor
			reader(x) := x if input.resource.id
			calls := fun(1)
			calls_reader if reader(1)
			otherwise := 1 if { false } else := 2 if { input.resource.id }
			table[k] := v if { some k, v in input.actor }
			some_member := input.resource[input.actor]
			inside := input.actor[input.resource.id]
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
	reads := newRuleReads(c.Modules)
	for path, want := range map[string]string{
		"data.a.fixed": "", "data.a.context": "", "data.a.fun": "", "data.a.calls": "", "data.a.table": "", "data.b.names": "", `data.a.table["x"]`: "",
		"data.a.resource": "id", "data.a.via": "id", "data.a.deeper": "id type", "data.a.reader": "id", "data.a.calls_reader": "id", "data.a.otherwise": "id",
		"data.a.all_of_b": "x", `data.a.via["x"]`: "id", "data.a.inside": "id", "data.b.other": "x",
		"data.a.all": "*", "data.a.whole": "*", "data.a.any_member": "*", "data.a.under": "*", "data.a.some_member": "*", "data.a": "*", "data.a.unheard": "*",
	} {
		got := "*"
		if set := reads.setOf(ast.MustParseRef(path)); set >= 0 {
			got = strings.Join(reads.sets[set], " ")
		}
		if got != want {
			t.Errorf("%s depends on %q, want %q", path, got, want)
		}
	}
}

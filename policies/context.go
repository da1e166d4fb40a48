package policies

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// resourceMember is the one member of the input that differs between the documents of a page.
const resourceMember = "resource"

// Context is everything of the input but the resource: converted once, shared by every document of a request. It is immutable and safe for
// concurrent use.
type Context struct {
	members []contextMember // sorted by name
	digest  [sha256.Size]byte
}

type contextMember struct {
	name string
	part *Part
}

// Digest identifies the facts: two contexts with the same digest are the same for every policy. It is SHA-256 over the names and bytes of
// the members, where those of a long member are stood for by their own SHA-256.
func (c *Context) Digest() [sha256.Size]byte { return c.digest }

// Input gives the whole input for one resource, as OPA's evaluator takes it.
func (c *Context) Input(resource *Resource) ast.Object {
	pairs := make([][2]*ast.Term, 0, len(c.members)+1)
	for _, m := range c.members {
		pairs = append(pairs, [2]*ast.Term{ast.InternedTerm(m.name), m.part.asTerm()})
	}
	return ast.NewObject(append(pairs, [2]*ast.Term{ast.InternedTerm(resourceMember), resource.asTerm()})...)
}

var contextBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 4096); return &b }}

// NewContext converts the facts of a request. It refuses facts that hold the resource, which each decision names for itself.
// The values may be maps, slices, strings, numbers, booleans, or anything that writes itself as JSON; nulls inside objects are left out.
// A value of the input itself may also be a *Part, which costs next to nothing the second time.
func NewContext(input map[string]any) (*Context, error) {
	if _, has := input[resourceMember]; has {
		return nil, fmt.Errorf("building a policy context: %q is named by each decision, not by the context", resourceMember)
	}
	c := &Context{members: make([]contextMember, 0, len(input))}
	for name, v := range input {
		if p, ok := v.(*Part); ok && p != nil {
			c.members = append(c.members, contextMember{name, p})
		} else if v != nil && !ok {
			c.members = append(c.members, contextMember{name: name})
		}
	}
	slices.SortFunc(c.members, func(a, b contextMember) int { return strings.Compare(a.name, b.name) })
	if err := c.convert(input); err != nil {
		return nil, fmt.Errorf("building a policy context: %w", err)
	}
	c.identify()
	return c, nil
}

// convert makes the parts that were not given as such. They share one allocation and one string.
func (c *Context) convert(input map[string]any) error {
	buf := contextBuffers.Get().(*[]byte)
	defer contextBuffers.Put(buf)
	b, fresh := (*buf)[:0], 0
	ends := make([]int, 0, 16)
	for _, m := range c.members {
		if m.part != nil {
			continue
		}
		var err error
		if b, err = appendValue(b, input[m.name], 1); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		ends = append(ends, len(b))
		fresh++
	}
	*buf = b
	whole, parts, begin := canonical(b), make([]Part, fresh), 0
	fresh = 0
	for i, m := range c.members {
		if m.part != nil {
			continue
		}
		enc := whole[begin:ends[fresh]]
		begin = ends[fresh]
		parts[fresh].set(enc)
		c.members[i].part = &parts[fresh]
		fresh++
	}
	c.members = slices.DeleteFunc(c.members, func(m contextMember) bool { return m.part.enc[0] == tagNull })
	return nil
}

func (c *Context) identify() {
	buf := contextBuffers.Get().(*[]byte)
	defer contextBuffers.Put(buf)
	b := (*buf)[:0]
	for _, m := range c.members {
		b = appendText(b, tagMember, m.name)
		b = m.part.appendIdentity(b)
	}
	*buf = b
	c.digest = sha256.Sum256(b)
}

// judge holds the context to the revision's schema, and gives by narrowing whether what it looks at is not there, and whether the bundle
// wants every decision of the context taken again.
func (c *Context) judge(rev *Revision) (bare uint64, odd bool, err error) {
	asked := uint64(0)
	for _, m := range c.members {
		v := m.part.judge(rev, m.name)
		if v.err != nil {
			return 0, false, v.err
		}
		bare |= v.bare
		asked |= v.asks
		odd = odd || v.odd
	}
	all := uint64(1)<<len(rev.narrow) - 1
	return bare | all&^asked, odd, rev.schema.checkRequired(c)
}

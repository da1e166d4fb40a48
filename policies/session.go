package policies

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// resourceMember is the one member of the input that differs between the documents of a page.
const resourceMember = "resource"

// Context is everything of the input but the resource, in the form an evaluator wants it: converted once, shared by every document of a
// request. It is immutable and safe for concurrent use.
type Context struct {
	pairs  [][2]*ast.Term
	digest [sha256.Size]byte
}

// Digest identifies the facts: two contexts with the same digest are the same for every policy.
func (c *Context) Digest() [sha256.Size]byte { return c.digest }

// Input gives the whole input for one resource.
func (c *Context) Input(resource ast.Value) ast.Object {
	pairs := make([][2]*ast.Term, len(c.pairs)+1)
	copy(pairs, c.pairs)
	pairs[len(c.pairs)] = [2]*ast.Term{ast.InternedTerm(resourceMember), ast.NewTerm(resource)}
	return ast.NewObject(pairs...)
}

// NewContext converts the facts of a request. It refuses facts that hold the resource, which each decision names for itself.
// The values may be maps, slices, strings, numbers, booleans, or anything that writes itself as JSON; nulls inside objects are left out.
func NewContext(input map[string]any) (*Context, error) {
	if _, has := input[resourceMember]; has {
		return nil, fmt.Errorf("building a policy context: %q is named by each decision, not by the context", resourceMember)
	}
	b, err := appendObject(make([]byte, 0, 2048), input, 0)
	if err != nil {
		return nil, fmt.Errorf("building a policy context: %w", err)
	}
	v, err := objectValue(input, 0)
	if err != nil {
		return nil, fmt.Errorf("building a policy context: %w", err)
	}
	c := &Context{digest: sha256.Sum256(b)}
	v.(ast.Object).Foreach(func(k, v *ast.Term) {
		c.pairs = append(c.pairs, [2]*ast.Term{k, v})
	})
	return c, nil
}

// Session decides the documents of one request: one revision, one context.
type Session struct {
	rev     *Revision
	context *Context
	blank   blanks // attributes that no rule looks at in this context
	logged  sync.Once
}

// Session begins the decisions of one request. The input is everything but the resource; see NewContext for what it may hold. It is held to
// the bundle's schema (ErrInput): rules lean on what the schema requires, and an attribute misspelt by the caller would be a denial lost.
func (r *Revision) Session(input map[string]any) (*Session, error) {
	c, err := NewContext(input)
	if err != nil {
		return nil, err
	}
	if err := r.schema.checkContext(c); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	return &Session{rev: r, context: c, blank: blanked(r.narrow, c)}, nil
}

// Revision gives the revision that decides.
func (s *Session) Revision() *Revision { return s.rev }

// Context gives the converted facts.
func (s *Session) Context() *Context { return s.context }

// maxClassBytes bounds the class of a document that is worth keeping in the table; a larger one is decided afresh each time.
const maxClassBytes = 4096

var classBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 512); return &b }}

// Decide gives the decision for one resource: a map, a struct with json tags, or anything that writes itself as a JSON object; nil for none.
// It always gives a decision; with an error (ErrUndefined, ErrUnknownRule, ErrMalformed, ErrTimeout, or OPA's own) the decision is a refusal.
func (s *Session) Decide(ctx context.Context, resource any) (*Decision, error) {
	v, err := viewOf(resource)
	if err != nil {
		return s.fail(ctx, err)
	}
	if len(s.blank) > 0 {
		v = narrowed{v, s.blank}
	}
	buf := classBuffers.Get().(*[]byte)
	defer classBuffers.Put(buf)
	class, err := s.rev.reads.appendClass((*buf)[:0], v)
	if err != nil {
		return s.fail(ctx, err)
	}
	*buf = class
	if d := s.rev.table.get(&s.context.digest, class); d != nil {
		s.rev.stats.count(d, true)
		return d, nil
	}
	value, err := s.rev.reads.project(v)
	if err != nil {
		return s.fail(ctx, err)
	}
	if err := s.rev.schema.checkResource(value, v); err != nil {
		return s.fail(ctx, fmt.Errorf("%w: %w", ErrInput, err))
	}
	d, err := s.rev.evaluator.Evaluate(ctx, s.context, value)
	if err != nil || d == nil {
		return s.fail(ctx, err)
	}
	if len(class) <= maxClassBytes {
		s.rev.table.put(&s.context.digest, class, d)
	}
	s.rev.stats.count(d, false)
	return d, nil
}

// DecideAll decides a page, in order. Each resource has its decision even when some failed: the error is the first one met.
func (s *Session) DecideAll(ctx context.Context, resources []any) ([]*Decision, error) {
	out := make([]*Decision, len(resources))
	var first error
	for i, r := range resources {
		d, err := s.Decide(ctx, r)
		if err != nil && first == nil {
			first = fmt.Errorf("deciding resource %d of %d: %w", i+1, len(resources), err)
		}
		out[i] = d
	}
	return out, first
}

// fail is the refusal in doubt. The first failure of a session is logged: a broken rule fails for each document of a page.
func (s *Session) fail(ctx context.Context, err error) (*Decision, error) {
	if err == nil {
		err = ErrUndefined
	}
	d := s.rev.failed()
	s.rev.stats.count(d, false)
	s.logged.Do(func() {
		slog.ErrorContext(ctx, "a policy decision failed and access is refused", "revision", s.rev.Digest, "error", err)
	})
	return d, fmt.Errorf("deciding: %w", err)
}

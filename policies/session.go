package policies

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
)

// Session decides the documents of one request: one revision, one context.
type Session struct {
	rev     *Revision
	context *Context
	blank   *blanks // attributes that no rule looks at in this context
	logged  sync.Once
}

// Session begins the decisions of one request. The input is everything but the resource; see NewContext for what it may hold. It is held to
// the bundle's schema (ErrInput): rules lean on what the schema requires, and an attribute misspelt by the caller would be a denial lost.
func (r *Revision) Session(input map[string]any) (*Session, error) {
	c, err := NewContext(input)
	if err != nil {
		return nil, err
	}
	bare, err := c.judge(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	return &Session{rev: r, context: c, blank: r.blanked(bare)}, nil
}

// Revision gives the revision that decides.
func (s *Session) Revision() *Revision { return s.rev }

// Context gives the converted facts.
func (s *Session) Context() *Context { return s.context }

// maxClassBytes bounds the class of a document that is worth keeping in the table; a larger one is decided afresh each time.
const maxClassBytes = 4096

var classBuffers = sync.Pool{New: func() any { b := make([]byte, 0, 512); return &b }}

// Decide gives the decision for one resource: a *Resource, a map, a struct with json tags, or anything that writes itself as a JSON object;
// nil for none. It always gives a decision; with an error (ErrUndefined, ErrUnknownRule, ErrMalformed, ErrTimeout, or OPA's own) the decision
// is a refusal.
func (s *Session) Decide(ctx context.Context, resource any) (*Decision, error) {
	if r, ok := resource.(*Resource); ok && r != nil {
		c := r.classOf(s.rev, s.blank)
		if c.err != nil {
			return s.fail(ctx, c.err)
		}
		if k := get(s.rev.table, &s.context.digest, c.hash, c.seen.enc); k != nil {
			return k.again()
		}
		return s.evaluate(ctx, c)
	}
	return s.convert(ctx, resource)
}

// convert decides a resource that was not converted before. Its class is written into a buffer: when the table knows it, nothing else is made.
func (s *Session) convert(ctx context.Context, resource any) (*Decision, error) {
	v, err := viewOf(resource)
	if err != nil {
		return s.fail(ctx, err)
	}
	buf := classBuffers.Get().(*[]byte)
	defer classBuffers.Put(buf)
	key, err := s.rev.reads.appendClass((*buf)[:0], s.blank.over(v))
	if err != nil {
		return s.fail(ctx, err)
	}
	*buf = key
	if k := get(s.rev.table, &s.context.digest, hashOf(key), key); k != nil {
		return k.again()
	}
	c := s.rev.newClass(v, canonical(key), s.blank)
	if c.err != nil {
		return s.fail(ctx, c.err)
	}
	return s.evaluate(ctx, c)
}

func (s *Session) evaluate(ctx context.Context, c *class) (*Decision, error) {
	d, err := s.rev.evaluator.Evaluate(ctx, s.context, c.seen)
	if err != nil || d == nil {
		return s.fail(ctx, err)
	}
	k := s.rev.stats.known(d)
	if len(c.seen.enc) <= maxClassBytes {
		s.rev.table.put(&s.context.digest, c.hash, string(c.seen.enc), k)
	}
	s.rev.stats.misses.Add(1)
	k.tally()
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
	s.rev.stats.misses.Add(1)
	s.rev.stats.known(d).tally()
	s.logged.Do(func() {
		slog.ErrorContext(ctx, "a policy decision failed and access is refused", "revision", s.rev.Digest, "error", err)
	})
	return d, fmt.Errorf("deciding: %w", err)
}

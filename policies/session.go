package policies

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
)

// Session decides the documents of one request: one revision, one context.
type Session struct {
	rev     *Revision
	context *Context
	blank   *blanks // attributes that no rule looks at in this context
	odd     bool    // every decision is taken again by OPA's evaluator
	plan    desk
	logged  sync.Once
}

// Session begins the decisions of one request. The input is everything but the resource; see NewContext for what it may hold. It is held to
// the bundle's schema (ErrInput): rules lean on what the schema requires, and an attribute misspelt by the caller would be a denial lost.
func (r *Revision) Session(input map[string]any) (*Session, error) {
	c, err := NewContext(input)
	if err != nil {
		return nil, err
	}
	return r.sessionIn(c)
}

func (r *Revision) sessionIn(c *Context) (*Session, error) {
	bare, odd, err := c.judge(r)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInput, err)
	}
	return &Session{rev: r, context: c, blank: r.blanked(c, bare), odd: odd}, nil
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
		t := s.rev.table.Load()
		if e := get(t, &s.context.digest, c.hash, c.seen.enc); e != nil {
			if s.due(e, &s.rev.stats.hits) {
				s.again(c.seen, e)
			}
			return e.decision, nil
		}
		return s.evaluate(ctx, t, c)
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
	t, hash := s.rev.table.Load(), hashOf(key)
	if e := get(t, &s.context.digest, hash, key); e != nil {
		if s.due(e, &s.rev.stats.hits) {
			s.again(&Resource{enc: canonical(key)}, e)
		}
		return e.decision, nil
	}
	c := s.rev.newClass(v, canonical(key), s.blank)
	if c.err != nil {
		return s.fail(ctx, c.err)
	}
	return s.evaluate(ctx, t, c)
}

// evaluate decides a class that the table does not know: by the plan, and by OPA's evaluator where there is none or it has no answer.
func (s *Session) evaluate(ctx context.Context, t *table, c *class) (*Decision, error) {
	d, err := s.byPlan(ctx, c)
	if errors.Is(err, errNoAnswer) {
		s.rev.stats.fast.referred.Add(1)
		d, err = s.rev.Reference().Evaluate(ctx, s.context, c.seen)
	}
	if err != nil || d == nil {
		return s.fail(ctx, err)
	}
	e := &entry{known: s.rev.stats.known(d)}
	if len(c.seen.enc) <= maxClassBytes {
		t.put(&s.context.digest, c.hash, string(c.seen.enc), e)
	}
	if s.due(e, &s.rev.stats.misses) {
		s.again(c.seen, e)
	}
	return d, nil
}

func (s *Session) byPlan(ctx context.Context, c *class) (*Decision, error) {
	f := s.rev.fast
	if !f.on() {
		return nil, errNoAnswer
	}
	d, err := f.decide(ctx, &s.plan, s.context, c.seen)
	if err == nil {
		s.rev.stats.fast.planned.Add(1)
	}
	return d, err
}

// due counts a decision, and reports whether OPA's evaluator is to take it again.
func (s *Session) due(e *entry, count *atomic.Uint64) bool {
	e.tally()
	n := count.Add(1)
	return n%sampleEvery == 0 || s.odd && !e.proven.Load()
}

// again has a decision taken again, while the plan has a part in decisions.
func (s *Session) again(seen *Resource, e *entry) {
	if s.rev.fast.on() {
		s.rev.redecider.offer(redecision{s.context, seen, e})
	}
}

// Close gives back the room that deciding took. It is a courtesy: a session left open costs memory until it is collected. It may be used
// again afterwards.
func (s *Session) Close() { s.plan.close() }

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

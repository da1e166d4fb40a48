package policies

import (
	"fmt"
	"sync/atomic"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/pontlevis/pontlevis/policies/plan"
)

// Resource is what may be known of one resource, converted once. Session.Decide takes it like a map, and then neither converts nor writes
// its class again: keep it beside a stored version. It is immutable and safe for concurrent use.
type Resource struct {
	enc     canonical // an object
	value   atomic.Pointer[plan.Value]
	term    atomic.Pointer[ast.Term]
	classes atomic.Pointer[[]*class]
}

// class is what a revision may see of a resource in the contexts in which the same attributes are blank. Documents of one class have one
// decision in one context.
type class struct {
	rev   *Revision
	blank *blanks
	seen  *Resource // its bytes are the key
	hash  uint32
	err   error // what the schema says against it
}

// keptClasses bounds the classes a resource remembers: one for each revision and each kind of context that lately asked.
const keptClasses = 4

// NewResource converts the attributes of a resource: a map, a struct with json tags, or anything that writes itself as a JSON object; nil for
// none. What it was made from may be changed afterwards.
func NewResource(resource any) (*Resource, error) {
	v, err := viewOf(resource)
	if err != nil {
		return nil, err
	}
	b, err := appendClass(nil, v, v.names())
	if err != nil {
		return nil, err
	}
	return &Resource{enc: canonical(b)}, nil
}

// asTerm gives the resource as a term of OPA, made when the reference evaluator first asks.
func (r *Resource) asTerm() *ast.Term {
	if t := r.term.Load(); t != nil {
		return t
	}
	t := ast.NewTerm(r.enc.term())
	r.term.Store(t)
	return t
}

// get implements view.
func (r *Resource) get(name string) (any, bool) {
	v, ok := r.enc.find([]string{name})
	return v, ok
}

// names implements view.
func (r *Resource) names() []string {
	var out []string
	in := reader{s: r.enc, at: 1}
	for {
		name, more := in.member()
		if !more {
			return out
		}
		out = append(out, name)
		in.skip()
	}
}

// classOf gives the class of the resource, remembered.
func (r *Resource) classOf(rev *Revision, b *blanks) *class {
	known := r.classes.Load()
	if known != nil {
		for _, c := range *known {
			if c.rev == rev && c.blank == b {
				return c
			}
		}
	}
	c := rev.classify(r, b)
	next := make([]*class, 0, keptClasses)
	next = append(next, c)
	if known != nil {
		next = append(next, (*known)[:min(len(*known), keptClasses-1)]...)
	}
	r.classes.Store(&next)
	return c
}

func (rev *Revision) classify(v view, b *blanks) *class {
	enc, err := rev.reads.appendClass(nil, b.over(v))
	if err != nil {
		return &class{rev: rev, blank: b, err: err}
	}
	return rev.newClass(v, canonical(enc), b)
}

// newClass wraps the bytes of a class, held to the schema.
func (rev *Revision) newClass(whole view, key canonical, b *blanks) *class {
	c := &class{rev: rev, blank: b, seen: &Resource{enc: key}, hash: hashOf(key)}
	has := func(name string) bool { _, ok := whole.get(name); return ok }
	if err := rev.schema.checkResource(key, has); err != nil {
		c.err = fmt.Errorf("%w: %w", ErrInput, err)
	}
	return c
}

// appendClass writes the attributes of a resource that are in the read set.
func (s readSet) appendClass(b []byte, v view) ([]byte, error) {
	if s.all {
		return appendClass(b, v, v.names())
	}
	return appendClass(b, v, s.names)
}

// appendClass writes attributes, in the order given (sorted), as an object. What the class does not hold, the policy cannot look at.
func appendClass(b []byte, v view, names []string) ([]byte, error) {
	b = append(b, tagObject)
	for _, name := range names {
		x, ok := v.get(name)
		if !ok {
			continue
		}
		var err error
		if b, err = appendMember(b, name, x, 0); err != nil {
			return nil, fmt.Errorf("resource.%w", err)
		}
	}
	return append(b, tagEnd), nil
}

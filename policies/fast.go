package policies

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/pontlevis/pontlevis/policies/plan"
)

// fastPath is the bundle as a compiled plan. It stands in for OPA's evaluator until it is caught in a difference, once: from then on the
// revision is served by OPA's.
type fastPath struct {
	rev     *Revision
	program *plan.Program // nil when the bundle does not compile to one
	refused error         // why
	tripped atomic.Pointer[string]

	mu    sync.RWMutex
	known map[string]*Decision // by the bytes of the plan's answer
}

// maxKnownAnswers bounds the answers of a plan whose decisions are kept: most policies have some dozens.
const maxKnownAnswers = 4096

// errNoAnswer is an evaluation by the plan that failed: OPA's evaluator is to be asked.
var errNoAnswer = errors.New("the compiled plan gave no answer")

// errUnasked stands where the other evaluator was not asked.
var errUnasked = errors.New("not asked")

// newFastPath compiles the bundle.
func (r *Revision) newFastPath(ctx context.Context) *fastPath {
	f := &fastPath{rev: r, known: map[string]*Decision{}}
	f.program, f.refused = r.compilePlan(ctx)
	return f
}

func (r *Revision) compilePlan(ctx context.Context) (program *plan.Program, err error) {
	defer func() { // a planner that stumbles over a bundle costs it the fast path, not the server
		if p := recover(); p != nil {
			program, err = nil, fmt.Errorf("planning the bundle: %v", p)
		}
	}()
	c := r.compiled
	p, err := plan.Of(ctx,
		rego.Query(decisionQuery), rego.Compiler(c.compiler), rego.Store(c.store), rego.Transaction(c.txn), rego.StoreReadAST(true),
		rego.Capabilities(r.parsed.capabilities()), rego.Metrics(metrics.NoOp()))
	if err != nil {
		return nil, err
	}
	data, err := plan.FromGo(r.parsed.data)
	if err != nil {
		return nil, fmt.Errorf("taking the data: %w", err)
	}
	return plan.Compile(p, plan.Entrypoint, data, plan.Options{Vary: resourceMember, StrictBuiltinErrors: true})
}

// on reports whether the plan may decide.
func (f *fastPath) on() bool { return f.program != nil && f.tripped.Load() == nil }

// trip takes the plan out of service for the life of the revision, with everything in the table that it may have decided. It reports whether
// it was in service.
func (f *fastPath) trip(why string) bool {
	if !f.tripped.CompareAndSwap(nil, &why) {
		return false
	}
	f.rev.table.Store(newTable())
	return true
}

// desk is the plan asked about one context. What depends on the context alone is computed once. Safe for concurrent use.
type desk struct {
	mu   sync.Mutex
	page *plan.Page
	key  []byte
}

// decide asks the plan about one resource. ErrUndefined and what read says of an answer are the policy's own failures, as they are OPA's;
// errNoAnswer says nothing about the policy.
func (f *fastPath) decide(ctx context.Context, at *desk, c *Context, r *Resource) (d *Decision, err error) {
	seen, err := r.asValue()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNoAnswer, err)
	}
	at.mu.Lock()
	defer at.mu.Unlock()
	defer func() {
		if p := recover(); p != nil {
			at.page = nil // whatever state it is in, nobody gets it again
			f.rev.differs("a panic of the plan", &Difference{ErrA: errUnasked, ErrB: fmt.Errorf("%w: %v", errNoAnswer, p)})
			d, err = nil, errNoAnswer
		}
	}()
	if at.page == nil {
		input, err := c.asValue()
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errNoAnswer, err)
		}
		at.page = f.program.Page(input)
	}
	answer, err := at.page.Evaluate(ctx, seen)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errNoAnswer, err)
	case !answer.Defined():
		return nil, ErrUndefined
	}
	at.key = answer.AppendKey(at.key[:0])
	f.mu.RLock()
	d = f.known[string(at.key)]
	f.mu.RUnlock()
	if d != nil {
		return d, nil
	}
	return f.learn(string(at.key), answer)
}

// learn reads an answer that was not met before.
func (f *fastPath) learn(key string, answer plan.Value) (*Decision, error) {
	d, err := f.rev.read(answer.AST())
	if err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.known) >= maxKnownAnswers {
		clear(f.known)
	}
	f.known[key] = d
	return d, nil
}

// close gives the room of the page back.
func (at *desk) close() {
	at.mu.Lock()
	defer at.mu.Unlock()
	if at.page != nil {
		at.page.Close()
		at.page = nil
	}
}

// Planned is the compiled plan alone, without table, sampling or trip: what the reference is compared with. Evaluate asks it twice: as it
// decides the first documents of a page, and as it decides the others. It fails when there is no plan, or no one answer.
type Planned struct{ Revision *Revision }

// errTwoAnswers is a plan that says something else when it is fitted to its page.
var errTwoAnswers = errors.New("the compiled plan gives two answers")

// Evaluate implements Evaluator.
func (p Planned) Evaluate(ctx context.Context, c *Context, r *Resource) (*Decision, error) {
	f := p.Revision.fast
	if f.program == nil {
		return nil, fmt.Errorf("%w: %w", errNoAnswer, f.refused)
	}
	at := &desk{}
	defer at.close()
	d, err := f.decide(ctx, at, c, r)
	if at.page == nil || !f.fit(ctx, at) {
		return d, err
	}
	fitted, fittedErr := f.decide(ctx, at, c, r)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case (err == nil) != (fittedErr == nil) || err == nil && !d.Equal(fitted):
		return nil, errTwoAnswers
	}
	return d, err
}

// fit lets the page be served by what is left of the plan for it; false when the plan panics.
func (f *fastPath) fit(ctx context.Context, at *desk) (ok bool) {
	at.mu.Lock()
	defer at.mu.Unlock()
	defer func() {
		if p := recover(); p != nil {
			at.page = nil
			f.rev.differs("a panic of the plan", &Difference{ErrA: errUnasked, ErrB: fmt.Errorf("%w: %v", errNoAnswer, p)})
			ok = false
		}
	}()
	at.page.Fit(ctx)
	return true
}

var _ Evaluator = Planned{}

// asValue gives the facts as the plan takes them. Members that were converted before are shared.
func (c *Context) asValue() (plan.Value, error) {
	members := make([]plan.Member, len(c.members))
	for i, m := range c.members {
		v, err := m.part.asValue()
		if err != nil {
			return plan.Value{}, fmt.Errorf("%s: %w", m.name, err)
		}
		members[i] = plan.Member{Name: m.name, Value: v}
	}
	return plan.NewObject(members...), nil
}

// asValue gives the part as the plan takes it, made when it is first needed.
func (p *Part) asValue() (plan.Value, error) { return lazily(&p.value, p.enc) }

// asValue gives the resource as the plan takes it, made when it is first needed.
func (r *Resource) asValue() (plan.Value, error) { return lazily(&r.value, r.enc) }

func lazily(kept *atomic.Pointer[plan.Value], enc canonical) (plan.Value, error) {
	if v := kept.Load(); v != nil {
		return *v, nil
	}
	v, err := enc.value()
	if err == nil {
		kept.Store(&v)
	}
	return v, err
}

// PlanPage decides the documents of one context by the compiled plan alone: no table, no second look. It is for measurements.
type PlanPage struct {
	rev     *Revision
	context *Context
	desk    desk
}

// NewPlanPage begins a page.
func NewPlanPage(r *Revision, c *Context) *PlanPage { return &PlanPage{rev: r, context: c} }

// Decide gives the plan's decision on a *Resource, or anything that NewResource takes.
func (p *PlanPage) Decide(ctx context.Context, resource any) (*Decision, error) {
	r, ok := resource.(*Resource)
	if !ok {
		var err error
		if r, err = NewResource(resource); err != nil {
			return nil, err
		}
	}
	if !p.rev.fast.on() {
		return nil, errNoAnswer
	}
	return p.rev.fast.decide(ctx, &p.desk, p.context, r)
}

// Close gives the room of the page back.
func (p *PlanPage) Close() { p.desk.close() }

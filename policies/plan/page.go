package plan

import (
	"context"
	"fmt"
	"sync"
)

// machines keeps machines for pages to come.
type machines struct{ sync.Pool }

func (p *Program) machine() *machine {
	if m, ok := p.pool.Get().(*machine); ok {
		return m
	}
	m := &machine{
		s: append([]Value(nil), p.start...), memo: make([]uint64, 2*p.memos), changed: make([]uint64, maxGroups), slots: make([]int32, len(p.slots)),
		calls: make([]lastCall, p.calls), regions: make([]region, p.regions), hints: make([]int32, p.hints), budget: p.options.Steps,
	}
	return m
}

// Page is the evaluations of one input whose one member varies. What does not depend on that member is computed once, when it is first
// needed. A page is for one goroutine at a time. Close gives its room back.
type Page struct {
	program *Program
	m       *machine
	input   Value
	whole   box  // the input with a place for the member that varies
	at      int  // that place
	varies  bool // whether the input has it
	err     error
	found   *branch // how far the residue of the page is found
	unfit   bool    // the whole program serves the page
	asked   int     // evaluations
}

// Page begins the evaluations of one input. The member that varies is no part of it; if it is there, it is not looked at. When
// something varies, an input that is undefined stands for the empty object. A failure to take
// the input comes with the first evaluation.
func (p *Program) Page(input Value) *Page {
	pg := &Page{program: p, m: p.machine(), input: input}
	pg.m.page = pg.m.tick()
	pg.m.there.reset()
	pg.m.known = false
	pg.m.own(nil)
	pg.m.keeper = pg.m.owner
	for _, at := range p.pages {
		pg.m.s[at] = Value{}
	}
	if p.options.Vary == "" {
		return pg
	}
	name := textValue(p.options.Vary)
	switch input.kind {
	case Undefined:
		pg.whole.put(nil, name, Value{})
	case Object:
		b := input.box()
		list := b.ordered()
		pg.whole.keys = append(make([]Value, 0, len(list)+1), b.keys...)
		pg.whole.list = append(make([]Value, 0, len(list)+1), list...)
		pg.whole.put(nil, name, Value{})
	default:
		pg.err = fmt.Errorf("%w: it is %s and %q is to vary in it", ErrInput, input.kind, p.options.Vary)
	}
	pg.at = pg.whole.find(&name)
	return pg
}

// Evaluate gives the query's answer for one value of the member that varies; undefined for none. The answer is undefined, the zero Value,
// when the query has none. The answer lives in the page: it is valid until the next evaluation or Close, and Value.Clone keeps it longer.
//
// An error is no answer: the caller asks OPA's evaluator. There may be one where OPA has an answer, since a plan looks at rules that OPA's
// index would leave out; never an answer where OPA has an error. Besides the errors of this package, that of the context may come.
func (pg *Page) Evaluate(ctx context.Context, vary Value) (Value, error) {
	results, err := pg.run(ctx, vary)
	if err != nil || len(results) == 0 {
		return Value{}, err
	}
	if len(results) > 1 {
		return Value{}, fmt.Errorf("%w: it has %d", ErrResult, len(results))
	}
	bindings := results[0].box()
	if len(bindings.list) != 1 {
		return Value{}, fmt.Errorf("%w: it names %d values", ErrResult, len(bindings.list))
	}
	return bindings.list[0], nil
}

// Results gives every answer of the query, as objects of the names in it; see Evaluate for how long they live.
func (pg *Page) Results(ctx context.Context, vary Value) ([]Value, error) { return pg.run(ctx, vary) }

func (pg *Page) run(ctx context.Context, vary Value) ([]Value, error) {
	m, p := pg.m, pg.program
	if pg.err != nil {
		return nil, pg.err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.ctx, m.done, m.err, m.steps = ctx, ctx.Done(), nil, 0
	m.stamp, m.results = m.tick(), m.results[:0]
	m.here.reset()
	m.own(&m.here)
	m.s[p.input] = pg.with(vary)
	steps, fitted := pg.fit()
	var out ctl
	if m.forget(); fitted {
		pg.fill(vary)
		out = m.follow(steps)
	} else {
		out = runBlocks(m, p.blocks)
	}
	if out == failed {
		return nil, m.err
	}
	return m.results, nil
}

// with gives the whole input of one evaluation.
func (pg *Page) with(vary Value) Value {
	if pg.program.options.Vary == "" {
		return pg.input
	}
	pg.whole.list[pg.at] = vary
	if vary.kind != Undefined {
		return boxValue(Object, &pg.whole)
	}
	b := pg.m.newBox()
	for i, k := range pg.whole.keys {
		if i != pg.at {
			b.put(pg.m.arena, k, pg.whole.list[i])
		}
	}
	return boxValue(Object, b)
}

// Close gives the page's room back. Nothing that it answered may be used afterwards.
func (pg *Page) Close() {
	if pg.m == nil {
		return
	}
	pg.m.ctx, pg.m.done = nil, nil
	pg.program.pool.Put(pg.m)
	pg.m = nil
}

package plan

import (
	"context"

	"github.com/open-policy-agent/opa/v1/ir"
)

// item is a statement of a body, or a run of them that is taken out.
type item struct {
	run    op
	out    op    // the run itself, when it is taken out for a page: running it again gives its outcome
	node   *node // the statement, when it runs each time
	region int   // the number of a run that is taken out for a page
	ends   ctl   // how the body ends here each time, as known when it is compiled; next when it does not
}

// shaped compiles a body: runs of statements that depend on the program alone are run now, those that depend on the page get a place for
// their outcome, the rest stays.
func (e *emitter) shaped(b *ir.Block) []op {
	if len(b.Stmts) == 0 || e.shape.of[b.Stmts[0]].mocked {
		return e.plainBlock(b)
	}
	var items []item
	for i := 0; i < len(b.Stmts); {
		n := e.shape.of[b.Stmts[i]]
		level := e.shape.taken(n)
		last := i + 1
		for level < perDocument && last < len(b.Stmts) && e.shape.taken(e.shape.of[b.Stmts[last]]) == level {
			last++
		}
		run := b.Stmts[i:last]
		i = last
		switch level {
		case perProgram:
			e.c.program.stats.OncePerLife += len(run)
			if o, ends := e.settle(run); o != nil {
				items = append(items, item{run: o, node: n, ends: ends})
				e.c.bodies[b] = items
				return e.withSkips(items)
			}
		case perPage:
			e.c.program.stats.OncePerPage += len(run)
			o := e.region(run)
			items = append(items, item{run: o, out: o, region: e.c.program.regions - 1})
		default:
			e.c.program.stats.EachTime++
			if o := e.statement(run[0]); o != nil {
				items = append(items, item{run: o, node: n})
			}
		}
	}
	e.c.bodies[b] = items
	return e.withSkips(items)
}

// taken gives the level at which a statement is taken out: perDocument when it is not.
func (s *shape) taken(n *node) level {
	if !s.movable(n) {
		return perDocument
	}
	return s.unit(n)
}

// together compiles statements that run as one, with nothing taken out within them.
func (e *emitter) together(run []ir.Stmt) []op {
	inner := &emitter{c: e.c, place: e.place, shape: e.shape, whole: true}
	return inner.plainBlock(&ir.Block{Stmts: run})
}

// settle runs statements now. It gives nothing when they hold; else what stands for them, and how the body ends there.
func (e *emitter) settle(run []ir.Stmt) (o op, ends ctl) {
	ops := e.together(run)
	if len(e.c.refused.Constructs) > 0 {
		return nil, next
	}
	m := e.c.boot()
	out := runAll(m, ops)
	for _, s := range run {
		for l := range e.shape.written(e.shape.of[s]) {
			sealAll(&m.s[e.place[l]])
		}
	}
	switch out {
	case next:
		return nil, next
	case failed:
		err := m.err
		return func(m *machine) ctl { return m.fail(err) }, failed
	}
	return func(*machine) ctl { return out }, out
}

// region compiles statements that run once for a page.
func (e *emitter) region(run []ir.Stmt) op {
	ops := e.together(run)
	id := e.c.program.regions
	e.c.program.regions++
	body := func(m *machine) ctl { return runAll(m, ops) }
	o := func(m *machine) ctl {
		r := &m.regions[id]
		if r.stamp == m.page {
			return r.out
		}
		out := m.aside(body)
		if out != failed {
			r.stamp, r.out = m.page, out
		}
		return out
	}
	e.c.program.runs = append(e.c.program.runs, o)
	return o
}

// withSkips puts in front of quiet statements a look at the runs behind them: when one of those fails for the page, so does the body.
func (e *emitter) withSkips(items []item) []op {
	var out []op
	for i := 0; i < len(items); {
		last, runs := i, []op(nil)
		for last < len(items) && (items[last].out != nil || e.shape.quiet(items[last].node)) {
			if items[last].out != nil && last > i {
				runs = append(runs, items[last].out)
			}
			last++
		}
		if len(runs) > 0 && items[i].out == nil {
			out = append(out, skip(runs))
		}
		last = max(last, i+1)
		for _, it := range items[i:last] {
			out = append(out, it.run)
		}
		i = last
	}
	return out
}

// skip leaves the body when one of the runs fails for the page. What one of them cannot say now, it says in its own place.
func skip(runs []op) op {
	return func(m *machine) ctl {
		for _, run := range runs {
			switch run(m) {
			case next:
			case leave:
				return leave
			case failed:
				m.err = nil
				return next
			default:
				return next
			}
		}
		return next
	}
}

// boot gives the machine on which the program's own statements run while it is compiled.
func (c *compiler) boot() *machine {
	m := c.booted
	m.ctx, m.err, m.steps, m.budget = context.Background(), nil, 0, c.options.Steps
	m.own(nil)
	for len(m.memo) < c.program.memos {
		m.memo = append(m.memo, 0)
	}
	for len(m.hints) < c.program.hints {
		m.hints = append(m.hints, 0)
	}
	for len(m.regions) < c.program.regions {
		m.regions = append(m.regions, region{})
	}
	return m
}

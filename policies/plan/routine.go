package plan

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ir"
)

// routine is one function of the plan, compiled. A plain one runs as the plan says, statement by statement, with the input and the data
// that it is called with: that is what stands under a `with`. Any other knows that its input is the page's and its data the program's.
type routine struct {
	name   string
	params []int // places of the arguments after input and data; of all of them in a plain one
	blank  []int // places that must be undefined when it begins
	blocks [][]op
	memo   int // where its value is kept, -1 when it is not: it takes arguments, or stands under a `with`
	value  int // place of the kept value
	level  level

	laid  bool // what is left of it for some pages: steps in place of blocks, and the value is found in its place
	steps []instr
	group int // of members of what varies on which the value depends
}

// run gives what the function returns; undefined is none. It is false on an error.
func (r *routine) run(m *machine) (Value, bool) {
	if !m.step() {
		return Value{}, false
	}
	for _, at := range r.blank {
		m.s[at] = Value{}
	}
	if r.laid {
		if m.follow(r.steps) == failed {
			return Value{}, false
		}
		return m.s[r.value], true
	}
	switch runBlocks(m, r.blocks) {
	case returned:
		return m.out, true
	case failed:
		return Value{}, false
	}
	return Value{}, true
}

// ask gives the value of a function without arguments, computed once for the evaluation or, when nothing of it varies, once for the page.
func (r *routine) ask(m *machine) (Value, bool) {
	stamp := m.stamp
	if r.level < perDocument {
		stamp = m.page
	}
	if m.memo[r.memo] == stamp {
		return m.s[r.value], true
	}
	var v Value
	var ok bool
	if r.level == perDocument { // what is left of it for a page keeps its value in a place that this run uses
		m.memo[r.memo+len(m.memo)/2] = 0
	}
	if r.level < perDocument {
		m.aside(func(m *machine) ctl { v, ok = r.run(m); return next })
	} else {
		v, ok = r.run(m)
	}
	if ok {
		m.s[r.value], m.memo[r.memo] = v, stamp
	}
	return v, ok
}

// emitter compiles the statements of one function, or of one query.
type emitter struct {
	c     *compiler
	plain bool // under a `with`
	whole bool // within what is taken out as a whole
	place map[ir.Local]int
	shape *shape // what is known of its locals; nil in a plain one
}

// at gives the place of a local.
func (e *emitter) at(l ir.Local) int {
	if at, ok := e.place[l]; ok {
		return at
	}
	lev := perDocument
	if e.shape != nil {
		if from, ok := e.shape.sameAs(l); ok {
			at := e.operand(from)
			e.place[l] = at
			return at
		}
		lev = e.shape.local(l)
	}
	at := e.c.newPlace(lev)
	e.place[l] = at
	return at
}

// operand gives the place of what a statement works on; constants have places too.
func (e *emitter) operand(o ir.Operand) int {
	switch v := o.Value.(type) {
	case ir.Local:
		return e.at(v)
	case ir.Bool:
		return e.c.constant(boolValue(bool(v)))
	case ir.StringIndex:
		return e.c.constant(textValue(e.c.text(int(v))))
	}
	e.c.refuse(nil, "operand %T", o.Value)
	return 0
}

func (e *emitter) plainBlocks(blocks []*ir.Block) [][]op {
	out := make([][]op, len(blocks))
	for i, b := range blocks {
		out[i] = e.plainBlock(b)
	}
	return out
}

func (e *emitter) plainBlock(b *ir.Block) []op {
	out := make([]op, 0, len(b.Stmts))
	for _, s := range b.Stmts {
		if o := e.statement(s); o != nil {
			out = append(out, o)
		}
	}
	return out
}

// blocks compiles blocks with what the shape knows of them.
func (e *emitter) blocks(blocks []*ir.Block) [][]op {
	if e.shape == nil || e.plain || e.whole {
		return e.plainBlocks(blocks)
	}
	out := make([][]op, len(blocks))
	for i, b := range blocks {
		out[i] = e.shaped(b)
	}
	return out
}

// statement compiles one statement; nil when there is nothing to do.
func (e *emitter) statement(s ir.Stmt) op {
	switch s := s.(type) {
	case *ir.NopStmt:
		return nil
	case *ir.BreakStmt:
		out := ctl(s.Index) + 1
		return func(*machine) ctl { return out }
	case *ir.ReturnLocalStmt:
		from := e.at(s.Source)
		return func(m *machine) ctl { m.out = m.s[from]; return returned }
	case *ir.ResultSetAddStmt:
		from := e.at(s.Value)
		return func(m *machine) ctl { m.results = append(m.results, m.s[from]); return next }
	case *ir.BlockStmt:
		return emitBlock(e.blocks(s.Blocks))
	case *ir.NotStmt:
		return emitNot(e.blocks([]*ir.Block{s.Block})[0])
	case *ir.ScanStmt:
		return emitScan(e.at(s.Source), e.at(s.Key), e.at(s.Value), e.blocks([]*ir.Block{s.Block})[0])
	case *ir.WithStmt:
		return e.with(s)
	case *ir.CallStmt:
		return e.call(s)
	case *ir.CallDynamicStmt:
		return e.dynamic(s)
	}
	return e.simple(s)
}

func emitBlock(blocks [][]op) op {
	if len(blocks) == 1 {
		one := blocks[0]
		return func(m *machine) ctl {
			switch c := runAll(m, one); {
			case c > leave:
				return c - 1
			case c == leave:
				return next
			default:
				return c
			}
		}
	}
	return func(m *machine) ctl { return runBlocks(m, blocks) }
}

func emitNot(block []op) op {
	return func(m *machine) ctl {
		switch c := runAll(m, block); {
		case c == next:
			return leave
		case c == leave:
			return next
		case c > leave:
			return c - 1
		default:
			return c
		}
	}
}

func emitScan(source, key, value int, block []op) op {
	return func(m *machine) ctl {
		v := m.s[source]
		if v.kind < Array {
			return next
		}
		b := v.box()
		list := b.ordered()
		keys := b.keys
		for i := range list {
			if !m.step() {
				return failed
			}
			switch v.kind {
			case Array:
				m.s[key] = intValue(int64(i))
			case Object:
				m.s[key] = keys[i]
			case Set:
				m.s[key] = list[i]
			}
			m.s[value] = list[i]
			switch c := runAll(m, block); {
			case c == next || c == leave:
			case c > leave:
				return c - 1
			default:
				return c
			}
		}
		return next
	}
}

// call compiles the call of a function of the plan or of a builtin.
func (e *emitter) call(s *ir.CallStmt) op {
	if fn, ok := e.c.funcs[s.Func]; ok {
		return e.callFunction(fn, s)
	}
	b, ok := e.c.builtins[s.Func]
	if !ok {
		if b, ok = builtinFor(s.Func); !ok {
			e.c.refuse(s.GetLocation(), "builtin %s", s.Func)
			return nil
		}
		e.c.builtins[s.Func] = b
	}
	return e.callBuiltin(b, s)
}

func (e *emitter) callFunction(fn *ir.Func, s *ir.CallStmt) op {
	result := e.at(s.Result)
	if len(s.Args) != len(fn.Params) || len(s.Args) < 2 {
		e.c.refuse(s.GetLocation(), "call of %s with %d arguments", s.Func, len(s.Args))
		return nil
	}
	r := e.c.routine(fn, e.plain)
	if r.memo >= 0 {
		return func(m *machine) ctl {
			v, ok := r.ask(m)
			m.s[result] = v
			return after(v, ok)
		}
	}
	args := s.Args
	if !e.plain {
		args = args[2:]
	}
	from := make([]int, len(args))
	for i, a := range args {
		from[i] = e.operand(a)
	}
	return func(m *machine) ctl {
		for i, at := range from {
			m.s[r.params[i]] = m.s[at]
		}
		v, ok := r.run(m)
		m.s[result] = v
		return after(v, ok)
	}
}

// after says how a call ends, by what it gave.
func after(v Value, ok bool) ctl {
	switch {
	case !ok:
		return failed
	case v.kind == Undefined:
		return leave
	}
	return next
}

// maxArguments is what builtins take at most.
const maxArguments = 8

func (e *emitter) callBuiltin(b *builtin, s *ir.CallStmt) op {
	result, strict := e.at(s.Result), e.c.options.StrictBuiltinErrors
	if len(s.Args) > maxArguments {
		e.c.refuse(s.GetLocation(), "builtin %s with %d arguments", b.name, len(s.Args))
		return nil
	}
	from := make([]int, len(s.Args))
	for i, a := range s.Args {
		from[i] = e.operand(a)
	}
	return func(m *machine) ctl {
		args := m.args[:len(from)]
		for i, at := range from {
			args[i] = m.s[at]
		}
		v, err := b.call(m, args, strict)
		if err != nil {
			return m.fail(err)
		}
		if b.void {
			return after(v, true)
		}
		m.s[result] = v
		return after(v, true)
	}
}

// dynamic compiles a call whose function is found by a path known only when it runs.
func (e *emitter) dynamic(s *ir.CallDynamicStmt) op {
	result := e.at(s.Result)
	path := make([]int, len(s.Path))
	for i, o := range s.Path {
		path[i] = e.operand(o)
	}
	in, data := e.at(s.Args[0]), e.at(s.Args[1])
	found := e.c.byPath(s.Path, e.plain)
	return func(m *machine) ctl {
		var room [128]byte
		key := room[:0]
		for _, at := range path {
			if m.s[at].kind != String {
				return leave
			}
			key = appendStep(key, m.s[at].text())
		}
		r := found[string(key)]
		if r == nil {
			return leave
		}
		var v Value
		var ok bool
		if r.memo >= 0 {
			v, ok = r.ask(m)
		} else {
			m.s[r.params[0]], m.s[r.params[1]] = m.s[in], m.s[data]
			v, ok = r.run(m)
		}
		m.s[result] = v
		if ok && v.kind == Undefined {
			return dynamicUndefined
		}
		return after(v, ok)
	}
}

// dynamicUndefined is how a dynamic call ends that found a function and got no value: the data is not asked in its stead, and three blocks
// around the call end, as the planner lays them.
const dynamicUndefined = leave + 3

func appendStep(key []byte, step string) []byte {
	return append(append(key, step...), 0)
}

func conflict(what string, at *ir.Location) error {
	return fmt.Errorf("%w: %s, line %d", ErrConflict, what, at.Row)
}

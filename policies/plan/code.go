package plan

import (
	"github.com/open-policy-agent/opa/v1/ir"
)

// instr is one step of what is left of a body: a statement, laid flat. A step that is undefined goes on where its block ends.
type instr struct {
	do    code
	a, b  int32 // places
	c     int32
	leave int32 // where to go on when it is undefined
	run   op
	r     *routine
}

// code says what a step does. Those that are common stand in the loop itself.
type code uint8

const (
	doRun      code = iota
	doJump          // goes on elsewhere
	doFull          // a is defined
	doEmpty         // a is undefined
	doCopy          // b becomes a
	doOnce          // b becomes a, or is it already; run fails when it is another
	doEqual         // a equals b
	doDiffer        // a does not equal b
	doNotFalse      // a is not false
	doAsk           // r has a value
	doTruth         // r has a value other than false
	doPut           // the member of object b at position c becomes a
)

// follow runs the steps of a body.
func (m *machine) follow(steps []instr) ctl {
	for at := 0; at < len(steps); {
		in := &steps[at]
		holds := true
		switch in.do {
		case doRun:
			if c := in.run(m); c < next {
				return c
			} else if c != next {
				holds = false
			}
		case doJump:
			holds = false
		case doFull:
			holds = m.s[in.a].kind != Undefined
		case doEmpty:
			holds = m.s[in.a].kind == Undefined
		case doCopy:
			m.s[in.b] = m.s[in.a]
		case doOnce:
			if v := &m.s[in.b]; v.kind == Undefined {
				*v = m.s[in.a]
			} else if !equal(v, &m.s[in.a]) {
				return in.run(m)
			}
		case doEqual:
			holds = equal(&m.s[in.a], &m.s[in.b])
		case doDiffer:
			holds = !equal(&m.s[in.a], &m.s[in.b])
		case doNotFalse:
			v := &m.s[in.a]
			holds = v.kind != Boolean || v.n != 0
		case doAsk, doTruth:
			if !m.has(in.r) && !in.r.keep(m) {
				return failed
			}
			v := &m.s[in.r.value]
			holds = v.kind != Undefined && (in.do == doAsk || v.kind != Boolean || v.n != 0)
		case doPut:
			m.s[in.b].box().list[in.c] = m.s[in.a]
		}
		if holds {
			at++
		} else {
			at = int(in.leave)
		}
	}
	return next
}

// lowerer compiles what is left of a body to steps.
type lowerer struct {
	*body
	e      *emitter
	steps  []instr
	labels []int32 // where each ends up
}

func (w *lowerer) label() int32 {
	w.labels = append(w.labels, 0)
	return int32(len(w.labels) - 1)
}

func (w *lowerer) here(label int32) { w.labels[label] = int32(len(w.steps)) }

// done gives the steps, with places in place of labels.
func (w *lowerer) done() []instr {
	for i := range w.steps {
		w.steps[i].leave = w.labels[w.steps[i].leave]
	}
	return w.steps
}

func (w *lowerer) add(in instr, leave int32) {
	in.leave = leave
	w.steps = append(w.steps, in)
}

// blocks lays blocks one after the other.
func (w *lowerer) blocks(blocks [][]*rest) {
	for _, list := range blocks {
		end := w.label()
		w.list(list, end)
		w.here(end)
	}
}

func (w *lowerer) list(list []*rest, end int32) {
	literals := w.literals(list)
	for i := 0; i < len(list); i++ {
		if i+1 < len(list) && w.truth(list[i], list[i+1], end) {
			i++
			continue
		}
		if lit := literals[list[i].stmt]; lit != nil {
			w.literalStep(lit, list[i].stmt, end)
			continue
		}
		w.one(list[i], end)
	}
}

// literalStep lays the making of an object whose names are known, or one of its members.
func (w *lowerer) literalStep(lit *literal, s ir.Stmt, end int32) {
	if put, ok := s.(*ir.ObjectInsertStmt); ok {
		w.add(instr{do: doPut, a: int32(w.e.operand(put.Value)), b: int32(lit.at), c: int32(lit.puts[put])}, end)
		return
	}
	w.add(instr{run: lit.make()}, end)
}

// one lays a statement.
func (w *lowerer) one(r *rest, end int32) {
	switch s := r.stmt.(type) {
	case nil:
		if r == leaving {
			w.add(instr{do: doJump}, end)
		} else {
			w.add(instr{run: r.run}, end)
		}
	case *ir.BlockStmt:
		w.blocks(r.blocks)
	case *ir.NotStmt:
		after := w.label()
		w.list(r.blocks[0], after)
		w.add(instr{do: doJump}, end)
		w.here(after)
	case *ir.ScanStmt:
		inner := &lowerer{body: w.body, e: w.e}
		inner.blocks([][]*rest{r.blocks[0]})
		w.add(instr{run: scanSteps(w.e.at(s.Source), w.e.at(s.Key), w.e.at(s.Value), inner.done())}, end)
	case *ir.ReturnLocalStmt: // the last: the value is in its place
	case *ir.CallStmt:
		if fn, ok := w.c.funcs[s.Func]; ok {
			w.call(w.function(fn), s, end)
		} else if o := w.builtin(s); o != nil {
			w.add(instr{run: o}, end)
		} else {
			w.other(r.stmt, end)
		}
	default:
		w.plain(r, end)
	}
}

// plain lays a statement that holds no other and calls nothing.
func (w *lowerer) plain(r *rest, end int32) {
	pair := func(do code, a, b ir.Operand) {
		w.add(instr{do: do, a: int32(w.e.operand(a)), b: int32(w.e.operand(b))}, end)
	}
	switch s := r.stmt.(type) {
	case *ir.IsDefinedStmt:
		w.add(instr{do: doFull, a: int32(w.e.at(s.Source))}, end)
	case *ir.IsUndefinedStmt:
		w.add(instr{do: doEmpty, a: int32(w.e.at(s.Source))}, end)
	case *ir.EqualStmt:
		pair(doEqual, s.A, s.B)
	case *ir.NotEqualStmt:
		if s.B.Value == ir.Val(ir.Bool(false)) {
			w.add(instr{do: doNotFalse, a: int32(w.e.operand(s.A))}, end)
			return
		}
		pair(doDiffer, s.A, s.B)
	case *ir.ResetLocalStmt:
		w.add(instr{do: doCopy, a: int32(w.c.nothing), b: int32(w.e.at(s.Target))}, end)
	case *ir.AssignVarStmt:
		if from, to := w.e.operand(s.Source), w.e.at(s.Target); from != to {
			w.add(instr{do: doCopy, a: int32(from), b: int32(to)}, end)
		}
	case *ir.AssignVarOnceStmt:
		from, to := w.e.operand(s.Source), w.e.at(s.Target)
		if r.sure {
			w.add(instr{do: doCopy, a: int32(from), b: int32(to)}, end)
			return
		}
		w.add(instr{do: doOnce, a: int32(from), b: int32(to), run: emitOnce(from, to, s.GetLocation())}, end)
	case *ir.DotStmt:
		if to := w.e.at(s.Target); w.c.readsVary(s) && to == w.c.vary || to != 0 && to == w.slotOf(s) {
			w.add(instr{do: doFull, a: int32(to)}, end)
			return
		}
		w.other(s, end)
	default:
		w.other(s, end)
	}
}

func (w *lowerer) other(s ir.Stmt, end int32) {
	if o := w.e.statement(s); o != nil {
		w.add(instr{run: o}, end)
	}
}

func scanSteps(source, key, value int, steps []instr) op {
	one := func(m *machine) ctl { return m.follow(steps) }
	return emitScan(source, key, value, []op{one})
}

// call lays the call of what is left of a function.
func (w *lowerer) call(callee *fitted, s *ir.CallStmt, end int32) {
	r, result := callee.routine, w.e.at(s.Result)
	if r.memo >= 0 && result == r.value {
		w.add(instr{do: doAsk, r: r}, end)
		return
	}
	if r.memo >= 0 {
		w.add(instr{run: func(m *machine) ctl {
			if !m.has(r) && !r.keep(m) {
				return failed
			}
			m.s[result] = m.s[r.value]
			return after(m.s[result], true)
		}}, end)
		return
	}
	from := make([]int, len(r.params))
	for i, a := range s.Args[2:] {
		from[i] = w.e.operand(a)
	}
	if id := callee.call; id >= 0 && len(from) == 1 {
		w.add(instr{run: r.again(id, from[0], result)}, end)
		return
	}
	w.add(instr{run: func(m *machine) ctl {
		for i, at := range from {
			m.s[r.params[i]] = m.s[at]
		}
		v, ok := r.run(m)
		m.s[result] = v
		return after(v, ok)
	}}, end)
}

// lastCall is what a function with one argument was asked the last time, and what it gave.
type lastCall struct {
	stamp    uint64
	arg, out Value
}

// again calls a function with one argument, unless it was asked the same the last time and nothing it depends on has changed since.
func (r *routine) again(id, from, result int) op {
	return func(m *machine) ctl {
		last, arg := &m.calls[id], &m.s[from]
		if last.stamp >= m.changed[r.group] && same(arg, &last.arg) {
			m.s[result] = last.out
			return after(last.out, true)
		}
		m.s[r.params[0]] = *arg
		v, ok := r.run(m)
		if ok && arg.kind < Array && v.kind < Array {
			last.stamp, last.arg, last.out = m.stamp, *arg, v
		}
		m.s[result] = v
		return after(v, ok)
	}
}

// truth lays a call and the question whether what it gave is anything but false, when they stand together.
func (w *lowerer) truth(first, second *rest, end int32) bool {
	call, ok := first.stmt.(*ir.CallStmt)
	if !ok {
		return false
	}
	not, ok := second.stmt.(*ir.NotEqualStmt)
	if !ok || not.A.Value != ir.Val(call.Result) || not.B.Value != ir.Val(ir.Bool(false)) {
		return false
	}
	fn, ok := w.c.funcs[call.Func]
	if !ok {
		return false
	}
	r := w.function(fn).routine
	if r.memo < 0 || w.e.at(call.Result) != r.value {
		return false
	}
	w.add(instr{do: doTruth, r: r}, end)
	return true
}

// has says whether the value of a function without arguments is known. What is left of one keeps its value from one document to the next, as
// long as no member changes on which it depends.
func (m *machine) has(r *routine) bool {
	if r.laid {
		return m.memo[r.memo] >= m.changed[r.group]
	}
	if r.level < perDocument {
		return m.memo[r.memo] == m.page
	}
	return m.memo[r.memo] == m.stamp
}

// keep computes the value of a function without arguments; false on an error.
func (r *routine) keep(m *machine) bool {
	if !r.laid {
		_, ok := r.ask(m)
		return ok
	}
	if _, ok := r.run(m); !ok {
		return false
	}
	m.memo[r.memo] = m.stamp
	v := &m.s[r.value]
	if v.kind < Array || v.box().owner != m.owner {
		return true
	}
	if len(v.box().list) == 0 {
		*v = boxValue(v.kind, &hollow)
		return true
	}
	m.brief = append(m.brief, r.memo) // made where the next evaluation makes its values
	return true
}

// hollow is an array, object or set without members, for all that are.
var hollow box

// forget takes back what does not outlive an evaluation.
func (m *machine) forget() {
	for _, id := range m.brief {
		m.memo[id] = 0
	}
	m.brief = m.brief[:0]
}

package plan

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ir"
)

// known says what is known of a local at one place of a body.
type known uint8

const (
	unsure known = iota
	undefined
	defined
)

// state is what is known of all locals of a body; nil is a place that is never reached.
type state []known

// join keeps what two ways to the same place have in common.
func join(a, b state) state {
	if a == nil {
		return slices.Clone(b)
	}
	for i := range b {
		if a[i] != b[i] {
			a[i] = unsure
		}
	}
	return a
}

// follow goes through what is left of a body, with what is known of each local, and leaves out what then needs no doing: looks at locals whose
// answer is known, values nobody reads, and the two steps in which OPA's planner hands a body's value on.
func (b *body) follow() {
	if b.odd || b.breaks {
		return
	}
	b.pass(true)
	b.count()
	b.drop()
	b.hand()
	b.pass(false)
	b.count()
	b.drop()
}

// pass follows the body once. The first time, what empties a local at the head of a block stays: hand asks for it.
func (b *body) pass(first bool) {
	b.first = first
	st := slices.Clone(b.k.begin())
	b.returned, b.returns = undefined, false
	b.blocks, _ = b.sequence(b.blocks, st)
}

// begin says what is known of each local before the first statement, whatever the page.
func (k *kept) begin() state {
	if k.start != nil {
		return k.start
	}
	last := ir.Unused
	for l := range k.place {
		last = max(last, l)
	}
	k.start = make(state, last+1)
	for l := range k.place {
		if k.shape.full(l) {
			k.start[l] = defined
		}
		if k.routine != nil && !slices.Contains(k.params, l) && l > ir.Data && k.shape.mustBlank(l) {
			k.start[l] = undefined
		}
	}
	return k.start
}

// sequence follows blocks one after the other, and gives those in which something is left.
func (b *body) sequence(blocks [][]*rest, st state) ([][]*rest, state) {
	out := blocks[:0]
	for _, list := range blocks {
		if st == nil {
			break
		}
		list, end, left := b.list(list, st)
		if n := len(list); n > 0 && list[n-1] == leaving {
			list = list[:n-1]
		}
		if len(list) > 0 {
			out = append(out, list)
		}
		if end != nil || left != nil {
			st = join(end, left)
		} else {
			st = nil
		}
	}
	return out, st
}

// list follows one block. It gives what is left, what is known when it was gone through, and what is known when it was left before.
func (b *body) list(list []*rest, st state) (out []*rest, end, left state) {
	for _, r := range list {
		if b.mayLeave(r, st) {
			before := slices.Clone(st)
			r.touches(func(t *touched) {
				for _, l := range t.writes {
					before[l] = unsure
				}
			})
			left = join(left, before)
		}
		switch b.step(r, st) {
		case stays:
			out = append(out, r)
		case never:
			return b.cut(out), nil, join(left, st)
		case ends:
			return append(out, r), nil, left
		}
	}
	return out, st, left
}

// fate is what becomes of a statement.
type fate uint8

const (
	stays fate = iota
	goes       // it needs no doing
	never      // it is never defined
	ends       // nothing is done after it
)

// mayLeave says whether a statement can end its block undefined.
func (b *body) mayLeave(r *rest, st state) bool {
	switch s := r.stmt.(type) {
	case *ir.ResetLocalStmt, *ir.AssignVarStmt, *ir.AssignVarOnceStmt, *ir.AssignIntStmt, *ir.MakeNullStmt, *ir.MakeNumberIntStmt,
		*ir.MakeNumberRefStmt, *ir.MakeArrayStmt, *ir.MakeObjectStmt, *ir.MakeSetStmt, *ir.ArrayAppendStmt, *ir.SetAddStmt, *ir.LenStmt,
		*ir.ObjectInsertStmt, *ir.ObjectInsertOnceStmt, *ir.ObjectMergeStmt, *ir.ReturnLocalStmt, *ir.ResultSetAddStmt, *ir.BlockStmt, *ir.ScanStmt:
		return false
	case *ir.CallStmt:
		if fn, ok := b.c.funcs[s.Func]; ok {
			return b.function(fn).returns != defined
		}
	}
	return true
}

// step follows one statement, and changes what is known to what is known after it.
func (b *body) step(r *rest, st state) fate {
	if r.stmt == nil {
		if r == leaving {
			return never
		}
		return ends
	}
	switch s := r.stmt.(type) {
	case *ir.ResetLocalStmt:
		if st[s.Target] == undefined && !b.first {
			return goes
		}
		st[s.Target] = undefined
	case *ir.IsDefinedStmt:
		return b.look(s.Source, st, defined, undefined)
	case *ir.IsUndefinedStmt:
		return b.look(s.Source, st, undefined, defined)
	case *ir.AssignVarStmt:
		st[s.Target] = b.stateOf(s.Source, st)
	case *ir.AssignVarOnceStmt:
		r.sure, r.full = st[s.Target] == undefined, b.stateOf(s.Source, st) == defined
		if _, same := b.k.shape.constant(s.Target, 0); same && st[s.Target] == defined {
			return goes
		}
		st[s.Target] = b.stateOf(s.Source, st)
	case *ir.ReturnLocalStmt:
		if known := b.stateOf(ir.Operand{Value: s.Source}, st); !b.returns {
			b.returned, b.returns = known, true
		} else if b.returned != known {
			b.returned = unsure
		}
		return ends
	case *ir.BlockStmt, *ir.NotStmt, *ir.ScanStmt:
		return b.holder(r, st)
	default:
		for _, l := range r.touched().writes {
			st[l] = defined
		}
	}
	return stays
}

// look follows a statement that asks what is known of a local.
func (b *body) look(l ir.Local, st state, holds, fails known) fate {
	switch b.stateOf(ir.Operand{Value: l}, st) {
	case holds:
		return goes
	case fails:
		return never
	}
	st[l] = holds
	return stays
}

func (b *body) stateOf(o ir.Operand, st state) known {
	l, ok := o.Value.(ir.Local)
	if !ok {
		return defined
	}
	if from, ok := b.k.shape.sameAs(l); ok {
		return b.stateOf(from, st)
	}
	return st[l]
}

// holder follows a statement that holds others.
func (b *body) holder(r *rest, st state) fate {
	forget := func() {
		r.touches(func(t *touched) {
			for _, l := range t.writes {
				st[l] = unsure
			}
		})
	}
	switch r.stmt.(type) {
	case *ir.BlockStmt:
		var after state
		if r.blocks, after = b.sequence(r.blocks, slices.Clone(st)); len(r.blocks) == 0 {
			return goes
		}
		if after == nil {
			return ends
		}
		copy(st, after)
		return stays
	case *ir.ScanStmt:
		forget()
		inside := slices.Clone(st)
		if r.blocks[0], _, _ = b.list(r.blocks[0], inside); len(r.blocks[0]) == 0 && b.isQuiet(r) {
			return goes
		}
		return stays
	}
	list, end, _ := b.list(r.blocks[0], slices.Clone(st))
	if len(list) == 0 {
		if end != nil {
			return never
		}
		return goes
	}
	r.blocks[0] = list
	forget()
	return stays
}

// count counts who reads each local. An assignment that happens once looks at its own target.
func (b *body) count() {
	b.read = make([]int, len(b.k.begin()))
	var visit func(list []*rest)
	visit = func(list []*rest) {
		for _, r := range list {
			if r.stmt != nil {
				for _, l := range r.touched().reads {
					b.read[b.k.shape.root(l)]++
				}
				if once, ok := r.stmt.(*ir.AssignVarOnceStmt); ok && r.sure {
					b.read[once.Target]--
				}
			}
			for _, inner := range r.blocks {
				visit(inner)
			}
		}
	}
	for _, list := range b.blocks {
		visit(list)
	}
}

// drop leaves out values that nobody reads.
func (b *body) drop() {
	b.blocks = b.dropIn(b.blocks)
}

func (b *body) dropIn(blocks [][]*rest) [][]*rest {
	for i, list := range blocks {
		blocks[i] = slices.DeleteFunc(list, func(r *rest) bool {
			if len(r.blocks) > 0 {
				b.dropIn(r.blocks)
			}
			return b.unread(r)
		})
	}
	return blocks
}

func (b *body) unread(r *rest) bool {
	switch s := r.stmt.(type) {
	case *ir.ResetLocalStmt:
		return b.read[s.Target] == 0
	case *ir.AssignVarStmt:
		return b.read[s.Target] == 0
	case *ir.AssignIntStmt:
		return b.read[s.Target] == 0
	case *ir.AssignVarOnceStmt:
		return r.sure && b.read[s.Target] == 0
	case *ir.MakeNumberIntStmt:
		return b.read[s.Target] == 0
	}
	return false
}

// hand joins two blocks of which the first ends in giving a local its value, and the second only gives it on to another.
func (b *body) hand() {
	out := b.blocks[:0]
	for i := 0; i < len(b.blocks); i++ {
		list := b.blocks[i]
		out = append(out, list)
		if i+1 == len(b.blocks) {
			break
		}
		from, to, ok := handing(b.blocks[i+1])
		last := list[max(0, len(list)-1):]
		if !ok || len(last) == 0 || b.lives(from, b.blocks[i+2:]) {
			continue
		}
		once, isOnce := last[0].stmt.(*ir.AssignVarOnceStmt)
		first, isReset := list[0].stmt.(*ir.ResetLocalStmt)
		if !isOnce || once.Target != from || !last[0].sure || !last[0].full || !isReset || first.Target != from || writes(list[1:len(list)-1], from) {
			continue
		}
		list[len(list)-1] = &rest{stmt: &ir.AssignVarOnceStmt{Source: once.Source, Target: to, Location: once.Location}, node: last[0].node}
		out[len(out)-1] = list[1:]
		i++
	}
	b.blocks = out
}

// handing says whether a block only gives a local, if it has a value, on to another.
func handing(list []*rest) (from, to ir.Local, ok bool) {
	if len(list) != 2 {
		return 0, 0, false
	}
	look, isLook := list[0].stmt.(*ir.IsDefinedStmt)
	once, isOnce := list[1].stmt.(*ir.AssignVarOnceStmt)
	if !isLook || !isOnce {
		return 0, 0, false
	}
	from, ok = once.Source.Value.(ir.Local)
	return from, once.Target, ok && from == look.Source && from != once.Target
}

func writes(list []*rest, l ir.Local) bool {
	found := false
	for _, r := range list {
		r.touches(func(t *touched) { found = found || slices.Contains(t.writes, l) })
	}
	return found
}

// lives says whether one of the blocks may read what the local holds now.
func (b *body) lives(l ir.Local, blocks [][]*rest) bool {
	for _, list := range blocks {
		if len(list) > 0 {
			if reset, ok := list[0].stmt.(*ir.ResetLocalStmt); ok && reset.Target == l {
				return false
			}
		}
		found := false
		for _, r := range list {
			r.touches(func(t *touched) { found = found || slices.Contains(t.reads, l) })
		}
		if found {
			return true
		}
	}
	return false
}

// full says whether a local surely has a value wherever something other than its writer reads it.
func (s *shape) full(l ir.Local) bool {
	if len(s.writes[l]) == 0 || s.levels[l] == perDocument || !s.alwaysWritten(l) {
		return false
	}
	for _, w := range s.writes[l] {
		switch stmt := w.stmt.(type) {
		case *ir.ResetLocalStmt, *ir.AssignVarOnceStmt, *ir.WithStmt:
			return false
		case *ir.AssignVarStmt:
			if from, ok := stmt.Source.Value.(ir.Local); ok && !s.full(from) {
				return false
			}
		}
	}
	return true
}

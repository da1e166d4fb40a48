package plan

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ir"
)

// slot is where a member of what varies is put before each evaluation, undefined when it is not there.
type slot struct {
	name Value
	at   int
}

// findSlots gives each member of what varies that the plan reads by its name a place.
func (c *compiler) findSlots() {
	c.slots, c.nothing = map[string]int{}, c.newPlace(perProgram)
	c.vary = c.newPlace(perDocument)
	for _, k := range c.kept {
		for _, n := range k.shape.nodes {
			dot, ok := n.stmt.(*ir.DotStmt)
			if !ok || !c.isVary(k.shape, dot.Source) {
				continue
			}
			if name, ok := dot.Key.Value.(ir.StringIndex); ok && c.slots[c.text(int(name))] == 0 {
				c.slots[c.text(int(name))] = c.newPlace(perDocument)
			}
		}
	}
	for fn, k := range c.kept {
		if slices.ContainsFunc(k.shape.nodes, func(n *node) bool { return n.mocked }) {
			delete(c.kept, fn) // what stands under a `with` has places of its own
			continue
		}
		k.call = c.program.calls
		c.program.calls++
	}
	for name, at := range c.slots {
		c.program.slots = append(c.program.slots, slot{textValue(name), at})
	}
	slices.SortFunc(c.program.slots, func(a, b slot) int { return compare(&a.name, &b.name) })
	c.indexOf = map[int]int{}
	for i, s := range c.program.slots {
		c.indexOf[s.at] = min(i, 63) // the last bit stands for all of it
	}
	c.program.vary = c.vary
}

// isVary says whether a statement works on what varies itself.
func (c *compiler) isVary(s *shape, o ir.Operand) bool {
	l, ok := o.Value.(ir.Local)
	if !ok {
		return false
	}
	if l = s.root(l); len(s.writes[l]) != 1 || !s.alwaysWritten(l) {
		return false
	}
	dot, ok := s.writes[l][0].stmt.(*ir.DotStmt)
	return ok && c.readsVary(dot)
}

// readsVary says whether a statement reads what varies out of the input.
func (c *compiler) readsVary(dot *ir.DotStmt) bool {
	key, ok := dot.Key.Value.(ir.StringIndex)
	return ok && dot.Source.Value == ir.Val(ir.Input) && c.options.Vary != "" && c.text(int(key)) == c.options.Vary
}

// lower compiles what is left of a body.
func (b *body) lower() *routine {
	w := &lowerer{body: b, e: &emitter{c: b.c, place: b.places(), shape: b.k.shape, whole: true}}
	r := &routine{memo: -1, level: perDocument}
	if b.k.routine != nil {
		*r = *b.k.routine
		r.value, r.blank, r.blocks = w.e.at(b.k.returns), nil, nil
	}
	if r.memo >= 0 {
		r.memo += b.c.program.memos
	}
	w.blocks(b.blocks)
	r.steps, r.laid, r.group = w.done(), true, b.c.group(b.members)
	b.count()
	for l, n := range b.read {
		at, placed := b.k.place[ir.Local(l)]
		if n > 0 && placed && b.k.routine != nil && slices.Contains(b.k.routine.blank, at) && !slices.Contains(r.blank, at) {
			r.blank = append(r.blank, at)
		}
	}
	slices.Sort(r.blank)
	return r
}

// places gives locals the places in which their values are found without being put there: members of what varies, and what functions without
// arguments keep.
func (b *body) places() map[ir.Local]int {
	moved := map[int]int{}
	var visit func(list []*rest)
	visit = func(list []*rest) {
		for _, r := range list {
			if from, to, ok := b.found(r.stmt); ok {
				moved[from] = to
			}
			for _, inner := range r.blocks {
				visit(inner)
			}
		}
	}
	for _, list := range b.blocks {
		visit(list)
	}
	out := make(map[ir.Local]int, len(b.k.place))
	for l, at := range b.k.place {
		if to, ok := moved[at]; ok {
			at = to
		}
		out[l] = at
	}
	return out
}

// found says that what a statement would put in a place is found in another.
func (b *body) found(stmt ir.Stmt) (from, to int, ok bool) {
	s := b.k.shape
	own := func(l ir.Local) bool {
		return len(s.writes[l]) == 1 && s.alwaysWritten(l) && s.levels[l] == perDocument && !slices.Contains(b.k.params, l)
	}
	switch stmt := stmt.(type) {
	case *ir.DotStmt:
		if !own(stmt.Target) {
			return 0, 0, false
		}
		if b.c.readsVary(stmt) {
			return b.k.place[stmt.Target], b.c.vary, true
		}
		if at := b.slotOf(stmt); at != 0 {
			return b.k.place[stmt.Target], at, true
		}
	case *ir.CallStmt:
		if fn, isFunc := b.c.funcs[stmt.Func]; isFunc && own(stmt.Result) {
			if r := b.function(fn).routine; r.memo >= 0 {
				return b.k.place[stmt.Result], r.value, true
			}
		}
	}
	return 0, 0, false
}

// slotOf gives the place of the member of what varies that a statement reads; 0 when it reads something else.
func (b *body) slotOf(dot *ir.DotStmt) int {
	key, ok := dot.Key.Value.(ir.StringIndex)
	if !ok || !b.c.isVary(b.k.shape, dot.Source) {
		return 0
	}
	return b.c.slots[b.c.text(int(key))]
}

// whole stands for all of what varies, in a set of its members by index.
const whole = 1 << 63

// dependsOn gives the members of what varies that a body depends on, a set by index.
func (b *body) dependsOn() uint64 {
	var out uint64
	var visit func(list []*rest)
	visit = func(list []*rest) {
		for _, r := range list {
			if r.stmt != nil {
				out |= b.membersIn(r.stmt)
			}
			for _, inner := range r.blocks {
				visit(inner)
			}
		}
	}
	for _, list := range b.blocks {
		visit(list)
	}
	return out
}

func (b *body) membersIn(stmt ir.Stmt) uint64 {
	switch s := stmt.(type) {
	case *ir.CallStmt:
		if fn, ok := b.c.funcs[s.Func]; ok {
			out := b.function(fn).members
			for _, a := range s.Args[2:] {
				if a.Value == ir.Val(ir.Input) || b.c.isVary(b.k.shape, a) {
					out |= whole
				}
			}
			return out
		}
	case *ir.DotStmt:
		if b.c.isVary(b.k.shape, s.Source) {
			if at := b.slotOf(s); at != 0 {
				return 1 << b.c.indexOf[at]
			}
			return whole
		}
		if _, named := s.Key.Value.(ir.StringIndex); named && s.Source.Value == ir.Val(ir.Input) {
			return b.ofInput(s)
		}
	}
	t, _ := touchedBy(stmt)
	for _, l := range t.reads {
		if l == ir.Input || b.c.isVary(b.k.shape, ir.Operand{Value: l}) {
			return whole
		}
	}
	return 0
}

// ofInput says what reading a member of the input makes a body depend on: what varies, when it is put elsewhere than its members are read from.
func (b *body) ofInput(dot *ir.DotStmt) uint64 {
	if b.c.readsVary(dot) && !b.c.isVary(b.k.shape, ir.Operand{Value: dot.Target}) {
		return whole
	}
	return 0
}

// maxGroups bounds how many sets of members are told apart; those that come later depend on everything.
const maxGroups = 128

// group gives a set of members its number. Group 0 depends on everything.
func (c *compiler) group(members uint64) int {
	if members >= whole {
		return 0
	}
	known := c.program.groups.Load()
	var groups []uint64
	if known != nil {
		groups = *known
	} else {
		groups = []uint64{whole}
	}
	if at := slices.Index(groups, members); at >= 0 {
		return at
	}
	if len(groups) >= maxGroups {
		return 0
	}
	next := append(slices.Clone(groups), members)
	c.program.groups.Store(&next)
	return len(groups)
}

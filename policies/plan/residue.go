package plan

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/open-policy-agent/opa/v1/ir"
)

// Pages are alike when the runs that are taken out of their evaluations end in the same way: those of one profession that reads by one kind of
// link, say. What is left of the program for such pages, their residue, is compiled once and kept with the program. The residue of a page
// is found by asking the runs that matter one after the other, as a tree of their outcomes lays them.

// residues are the residues of a program.
type residues struct {
	root atomic.Pointer[branch]
	mu   sync.Mutex
	made int
	c    *compiler
}

// branch is a run whose outcome tells pages apart or, at the end of a way, a residue.
type branch struct {
	state  atomic.Int32
	asked  atomic.Int32 // evaluations that came here while it was unknown
	region int
	holds  *branch
	leaves *branch
	steps  []instr // of the residue
	whole  bool    // the whole program serves these pages
}

// The states of a branch. What a branch holds is written before its state.
const (
	unknown  int32 = iota // no page that came here has been fitted yet
	question              // a run is to be asked
	answer                // the residue
)

// aside is how many documents of a page the whole program decides in any case: to find the residue costs as much as deciding one.
const aside = 1

// maxResidues bounds what is kept; a program with more kinds of pages begins anew.
const maxResidues = 256

// fit gives the residue that serves the page, or the whole program.
func (pg *Page) fit() (steps []instr, fitted bool) {
	p := pg.program
	if pg.asked++; pg.unfit || p.residues.c == nil || pg.asked <= aside {
		return nil, false
	}
	if pg.found == nil {
		pg.found = p.residues.root.Load()
	}
	for {
		switch pg.found.state.Load() { // once: another page may make a question or an answer of what was unknown
		case question:
			if pg.ask(); pg.unfit {
				return nil, false
			}
		case answer:
			return pg.found.steps, !pg.found.whole
		default:
			if int(pg.found.asked.Add(1)) >= p.options.Fit && p.residues.mu.TryLock() {
				pg.keepResidue()
				p.residues.mu.Unlock()
			}
			return nil, false
		}
	}
}

// ask goes to the branch that the outcome of a run leads to. A run that fails leads nowhere.
func (pg *Page) ask() {
	if out := pg.outcome(pg.found.region); out == next {
		pg.found = pg.found.holds
	} else if out == leave {
		pg.found = pg.found.leaves
	} else {
		pg.unfit = true
	}
}

// outcome says how a run ends in the page. One that fails, fails in its own place again.
func (pg *Page) outcome(region int) ctl {
	m := pg.m
	out := pg.program.runs[region](m)
	m.err, m.steps = nil, 0
	return out
}

// keepResidue compiles the residue of the page, for all pages that are alike.
func (pg *Page) keepResidue() {
	rs := &pg.program.residues
	if rs.made >= maxResidues {
		rs.root.Store(&branch{})
		rs.made = 0
	}
	rs.made++
	pg.found = nil
	pg.build(rs.root.Load())
}

// Fit compiles what is left of the program for the page now, for this page alone, and lets it serve the page from the next evaluation on. It
// is for trials: other pages are served so once enough evaluations were made.
func (pg *Page) Fit(ctx context.Context) {
	rs, m := &pg.program.residues, pg.m
	if rs.c == nil || pg.err != nil || pg.unfit {
		return
	}
	m.ctx, m.done, m.err, m.steps = ctx, ctx.Done(), nil, 0
	m.own(&m.here)
	m.s[pg.program.input] = pg.with(Value{}) // there may have been no evaluation yet
	rs.mu.Lock()
	defer rs.mu.Unlock()
	pg.found, pg.asked = &branch{}, pg.asked+aside
	pg.build(pg.found)
}

// build compiles the residue of the page, on the way from a branch that its runs lead to.
func (pg *Page) build(at *branch) {
	rs := &pg.program.residues
	lost := false
	f := &fitter{c: rs.c, made: map[*ir.Func]*fitted{}}
	f.ask = func(region int) ctl {
		out := pg.outcome(region)
		if lost = lost || out != next && out != leave; lost {
			return leave
		}
		if at.state.Load() == unknown {
			at.region, at.holds, at.leaves = region, &branch{}, &branch{}
			at.state.Store(question)
		}
		switch {
		case at.region != region:
			lost = true
		case out == next:
			at = at.holds
		default:
			at = at.leaves
		}
		return out
	}
	b := f.body(rs.c.kept[nil])
	if lost = lost || at.state.Load() == question; lost {
		pg.unfit = true
		return
	}
	if at.state.Load() == answer { // made since this page looked: others read it now
		return
	}
	if !b.odd {
		at.steps = b.lower().steps
	}
	at.whole = b.odd || rs.c.broken
	at.state.Store(answer)
}

// fill puts the members of what varies in their places, and notes which groups of them have changed since the last document.
func (pg *Page) fill(vary Value) {
	m, p := pg.m, pg.program
	var changed uint64 = whole
	if vary.kind != Object {
		for i := range p.slots {
			changed |= m.place(&p.slots[i], i, &noValue)
		}
	} else {
		b := vary.box()
		list := b.ordered()
		m.recognise(b, p.slots)
		for i := range p.slots {
			v := &noValue
			if at := m.slots[i]; at >= 0 {
				v = &list[at]
			}
			changed |= m.place(&p.slots[i], i, v)
		}
	}
	if !m.known {
		changed, m.known = ^uint64(0), true
	}
	if p.options.Vary != "" {
		m.s[p.vary] = vary
	}
	for g, members := range *p.groups.Load() {
		if members&changed != 0 || changed == ^uint64(0) {
			m.changed[g] = m.stamp
		}
	}
}

var noValue Value

// place puts a member in its place; it gives the member as a set when it was another before.
func (m *machine) place(s *slot, i int, v *Value) uint64 {
	at := &m.s[s.at]
	if same(at, v) {
		return 0
	}
	*at = *v
	return 1 << min(i, 63)
}

// recognise finds where an object has the members that slots are for. Documents of one kind have the same names in the same order: when they
// are those of the last one, so are the positions.
func (m *machine) recognise(b *box, slots []slot) {
	if len(m.names) == len(b.keys) && m.named {
		alike := true
		for i := range b.keys {
			x, y := &m.names[i], &b.keys[i]
			if x.p != y.p || x.n != y.n || x.kind != y.kind {
				if x.kind != String || y.kind != String || x.text() != y.text() {
					alike = false
					break
				}
			}
		}
		if alike {
			return
		}
	}
	m.names, m.named = append(m.names[:0], b.keys...), true
	for i := range slots {
		m.slots[i] = int32(b.find(&slots[i].name))
	}
}

// same says whether two values are one in all that a policy can tell of them: numbers are written alike too.
func same(a, b *Value) bool {
	if a.kind != b.kind {
		return false
	}
	switch a.kind {
	case Undefined, Null:
		return true
	case Boolean:
		return a.n == b.n
	case String:
		return a.n == b.n && (a.p == b.p || a.text() == b.text())
	case Number:
		return a.long == b.long && a.n == b.n && (!a.long || a.text() == b.text())
	}
	x, y := a.box(), b.box()
	if x == y {
		return true
	}
	v, w := x.ordered(), y.ordered()
	if len(v) != len(w) || len(x.keys) != len(y.keys) {
		return false
	}
	for i := range v {
		if !same(&v[i], &w[i]) {
			return false
		}
	}
	for i := range x.keys {
		if !same(&x.keys[i], &y.keys[i]) {
			return false
		}
	}
	return true
}

package plan

import (
	"slices"

	"github.com/open-policy-agent/opa/v1/ir"
)

// kept is what a function, or the query, is compiled again from, for pages that are alike.
type kept struct {
	place   map[ir.Local]int
	shape   *shape
	blocks  []*ir.Block
	params  []ir.Local
	returns ir.Local
	routine *routine // nil for the query
	call    int      // where its last call is kept
	start   state    // what is known of its locals before its first statement
}

// rest is a statement that is left for the documents of pages that are alike.
type rest struct {
	stmt   ir.Stmt // nil: run stands alone
	node   *node   // the statement, or the one in whose place it stands
	blocks [][]*rest
	run    op   // what always ends in an error
	sure   bool // an assignment that meets no other value
	full   bool // an assignment of what surely has a value
}

// leaving is a statement that is never defined.
var leaving = &rest{run: func(*machine) ctl { return leave }}

// fitter makes what is left of a program for pages alike: those in which the runs that are taken out end in the same way. A run that holds is
// left out, a body in which one does not hold ends there.
type fitter struct {
	c    *compiler
	ask  func(region int) ctl // how a run ends in the page
	made map[*ir.Func]*fitted
}

// fitted is what is left of a function.
type fitted struct {
	routine *routine
	returns known // whether it has a value
	errs    bool  // it may fail
	members uint64
	call    int // where its last call is kept; -1 nowhere
}

// function gives what is left of a function.
func (f *fitter) function(fn *ir.Func) *fitted {
	if done, ok := f.made[fn]; ok {
		return done
	}
	out := &fitted{errs: f.c.functionErrs(fn), members: whole, call: -1}
	k := f.c.kept[fn]
	if k == nil {
		if out.routine = f.c.shaped[fn]; out.routine.level < perDocument {
			out.members = 0
		}
		f.made[fn] = out
		return out
	}
	if body := f.body(k); body.odd {
		out.routine = k.routine
	} else {
		out.returns, out.errs, out.members, out.routine = body.returned, body.errs(), body.members, body.lower()
		out.call = k.call
	}
	f.made[fn] = out
	return out
}

// body is what is left of one function, or of the query.
type body struct {
	*fitter
	k        *kept
	blocks   [][]*rest
	returned known
	returns  bool   // a return was met
	first    bool   // the body is followed for the first time
	members  uint64 // of what varies on which it depends
	odd      bool   // a statement is not compiled again: the body as it was made for all pages serves
	breaks   bool   // a statement ends more than its own block: what locals hold behind it is not followed
	read     []int  // by local: how many statements look at it
}

func (f *fitter) body(k *kept) *body {
	b := &body{fitter: f, k: k}
	for _, block := range k.blocks {
		list, _ := b.trim(block)
		b.blocks = append(b.blocks, list)
	}
	b.odd = b.odd || b.breaks || !b.endsInReturn()
	b.follow()
	b.members = b.dependsOn()
	return b
}

// endsInReturn says whether the function gives its value at its very end and nowhere else, as OPA's planner lays it.
func (b *body) endsInReturn() bool {
	if b.k.routine == nil {
		return true
	}
	count := 0
	for _, n := range b.k.shape.nodes {
		if _, ok := n.stmt.(*ir.ReturnLocalStmt); ok {
			count++
		}
	}
	last := b.k.blocks[len(b.k.blocks)-1]
	if count != 1 || len(last.Stmts) != 1 {
		return false
	}
	ret, ok := last.Stmts[0].(*ir.ReturnLocalStmt)
	return ok && ret.Source == b.k.returns
}

// trim gives what is left of a block, and whether it always ends undefined.
func (b *body) trim(block *ir.Block) (list []*rest, leaves bool) {
	items, shaped := b.c.bodies[block]
	if !shaped {
		items = make([]item, len(block.Stmts))
		for i, s := range block.Stmts {
			items[i] = item{node: b.k.shape.of[s]}
		}
	}
	for _, it := range items {
		out := it.ends
		if it.out != nil {
			if out = b.ask(it.region); out == next {
				continue
			}
		}
		switch {
		case it.out != nil && out == failed, out > leave, out == returned:
			b.odd = true
			return list, false
		case out == failed:
			return append(list, &rest{run: it.run}), false
		case out == leave:
			return b.cut(list), true
		}
		r, leaves := b.statement(it.node)
		if leaves {
			return b.cut(list), true
		}
		if r != nil {
			list = append(list, r)
		}
	}
	return list, false
}

// cut ends a list whose block ends undefined here: quiet statements are left out.
func (b *body) cut(list []*rest) []*rest {
	for len(list) > 0 && b.isQuiet(list[len(list)-1]) {
		list = list[:len(list)-1]
	}
	if len(list) == 0 {
		return nil
	}
	return append(list, leaving)
}

// statement gives what is left of a statement, nil for nothing, and whether it is never defined.
func (b *body) statement(n *node) (r *rest, leaves bool) {
	r = &rest{stmt: n.stmt, node: n}
	switch s := n.stmt.(type) {
	case *ir.NopStmt:
		return nil, false
	case *ir.BreakStmt:
		b.breaks = true
	case *ir.BlockStmt:
		if out, sure := endOf(s.Blocks); sure && out == next {
			return nil, false
		}
		for _, inner := range s.Blocks {
			if list, _ := b.trim(inner); len(list) > 0 {
				r.blocks = append(r.blocks, list)
			}
		}
		if len(r.blocks) == 0 {
			return nil, false
		}
	case *ir.NotStmt:
		list, inner := b.trim(s.Block)
		if len(list) == 0 {
			return nil, !inner
		}
		r.blocks = [][]*rest{list}
	case *ir.ScanStmt:
		list, _ := b.trim(s.Block)
		r.blocks = [][]*rest{list}
	case *ir.CallStmt:
		if fn, ok := b.c.funcs[s.Func]; ok {
			if callee := b.function(fn); callee.returns == undefined && !callee.errs {
				return nil, true
			}
		}
	case *ir.WithStmt, *ir.CallDynamicStmt:
		b.odd = true
	}
	return r, false
}

// endOf says how blocks end that do nothing but leave one another; false when that is not known beforehand.
func endOf(blocks []*ir.Block) (out ctl, sure bool) {
	for _, b := range blocks {
		out = next
		for _, s := range b.Stmts {
			switch s := s.(type) {
			case *ir.NopStmt:
				continue
			case *ir.BreakStmt:
				out = ctl(s.Index) + 1
			case *ir.BlockStmt:
				if out, sure = endOf(s.Blocks); !sure {
					return 0, false
				}
			default:
				return 0, false
			}
			if out != next {
				break
			}
		}
		if out > leave {
			return out - 1, true
		}
	}
	return next, true
}

// touched says what a statement that is left reads and writes itself.
func (r *rest) touched() *touched {
	if r.node.stmt == r.stmt {
		return &r.node.touched
	}
	t, _ := touchedBy(r.stmt)
	return &t
}

// touches visits a statement that is left and all within it.
func (r *rest) touches(visit func(t *touched)) {
	if r.stmt != nil {
		visit(r.touched())
	}
	for _, list := range r.blocks {
		for _, in := range list {
			in.touches(visit)
		}
	}
}

// isQuiet says whether a statement can be left out when its body ends undefined anyway; see quiet.go.
func (b *body) isQuiet(r *rest) bool {
	if r.stmt == nil || b.mayFail(r) || escapes(r.node, 0) {
		return false
	}
	quiet := true
	r.touches(func(t *touched) {
		for _, l := range t.writes {
			if l == b.k.returns && b.k.routine != nil {
				quiet = false
			}
			for _, reader := range b.k.shape.reads[l] {
				if within(reader, r.node.block) == nil {
					quiet = false
				}
			}
		}
	})
	return quiet
}

// mayFail says whether a statement that is left can end the evaluation with an error.
func (b *body) mayFail(r *rest) bool {
	switch s := r.stmt.(type) {
	case nil:
		return r != leaving
	case *ir.CallStmt:
		if fn, ok := b.c.funcs[s.Func]; ok {
			return b.function(fn).errs
		}
	case *ir.AssignVarOnceStmt:
		if r.sure {
			return false
		}
		if r.node.stmt != r.stmt {
			_, same := b.k.shape.constant(s.Target, 0)
			return !same
		}
	case *ir.BlockStmt, *ir.NotStmt, *ir.ScanStmt:
		return slices.ContainsFunc(r.blocks, func(list []*rest) bool { return slices.ContainsFunc(list, b.mayFail) })
	}
	return b.k.shape.mayErr(r.node)
}

func (b *body) errs() bool {
	return slices.ContainsFunc(b.blocks, func(list []*rest) bool { return slices.ContainsFunc(list, b.mayFail) })
}

package plan

import (
	"github.com/open-policy-agent/opa/v1/ir"
)

// shape is what is known of one function, or of one query, before it runs: on what each local depends, and so which statements can run once
// for the program or once for a page.
//
// A run of neighbouring statements is taken out of the evaluations of a page when all of this holds. None of them reads the member of the
// input that varies, the input as a whole, an argument, or a local that depends on those; calls count as what they call. They stand in a
// body, or in blocks and negations within it, never in a loop or under a `with`. What they write, nobody else writes, and nobody reads where
// the run has not ended before. Then they have the same outcome each time, and whoever reads what they wrote finds it as the plan would have
// left it. Runs keep their places among the other statements, so an error comes when the plan would give it (see quiet.go for the one
// exception).
type shape struct {
	c      *compiler
	nodes  []*node
	of     map[ir.Stmt]*node
	levels map[ir.Local]level
	reads  map[ir.Local][]*node
	writes map[ir.Local][]*node
	names  map[ir.Local]alias
	steady map[ir.Local]bool // written in a loop by one statement that gives the same each time its operands do; see steadyLocals
	once   bool              // the whole runs once for a page: nothing in it is worth doing once for a page
}

// node is a statement and where it stands.
type node struct {
	stmt     ir.Stmt
	block    *ir.Block
	index    int
	parent   *node
	straight bool // in no loop, and under no `with`
	mocked   bool // under a `with`
	own      level
	touched  touched
	children []*node
}

func (c *compiler) shapeOf(blocks []*ir.Block, params []ir.Local, once bool) *shape {
	s := &shape{
		c: c, of: map[ir.Stmt]*node{}, levels: map[ir.Local]level{}, reads: map[ir.Local][]*node{}, writes: map[ir.Local][]*node{}, once: once,
		names: map[ir.Local]alias{},
	}
	s.place(blocks, nil, true, c.ownLevel)
	s.steadyLocals()
	for _, l := range params {
		s.levels[l] = perDocument
	}
	for s.raise() || s.demote() {
	}
	return s
}

// place notes where statements stand and what they touch.
func (s *shape) place(blocks []*ir.Block, parent *node, straight bool, own func(ir.Stmt) level) {
	for _, b := range blocks {
		for i, stmt := range b.Stmts {
			t, _ := touchedBy(stmt)
			n := &node{stmt: stmt, block: b, index: i, parent: parent, straight: straight, own: own(stmt), touched: t}
			if parent != nil {
				_, with := parent.stmt.(*ir.WithStmt)
				n.mocked = with || parent.mocked
			}
			s.nodes = append(s.nodes, n)
			s.of[stmt] = n
			if parent != nil {
				parent.children = append(parent.children, n)
			}
			for _, l := range t.reads {
				s.reads[l] = append(s.reads[l], n)
			}
			for _, l := range t.writes {
				s.writes[l] = append(s.writes[l], n)
			}
			inside := straight
			switch stmt.(type) {
			case *ir.ScanStmt, *ir.WithStmt:
				inside = false
			}
			s.place(t.blocks, n, inside, own)
		}
	}
}

// local gives what a local depends on.
func (s *shape) local(l ir.Local) level { return s.levels[l] }

// unit gives what a statement and all within it depend on, and what they write does.
func (s *shape) unit(n *node) level {
	out := n.own
	for _, list := range [2][]ir.Local{n.touched.reads, n.touched.writes} {
		for _, l := range list {
			if l != ir.Input && l != ir.Data {
				out = max(out, s.levels[l])
			}
		}
	}
	for _, child := range n.children {
		out = max(out, s.unit(child))
	}
	if s.once && out == perPage {
		return perDocument
	}
	return out
}

// raise lets what is written depend on what writes it; true when something changed.
func (s *shape) raise() bool {
	changed := false
	for _, n := range s.nodes {
		switch n.stmt.(type) {
		case *ir.BlockStmt, *ir.NotStmt:
			continue // the statements within speak for themselves
		}
		if !n.straight && !s.isSteady(n) {
			continue
		}
		u := s.unit(n)
		for l := range s.written(n) {
			if s.levels[l] < u && (!s.steady[l] || len(n.children) == 0) {
				s.levels[l], changed = u, true
			}
		}
	}
	return changed
}

// written gives the locals that a statement and all within it write.
func (s *shape) written(n *node) map[ir.Local]bool {
	out := map[ir.Local]bool{}
	var collect func(*node)
	collect = func(n *node) {
		for _, l := range n.touched.writes {
			out[l] = true
		}
		for _, child := range n.children {
			collect(child)
		}
	}
	collect(n)
	return out
}

// steadyLocals finds the locals that one statement of a loop writes and only what comes surely after it reads. The statement can be taken
// out by itself, for it keeps nothing from one turn to the next.
func (s *shape) steadyLocals() {
	s.steady = map[ir.Local]bool{}
	for l, writers := range s.writes {
		if n := writers[0]; len(writers) == 1 && !n.straight && !n.mocked && stateless(n.stmt) && s.alwaysWritten(l) {
			s.steady[l] = true
		}
	}
}

// isSteady says whether a statement in a loop can be taken out by itself.
func (s *shape) isSteady(n *node) bool {
	if n.mocked || !stateless(n.stmt) {
		return false
	}
	for _, l := range n.touched.writes {
		if !s.steady[l] {
			return false
		}
	}
	return true
}

// stateless says whether the outcome of a statement hangs on nothing but what it reads.
func stateless(s ir.Stmt) bool {
	switch s.(type) {
	case *ir.DotStmt, *ir.LenStmt, *ir.AssignVarStmt, *ir.EqualStmt, *ir.NotEqualStmt, *ir.IsArrayStmt, *ir.IsObjectStmt, *ir.IsSetStmt,
		*ir.CallStmt, *ir.MakeNullStmt, *ir.MakeNumberIntStmt, *ir.MakeNumberRefStmt:
		return true
	}
	return false
}

// movable says whether a statement may be taken out of where it stands, if what it depends on allows it.
func (s *shape) movable(n *node) bool { return n.straight || s.isSteady(n) }

// demote gives locals the level of the run that writes them, and gives up those that have none; true when something changed.
func (s *shape) demote() bool {
	changed := false
	for l, writers := range s.writes {
		if s.levels[l] == perDocument || s.steady[l] {
			continue
		}
		if u := s.runOf(l, writers); u > s.levels[l] {
			s.levels[l], changed = u, true
		}
	}
	for l := range s.reads {
		if len(s.writes[l]) == 0 && s.levels[l] < perDocument && l != ir.Input && l != ir.Data {
			s.levels[l], changed = perDocument, true // never written: let it be what it is each time
		}
	}
	return changed
}

// runOf looks for the run of statements of one body that holds everything that writes a local, and before which nothing reads it. It gives
// what the run depends on, its conditions included: perDocument when there is none.
func (s *shape) runOf(l ir.Local, writers []*node) level {
	for n := writers[0]; n != nil; n = n.parent {
		first, last, ok := s.span(n, writers)
		if !ok || !n.straight || !s.readAfter(l, n.block, first) {
			continue
		}
		out := perProgram
		for i := first; i <= last; i++ {
			out = max(out, s.unit(s.of[n.block.Stmts[i]]))
		}
		return out
	}
	return perDocument
}

// span gives from which statement to which of the node's block the writers stand; false when one of them is elsewhere.
func (s *shape) span(n *node, writers []*node) (first, last int, ok bool) {
	first, last = n.index, n.index
	for _, w := range writers {
		in := within(w, n.block)
		if in == nil {
			return 0, 0, false
		}
		first, last = min(first, in.index), max(last, in.index)
	}
	return first, last, true
}

func (s *shape) readAfter(l ir.Local, block *ir.Block, first int) bool {
	for _, r := range s.reads[l] {
		in := within(r, block)
		if in == nil || in.index < first {
			return false
		}
	}
	return true
}

// within gives the statement of a block that is the node or holds it; nil when the node is elsewhere.
func within(n *node, block *ir.Block) *node {
	for ; n != nil; n = n.parent {
		if n.block == block {
			return n
		}
	}
	return nil
}

// ownLevel gives what a statement depends on apart from locals and from the statements within it.
func (c *compiler) ownLevel(s ir.Stmt) level {
	switch s := s.(type) {
	case *ir.WithStmt, *ir.ReturnLocalStmt, *ir.ResultSetAddStmt:
		return perDocument
	case *ir.CallStmt:
		if fn, ok := c.funcs[s.Func]; ok {
			out := c.functionLevel(fn)
			for i, a := range s.Args {
				if i >= 2 {
					out = max(out, c.wholeInput(a.Value))
				}
			}
			if len(s.Args) < 2 || s.Args[0].Value != ir.Val(ir.Input) || s.Args[1].Value != ir.Val(ir.Data) {
				return perDocument
			}
			return out
		}
	case *ir.CallDynamicStmt:
		out := perProgram
		for _, fn := range c.reachable(s.Path) {
			out = max(out, c.functionLevel(fn))
		}
		for _, o := range s.Path {
			out = max(out, c.wholeInput(o.Value))
		}
		return out
	case *ir.DotStmt:
		if s.Source.Value == ir.Val(ir.Input) {
			if key, ok := s.Key.Value.(ir.StringIndex); ok && (c.options.Vary == "" || c.text(int(key)) != c.options.Vary) {
				return perPage
			}
		}
	case *ir.IsDefinedStmt, *ir.IsUndefinedStmt:
		if t, _ := touchedBy(s); t.reads[0] == ir.Input {
			return perPage // the input as such is always the page's
		}
	}
	out := perProgram
	t, _ := touchedBy(s)
	for _, l := range t.reads {
		out = max(out, c.wholeInput(l))
	}
	return out
}

// wholeInput gives the level of reading a value as it stands: that of the input, when it is the input.
func (c *compiler) wholeInput(v ir.Val) level {
	switch {
	case v != ir.Val(ir.Input):
		return perProgram
	case c.options.Vary == "":
		return perPage
	}
	return perDocument
}

// functionLevel gives what a function depends on apart from its arguments.
func (c *compiler) functionLevel(fn *ir.Func) level {
	if l, ok := c.levels[fn]; ok {
		return l
	}
	c.levels[fn] = perDocument
	out := perProgram
	walk(fn.Blocks, func(s ir.Stmt) bool {
		if _, ok := s.(*ir.ReturnLocalStmt); !ok {
			out = max(out, c.ownLevel(s))
		}
		return true
	})
	c.levels[fn] = out
	return out
}

// mustBlank says whether a local must be emptied when its function begins: somebody may read it before anybody wrote it, or it is read to
// see whether it is empty.
func (s *shape) mustBlank(l ir.Local) bool {
	if s.levels[l] < perDocument {
		return false
	}
	for _, r := range s.reads[l] {
		if !s.writtenBefore(l, r) {
			return true
		}
	}
	return false
}

// writtenBefore says whether the local is surely written when the statement is reached.
func (s *shape) writtenBefore(l ir.Local, r *node) bool {
	for _, w := range s.writes[l] {
		if _, loop := w.stmt.(*ir.ScanStmt); loop && r != w && within(r, w.block) == w {
			return true
		}
		if in := within(r, w.block); in != nil && w.index < in.index {
			return true
		}
	}
	return false
}

package plan

import (
	"github.com/open-policy-agent/opa/v1/ir"
)

// A body is a conjunction. When a run that is taken out of it fails for the page, the body fails for every document, and the statements
// before the run need not be looked at, provided that they are quiet: they cannot fail with an error, cannot leave anything but the body,
// and write nothing that is read outside it.

// quiet says whether the statement can be left out when its body fails anyway.
func (s *shape) quiet(n *node) bool {
	if s.mayErr(n) || escapes(n, 0) {
		return false
	}
	for l := range s.written(n) {
		for _, r := range s.reads[l] {
			if within(r, n.block) == nil {
				return false
			}
		}
	}
	return true
}

// escapes says whether the statement can end more than the block it stands in.
func escapes(n *node, depth int) bool {
	switch stmt := n.stmt.(type) {
	case *ir.BreakStmt:
		return int(stmt.Index) > depth
	case *ir.ReturnLocalStmt, *ir.ResultSetAddStmt, *ir.CallDynamicStmt, *ir.WithStmt:
		return true
	}
	for _, child := range n.children {
		if escapes(child, depth+1) {
			return true
		}
	}
	return false
}

// mayErr says whether the statement, or one within it, can end the evaluation with an error.
func (s *shape) mayErr(n *node) bool {
	switch stmt := n.stmt.(type) {
	case *ir.ObjectInsertOnceStmt, *ir.WithStmt, *ir.CallDynamicStmt:
		return true
	case *ir.AssignVarOnceStmt:
		return !s.agrees(n, stmt)
	case *ir.DotStmt:
		return s.c.chained(stmt)
	case *ir.CallStmt:
		if fn, ok := s.c.funcs[stmt.Func]; ok {
			return s.c.functionErrs(fn)
		}
		b, ok := builtinFor(stmt.Func)
		return !ok || !b.sure
	}
	for _, child := range n.children {
		if s.mayErr(child) {
			return true
		}
	}
	return false
}

// functionErrs says whether a call of the function can end in an error.
func (c *compiler) functionErrs(fn *ir.Func) bool {
	if yes, ok := c.errs[fn]; ok {
		return yes
	}
	c.errs[fn] = true
	s := c.shapeOf(fn.Blocks, fn.Params[2:], true)
	for _, n := range s.nodes {
		if n.parent == nil && s.mayErr(n) {
			return true
		}
	}
	c.errs[fn] = false
	return false
}

// agrees says whether an assignment that may happen once can never meet another value: every assignment gives the same constant, or the
// local is surely empty when this one is reached.
func (s *shape) agrees(n *node, a *ir.AssignVarOnceStmt) bool {
	if _, same := s.constant(a.Target, 0); same {
		return true
	}
	if !n.straight {
		return false
	}
	for i := n.index - 1; i >= 0; i-- {
		before := s.of[n.block.Stmts[i]]
		switch stmt := before.stmt.(type) {
		case *ir.ResetLocalStmt:
			if stmt.Target == a.Target {
				return true
			}
		case *ir.IsUndefinedStmt:
			if stmt.Source == a.Target {
				return true
			}
		}
		if s.written(before)[a.Target] {
			return false
		}
	}
	return s.writes[a.Target][0] == n // the first of the function, which finds every local empty
}

// constant gives the one constant that a local can hold, when there is one.
func (s *shape) constant(l ir.Local, depth int) (ir.Val, bool) {
	var out ir.Val
	if depth > 4 || len(s.writes[l]) == 0 {
		return nil, false
	}
	for _, w := range s.writes[l] {
		var v ir.Val
		switch stmt := w.stmt.(type) {
		case *ir.ResetLocalStmt:
			continue
		case *ir.AssignVarOnceStmt:
			v = stmt.Source.Value
		case *ir.AssignVarStmt:
			v = stmt.Source.Value
		default:
			return nil, false
		}
		if from, ok := v.(ir.Local); ok {
			if v, ok = s.constant(from, depth+1); !ok {
				return nil, false
			}
		}
		if out != nil && out != v {
			return nil, false
		}
		out = v
	}
	return out, out != nil
}

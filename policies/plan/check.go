package plan

import "github.com/open-policy-agent/opa/v1/ir"

// check refuses what is not run compiled, all of it at once: statements and builtins that are not known, and functions that reach themselves,
// for each function has one place for each of its locals.
func (c *compiler) check(q *ir.Plan) {
	state := map[*ir.Func]int{}
	c.follow(q.Blocks)
	c.checkBlocks(q.Blocks, state)
}

const (
	checking = 1 + iota
	finished
)

func (c *compiler) checkBlocks(blocks []*ir.Block, state map[*ir.Func]int) {
	walk(blocks, func(s ir.Stmt) bool {
		if _, known := touchedBy(s); !known {
			c.refuse(s.GetLocation(), "statement %s", kindOf(s))
			return false
		}
		switch s := s.(type) {
		case *ir.CallStmt:
			if fn, ok := c.funcs[s.Func]; ok {
				c.checkFunction(fn, s, state)
			} else if _, ok := builtinFor(s.Func); !ok {
				c.refuse(s.GetLocation(), "builtin %s", s.Func)
			}
		case *ir.NotStmt:
			c.checkNegation(s)
		case *ir.CallDynamicStmt:
			if len(s.Args) != 2 {
				c.refuse(s.GetLocation(), "dynamic call with arguments")
			}
			for _, fn := range c.reachable(s.Path) {
				c.checkFunction(fn, s, state)
			}
		}
		return true
	})
}

// checkNegation refuses to negate what is looked up among rules by a name known only when it runs: OPA's planner closes the block of such a
// look-up around what follows from it, and outside that block, in the negation, what did not hold looks like what did.
func (c *compiler) checkNegation(not *ir.NotStmt) {
	walk([]*ir.Block{not.Block}, func(s ir.Stmt) bool {
		if _, ok := s.(*ir.CallDynamicStmt); ok {
			c.refuse(s.GetLocation(), "negation of a rule found by a name known only when it runs")
		}
		return true
	})
}

func (c *compiler) checkFunction(fn *ir.Func, from ir.Stmt, state map[*ir.Func]int) {
	switch state[fn] {
	case checking:
		c.refuse(from.GetLocation(), "recursion through %s", fn.Name)
		return
	case finished:
		return
	}
	if len(fn.Params) < 2 || fn.Params[0] != ir.Input || fn.Params[1] != ir.Data {
		c.refuse(from.GetLocation(), "function %s without input and data", fn.Name)
	}
	state[fn] = checking
	c.follow(fn.Blocks)
	c.checkBlocks(fn.Blocks, state)
	state[fn] = finished
}

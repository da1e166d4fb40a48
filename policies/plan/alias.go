package plan

import "github.com/open-policy-agent/opa/v1/ir"

// sameAs says of what a local is only another name: a constant, or a local that one statement writes, before the naming and nowhere else.
// Both then have one place, and nothing is copied.
func (s *shape) sameAs(l ir.Local) (ir.Operand, bool) {
	known, ok := s.names[l]
	if !ok {
		known.of, known.is = s.findSame(l)
		s.names[l] = known
	}
	return known.of, known.is
}

// alias is what sameAs found.
type alias struct {
	of ir.Operand
	is bool
}

func (s *shape) findSame(l ir.Local) (ir.Operand, bool) {
	if len(s.writes[l]) != 1 || !s.alwaysWritten(l) {
		return ir.Operand{}, false
	}
	n := s.writes[l][0]
	assign, ok := n.stmt.(*ir.AssignVarStmt)
	if !ok || n.mocked {
		return ir.Operand{}, false
	}
	from, ok := assign.Source.Value.(ir.Local)
	if !ok {
		return assign.Source, true
	}
	if from == ir.Input || from == ir.Data || len(s.writes[from]) != 1 || !s.writtenBefore(from, n) || s.writes[from][0].mocked {
		return ir.Operand{}, false
	}
	return assign.Source, true
}

// root gives the local in whose place a local has its value, when both are names of one.
func (s *shape) root(l ir.Local) ir.Local {
	for {
		from, ok := s.sameAs(l)
		if !ok {
			return l
		}
		next, ok := from.Value.(ir.Local)
		if !ok {
			return l
		}
		l = next
	}
}

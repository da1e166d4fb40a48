package plan

import "github.com/open-policy-agent/opa/v1/ir"

// sameAs says of what a local is only another name: a constant, or a local that one statement writes, before the naming and nowhere else.
// Both then have one place, and nothing is copied.
func (s *shape) sameAs(l ir.Local) (ir.Operand, bool) {
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

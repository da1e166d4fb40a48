package plan

import (
	"fmt"

	"github.com/open-policy-agent/opa/v1/ir"
)

// touched is what one statement does with locals, apart from the blocks within it.
type touched struct {
	reads, writes []ir.Local
	blocks        []*ir.Block
}

func (t *touched) read(operands ...ir.Operand) {
	for _, o := range operands {
		if l, ok := o.Value.(ir.Local); ok {
			t.reads = append(t.reads, l)
		}
	}
}

// touchedBy says what a statement reads, writes and holds. A container that is added to is read and written.
func touchedBy(s ir.Stmt) (t touched, known bool) {
	switch s := s.(type) {
	case *ir.NopStmt, *ir.BreakStmt:
	case *ir.ReturnLocalStmt:
		t.reads = []ir.Local{s.Source}
	case *ir.ResultSetAddStmt:
		t.reads = []ir.Local{s.Value}
	case *ir.CallStmt:
		t.read(s.Args...)
		t.writes = []ir.Local{s.Result}
	case *ir.CallDynamicStmt:
		t.reads = append(t.reads, s.Args...)
		t.read(s.Path...)
		t.writes = []ir.Local{s.Result}
	case *ir.BlockStmt:
		t.blocks = s.Blocks
	case *ir.NotStmt:
		t.blocks = []*ir.Block{s.Block}
	case *ir.ScanStmt:
		t.reads, t.writes, t.blocks = []ir.Local{s.Source}, []ir.Local{s.Key, s.Value}, []*ir.Block{s.Block}
	case *ir.WithStmt:
		t.reads, t.writes, t.blocks = []ir.Local{s.Local}, []ir.Local{s.Local}, []*ir.Block{s.Block}
		t.read(s.Value)
	default:
		return touchedPlain(s)
	}
	return t, true
}

// touchedPlain is touchedBy for statements without calls and blocks.
func touchedPlain(s ir.Stmt) (t touched, known bool) {
	switch s := s.(type) {
	case *ir.DotStmt:
		t.read(s.Source, s.Key)
		t.writes = []ir.Local{s.Target}
	case *ir.LenStmt:
		t.read(s.Source)
		t.writes = []ir.Local{s.Target}
	case *ir.AssignIntStmt:
		t.writes = []ir.Local{s.Target}
	case *ir.AssignVarStmt:
		t.read(s.Source)
		t.writes = []ir.Local{s.Target}
	case *ir.AssignVarOnceStmt:
		t.read(s.Source)
		t.reads, t.writes = append(t.reads, s.Target), []ir.Local{s.Target}
	case *ir.ResetLocalStmt:
		t.writes = []ir.Local{s.Target}
	case *ir.MakeNullStmt:
		t.writes = []ir.Local{s.Target}
	case *ir.MakeNumberIntStmt:
		t.writes = []ir.Local{s.Target}
	case *ir.MakeNumberRefStmt:
		t.writes = []ir.Local{s.Target}
	case *ir.MakeArrayStmt:
		t.writes = []ir.Local{s.Target}
	case *ir.MakeObjectStmt:
		t.writes = []ir.Local{s.Target}
	case *ir.MakeSetStmt:
		t.writes = []ir.Local{s.Target}
	case *ir.EqualStmt:
		t.read(s.A, s.B)
	case *ir.NotEqualStmt:
		t.read(s.A, s.B)
	case *ir.IsArrayStmt:
		t.read(s.Source)
	case *ir.IsObjectStmt:
		t.read(s.Source)
	case *ir.IsSetStmt:
		t.read(s.Source)
	case *ir.IsDefinedStmt:
		t.reads = []ir.Local{s.Source}
	case *ir.IsUndefinedStmt:
		t.reads = []ir.Local{s.Source}
	case *ir.ArrayAppendStmt:
		t.read(s.Value)
		t.reads, t.writes = append(t.reads, s.Array), []ir.Local{s.Array}
	case *ir.ObjectInsertStmt:
		t.read(s.Key, s.Value)
		t.reads, t.writes = append(t.reads, s.Object), []ir.Local{s.Object}
	case *ir.ObjectInsertOnceStmt:
		t.read(s.Key, s.Value)
		t.reads, t.writes = append(t.reads, s.Object), []ir.Local{s.Object}
	case *ir.ObjectMergeStmt:
		t.reads, t.writes = []ir.Local{s.A, s.B}, []ir.Local{s.Target}
	case *ir.SetAddStmt:
		t.read(s.Value)
		t.reads, t.writes = append(t.reads, s.Set), []ir.Local{s.Set}
	default:
		return t, false
	}
	return t, true
}

// walk visits statements and those within them; the visitor says whether to go in.
func walk(blocks []*ir.Block, visit func(ir.Stmt) bool) {
	for _, b := range blocks {
		for _, s := range b.Stmts {
			if !visit(s) {
				continue
			}
			if t, ok := touchedBy(s); ok {
				walk(t.blocks, visit)
			}
		}
	}
}

// kindOf names a kind of statement as OPA's plan does.
func kindOf(s ir.Stmt) string { return fmt.Sprintf("%T", s)[len("*ir."):] }

package plan

import (
	"errors"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// native is a builtin written for this package's values. It gives the undefined value where OPA's gives no answer, and errOperand where
// OPA's would fail or where this one does not know: the caller then asks OPA's own.
type native func(m *machine, args []Value) (Value, bool)

// builtin is one builtin as a program calls it.
type builtin struct {
	name     string
	native   native
	sure     bool // the native one always answers: it never fails and never asks OPA's
	own      topdown.BuiltinFunc
	relation bool // every answer counts, as members of an array
	void     bool
}

// builtinFor prepares a builtin; false when a plan cannot call it.
func builtinFor(name string) (*builtin, bool) {
	decl, known := ast.BuiltinMap[name]
	own := topdown.GetBuiltin(name)
	if !known || own == nil || decl.Nondeterministic {
		return nil, false
	}
	b := &builtin{name: name, own: own, relation: decl.Relation, void: decl.Decl.Result() == nil}
	if n, ok := natives[name]; ok {
		b.native, b.sure = n.run, n.sure
	}
	return b, true
}

// call asks the builtin. An undefined value with a nil error is no answer.
func (b *builtin) call(m *machine, args []Value, strict bool) (Value, error) {
	if b.native != nil {
		if v, ok := b.native(m, args); ok {
			return v, nil
		}
	}
	return b.bridge(m, args, strict)
}

// bridge asks OPA's own builtin, through its values.
func (b *builtin) bridge(m *machine, args []Value, strict bool) (Value, error) {
	var answers []Value
	cancel := topdown.NewCancel()
	if m.ctx.Done() != nil {
		stop := contextAfter(m.ctx, cancel.Cancel)
		defer stop()
	}
	bctx := topdown.BuiltinContext{Context: m.ctx, Cancel: cancel, Location: &ast.Location{}, Capabilities: capabilities()}
	err := b.own(bctx, terms(args), func(t *ast.Term) error {
		if b.void || t == nil {
			answers = append(answers, trueValue)
			return nil
		}
		v, err := FromAST(t.Value)
		if err != nil {
			return topdown.Halt{Err: err}
		}
		answers = append(answers, v)
		return nil
	})
	var halt topdown.Halt
	switch {
	case errors.As(err, &halt), topdown.IsCancel(err):
		return Value{}, fmt.Errorf("%w: %s: %w", ErrBuiltin, b.name, err)
	case err != nil && strict:
		return Value{}, fmt.Errorf("%w: %s: %w", ErrBuiltin, b.name, err)
	case err != nil:
		return Value{}, nil
	case b.relation:
		return boxValue(Array, &box{list: answers}), nil
	case len(answers) == 0:
		return Value{}, nil
	}
	return answers[0], nil
}

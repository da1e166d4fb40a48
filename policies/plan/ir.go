package plan

import (
	"context"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
	"github.com/open-policy-agent/opa/v1/rego"
)

// target is the name under which OPA's library hands plans to this package.
const target = "pontlevis/plan"

// Entrypoint is the name that a plan made by Of gives to its query.
const Entrypoint = "eval"

type planner struct{}

type wanted struct{}

// OPA keeps its targets in a map without a lock, which every query that is prepared goes through: none may be prepared yet.
func init() { rego.RegisterPlugin(target, planner{}) }

// IsTarget implements rego.TargetPlugin.
func (planner) IsTarget(name string) bool { return name == target }

// PrepareForEval implements rego.TargetPlugin: it keeps the plan for Of.
func (planner) PrepareForEval(ctx context.Context, p *ir.Policy, _ ...rego.PrepareOption) (rego.TargetPluginEval, error) {
	if keep, ok := ctx.Value(wanted{}).(**ir.Policy); ok {
		*keep = p
	}
	return planner{}, nil
}

// Eval implements rego.TargetPluginEval; nothing calls it.
func (planner) Eval(context.Context, *rego.EvalContext, ast.Value) (ast.Value, error) {
	return nil, fmt.Errorf("%w: evaluated through OPA", ErrInternal)
}

// Of lets OPA plan a query: the options are those of rego.New, with a query, and a compiler or modules. It fails as OPA's compiler and planner
// do.
func Of(ctx context.Context, options ...func(*rego.Rego)) (*ir.Policy, error) {
	var p *ir.Policy
	ctx = context.WithValue(ctx, wanted{}, &p)
	if _, err := rego.New(append(options, rego.Target(target))...).PrepareForEval(ctx); err != nil {
		return nil, fmt.Errorf("planning a query: %w", err)
	}
	if p == nil {
		return nil, fmt.Errorf("planning a query: %w: OPA gave no plan", ErrInternal)
	}
	return p, nil
}

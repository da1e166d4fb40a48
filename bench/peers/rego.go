package main

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/pontlevis/pontlevis/policies/plan"
)

//go:embed rules.rego
var regoRules string

// byRego decides with OPA's evaluator, as leanly as it allows, or with its plan compiled. Both give the whole decision, with every grant and
// denial that held.
type byRego struct {
	query   rego.PreparedEvalQuery
	txn     storage.Transaction
	program *plan.Program
}

func newRego(ctx context.Context) (*byRego, error) {
	data := map[string]any{"matrix": matrix, "cleared": cleared, "types": types}
	term, err := ast.InterfaceToValue(data)
	if err != nil {
		return nil, err
	}
	plain, err := ast.JSON(term)
	if err != nil {
		return nil, err
	}
	store := inmem.NewFromObjectWithOpts(plain.(map[string]any), inmem.OptReturnASTValuesOnRead(true))
	e := &byRego{}
	if e.txn, err = store.NewTransaction(ctx); err != nil {
		return nil, err
	}
	options := []func(*rego.Rego){
		rego.Query("data.peers.decision"), rego.Module("rules.rego", regoRules), rego.Store(store), rego.Transaction(e.txn),
		rego.StoreReadAST(true), rego.Metrics(metrics.NoOp()),
		rego.GenerateJSON(func(t *ast.Term, _ *rego.EvalContext) (any, error) { return t.Value, nil }),
	}
	if e.query, err = rego.New(options...).PrepareForEval(ctx); err != nil {
		return nil, fmt.Errorf("preparing OPA: %w", err)
	}
	p, err := plan.Of(ctx, options...)
	if err != nil {
		return nil, err
	}
	v, err := plan.FromAST(term)
	if err != nil {
		return nil, err
	}
	e.program, err = plan.Compile(p, plan.Entrypoint, v, plan.Options{Vary: "resource"})
	return e, err
}

// byOPA prepares the terms that the documents of a page share.
func (e *byRego) byOPA(f facts) func(document) (bool, error) {
	var pairs [][2]*ast.Term
	ast.MustInterfaceToValue(f.input()).(ast.Object).Foreach(func(k, v *ast.Term) { pairs = append(pairs, [2]*ast.Term{k, v}) })
	return func(d document) (bool, error) {
		input := ast.NewObject(append(pairs[:len(pairs):len(pairs)], [2]*ast.Term{ast.InternedTerm("resource"), d.term})...)
		rs, err := e.query.Eval(context.Background(), rego.EvalParsedInput(input), rego.EvalTransaction(e.txn), rego.EvalMetrics(metrics.NoOp()))
		if err != nil || len(rs) != 1 {
			return false, fmt.Errorf("OPA: %d answers, %w", len(rs), err)
		}
		allow := rs[0].Expressions[0].Value.(ast.Object).Get(ast.InternedTerm("allow"))
		return allow.Value.Compare(ast.Boolean(true)) == 0, nil
	}
}

// byPlan begins a page of the compiled plan.
func (e *byRego) byPlan(f facts) func(document) (bool, error) {
	input, err := plan.FromGo(f.input())
	if err != nil {
		return func(document) (bool, error) { return false, err }
	}
	page := e.program.Page(input)
	return func(d document) (bool, error) {
		v, err := page.Evaluate(context.Background(), d.value)
		if err != nil {
			return false, err
		}
		allow, _ := v.Get("allow")
		held, _ := allow.Bool()
		return held, nil
	}
}

package policies

import (
	"context"
	"fmt"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// decisionQuery is the one entry point of a bundle; it routes by `input.action`.
const decisionQuery = "data.pontlevis.main.decision"

// maxCompileErrors bounds the list a person is given at once.
const maxCompileErrors = 100

func (p *parsed) store() storage.Store {
	return inmem.NewFromObjectWithOpts(p.data, inmem.OptReturnASTValuesOnRead(true), inmem.OptRoundTripOnWrite(false))
}

// newCompiler is the compiler both decisions and tests are built with: strict, with the bundle's builtins and input schema, and refusing a
// rule that hides a data table.
func (p *parsed) newCompiler(ctx context.Context, store storage.Store, txn storage.Transaction) *ast.Compiler {
	return ast.NewCompiler().
		WithCapabilities(p.capabilities()).
		WithSchemas(p.schemas()).
		WithUseTypeCheckAnnotations(true).
		WithStrict(true).
		WithPathConflictsCheck(storage.NonEmpty(ctx, store, txn)).
		SetErrorLimit(maxCompileErrors)
}

// compiled is a bundle ready to be asked.
type compiled struct {
	compiler *ast.Compiler
	store    storage.Store
	txn      storage.Transaction // open for the life of the revision: nothing ever writes this store
	query    rego.PreparedEvalQuery
}

// compile checks and prepares the modules that decide.
func (p *parsed) compile(ctx context.Context) (*compiled, []Problem) {
	store := p.store()
	txn, err := store.NewTransaction(ctx)
	if err != nil {
		return nil, fromOPA("data", fmt.Errorf("reading the data: %w", err))
	}
	c := p.newCompiler(ctx, store, txn)
	if c.Compile(p.decisionModules()); c.Failed() {
		store.Abort(ctx, txn)
		return nil, fromOPA("compile", c.Errors)
	}
	if len(c.GetRules(ast.MustParseRef(decisionQuery))) == 0 {
		store.Abort(ctx, txn)
		return nil, []Problem{{Rule: "incomplete", Severity: Error, Message: "no rule defines " + decisionQuery + "."}}
	}
	q, err := rego.New(
		rego.Query(decisionQuery), rego.Compiler(c), rego.Store(store), rego.Transaction(txn), rego.StoreReadAST(true),
		rego.Capabilities(p.capabilities()), rego.StrictBuiltinErrors(true), rego.Metrics(metrics.NoOp()), rego.GenerateJSON(keepTerm),
	).PrepareForEval(ctx)
	if err != nil {
		store.Abort(ctx, txn)
		return nil, fromOPA("compile", fmt.Errorf("preparing the query: %w", err))
	}
	return &compiled{compiler: c, store: store, txn: txn, query: q}, nil
}

// keepTerm hands the result over as OPA holds it; the decision is read from the term without a detour through Go maps.
func keepTerm(t *ast.Term, _ *rego.EvalContext) (any, error) { return t.Value, nil }

// eval asks the compiled bundle for its decision on one input. A nil value with a nil error is an undefined decision.
func (c *compiled) eval(ctx context.Context, cancel topdown.Cancel, input ast.Value, extra ...rego.EvalOption) (ast.Value, error) {
	opts := append([]rego.EvalOption{
		rego.EvalParsedInput(input), rego.EvalTransaction(c.txn), rego.EvalExternalCancel(cancel), rego.EvalMetrics(metrics.NoOp()),
	}, extra...)
	rs, err := c.query.Eval(ctx, opts...)
	if err != nil {
		return nil, err
	}
	if len(rs) != 1 || len(rs[0].Expressions) != 1 {
		return nil, nil
	}
	v, ok := rs[0].Expressions[0].Value.(ast.Value)
	if !ok {
		return nil, fmt.Errorf("the decision came back as %T", rs[0].Expressions[0].Value)
	}
	return v, nil
}

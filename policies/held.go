package policies

import (
	"context"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// heldTracer watches tests run, and learns of each rule body whether it ever held and whether a condition of it ever failed.
type heldTracer struct {
	queries map[uint64]*entered // rule bodies under evaluation
	held    map[string]bool     // by "file:line" of the rule
	failed  map[string]bool
}

type entered struct {
	at     string
	exited bool
}

func newHeldTracer() *heldTracer {
	return &heldTracer{queries: map[uint64]*entered{}, held: map[string]bool{}, failed: map[string]bool{}}
}

// Enabled implements topdown.QueryTracer.
func (h *heldTracer) Enabled() bool { return true }

// Config implements topdown.QueryTracer.
func (h *heldTracer) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

// TraceEvent implements topdown.QueryTracer.
func (h *heldTracer) TraceEvent(e topdown.Event) {
	switch e.Op {
	case topdown.EnterOp:
		if r, ok := e.Node.(*ast.Rule); ok {
			h.queries[e.QueryID] = &entered{at: at(r.Location)}
		}
	case topdown.ExitOp:
		if r, ok := e.Node.(*ast.Rule); ok {
			h.held[at(r.Location)] = true
			if q := h.queries[e.QueryID]; q != nil {
				q.exited = true
			}
		}
	case topdown.FailOp:
		if q := h.queries[e.QueryID]; q != nil && !q.exited {
			h.failed[q.at] = true
		}
	}
}

// watchTests evaluates every test once more with the rule index and early exit off, which OPA's test runner does not offer: a body that the
// index rules out has been tried too, and its condition has failed.
func (p *parsed) watchTests(ctx context.Context) (*heldTracer, []Problem) {
	x, problems := p.newExam(ctx, p.modules)
	if len(problems) > 0 {
		return nil, problems
	}
	h := newHeldTracer()
	for _, t := range x.tests {
		clear(h.queries) // ids of queries begin anew with each evaluation
		x.eval(ctx, t, rego.EvalQueryTracer(h), rego.EvalRuleIndexing(false), rego.EvalEarlyExit(false))
		if err := ctx.Err(); err != nil {
			return nil, fromOPA("test", fmt.Errorf("running the tests: %w", err))
		}
	}
	return h, nil
}

// exam is a bundle with its tests, compiled once to be evaluated many times.
type exam struct {
	store storage.Store
	tests []examTest
}

type examTest struct {
	name  string
	query rego.PreparedEvalQuery
}

// newExam compiles modules with the bundle's data, and prepares each of their tests.
func (p *parsed) newExam(ctx context.Context, modules map[string]*ast.Module) (*exam, []Problem) {
	x := &exam{store: p.store()}
	txn, err := x.store.NewTransaction(ctx)
	if err != nil {
		return nil, fromOPA("test", fmt.Errorf("reading the data: %w", err))
	}
	defer x.store.Abort(ctx, txn)
	c := p.newCompiler(ctx, x.store, txn)
	if c.Compile(modules); c.Failed() {
		return nil, fromOPA("test", c.Errors)
	}
	for _, path := range testPaths(c.Modules) {
		q, err := rego.New(
			rego.ParsedQuery(ast.NewBody(ast.NewExpr(ast.NewTerm(path)))), rego.Compiler(c), rego.Store(x.store), rego.Transaction(txn),
			rego.StoreReadAST(true), rego.Metrics(metrics.NoOp()), rego.GenerateJSON(keepTerm),
		).PrepareForEval(ctx)
		if err != nil {
			return nil, fromOPA("test", err)
		}
		x.tests = append(x.tests, examTest{strings.TrimPrefix(path.String(), "data."), q})
	}
	return x, nil
}

// eval gives the value of a test: nil when it is undefined or fails with an error, which for a test is one and the same.
func (x *exam) eval(ctx context.Context, t examTest, options ...rego.EvalOption) ast.Value {
	rs, err := t.query.Eval(ctx, options...)
	if err != nil || len(rs) != 1 || len(rs[0].Expressions) != 1 {
		return nil
	}
	v, _ := rs[0].Expressions[0].Value.(ast.Value)
	return v
}

// testPaths lists the references of the tests, each once.
func testPaths(modules map[string]*ast.Module) []ast.Ref {
	var out []ast.Ref
	seen := map[string]bool{}
	for _, name := range sortedKeys(modules) {
		for _, r := range modules[name].Rules {
			ref := r.Ref().GroundPrefix()
			if !strings.HasPrefix(lastName(r.Head.Ref()), tester.TestPrefix) || seen[ref.String()] {
				continue
			}
			seen[ref.String()] = true
			out = append(out, ref)
		}
	}
	return out
}

var _ topdown.QueryTracer = (*heldTracer)(nil)

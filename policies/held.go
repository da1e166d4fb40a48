package policies

import (
	"context"
	"fmt"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/metrics"
	"github.com/open-policy-agent/opa/v1/rego"
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
	h := newHeldTracer()
	store := p.store()
	txn, err := store.NewTransaction(ctx)
	if err != nil {
		return nil, fromOPA("test", fmt.Errorf("reading the data: %w", err))
	}
	defer store.Abort(ctx, txn)
	c := p.newCompiler(ctx, store, txn)
	if c.Compile(p.modules); c.Failed() {
		return nil, fromOPA("test", c.Errors)
	}
	for _, path := range testPaths(c.Modules) {
		clear(h.queries) // ids of queries begin anew with each evaluation
		q, err := rego.New(
			rego.ParsedQuery(ast.NewBody(ast.NewExpr(ast.NewTerm(path)))), rego.Compiler(c), rego.Store(store), rego.Transaction(txn),
			rego.StoreReadAST(true), rego.Metrics(metrics.NoOp()), rego.GenerateJSON(keepTerm),
		).PrepareForEval(ctx)
		if err == nil {
			_, err = q.Eval(ctx, rego.EvalTransaction(txn), rego.EvalQueryTracer(h), rego.EvalRuleIndexing(false), rego.EvalEarlyExit(false))
		}
		if ctx.Err() != nil {
			return nil, fromOPA("test", fmt.Errorf("running the tests: %w", ctx.Err()))
		}
		if err != nil {
			continue // a test that fails with an error is told of by its own run; what it reached still counts
		}
	}
	return h, nil
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

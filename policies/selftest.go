package policies

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/tester"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// testLimit bounds one test of a bundle: a table of cases takes its time on a busy machine, one that never ends is refused.
const testLimit = time.Minute

// testRun says which tests to run, and how.
type testRun struct {
	modules map[string]*ast.Module
	tracer  topdown.QueryTracer // may be nil; a *cover.Cover measures coverage
	serial  bool                // one test at a time, for tracers that are no *cover.Cover
}

// runTests runs tests of the bundle, with the same strictness, builtins and data as decisions have. Results come sorted by place. A failure
// to compile the tests is a problem.
func (p *parsed) runTests(ctx context.Context, run testRun) ([]*tester.Result, []Problem) {
	store := p.store()
	txn, err := store.NewTransaction(ctx)
	if err != nil {
		return nil, fromOPA("test", fmt.Errorf("reading the data: %w", err))
	}
	defer store.Abort(ctx, txn)
	ch, err := p.newRunner(ctx, store, txn, run).RunTests(ctx, txn)
	if err != nil {
		return nil, fromOPA("test", err)
	}
	var out []*tester.Result
	for res := range ch {
		out = append(out, res)
	}
	if err := ctx.Err(); err != nil {
		return nil, fromOPA("test", fmt.Errorf("running the tests: %w", err))
	}
	slices.SortFunc(out, func(a, b *tester.Result) int {
		return cmp.Or(strings.Compare(a.Location.File, b.Location.File), a.Location.Row-b.Location.Row)
	})
	return out, nil
}

func (p *parsed) newRunner(ctx context.Context, store storage.Store, txn storage.Transaction, run testRun) *tester.Runner {
	r := tester.NewRunner().
		SetCompiler(p.newCompiler(ctx, store, txn)).
		SetStore(store).
		SetModules(run.modules).
		RaiseBuiltinErrors(true).
		CapturePrintOutput(false).
		SetTimeout(testLimit)
	if run.tracer != nil {
		r.SetCoverageQueryTracer(run.tracer)
	}
	if run.serial {
		r.SetParallel(1)
	}
	return r
}

// failedTests gives a problem for each test that does not pass, and one when there is no test at all.
func (p *parsed) failedTests(ctx context.Context) []Problem {
	results, problems := p.runTests(ctx, testRun{modules: p.modules})
	if len(problems) > 0 {
		return problems
	}
	if len(results) == 0 {
		return []Problem{{Rule: "test", Severity: Error, Message: "the bundle has no tests.", Mend: "write rules named test_… in files that end in _test.rego."}}
	}
	return problemsOf(results)
}

func problemsOf(results []*tester.Result) []Problem {
	var out []Problem
	for _, r := range results {
		switch {
		case r.Error != nil:
			out = append(out, problemAt("test", Error, r.Location, "", "%s.%s failed with an error: %v.", r.Package, r.Name, r.Error))
		case r.Skip:
			out = append(out, problemAt("test", Error, r.Location, "remove todo_ from its name, or the test.", "%s.%s is skipped.", r.Package, r.Name))
		case r.Fail:
			out = append(out, problemAt("test", Error, r.Location, "", "%s.%s does not hold.", r.Package, r.Name))
		}
	}
	return out
}

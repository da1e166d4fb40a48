package policies

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/tester"
)

// runTests runs the bundle's own tests against the given modules, with the same strictness, builtins and data as decisions have. Results
// come sorted by place. A failure to compile the tests is a problem.
func (p *parsed) runTests(ctx context.Context, modules map[string]*ast.Module, c *cover.Cover, filter string, tune ...func(*tester.Runner)) ([]*tester.Result, []Problem) {
	store := p.store()
	txn, err := store.NewTransaction(ctx)
	if err != nil {
		return nil, fromOPA("test", fmt.Errorf("reading the data: %w", err))
	}
	defer store.Abort(ctx, txn)
	r := tester.NewRunner().
		SetCompiler(p.newCompiler(ctx, store, txn)).
		SetStore(store).
		SetModules(modules).
		RaiseBuiltinErrors(true).
		CapturePrintOutput(false).
		Filter(filter)
	if c != nil {
		r.SetCoverageQueryTracer(c)
	}
	for _, t := range tune {
		t(r)
	}
	ch, err := r.RunTests(ctx, txn)
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
		if c := strings.Compare(a.Location.File, b.Location.File); c != 0 {
			return c
		}
		return a.Location.Row - b.Location.Row
	})
	return out, nil
}

// failedTests gives a problem for each test that does not pass, and one when there is no test at all.
func (p *parsed) failedTests(ctx context.Context) []Problem {
	results, problems := p.runTests(ctx, p.modules, nil, "")
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

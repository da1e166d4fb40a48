package plan_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/test/cases"
	"github.com/open-policy-agent/opa/v1/topdown"

	"github.com/pontlevis/pontlevis/policies/plan"
)

// wantAccepted is how many of OPA's cases must run compiled, of the some 2 400 there are.
const wantAccepted = 1900

// loadCases reads the cases that OPA's own evaluator is held to, from the module itself.
func loadCases(t testing.TB, version string) []cases.TestCase {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/open-policy-agent/opa").Output()
	if err != nil {
		t.Skipf("LOUD: the folder of OPA's module is not known, its compliance cases are not run: %v", err)
	}
	set, err := cases.Load(filepath.Join(strings.TrimSpace(string(out)), "v1", "test", "cases", "testdata", version))
	if err != nil {
		t.Fatal(err)
	}
	return set.Sorted().Cases
}

// trial is one case, understood.
type trial struct {
	tc      cases.TestCase
	version ast.RegoVersion
	input   ast.Value // nil is none
	data    map[string]any
}

func newTrial(tc cases.TestCase, v ast.RegoVersion) (*trial, error) {
	tr := &trial{tc: tc, version: v, data: map[string]any{}}
	if tc.Data != nil {
		tr.data = *tc.Data
	}
	switch {
	case tc.InputTerm != nil:
		term, err := ast.ParseTerm(*tc.InputTerm)
		if err != nil {
			return nil, err
		}
		tr.input = term.Value
	case tc.Input != nil:
		in, err := ast.InterfaceToValue(*tc.Input)
		if err != nil {
			return nil, err
		}
		tr.input = in
	}
	return tr, nil
}

func (tr *trial) modules() map[string]string {
	out := map[string]string{}
	for i, m := range tr.tc.Modules {
		out[fmt.Sprintf("test-%d.rego", i)] = m
	}
	return out
}

func (tr *trial) capabilities() *ast.Capabilities {
	return ast.CapabilitiesForThisVersion(ast.CapabilitiesExperimentalKeywords(tr.tc.ExperimentalKeywords))
}

// reference asks OPA's own evaluator.
func (tr *trial) reference(ctx context.Context) (ast.Set, error) {
	compiler, err := ast.CompileModulesWithOpt(tr.modules(), ast.CompileOpts{
		ParserOptions: ast.ParserOptions{RegoVersion: tr.version, Capabilities: tr.capabilities()},
	})
	if err != nil {
		return nil, err
	}
	query, err := compiler.QueryCompiler().Compile(ast.MustParseBody(tr.tc.Query))
	if err != nil {
		return nil, err
	}
	store := inmem.NewFromObject(tr.data)
	txn := storage.NewTransactionOrDie(ctx, store)
	q := topdown.NewQuery(query).WithCompiler(compiler).WithStore(store).WithTransaction(txn).WithStrictBuiltinErrors(tr.tc.StrictError)
	if tr.input != nil {
		q = q.WithInput(ast.NewTerm(tr.input))
	}
	rs, err := q.Run(ctx)
	if err != nil {
		return nil, err
	}
	out := ast.NewSet()
	for _, b := range rs {
		obj := ast.NewObject()
		for k, v := range b {
			if named(string(k)) {
				obj.Insert(ast.StringTerm(string(k)), v)
			}
		}
		out.Add(ast.NewTerm(obj))
	}
	return out, nil
}

// named says whether a variable is one that the query wrote.
func named(name string) bool {
	return !strings.HasPrefix(name, "^") && !strings.HasPrefix(name, "__local") && !strings.HasPrefix(name, "$")
}

// planned lets OPA plan the case.
func (tr *trial) planned(ctx context.Context) (*ir.Policy, error) {
	options := []func(*rego.Rego){rego.Query(tr.tc.Query), rego.SetRegoVersion(tr.version), rego.Capabilities(tr.capabilities())}
	for name, m := range tr.modules() {
		options = append(options, rego.Module(name, m))
	}
	p, err := plan.Of(ctx, options...)
	if err != nil {
		return nil, &unplanned{err}
	}
	return p, nil
}

// program compiles the case for a member of the input that varies.
func (tr *trial) program(p *ir.Policy, vary string) (*plan.Program, error) {
	data, err := plan.FromAST(ast.MustInterfaceToValue(tr.data))
	if err != nil {
		return nil, err
	}
	return plan.Compile(p, plan.Entrypoint, data, plan.Options{Vary: vary, StrictBuiltinErrors: tr.tc.StrictError, Fit: 1})
}

type unplanned struct{ error }

// answers runs the program on the case's input, again and again on one page, by the whole program and by what is left of it for the page.
func (tr *trial) answers(ctx context.Context, p *plan.Program, vary string) (ast.Set, error) {
	var input, varying plan.Value
	if tr.input != nil {
		in := tr.input
		if o, ok := in.(ast.Object); ok && vary != "" {
			rest := ast.NewObject()
			o.Foreach(func(k, v *ast.Term) {
				if k.Value.Compare(ast.String(vary)) == 0 {
					varying, _ = plan.FromAST(v.Value)
				} else {
					rest.Insert(k, v)
				}
			})
			in = rest
		}
		var err error
		if input, err = plan.FromAST(in); err != nil {
			return nil, err
		}
	}
	page := p.Page(input)
	defer page.Close()
	first, err := tr.once(ctx, page, varying)
	without, other := tr.once(ctx, page, plan.Value{})
	if other != nil && !known(other) {
		return nil, other
	}
	for _, v := range []plan.Value{varying, {}, {}, varying, varying} {
		want, wantErr := first, err
		if !v.Defined() && varying.Defined() {
			want, wantErr = without, other
		}
		got, gotErr := tr.once(ctx, page, v)
		if (gotErr == nil) != (wantErr == nil) || gotErr == nil && got.Compare(want) != 0 {
			return nil, fmt.Errorf("a cold page says %v (%v), a warm one %v (%v)", want, wantErr, got, gotErr)
		}
	}
	return first, err
}

func known(err error) bool {
	return errors.Is(err, plan.ErrConflict) || errors.Is(err, plan.ErrBuiltin) || errors.Is(err, plan.ErrBudget)
}

func (tr *trial) once(ctx context.Context, page *plan.Page, vary plan.Value) (ast.Set, error) {
	results, err := page.Results(ctx, vary)
	if err != nil {
		return nil, err
	}
	out := ast.NewSet()
	for _, r := range results {
		obj := ast.NewObject()
		r.AST().(ast.Object).Foreach(func(k, v *ast.Term) {
			if named(string(k.Value.(ast.String))) {
				obj.Insert(k, v)
			}
		})
		out.Add(ast.NewTerm(obj))
	}
	return out, nil
}

// varying gives the ways to cut the case's input in two.
func (tr *trial) varying() []string {
	out := []string{""}
	if o, ok := tr.input.(ast.Object); ok {
		o.Foreach(func(k, _ *ast.Term) {
			if s, ok := k.Value.(ast.String); ok && len(out) < 4 {
				out = append(out, string(s))
			}
		})
	}
	return out
}

// verdict is what became of a case.
type verdict struct {
	accepted bool
	refusals []string
	diff     string
}

func judge(ctx context.Context, tc cases.TestCase, v ast.RegoVersion) verdict {
	tr, err := newTrial(tc, v)
	if err != nil {
		return verdict{refusals: []string{"input: " + err.Error()}}
	}
	want, wantErr := tr.reference(ctx)
	planned, err := tr.planned(ctx)
	var un *unplanned
	if errors.As(err, &un) {
		return verdict{refusals: []string{"what OPA's planner refuses"}}
	}
	for _, vary := range tr.varying() {
		p, err := tr.program(planned, vary)
		var u *plan.Unsupported
		switch {
		case errors.As(err, &u):
			var kinds []string
			for _, c := range u.Constructs {
				kinds = append(kinds, c.Kind)
			}
			return verdict{refusals: kinds}
		case err != nil:
			return verdict{diff: fmt.Sprintf("compiling: %v", err)}
		}
		got, gotErr := tr.answers(ctx, p, vary)
		if (gotErr == nil) != (wantErr == nil) || gotErr == nil && got.Compare(want) != 0 {
			return verdict{accepted: true, diff: fmt.Sprintf("varying %q\n got %v (%v)\nwant %v (%v)", vary, got, gotErr, want, wantErr)}
		}
	}
	return verdict{accepted: true}
}

// TestCompliance holds the compiled plan to OPA's evaluator on every case that OPA ships for its own: each agrees, or is refused when it is
// compiled. The input of a case is also cut in two, so that what is hoisted is tried.
func TestCompliance(t *testing.T) {
	var mu sync.Mutex
	var accepted, total, different int
	refused := map[string]int{}
	type job struct {
		tc cases.TestCase
		v  ast.RegoVersion
	}
	var jobs []job
	for name, v := range map[string]ast.RegoVersion{"v0": ast.RegoV0, "v1": ast.RegoV1} {
		for _, tc := range loadCases(t, name) {
			for k, e := range tc.Env {
				t.Setenv(k, e)
			}
			jobs = append(jobs, job{tc, v})
		}
	}
	ch := make(chan job)
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for j := range ch {
				v := judge(t.Context(), j.tc, j.v)
				mu.Lock()
				total++
				for _, k := range slices.Compact(slices.Sorted(slices.Values(v.refusals))) {
					refused[k]++
				}
				if v.accepted {
					accepted++
				}
				if v.diff != "" {
					different++
					t.Errorf("%s: %s: %s", filepath.Base(j.tc.Filename), j.tc.Note, v.diff)
				}
				mu.Unlock()
			}
		})
	}
	for _, j := range jobs {
		ch <- j
	}
	close(ch)
	wg.Wait()
	t.Logf("%d cases: %d accepted, %d of them agree, %d refused", total, accepted, accepted-different, total-accepted)
	for _, k := range slices.Sorted(maps.Keys(refused)) {
		t.Logf("refused %4d: %s", refused[k], k)
	}
	if accepted < wantAccepted {
		t.Errorf("only %d cases are accepted, fewer than %d", accepted, wantAccepted)
	}
}

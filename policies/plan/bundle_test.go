package plan_test

import (
	"context"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"path"
	"strings"
	"sync"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"
	"github.com/open-policy-agent/opa/v1/util"

	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/policies/plan"
)

// decision is the query that a gateway asks of its bundle.
const decision = "data.pontlevis.main.decision"

// bundle is the project's own policies: asked through OPA and compiled.
type bundle struct {
	query  rego.PreparedEvalQuery
	policy []func(*rego.Rego)
	data   map[string]any
}

func loadBundle(t testing.TB) *bundle {
	t.Helper()
	b := &bundle{data: map[string]any{}}
	modules := map[string]*ast.Module{}
	err := fs.WalkDir(policies.Embedded(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(policies.Embedded(), name)
		if err != nil {
			return err
		}
		switch {
		case strings.HasSuffix(name, "_test.rego"):
		case strings.HasSuffix(name, ".rego"):
			modules[name], err = ast.ParseModuleWithOpts(name, string(content), ast.ParserOptions{ProcessAnnotation: true})
		case path.Base(name) == "data.json":
			at := b.data
			for _, step := range strings.Split(path.Dir(name), "/") {
				if at[step] == nil {
					at[step] = map[string]any{}
				}
				at = at[step].(map[string]any)
			}
			err = util.Unmarshal(content, &at)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	c := ast.NewCompiler()
	if c.Compile(modules); c.Failed() {
		t.Fatal(c.Errors)
	}
	b.policy = []func(*rego.Rego){rego.Query(decision), rego.Compiler(c), rego.Store(inmem.NewFromObject(b.data))}
	b.query, err = rego.New(append(b.policy, rego.StrictBuiltinErrors(true),
		rego.GenerateJSON(func(t *ast.Term, _ *rego.EvalContext) (any, error) { return t.Value, nil }))...).PrepareForEval(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func (b *bundle) program(t testing.TB, o plan.Options) *plan.Program {
	t.Helper()
	p, err := plan.Of(t.Context(), b.policy...)
	if err != nil {
		t.Fatal(err)
	}
	data, err := plan.FromGo(ast.MustInterfaceToValue(b.data))
	if err != nil {
		t.Fatal(err)
	}
	o.StrictBuiltinErrors = true
	prog, err := plan.Compile(p, plan.Entrypoint, data, o)
	if err != nil {
		t.Fatal(err)
	}
	return prog
}

// reference asks OPA's evaluator; nil is undefined.
func (b *bundle) reference(ctx context.Context, input, resource ast.Value) (ast.Value, error) {
	whole := ast.NewObject()
	input.(ast.Object).Foreach(func(k, v *ast.Term) { whole.Insert(k, v) })
	if resource != nil {
		whole.Insert(ast.StringTerm("resource"), ast.NewTerm(resource))
	}
	rs, err := b.query.Eval(ctx, rego.EvalParsedInput(whole))
	if err != nil || len(rs) == 0 {
		return nil, err
	}
	return rs[0].Expressions[0].Value.(ast.Value), nil
}

// invented are worlds that the project's bundle may meet; making them runs the bundle's tests, so it is done once.
var invented = sync.OnceValues(func() (*policies.Worlds, error) {
	r, err := policies.LoadWith(context.Background(), policies.Embedded(), policies.LoadOptions{SkipTests: true})
	if err != nil {
		return nil, err
	}
	return policies.NewWorlds(context.Background(), r)
})

func worlds(t testing.TB) *policies.Worlds {
	t.Helper()
	w, err := invented()
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// parts are a world's input and resource as OPA and this package hold them.
type parts struct {
	input, resource ast.Value
	in, res         plan.Value
}

func partsOf(t testing.TB, c policies.Case) parts {
	t.Helper()
	p := parts{input: ast.MustInterfaceToValue(c.Input), resource: ast.MustInterfaceToValue(c.Resource)}
	if c.Resource == nil {
		p.resource = nil
	}
	var err error
	if p.in, err = plan.FromAST(p.input); err != nil {
		t.Fatal(err)
	}
	if p.resource == nil {
		return p
	}
	if p.res, err = plan.FromAST(p.resource); err != nil {
		t.Fatal(err)
	}
	return p
}

// same says how the compiled plan and OPA differ on one resource of a page; empty when they do not.
func same(ctx context.Context, b *bundle, page *plan.Page, p parts) string {
	want, wantErr := b.reference(ctx, p.input, p.resource)
	got, err := page.Evaluate(ctx, p.res)
	if (err == nil) != (wantErr == nil) {
		return fmt.Sprintf("got error %v, want %v", err, wantErr)
	}
	if err == nil && (got.Defined() != (want != nil) || want != nil && got.AST().Compare(want) != 0) {
		return fmt.Sprintf("got %v\nwant %v", got, want)
	}
	return ""
}

// TestBundleEqualsOPA decides invented worlds with the project's bundle by both evaluators, whole decision by whole decision, several
// resources to a page.
func TestBundleEqualsOPA(t *testing.T) {
	t.Parallel()
	b, w := loadBundle(t), worlds(t)
	for _, o := range []plan.Options{{}, {Plain: true}, {Fit: 1}} {
		o.Vary = "resource"
		p := b.program(t, o)
		rng := rand.New(rand.NewPCG(7, 11))
		seen := map[string]int{}
		for range 60 {
			first := partsOf(t, w.Next(rng.IntN))
			page := p.Page(first.in)
			for range 6 {
				other := partsOf(t, w.Next(rng.IntN))
				q := parts{first.input, other.resource, first.in, other.res}
				if diff := same(t.Context(), b, page, q); diff != "" {
					t.Fatalf("input %v\nresource %v\n%s", q.input, q.resource, diff)
				}
				if diff := same(t.Context(), b, page, first); diff != "" {
					t.Fatalf("input %v\nresource %v\n%s", first.input, first.resource, diff)
				}
				v, _ := page.Evaluate(t.Context(), first.res)
				rule, _ := v.Get("rule")
				seen[rule.String()]++
			}
			page.Close()
		}
		if len(seen) < 10 {
			t.Errorf("only %d rules decided: the worlds do not reach the policy", len(seen))
		}
	}
}

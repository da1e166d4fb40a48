package plan_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/ir"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage/inmem"

	"github.com/pontlevis/pontlevis/policies/plan"
)

// subject is a policy, pages of documents, and what OPA's evaluator says of each.
type subject struct {
	name   string
	policy *ir.Policy
	pages  []subjectPage
}

type subjectPage struct {
	input     ast.Object
	in        plan.Value
	documents []subjectDocument
}

type subjectDocument struct {
	resource ast.Value // nil: none
	value    plan.Value
	want     string // OPA's answer as it writes it, "" when there is none
	failed   bool
}

// errSetting is a policy that OPA does not take.
var errSetting = errors.New("OPA does not take the policy")

// newSubject asks OPA about pages of documents, drawn or given.
func newSubject(ctx context.Context, name, query, module string, pages []subjectPage) (*subject, error) {
	options := []func(*rego.Rego){rego.Query(query), rego.Module(name+".rego", module), rego.Store(inmem.NewFromObject(mixedData))}
	reference, err := rego.New(append(options, rego.StrictBuiltinErrors(true),
		rego.GenerateJSON(func(t *ast.Term, _ *rego.EvalContext) (any, error) { return t.Value, nil }))...).PrepareForEval(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errSetting, err)
	}
	s := &subject{name: name, pages: pages}
	if s.policy, err = plan.Of(ctx, options...); err != nil {
		return nil, fmt.Errorf("%w: %w", errSetting, err)
	}
	for i := range pages {
		p := &pages[i]
		if p.in, err = plan.FromAST(p.input); err != nil {
			return nil, err
		}
		for j := range p.documents {
			if err := p.ask(ctx, reference, &p.documents[j]); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

func (p *subjectPage) ask(ctx context.Context, reference rego.PreparedEvalQuery, d *subjectDocument) (err error) {
	whole := ast.NewObject()
	p.input.Foreach(func(k, v *ast.Term) { whole.Insert(k, v) })
	if d.resource != nil {
		whole.Insert(ast.StringTerm("resource"), ast.NewTerm(d.resource))
		if d.value, err = plan.FromAST(d.resource); err != nil {
			return err
		}
	}
	rs, err := reference.Eval(ctx, rego.EvalParsedInput(whole))
	d.failed = err != nil
	if err == nil && len(rs) > 0 {
		d.want = rs[0].Bindings["x"].(ast.Value).String()
	}
	return nil
}

// told is what a run over a subject met.
type told struct{ decided, undefined, failed, unanswered, refused int }

// differs runs the subject, one document after the other on each page, by the whole program at first and then by what is left of it, and
// gives the first difference. Pages come one after the other, and then again turn by turn.
func (s *subject) differs(ctx context.Context, fit int, seen *told) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%s: a panic: %v", s.name, p)
		}
	}()
	data, err := plan.FromAST(ast.MustInterfaceToValue(mixedData))
	if err != nil {
		return err
	}
	p, err := plan.Compile(s.policy, plan.Entrypoint, data, plan.Options{Vary: "resource", StrictBuiltinErrors: true, Fit: fit, Steps: 1 << 16})
	var refused *plan.Unsupported
	if errors.As(err, &refused) {
		seen.refused++
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s.name, err)
	}
	for i := range s.pages {
		page := p.Page(s.pages[i].in)
		for j := range s.pages[i].documents {
			if err := s.pages[i].one(ctx, page, j, seen); err != nil {
				return fmt.Errorf("%s: page %d: %w", s.name, i, err)
			}
		}
		page.Close()
	}
	open := make([]*plan.Page, len(s.pages))
	for i := range open {
		open[i] = p.Page(s.pages[i].in)
		defer open[i].Close()
	}
	for j, more := 0, true; more; j++ {
		more = false
		for i := range open {
			if j < len(s.pages[i].documents) {
				more = true
				if err := s.pages[i].one(ctx, open[i], j, seen); err != nil {
					return fmt.Errorf("%s: page %d, in turn: %w", s.name, i, err)
				}
			}
		}
	}
	return nil
}

func (p *subjectPage) one(ctx context.Context, page *plan.Page, j int, seen *told) error {
	d := &p.documents[j]
	got, err := page.Evaluate(ctx, d.value)
	switch {
	case err != nil && d.failed:
		seen.failed++
		return nil
	case err != nil: // a plan may fail where OPA has an answer, since OPA's index leaves bodies out
		seen.unanswered++
		return nil
	}
	text := ""
	if tooDeep(got, 0) { // what is kept too long may come to hold itself
		return fmt.Errorf("document %d of %v: %v: an answer without a bottom, want %s", j, p.input, d.resource, d.want)
	}
	if got.Defined() {
		text = got.AST().String()
		seen.decided++
	} else {
		seen.undefined++
	}
	if d.failed || text != d.want {
		return fmt.Errorf("document %d of %v: %v\ngot  %s\nwant %s (an error: %t)", j, p.input, d.resource, text, d.want, d.failed)
	}
	return nil
}

func tooDeep(v plan.Value, depth int) bool {
	if depth > 20 {
		return true
	}
	switch v.Kind() {
	case plan.Array, plan.Set:
		for item := range v.Items() {
			if tooDeep(item, depth+1) {
				return true
			}
		}
	case plan.Object:
		for k, item := range v.Members() {
			if tooDeep(k, depth+1) || tooDeep(item, depth+1) {
				return true
			}
		}
	}
	return false
}

// drawnPages draws pages of documents. Each document differs a little from the last, or much.
func drawnPages(rng *rand.Rand, pages, documents int) []subjectPage {
	out := make([]subjectPage, pages)
	for i := range out {
		out[i].input = drawn(rng, map[string][]string{
			"a": {`"x"`, `"y"`, `"z"`, `"1"`}, "mode": {`"own"`, `"two"`, `"one"`}, "names": {`["x"]`, `["x", "y"]`, `[]`}, "flag": {"true", "false"},
			"n": {"1", "0", "2"},
		})
		var last ast.Object
		for range documents {
			d := subjectDocument{}
			switch {
			case last != nil && rng.IntN(3) > 0:
				last = changed(rng, last)
				d.resource = last
			case rng.IntN(10) == 0:
				d.resource = []ast.Value{nil, ast.Boolean(true), ast.NewArray(ast.StringTerm("x")), ast.NewObject(), ast.String("x")}[rng.IntN(5)]
			default:
				last = drawn(rng, resourceMembers)
				d.resource = last
			}
			out[i].documents = append(out[i].documents, d)
		}
	}
	return out
}

// resourceMembers are the members a document may have, and their values.
var resourceMembers = map[string][]string{
	"b": {"true", "false", "null", `"b"`}, "c": {`"c1"`, `"c2"`, `"k"`, `"x"`, `"one"`, `"two"`, "false"}, "k": {"1", "2", "1.0", "2.5", "0", `"2"`},
	"list": {"[]", `["x"]`, `["y", "x"]`, `["z", "z"]`, `["x", 1]`, `["x", 1.0]`, `{"x"}`}, "t": {`{"u": 1}`, `{"u": 2}`, `{"u": [1]}`, `{"v": 1}`, "{}", "1"},
	"m": {"1", "2"},
}

// changed gives a document with one member drawn anew, the order of its members kept.
func changed(rng *rand.Rand, last ast.Object) ast.Object {
	names := sortedNames(resourceMembers)
	name := names[rng.IntN(len(names))]
	out := ast.NewObject()
	last.Foreach(func(k, v *ast.Term) {
		if k.Value.Compare(ast.String(name)) != 0 {
			out.Insert(k, v)
		}
	})
	if values := resourceMembers[name]; rng.IntN(5) > 0 {
		out.Insert(ast.StringTerm(name), ast.MustParseTerm(values[rng.IntN(len(values))]))
	}
	return out
}

func sortedNames(m map[string][]string) []string {
	out := make([]string, 0, len(m))
	for name := range m {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// grownSubject grows a policy with pages to ask it about.
func grownSubject(ctx context.Context, seed uint64) (*subject, error) {
	rng := rand.New(rand.NewPCG(seed, 0x7061676573))
	return newSubject(ctx, fmt.Sprintf("grown-%d", seed), "x := data.grown.says", grow(seed), drawnPages(rng, 5, 14))
}

// TestGrownEqualsOPA asks policies that were grown at random, as many as PLAN_GROWN says.
func TestGrownEqualsOPA(t *testing.T) {
	t.Parallel()
	refused, seen, many := 0, &told{}, 200
	if n, err := strconv.Atoi(os.Getenv("PLAN_GROWN")); err == nil {
		many = n
	}
	for seed := range uint64(many) {
		s, err := grownSubject(t.Context(), seed)
		if errors.Is(err, errSetting) {
			refused++
			continue
		}
		must(t, err)
		for _, fit := range []int{1, 9} {
			if err := s.differs(t.Context(), fit, seen); err != nil {
				t.Errorf("%v\n%s", err, grow(seed))
			}
		}
	}
	t.Logf("%d policies, of which OPA refused %d; %+v", many, refused, *seen)
	if refused > many/3 || seen.decided < many*20 || seen.unanswered > seen.decided/10 {
		t.Errorf("they prove little")
	}
}

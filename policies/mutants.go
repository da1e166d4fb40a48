package policies

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/storage"
)

// Mutant is the bundle without one body of a described rule.
type Mutant struct {
	Rule   string `json:"rule"`
	File   string `json:"file"`
	Line   int    `json:"line"`
	Killed bool   `json:"killed"`       // whether a test fails without it
	By     string `json:"by,omitempty"` // one such test
}

// mutantWorkers is how many mutants are tried at a time.
const mutantWorkers = 2

// switchPath is where a store says which body is off. No bundle can have it: its data stand under the roots of its manifest.
var (
	switchPath = storage.Path{"mutant", "off"}
	switchRef  = ast.MustParseRef("data.mutant.off")
)

// Mutants removes each body of each described rule in turn and asks the bundle's tests: a body whose removal no test notices is one that
// nobody would miss. Bodies come in the order of the files. The bundle must compile, and its tests should pass.
//
// It compiles once: each body begins with a condition on a switch in the data. A test is evaluated under a mutant only when the body held in
// it; where it did not, removing it changes nothing. A mutant is killed when a test gives another value than with every body in place: a
// test that is undefined, or of whose cases fewer hold.
func Mutants(ctx context.Context, fsys fs.FS) ([]Mutant, error) {
	files, err := readFiles(fsys)
	if err != nil {
		return nil, err
	}
	p := parse(files)
	set := gatherRules(p.decisionModules())
	if err := refusal(append(p.problems, set.problems...)); err != nil {
		return nil, err
	}
	p.data["mutant"] = map[string]any{"off": ""}
	modules, mutants := switched(p.modules, set)
	errs := make([]error, mutantWorkers)
	var wg sync.WaitGroup
	for i := range mutantWorkers {
		wg.Go(func() { errs[i] = p.tryAll(ctx, modules, mutants, i) })
	}
	wg.Wait()
	return mutants, errors.Join(errs...)
}

// switched copies the modules with a switch before each body of a described rule, and lists those bodies.
func switched(modules map[string]*ast.Module, set *ruleSet) (map[string]*ast.Module, []Mutant) {
	out := make(map[string]*ast.Module, len(modules))
	var mutants []Mutant
	for _, name := range sortedKeys(modules) {
		m := modules[name].Copy()
		out[name] = m
		for _, first := range m.Rules {
			for r := first; r != nil; r = r.Else {
				id, named := set.byAST[at(r.Location)]
				if !named || r.Default {
					continue
				}
				mutants = append(mutants, Mutant{Rule: id, File: r.Location.File, Line: r.Location.Row})
				on := ast.NotEqual.Expr(ast.NewTerm(switchRef), ast.StringTerm(at(r.Location))).SetLocation(r.Location)
				r.Body = append(ast.Body{on}, r.Body...)
				for i, e := range r.Body {
					e.Index = i
				}
			}
		}
	}
	return out, mutants
}

// tryAll tries every mutantWorkers-th mutant, beginning with the given one.
func (p *parsed) tryAll(ctx context.Context, modules map[string]*ast.Module, mutants []Mutant, first int) error {
	x, problems := p.newExam(ctx, modules)
	if err := refusal(problems); err != nil {
		return err
	}
	results := x.sit(ctx)
	for i := first; i < len(mutants); i += mutantWorkers {
		m := &mutants[i]
		place := fmt.Sprintf("%s:%d", m.File, m.Line)
		if err := storage.WriteOne(ctx, x.store, storage.ReplaceOp, switchPath, place); err != nil {
			return fmt.Errorf("removing rule %s (%s): %w", m.Rule, place, err)
		}
		for _, r := range results {
			if !r.held[place] {
				continue
			}
			if v := x.eval(ctx, r.test); !sameValue(v, r.value) {
				m.Killed, m.By = true, r.test.name
				break
			}
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("removing rule %s (%s): %w", m.Rule, place, err)
		}
	}
	return nil
}

// sitting is a test with every body in place: its value, the bodies that held, and its time.
type sitting struct {
	test  examTest
	value ast.Value
	held  map[string]bool
	took  time.Duration
}

// sit evaluates every test with every body in place; the quickest come first, for they are tried first.
func (x *exam) sit(ctx context.Context) []sitting {
	out := make([]sitting, len(x.tests))
	for i, t := range x.tests {
		h := newHeldTracer()
		began := time.Now()
		out[i] = sitting{test: t, value: x.eval(ctx, t, rego.EvalQueryTracer(h)), held: h.held, took: time.Since(began)}
	}
	slices.SortStableFunc(out, func(a, b sitting) int { return cmp.Compare(a.took, b.took) })
	return out
}

func sameValue(a, b ast.Value) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return a.Compare(b) == 0
}

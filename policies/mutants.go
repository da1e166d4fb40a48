package policies

import (
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/tester"
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

// Mutants removes each body of each described rule in turn and runs the bundle's tests: a body whose removal no test notices is one that
// nobody would miss. Bodies come in the order of the files. The bundle must compile.
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
	mutants := mutantsOf(p, set)
	work := make(chan *Mutant)
	errs := make([]error, mutantWorkers)
	var wg sync.WaitGroup
	for i := range mutantWorkers {
		wg.Go(func() {
			for m := range work {
				if err := p.try(ctx, m); err != nil && errs[i] == nil {
					errs[i] = err
				}
			}
		})
	}
	for i := range mutants {
		work <- &mutants[i]
	}
	close(work)
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return mutants, nil
}

func mutantsOf(p *parsed, set *ruleSet) []Mutant {
	var out []Mutant
	modules := p.decisionModules()
	for _, name := range sortedKeys(modules) {
		for _, first := range modules[name].Rules {
			for r := first; r != nil; r = r.Else {
				if id, ok := set.byAST[at(r.Location)]; ok && !r.Default {
					out = append(out, Mutant{Rule: id, File: r.Location.File, Line: r.Location.Row})
				}
			}
		}
	}
	return out
}

// try runs the tests against the bundle without the mutant's body, and stops at the first that fails. The body is made to fail rather than
// cut out, so that what refers to the rule still compiles.
func (p *parsed) try(ctx context.Context, m *Mutant) error {
	modules := make(map[string]*ast.Module, len(p.modules))
	for name, mod := range p.modules {
		modules[name] = mod
	}
	changed := modules[m.File].Copy()
	if !silence(changed, m.Line) {
		return fmt.Errorf("mutating rule %s: no body at %s:%d", m.Rule, m.File, m.Line)
	}
	modules[m.File] = changed
	for _, filter := range []string{testsOf(changed), ""} { // the module's own tests first: they are few, and mostly enough
		by, err := p.firstFailure(ctx, modules, filter)
		if err != nil {
			return fmt.Errorf("mutating rule %s (%s:%d): %w", m.Rule, m.File, m.Line, err)
		}
		if by != "" {
			m.Killed, m.By = true, by
			return nil
		}
	}
	return nil
}

// testsOf is the pattern of the tests of a module: in its package, or in the one beside it that ends in _test.
func testsOf(m *ast.Module) string {
	return "^" + regexp.QuoteMeta(m.Package.Path.String()) + `(_test)?\.[^.]+$`
}

// firstFailure runs the tests that match a pattern, all for "", until one does not pass, and gives its name.
func (p *parsed) firstFailure(ctx context.Context, modules map[string]*ast.Module, filter string) (string, error) {
	results, problems := p.runTests(ctx, testRun{modules: modules, filter: filter, serial: true, first: true})
	if err := refusal(problems); err != nil {
		return "", err
	}
	i := slices.IndexFunc(results, func(r *tester.Result) bool { return !r.Pass() })
	if i < 0 {
		return "", nil
	}
	return strings.TrimPrefix(results[i].Package, "data.") + "." + results[i].Name, nil
}

// silence puts `false` before the conditions of the body at a line. Index keeps the expressions in order for the compiler.
func silence(m *ast.Module, line int) bool {
	for _, first := range m.Rules {
		for r := first; r != nil; r = r.Else {
			if r.Location.Row != line {
				continue
			}
			no := ast.NewExpr(ast.InternedTerm(false)).SetLocation(r.Location)
			r.Body = append(ast.Body{no}, r.Body...)
			for i, e := range r.Body {
				e.Index = i
			}
			return true
		}
	}
	return false
}

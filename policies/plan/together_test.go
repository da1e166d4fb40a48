package plan_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/open-policy-agent/opa/v1/ast"

	"github.com/pontlevis/pontlevis/policies/plan"
)

// manyKinds is a policy whose pages are of more kinds than residues are kept: each of nine conditions of the page holds or does not.
func manyKinds(t *testing.T) *subject {
	t.Helper()
	var rules strings.Builder
	const conditions = 9
	for i := range conditions {
		fmt.Fprintf(&rules, "r%d := [input.resource.k, %d] if { input.p%d; input.resource.m%d }\nsays contains r%d\n", i, i, i, i%3, i)
	}
	var pages []subjectPage
	for kind := range 1 << conditions {
		page := subjectPage{input: ast.NewObject()}
		for i := range conditions {
			if kind&(1<<i) != 0 {
				page.input.Insert(ast.StringTerm(fmt.Sprintf("p%d", i)), ast.BooleanTerm(true))
			}
		}
		for k := range 4 {
			page.documents = append(page.documents, subjectDocument{resource: ast.MustParseTerm(fmt.Sprintf(`{"k": %d, "m%d": true, "m%d": false}`, k, (kind+k)%3, (kind+k+1)%3)).Value})
		}
		pages = append(pages, page)
	}
	s, err := newSubject(t.Context(), "many-kinds", "x := data.kinds.says", "package kinds\n\nimport rego.v1\n\n"+rules.String(), pages)
	must(t, err)
	return s
}

// TestManyGoroutines asks one program from many goroutines, which make its residues while others are served by them. Each answer is OPA's.
func TestManyGoroutines(t *testing.T) {
	t.Parallel()
	subjects := []*subject{manyKinds(t)}
	for _, c := range residueCases {
		subjects = append(subjects, c.subject(t))
	}
	for seed := uint64(1000); len(subjects) < len(residueCases)+20; seed++ {
		if s, err := grownSubject(t.Context(), seed); !errors.Is(err, errSetting) {
			must(t, err)
			subjects = append(subjects, s)
		}
	}
	data, err := plan.FromAST(ast.MustInterfaceToValue(mixedData))
	must(t, err)
	for _, s := range subjects {
		p, err := plan.Compile(s.policy, plan.Entrypoint, data, plan.Options{Vary: "resource", StrictBuiltinErrors: true, Fit: 2})
		var refused *plan.Unsupported
		if errors.As(err, &refused) {
			continue
		}
		must(t, err)
		var all sync.WaitGroup
		for worker := range uint64(8) {
			all.Go(func() {
				rng := rand.New(rand.NewPCG(worker, 7))
				for range 3 * len(s.pages) / 2 {
					if err := s.pages[rng.IntN(len(s.pages))].somewhere(t, p, rng); err != nil {
						t.Errorf("%s: %v", s.name, err)
						return
					}
				}
			})
		}
		all.Wait()
	}
}

// somewhere asks about the documents of the page from some place on, which now and then is fitted at once.
func (p *subjectPage) somewhere(t *testing.T, program *plan.Program, rng *rand.Rand) error {
	page := program.Page(p.in)
	defer page.Close()
	from := rng.IntN(len(p.documents))
	for j := range p.documents {
		if rng.IntN(12) == 0 {
			page.Fit(t.Context())
		}
		if err := p.one(t.Context(), page, (from+j)%len(p.documents), &told{}); err != nil {
			return fmt.Errorf("from document %d on: %w", from, err)
		}
	}
	return nil
}

// TestBranchesGrowUnderPages has goroutines come to the same branch at once, each with a page of a kind that nobody has asked about yet: one
// makes the residue, the others meet a branch that becomes a question while they look at it. Each program is fresh, for a branch grows once.
func TestBranchesGrowUnderPages(t *testing.T) {
	t.Parallel()
	s := manyKinds(t)
	data, err := plan.FromAST(ast.MustInterfaceToValue(mixedData))
	must(t, err)
	for round := range uint64(60) {
		p, err := plan.Compile(s.policy, plan.Entrypoint, data, plan.Options{Vary: "resource", StrictBuiltinErrors: true, Fit: 1})
		must(t, err)
		var all sync.WaitGroup
		begin := make(chan struct{})
		for worker := range uint64(4) {
			all.Go(func() {
				rng := rand.New(rand.NewPCG(round, worker))
				<-begin
				for range 40 {
					page := &s.pages[rng.IntN(len(s.pages))]
					if err := page.somewhere(t, p, rng); err != nil {
						t.Errorf("round %d: %v", round, err)
						return
					}
				}
			})
		}
		close(begin)
		all.Wait()
	}
}

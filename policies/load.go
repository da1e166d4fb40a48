package policies

import (
	"context"
	"io/fs"
	"slices"
	"time"
)

// LoadOptions change how a bundle is loaded; the zero value is what a server wants.
type LoadOptions struct {
	// SkipTests leaves the bundle's own tests out. It is for tools that run them in another way, never for a server.
	SkipTests bool
	// Now is the clock that dates the revision; nil is time.Now.
	Now func() time.Time
}

// Load reads, checks and prepares a bundle. It refuses with a *LoadError that lists every problem: what does not parse or compile strictly
// against the input schema, a builtin outside the bundle's list, what the lint forbids, a rule without its texts, a failing test.
func Load(ctx context.Context, fsys fs.FS) (*Revision, error) {
	return LoadWith(ctx, fsys, LoadOptions{})
}

// LoadWith is Load with options.
func LoadWith(ctx context.Context, fsys fs.FS, o LoadOptions) (*Revision, error) {
	files, err := readFiles(fsys)
	if err != nil {
		return nil, &LoadError{Problems: []Problem{{Rule: "read", Severity: Error, Message: err.Error()}}}
	}
	p := parse(files)
	r, problems := assemble(ctx, p, o)
	if err := refusal(problems); err != nil {
		return nil, err
	}
	if !o.SkipTests {
		if failed := p.failedTests(ctx); len(failed) > 0 {
			return nil, refusal(failed)
		}
		seeds, err := r.testInputs(ctx)
		if err != nil {
			return nil, err
		}
		r.Warnings = append(r.Warnings, r.tryPlan(ctx, seeds)...)
		if err := r.tryNarrowing(ctx, seeds); err != nil {
			return nil, err
		}
		return r, nil
	}
	r.Warnings = append(r.Warnings, r.tryPlan(ctx, nil)...)
	return r, nil
}

// assemble judges a parsed bundle and builds its revision. The revision is nil when the modules do not compile; with other errors it may
// be there, for tools that want to go on looking.
func assemble(ctx context.Context, p *parsed, o LoadOptions) (*Revision, []Problem) {
	problems := slices.Clone(p.problems)
	problems = append(problems, lint(p)...)
	set := gatherRules(p.decisionModules())
	problems = append(problems, set.problems...)
	c, errs := p.compile(ctx)
	problems = append(problems, withoutRepeats(errs, problems)...)
	if c == nil || p.root == nil {
		sortProblems(problems)
		return nil, problems
	}
	problems = append(problems, unusedData(p, c.compiler.Modules)...)
	sortProblems(problems)
	now := o.Now
	if now == nil {
		now = time.Now
	}
	r := &Revision{
		Digest: p.digest, Loaded: now(), parsed: p, compiled: c, rules: set.rules, byAST: set.byAST, schema: p.root,
		reads: readSetOf(c.compiler.Modules), stats: newStats(set.rules),
	}
	var err error
	if r.narrow, err = r.narrowings(); err != nil {
		problems = append(problems, Problem{Rule: "attributes", Severity: Error, Message: err.Error()})
	}
	for _, rule := range set.rules {
		r.ordered = append(r.ordered, rule)
	}
	slices.SortFunc(r.ordered, func(a, b Rule) int { return compareIDs(a.ID, b.ID) })
	if r.suspect, err = r.suspicions(); err != nil {
		problems = append(problems, Problem{Rule: "redecided", Severity: Error, Message: err.Error()})
	}
	r.table.Store(newTable())
	r.redecider = newRedecider(r)
	r.fast = r.newFastPath(ctx)
	problems = append(problems, r.fast.slow()...)
	sortProblems(problems)
	for _, q := range problems {
		if q.Severity == Warning {
			r.Warnings = append(r.Warnings, q)
		}
	}
	return r, problems
}

// withoutRepeats leaves out what the compiler says of a line the lint has already explained better.
func withoutRepeats(errs, known []Problem) []Problem {
	return slices.DeleteFunc(errs, func(e Problem) bool {
		return slices.ContainsFunc(known, func(k Problem) bool {
			return k.File == e.File && k.Line == e.Line && k.Severity == Error && k.Line > 0 && k.Rule == "builtin"
		})
	})
}

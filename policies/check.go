package policies

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/cover"
)

// Report is everything that Check found about a bundle.
type Report struct {
	Digest   string    `json:"digest"`
	Problems []Problem `json:"problems"` // errors and warnings, by file and line
	Rules    int       `json:"rules"`    // rules described in METADATA
	Tests    int       `json:"tests"`
	Coverage float64   `json:"coverage"` // per cent of the lines of the modules that decide
	Fast     bool      `json:"fast"`     // whether the bundle as a whole runs as a compiled plan
}

// OK reports whether the bundle may be published: warnings are allowed, errors are not.
func (r Report) OK() bool { return refusal(r.Problems) == nil }

// Write prints the problems, one a line, and a last line that sums up.
func (r Report) Write(w io.Writer) error {
	errs := 0
	for _, p := range r.Problems {
		if p.Severity != Warning {
			errs++
		}
		if _, err := fmt.Fprintln(w, p); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%d error(s), %d warning(s); %d rules, %d tests, %.1f %% covered; revision %s\n",
		errs, len(r.Problems)-errs, r.Rules, r.Tests, r.Coverage, short(r.Digest))
	if err != nil {
		return err
	}
	way := "decisions are taken by the compiled plan"
	if !r.Fast {
		way = "decisions are taken by OPA's evaluator, each some " + slowdown + " the cost of one by a compiled plan"
	}
	_, err = fmt.Fprintln(w, way)
	return err
}

func short(digest string) string {
	if len(digest) > 12 {
		return digest[:12]
	}
	return digest
}

// Check looks at a bundle with more patience than Load: all that Load refuses, then formatting, coverage, and for each described rule a test
// where it holds and one where it does not.
func Check(ctx context.Context, fsys fs.FS) Report {
	files, err := readFiles(fsys)
	if err != nil {
		return Report{Problems: []Problem{{Rule: "read", Severity: Error, Message: err.Error()}}}
	}
	p := parse(files)
	rev, problems := assemble(ctx, p, LoadOptions{})
	r := Report{Digest: p.digest, Problems: append(problems, unformatted(files)...)}
	if rev != nil {
		r.Problems = append(r.Problems, rev.tryPlan(ctx, nil)...)
		r.Rules, r.Fast = len(rev.rules), rev.fast.on()
		r.Problems = append(r.Problems, p.judgeTests(ctx, rev, &r)...)
	}
	sortProblems(r.Problems)
	return r
}

// judgeTests runs the tests with coverage, then once more watching which bodies held.
func (p *parsed) judgeTests(ctx context.Context, rev *Revision, r *Report) []Problem {
	c := cover.New()
	results, problems := p.runTests(ctx, testRun{modules: p.modules, tracer: c})
	if len(problems) > 0 {
		return problems
	}
	r.Tests = len(results)
	if len(results) == 0 {
		return p.failedTests(ctx)
	}
	problems = problemsOf(results)
	report := c.Report(p.decisionModules())
	r.Coverage = report.Coverage
	for _, u := range uncovered(report) {
		problems = append(problems, Problem{Rule: "uncovered", Severity: Warning, File: u.File, Line: u.Line, Message: u.String() + "."})
	}
	watched, errs := p.watchTests(ctx)
	if len(errs) > 0 {
		return append(problems, errs...)
	}
	return append(problems, p.unproven(rev, watched)...)
}

// unproven lists the bodies of described rules that no test sees holding, or none sees not holding. A body without a condition is left out of
// the second.
func (p *parsed) unproven(rev *Revision, h *heldTracer) []Problem {
	var out []Problem
	modules := p.decisionModules()
	for _, name := range sortedKeys(modules) {
		for _, r := range modules[name].Rules {
			for ; r != nil; r = r.Else {
				id, named := rev.byAST[at(r.Location)]
				if !named || r.Default {
					continue
				}
				if !h.held[at(r.Location)] {
					out = append(out, problemAt("untested", Error, r.Location, "write a test in which it decides.", "no test makes this body of rule %s hold.", id))
				} else if conditional(r) && !h.failed[at(r.Location)] {
					out = append(out, problemAt("untested", Error, r.Location, "write a test in which one of its conditions fails.",
						"every test that looks at this body of rule %s sees it hold.", id))
				}
			}
		}
	}
	return out
}

// conditional reports whether a body asks anything: one that is the plain `true` of a fact does not.
func conditional(r *ast.Rule) bool {
	return len(r.Body) != 1 || !r.Body[0].Equal(ast.NewExpr(ast.InternedTerm(true)))
}

// Uncovered is a stretch of lines that no test reaches, with OPA's reasons when it knows them.
type Uncovered struct {
	File    string
	Line    int
	End     int
	Reasons []string
}

// String says where and why.
func (u Uncovered) String() string {
	lines := fmt.Sprintf("line %d", u.Line)
	if u.End > u.Line {
		lines = fmt.Sprintf("lines %d to %d", u.Line, u.End)
	}
	s := "no test reaches " + lines
	if len(u.Reasons) > 0 {
		s += " (" + strings.Join(u.Reasons, "; ") + ")"
	}
	return s
}

// reasonOf tells OPA's reasons in words.
var reasonOf = map[cover.Kind]string{
	cover.KindIndexExcluded: "the rule index left it out before trying it",
	cover.KindEarlyExit:     "another body had already given the answer",
}

// uncovered lists the stretches that no test reaches; lines that follow one another for the same reasons are one stretch.
func uncovered(r cover.Report) []Uncovered {
	var out []Uncovered
	for _, name := range sortedKeys(r.Files) {
		for _, n := range r.Files[name].NotCovered {
			u := Uncovered{File: name, Line: n.Start.Row, End: n.End.Row, Reasons: reasonsOf(n.Kinds)}
			if i := len(out) - 1; i >= 0 && out[i].File == name && u.Line <= out[i].End+1 && slices.Equal(out[i].Reasons, u.Reasons) {
				out[i].End = max(out[i].End, u.End)
				continue
			}
			out = append(out, u)
		}
	}
	return out
}

func reasonsOf(kinds []cover.Kind) []string {
	var out []string
	for _, k := range kinds {
		if why, ok := reasonOf[k]; ok {
			out = append(out, why)
		}
	}
	return out
}

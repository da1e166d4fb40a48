package policies

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/open-policy-agent/opa/v1/cover"
	"github.com/open-policy-agent/opa/v1/tester"
)

// Test runs a bundle's tests and tells of them in w: each failing one with its place, with verbose each one with its time, and with coverage
// the part of the deciding modules that the tests reach and the lines they do not, with OPA's reasons. It gives an error when a test
// fails, or the bundle has none or cannot be loaded.
func Test(ctx context.Context, fsys fs.FS, w io.Writer, verbose, coverage bool) error {
	files, err := readFiles(fsys)
	if err != nil {
		return err
	}
	p := parse(files)
	if err := refusal(p.problems); err != nil {
		return err
	}
	run := testRun{modules: p.modules}
	c := cover.New()
	if coverage {
		run.tracer = c
	}
	results, problems := p.runTests(ctx, run)
	if err := refusal(problems); err != nil {
		return err
	}
	bad, err := writeResults(w, results, verbose)
	if err != nil {
		return err
	}
	if coverage {
		if err := writeCoverage(w, c.Report(p.decisionModules())); err != nil {
			return err
		}
	}
	switch {
	case len(results) == 0:
		return fmt.Errorf("the bundle has no tests")
	case bad > 0:
		return fmt.Errorf("%d of %d tests failed", bad, len(results))
	}
	return nil
}

func writeResults(w io.Writer, results []*tester.Result, verbose bool) (bad int, err error) {
	var took time.Duration
	for _, r := range results {
		took += r.Duration
		mark := "ok  "
		if !r.Pass() {
			bad++
			mark = "FAIL"
		} else if !verbose {
			continue
		}
		line := fmt.Sprintf("%s %s.%s (%s:%d, %s)", mark, r.Package, r.Name, r.Location.File, r.Location.Row, r.Duration.Round(10*time.Microsecond))
		if r.Error != nil {
			line += ": " + r.Error.Error()
		}
		if r.FailedAt != nil && r.FailedAt.Location != nil {
			line += fmt.Sprintf(": line %d does not hold: %s", r.FailedAt.Location.Row, r.FailedAt.Location.Text)
		}
		if _, err := fmt.Fprintln(w, line); err != nil {
			return bad, err
		}
	}
	_, err = fmt.Fprintf(w, "%d of %d tests pass, in %s\n", len(results)-bad, len(results), took.Round(time.Millisecond))
	return bad, err
}

func writeCoverage(w io.Writer, r cover.Report) error {
	for _, u := range uncovered(r) {
		if _, err := fmt.Fprintf(w, "%s:%d: %s\n", u.File, u.Line, u); err != nil {
			return err
		}
	}
	_, err := fmt.Fprintf(w, "%.1f %% of the deciding lines are covered (%d of %d)\n", r.Coverage, r.CoveredLines, r.CoveredLines+r.NotCoveredLines)
	return err
}

package policies

import (
	"errors"
	"fmt"
	"sort"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
)

// Severity tells a problem that refuses a bundle from one that is only said.
type Severity string

// The two severities.
const (
	Error   Severity = "error"
	Warning Severity = "warning"
)

// Problem is one thing found in a bundle: the rule of the check, where, what is wrong in one sentence, and how to mend it.
type Problem struct {
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	File     string   `json:"file,omitempty"`
	Line     int      `json:"line,omitempty"`
	Message  string   `json:"message"`
	Mend     string   `json:"mend,omitempty"`
}

// String writes the problem as `file:line: rule: message (mend)`, the form editors and people jump from.
func (p Problem) String() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d", p.Line)
		}
		b.WriteString(": ")
	}
	if p.Severity == Warning {
		b.WriteString("warning: ")
	}
	b.WriteString(p.Rule)
	b.WriteString(": ")
	b.WriteString(p.Message)
	if p.Mend != "" {
		b.WriteString(" Mend: ")
		b.WriteString(p.Mend)
	}
	return b.String()
}

// LoadError lists every problem for which a bundle was refused, sorted by file and line.
type LoadError struct {
	Problems []Problem
}

// Error lists the problems, one a line.
func (e *LoadError) Error() string {
	lines := make([]string, 0, len(e.Problems)+1)
	lines = append(lines, fmt.Sprintf("the bundle has %d problem(s)", len(e.Problems)))
	for _, p := range e.Problems {
		lines = append(lines, p.String())
	}
	return strings.Join(lines, "\n")
}

// refusal gives the LoadError for the problems that are errors, or nil when all are warnings.
func refusal(problems []Problem) error {
	var errs []Problem
	for _, p := range problems {
		if p.Severity != Warning {
			errs = append(errs, p)
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return &LoadError{Problems: errs}
}

func sortProblems(ps []Problem) {
	sort.SliceStable(ps, func(i, j int) bool {
		a, b := ps[i], ps[j]
		if a.File != b.File {
			return a.File < b.File
		}
		if a.Line != b.Line {
			return a.Line < b.Line
		}
		return a.Rule < b.Rule
	})
}

// fromOPA turns the errors of OPA's parser and compiler into problems, one each.
func fromOPA(rule string, err error) []Problem {
	var list ast.Errors
	var one *ast.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &list):
	case errors.As(err, &one):
		list = ast.Errors{one}
	default:
		return []Problem{{Rule: rule, Severity: Error, Message: err.Error()}}
	}
	ps := make([]Problem, 0, len(list))
	for _, e := range list {
		p := Problem{Rule: rule, Severity: Error, Message: strings.TrimSpace(e.Message)}
		if e.Location != nil {
			p.File, p.Line = e.Location.File, e.Location.Row
		}
		if e.Details != nil {
			p.Message += ": " + strings.Join(trimmed(e.Details.Lines()), " ")
		}
		ps = append(ps, p)
	}
	return ps
}

func trimmed(lines []string) []string {
	out := make([]string, 0, len(lines))
	for _, l := range lines {
		if l = strings.TrimSpace(l); l != "" {
			out = append(out, l)
		}
	}
	return out
}

func problemAt(rule string, sev Severity, loc *ast.Location, mend, format string, args ...any) Problem {
	p := Problem{Rule: rule, Severity: sev, Message: fmt.Sprintf(format, args...), Mend: mend}
	if loc != nil {
		p.File, p.Line = loc.File, loc.Row
	}
	return p
}

package manifest

import (
	"cmp"
	"fmt"
	"slices"
)

// Severities of a finding.
const (
	Error   = "error"   // the manifest is no manifest: Parse refuses it
	Warning = "warning" // it is one; the authority will ask about this
)

// Finding is one thing to mend, and where.
type Finding struct {
	Path     string `json:"path"`   // JSON Pointer (RFC 6901) of what it is about, which may be missing
	Line     int    `json:"line"`   // from 1; of the value, or of the nearest that is there
	Column   int    `json:"column"` // in characters, from 1
	Severity string `json:"severity"`
	Rule     string `json:"rule"` // stable name of the rule
	Text     Text   `json:"text"` // what is wrong, and how to mend it
}

func (f Finding) String() string {
	return fmt.Sprintf("%d:%d: %s: %s [%s]", f.Line, f.Column, f.Severity, f.Text.EN, f.Rule)
}

// Invalid is the error of a document that is no manifest.
type Invalid struct {
	Findings []Finding // those that are errors, in the order of the document; at least one
}

func (e *Invalid) Error() string {
	first := e.Findings[0]
	if n := len(e.Findings) - 1; n > 0 {
		return fmt.Sprintf("the manifest has errors: %s (and %d more)", first, n)
	}
	return fmt.Sprintf("the manifest has an error: %s", first)
}

// Errors are the findings that are errors.
func Errors(all []Finding) []Finding {
	return slices.DeleteFunc(slices.Clone(all), func(f Finding) bool { return f.Severity != Error })
}

// report collects findings.
type report struct {
	places *places
	all    []Finding
}

func (r *report) add(severity, rule, path string, text Text) {
	line, column := r.places.find(path)
	r.all = append(r.all, Finding{Path: path, Line: line, Column: column, Severity: severity, Rule: rule, Text: text})
}

func (r *report) refuse(rule, path, fr, en string) { r.add(Error, rule, path, Text{FR: fr, EN: en}) }
func (r *report) warn(rule, path, fr, en string)   { r.add(Warning, rule, path, Text{FR: fr, EN: en}) }

// sorted gives the findings in the order of the document, each once.
func (r *report) sorted() []Finding {
	slices.SortStableFunc(r.all, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Rule, b.Rule))
	})
	return slices.CompactFunc(r.all, func(a, b Finding) bool { return a.Path == b.Path && a.Rule == b.Rule })
}

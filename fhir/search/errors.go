package search

import (
	"fmt"
	"unicode/utf8"

	"github.com/pontlevis/pontlevis/fhir"
)

// Codes of R4's issue-type value set that an Error may carry.
const (
	codeInvalid      = "invalid"       // the text cannot be read
	codeValue        = "value"         // read, but no value of that kind
	codeNotSupported = "not-supported" // R4 knows it, this server does not
	codeUnknown      = "not-found"     // no such parameter
	codeTooLong      = "too-long"      // over a bound
	codeTooCostly    = "too-costly"
)

// Error is a search that a client got wrong: which parameter, and one sentence in each language that says what and
// what to write instead. Code is one of R4's issue types.
type Error struct {
	Param  string
	Code   string
	FR, EN string
}

// Error returns the English sentence with the parameter it is about.
func (e *Error) Error() string {
	if e.Param == "" {
		return "search: " + e.EN
	}
	return "search parameter " + e.Param + ": " + e.EN
}

// Issue is the error as an issue of an OperationOutcome.
func (e *Error) Issue() fhir.Issue {
	return fhir.Issue{Severity: "error", Code: e.Code, Path: e.Param, FR: e.FR, EN: e.EN}
}

// warning is the error as what a lenient search left out.
func (e *Error) warning() fhir.Issue {
	i := e.Issue()
	i.Severity = "warning"
	i.FR += " Le paramètre est ignoré."
	i.EN += " The parameter is ignored."
	return i
}

// fail builds an Error whose two sentences take the same arguments.
func fail(param, code, fr, en string, args ...any) *Error {
	return &Error{Param: show(param), Code: code, FR: fmt.Sprintf(fr, args...), EN: fmt.Sprintf(en, args...)}
}

// shown bounds what of a client's own text an error repeats.
const shown = 80

// show returns client text fit to be repeated: bounded, valid UTF-8, without control characters.
func show(s string) string {
	out := make([]rune, 0, min(len(s), shown))
	for _, r := range s {
		if len(out) == shown {
			return string(out) + "…"
		}
		if r < 0x20 || r == 0x7f || r == utf8.RuneError {
			r = '\uFFFD'
		}
		out = append(out, r)
	}
	return string(out)
}

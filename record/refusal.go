package record

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/pontlevis/pontlevis/fhir"
)

// Refusal says that a request is not understood or not acceptable in itself, whoever sends it and whatever the
// record holds. Its status and issues are therefore safe to tell anyone.
type Refusal struct {
	Status int          // HTTP status
	Issues []fhir.Issue // what is wrong, in French and English
	Allow  []string     // methods to name in the Allow header; only with status 405 (RFC 9110 §15.5.6)
}

// Error gives the status and the English sentence of the first issue.
func (r *Refusal) Error() string {
	if len(r.Issues) == 0 {
		return fmt.Sprintf("%d %s", r.Status, http.StatusText(r.Status))
	}
	return fmt.Sprintf("%d %s", r.Status, r.Issues[0].EN)
}

// Outcome renders the refusal as an OperationOutcome, JSON.
func (r *Refusal) Outcome() []byte { return fhir.OperationOutcome(r.Issues...) }

// Codes of http://hl7.org/fhir/issue-type that refusals here use.
const (
	issueStructure    = "structure"
	issueRequired     = "required"
	issueValue        = "value"
	issueInvariant    = "invariant"
	issueInvalid      = "invalid"
	issueNotSupported = "not-supported"
	issueNotFound     = "not-found"
	issueDuplicate    = "duplicate"
	issueMultiple     = "multiple-matches"
	issueTooLong      = "too-long"
	issueConflict     = "conflict"
	issueBusinessRule = "business-rule"
	issueTooCostly    = "too-costly"
)

// refuse builds a refusal of one issue. Both sentences are formats over the same arguments.
func refuse(status int, code, fr, en string, args ...any) *Refusal {
	if len(args) > 0 {
		fr, en = fmt.Sprintf(fr, args...), fmt.Sprintf(en, args...)
	}
	return &Refusal{Status: status, Issues: []fhir.Issue{{Severity: "error", Code: code, FR: fr, EN: en}}}
}

// at names the element the refusal is about.
func (r *Refusal) at(path string) *Refusal {
	for i := range r.Issues {
		r.Issues[i].Path = path
	}
	return r
}

func refuseMethod(method string, allow ...string) *Refusal {
	r := refuse(http.StatusMethodNotAllowed, issueNotSupported,
		"La méthode %s n'est pas offerte à cette adresse ; sont offertes : %s.",
		"Method %s is not offered at this address; offered are: %s.", clip(method), strings.Join(allow, ", "))
	r.Allow = allow
	return r
}

// clip quotes what a client sent for use in a sentence, at most 64 characters of it and no control character.
func clip(s string) string {
	const most = 64
	if utf8.RuneCountInString(s) > most {
		s = string([]rune(s)[:most]) + "…"
	}
	return fmt.Sprintf("%q", s)
}

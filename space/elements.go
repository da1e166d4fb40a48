package space

import (
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
)

// coded returns the first code of a CodeableConcept in a system, or "".
func coded(concept *fhir.Node, system string) string {
	for _, code := range codes(concept.Get("coding"), system) {
		return code
	}
	return ""
}

// codes returns the codes of a list of Codings in a system ("" takes every system).
func codes(codings *fhir.Node, system string) []string {
	var out []string
	for _, c := range codings.Items() {
		if code := c.Get("code").Text(); code != "" && (system == "" || c.Get("system").Text() == system) {
			out = append(out, code)
		}
	}
	return out
}

// concepts returns the codes in a system of a list of CodeableConcepts.
func concepts(list *fhir.Node, system string) []string {
	var out []string
	for _, concept := range list.Items() {
		out = append(out, codes(concept.Get("coding"), system)...)
	}
	return out
}

// identity is how a Reference names its target: the literal reference, else "system|value" of its identifier.
func identity(reference *fhir.Node) string {
	if literal := reference.Get("reference").Text(); literal != "" {
		return literal
	}
	return identifier(reference.Get("identifier"))
}

func identifier(n *fhir.Node) string {
	if value := n.Get("value").Text(); value != "" {
		return n.Get("system").Text() + "|" + value
	}
	return ""
}

// identities are all the actors of a provision.
func identities(provision *fhir.Node) []string {
	var out []string
	for _, actor := range provision.Get("actor").Items() {
		out = append(out, everyIdentity(actor.Get("reference"))...)
	}
	return out
}

// everyIdentity returns the literal reference and the identifier of a Reference, those that are there.
func everyIdentity(reference *fhir.Node) []string {
	var out []string
	if literal := reference.Get("reference").Text(); literal != "" {
		out = append(out, literal)
	}
	if id := identifier(reference.Get("identifier")); id != "" {
		out = append(out, id)
	}
	return out
}

// shutOut are all the identities of a provision that takes something from somebody. A reference may be written
// absolute, or with a version: whoever it names by its last two steps is meant, for a doubt must not let them in.
func shutOut(provision *fhir.Node) []string {
	out := identities(provision)
	for _, id := range out {
		if short := literal(id); short != id {
			out = append(out, short)
		}
	}
	return out
}

// literal is the relative form, "Type/id", of a literal reference, whatever stands before or behind it.
func literal(reference string) string {
	reference, _, _ = strings.Cut(reference, "/_history/")
	steps := strings.Split(reference, "/")
	if n := len(steps); n > 2 && !strings.Contains(reference, "|") {
		return steps[n-2] + "/" + steps[n-1]
	}
	return reference
}

// period reads a FHIR Period. A date without time begins at its midnight and ends at the next one, in UTC.
func period(n *fhir.Node) Period {
	return Period{Since: instant(n.Get("start").Text()), Until: end(n.Get("end").Text())}
}

// instant reads a FHIR dateTime, at the beginning of the span it names; zero when it is empty or malformed.
func instant(text string) time.Time {
	t, _ := span(text)
	return t
}

// end reads a FHIR dateTime, at the end of the span it names.
func end(text string) time.Time {
	_, t := span(text)
	return t
}

func span(text string) (from, to time.Time) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), t.UTC()
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, t.AddDate(0, 0, 1)
	}
	if t, err := time.Parse("2006-01", text); err == nil {
		return t, t.AddDate(0, 1, 0)
	}
	if t, err := time.Parse("2006", text); err == nil {
		return t, t.AddDate(1, 0, 0)
	}
	return time.Time{}, time.Time{}
}

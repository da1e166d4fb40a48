package visit

import (
	"cmp"
	"errors"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
)

// Said are sentences of the gate as pages show them, in both languages.
func Said(issues []fhir.Issue) []oauth.Said {
	var out []oauth.Said
	for _, issue := range issues {
		out = append(out, oauth.Said{FR: issue.FR, EN: issue.EN})
	}
	return out
}

// SaidIn are the words of a refusal of the gate, nil for any other error and for none.
func SaidIn(err error) []oauth.Said {
	var no *gate.Refusal
	if !errors.As(err, &no) {
		return nil
	}
	return Said(no.Issues)
}

// Named is how a CodeableConcept is called: its text, else the display of a code, "" when it is codes alone
// (datatypes.html#CodeableConcept).
func Named(concept *fhir.Node) string {
	if text := concept.Get("text").Text(); text != "" {
		return text
	}
	for _, c := range concept.Get("coding").Items() {
		if display := c.Get("display").Text(); display != "" {
			return display
		}
	}
	return ""
}

// Words are Named, or else the code itself: better than nothing to professionals, who can look it up.
func Words(concept *fhir.Node) string { return cmp.Or(Named(concept), Code(concept)) }

// Code is the first code of a CodeableConcept, "" when it has none.
func Code(concept *fhir.Node) string {
	for _, c := range concept.Get("coding").Items() {
		if code := c.Get("code").Text(); code != "" {
			return code
		}
	}
	return ""
}

// First is the first of several elements, or what stands in their place when there is but one; never nil.
func First(n *fhir.Node) *fhir.Node {
	for _, item := range n.Items() {
		return item
	}
	return n
}

// Medication is what a MedicationRequest, MedicationStatement or MedicationDispense is of, "" when it does not say it in words.
func Medication(n *fhir.Node) string {
	if words := Words(n.Get("medicationCodeableConcept")); words != "" {
		return words
	}
	ref := n.Get("medicationReference")
	if display := ref.Get("display").Text(); display != "" {
		return display
	}
	for _, c := range n.Get("contained").Items() {
		if "#"+c.Get("id").Text() == ref.Get("reference").Text() {
			return Words(c.Get("code"))
		}
	}
	return ""
}

// Doses are dosage instructions as they were written, "" when they stand in no words.
func Doses(dosages *fhir.Node) string {
	var out []string
	for _, d := range dosages.Items() {
		if text := cmp.Or(d.Get("text").Text(), d.Get("patientInstruction").Text()); text != "" {
			out = append(out, text)
		}
	}
	return strings.Join(out, " ; ")
}

// Value is the value of an Observation in words, and those of its components, with numbers as a language writes them.
func Value(n *fhir.Node, lang string) string {
	var parts []string
	if one := oneValue(n, lang); one != "" {
		parts = append(parts, one)
	}
	for _, c := range n.Get("component").Items() {
		if one := oneValue(c, lang); one != "" {
			parts = append(parts, strings.TrimSpace(Words(c.Get("code"))+" "+one))
		}
	}
	return strings.Join(parts, ", ")
}

func oneValue(n *fhir.Node, lang string) string {
	if q := n.Get("valueQuantity"); q.Get("value").Text() != "" {
		number := q.Get("value").Text()
		if lang == "fr" {
			number = strings.Replace(number, ".", ",", 1)
		}
		return strings.TrimSpace(q.Get("comparator").Text() + number + " " + cmp.Or(q.Get("unit").Text(), q.Get("code").Text()))
	}
	return cmp.Or(Words(n.Get("valueCodeableConcept")), n.Get("valueString").Text(), n.Get("valueInteger").Text())
}

// DeviceName is what people call a Device: its user-friendly name, else another, else its kind.
func DeviceName(n *fhir.Node) string {
	called := ""
	for _, name := range n.Get("deviceName").Items() {
		if called == "" || name.Get("type").Text() == "user-friendly-name" {
			called = name.Get("name").Text()
		}
	}
	return cmp.Or(called, Words(n.Get("type")))
}

// Phone is the first number by which somebody can be called, "" for none.
func Phone(telecoms *fhir.Node) string {
	for _, t := range telecoms.Items() {
		if s := t.Get("system").Text(); s == "phone" || s == "sms" {
			return t.Get("value").Text()
		}
	}
	return ""
}

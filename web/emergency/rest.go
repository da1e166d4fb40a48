package emergency

import (
	"errors"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
)

// refusedIn are the words of a refusal that was told, nil for any other error and for none.
func refusedIn(err error) []oauth.Said {
	var no *gate.Refusal
	if !errors.As(err, &no) || no.Rule == "" {
		return nil
	}
	var out []oauth.Said
	for _, issue := range no.Issues {
		out = append(out, oauth.Said{FR: issue.FR, EN: issue.EN})
	}
	return out
}

// dates are where resources say when they were, in order of preference.
var dates = []string{"effectiveDateTime", "performedDateTime", "occurrenceDateTime", "authoredOn", "onsetDateTime", "recordedDate", "date", "created", "issued"}

// restItem is one line of the rest of the record.
func restItem(n *fhir.Node, opening string) Item {
	switch n.Get("resourceType").Text() {
	case "DocumentReference":
		return documentItem(n, opening)
	case "MedicationRequest":
		i, _ := prescribedItem(n)
		i.Note = joined(i.Note, dateOf(n))
		return i
	case "Immunization":
		return Item{Text: wordsOf(n.Get("vaccineCode")), Note: dateOf(n)}
	case "Encounter":
		return Item{Text: first(wordsOf(firstOf(n.Get("type"))), n.At("class", "display").Text(), n.At("class", "code").Text()), Note: dayOf(n.At("period", "start").Text())}
	case "CarePlan":
		return Item{Text: first(n.Get("title").Text(), n.Get("description").Text()), Note: dateOf(n)}
	case "Observation":
		return Item{Text: wordsOf(n.Get("code")), Note: joined(valueOf(n), dateOf(n))}
	}
	return Item{Text: wordsOf(n.Get("code")), Note: dateOf(n)}
}

func firstOf(n *fhir.Node) *fhir.Node {
	for _, item := range n.Items() {
		return item
	}
	return n
}

// valueOf is the value of an Observation in words.
func valueOf(n *fhir.Node) string {
	if q := n.Get("valueQuantity"); q.Get("value").Text() != "" {
		return strings.TrimSpace(q.Get("value").Text() + " " + first(q.Get("unit").Text(), q.Get("code").Text()))
	}
	return first(wordsOf(n.Get("valueCodeableConcept")), n.Get("valueString").Text())
}

func dateOf(n *fhir.Node) string {
	for _, name := range dates {
		if d := n.Get(name).Text(); d != "" {
			return dayOf(d)
		}
	}
	return ""
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

func joined(parts ...string) string {
	var out []string
	for _, p := range parts {
		if p != "" {
			out = append(out, p)
		}
	}
	return strings.Join(out, " · ")
}

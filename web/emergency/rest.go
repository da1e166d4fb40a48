package emergency

import (
	"errors"
	"slices"
	"strings"
	"time"

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
		i.Day = dateOf(n)
		return i
	case "Immunization":
		return Item{Text: wordsOf(n.Get("vaccineCode")), Day: dateOf(n)}
	case "Encounter":
		return Item{Text: wordsOf(firstOf(n.Get("type"))), Key: encounterKey(n), Day: dayOf(n.At("period", "start").Text())}
	case "CarePlan":
		return Item{Text: first(n.Get("title").Text(), n.Get("description").Text()), Day: dateOf(n)}
	case "Observation":
		return Item{Text: wordsOf(n.Get("code")), Note: valueOf(n), Day: dateOf(n)}
	}
	return Item{Text: wordsOf(n.Get("code")), Day: dateOf(n)}
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

func dateOf(n *fhir.Node) time.Time {
	for _, name := range dates {
		if d := n.Get(name).Text(); d != "" {
			return dayOf(d)
		}
	}
	return time.Time{}
}

// encounterKey is the text of a kind of encounter (v3-ActEncounterCode), for one that says its kind in no words.
func encounterKey(n *fhir.Node) string {
	if wordsOf(firstOf(n.Get("type"))) != "" {
		return ""
	}
	class := n.At("class", "code").Text()
	if !slices.Contains([]string{"AMB", "EMER", "HH", "IMP", "ACUTE", "NONAC", "SS", "VR"}, class) {
		class = "OTHER"
	}
	return "emergency.encounter." + class
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

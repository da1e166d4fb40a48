package emergency

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/oauth"
	"github.com/pontlevis/pontlevis/web/visit"
)

// refusedIn are the words of a refusal that was told, nil for any other error and for none.
func refusedIn(err error) []oauth.Said {
	var no *gate.Refusal
	if !errors.As(err, &no) || no.Rule == "" {
		return nil
	}
	return visit.Said(no.Issues)
}

// dates are where resources say when they were, in order of preference.
var dates = []string{"effectiveDateTime", "performedDateTime", "occurrenceDateTime", "authoredOn", "onsetDateTime", "recordedDate", "date", "created", "issued"}

// restItem is one line of the rest of the record, with numbers as a language writes them.
func restItem(n *fhir.Node, opening, lang string) Item {
	switch n.Get("resourceType").Text() {
	case "DocumentReference":
		return documentItem(n, opening)
	case "MedicationRequest":
		i, _ := prescribedItem(n)
		i.Day = dateOf(n)
		return i
	case "Immunization":
		return Item{Text: visit.Words(n.Get("vaccineCode")), Day: dateOf(n)}
	case "Encounter":
		return Item{Text: visit.Words(visit.First(n.Get("type"))), Key: encounterKey(n), Day: dayOf(n.At("period", "start").Text())}
	case "CarePlan":
		return Item{Text: cmp.Or(n.Get("title").Text(), n.Get("description").Text()), Day: dateOf(n)}
	case "Observation":
		return Item{Text: visit.Words(n.Get("code")), Note: visit.Value(n, lang), Day: dateOf(n)}
	}
	return Item{Text: visit.Words(n.Get("code")), Day: dateOf(n)}
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
	if visit.Words(visit.First(n.Get("type"))) != "" {
		return ""
	}
	class := n.At("class", "code").Text()
	if !slices.Contains([]string{"AMB", "EMER", "HH", "IMP", "ACUTE", "NONAC", "SS", "VR"}, class) {
		class = "OTHER"
	}
	return "emergency.encounter." + class
}

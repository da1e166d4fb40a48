package emergency

import (
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/web/visit"
)

// Identity is whose record it is, to be compared with the person.
type Identity struct {
	Name   string
	Born   time.Time // zero when not known to the day
	Age    int
	Gender string // female, male, other, unknown
	INS    string
}

func identityOf(n *fhir.Node, now time.Time) *Identity {
	id := &Identity{Name: fhir.NameOf(n), Gender: n.Get("gender").Text()}
	if !slices.Contains([]string{"female", "male", "other"}, id.Gender) {
		id.Gender = "unknown"
	}
	if born, err := time.Parse(time.DateOnly, n.Get("birthDate").Text()); err == nil {
		id.Born, id.Age = born, now.Year()-born.Year()
		if now.Month() < born.Month() || now.Month() == born.Month() && now.Day() < born.Day() {
			id.Age--
		}
	}
	for _, i := range n.Get("identifier").Items() {
		if visit.IsINS(i.Get("system").Text()) {
			id.INS = i.Get("value").Text()
		}
	}
	return id
}

// allergyItem leaves out what was refuted or entered in error; what is no longer active is said to be so.
func allergyItem(n *fhir.Node) (Item, bool) {
	switch visit.Code(n.Get("verificationStatus")) {
	case "refuted", "entered-in-error":
		return Item{}, false
	}
	var reactions []string
	for _, r := range n.Get("reaction").Items() {
		for _, m := range r.Get("manifestation").Items() {
			reactions = append(reactions, visit.Words(m))
		}
	}
	i := Item{Text: visit.Words(n.Get("code")), Note: strings.Join(reactions, ", ")}
	switch visit.Code(n.Get("clinicalStatus")) {
	case "inactive", "resolved":
		i.Mark = "past"
	default:
		if n.Get("criticality").Text() == "high" {
			i.Mark = "high"
		}
	}
	return i, i.Text != ""
}

func prescribedItem(n *fhir.Node) (Item, bool) {
	return Item{Text: visit.Medication(n), Note: visit.Doses(n.Get("dosageInstruction"))}, true
}

func takenItem(n *fhir.Node) (Item, bool) {
	return Item{Text: visit.Medication(n), Note: visit.Doses(n.Get("dosage"))}, true
}

func conditionItem(n *fhir.Node) (Item, bool) {
	switch visit.Code(n.Get("verificationStatus")) {
	case "refuted", "entered-in-error":
		return Item{}, false
	}
	return Item{Text: visit.Words(n.Get("code")), Note: yearOf(n.Get("onsetDateTime").Text())}, true
}

func yearOf(date string) string {
	if len(date) < 4 {
		return ""
	}
	return date[:4]
}

func bloodItem(n *fhir.Node) (Item, bool) {
	if s := n.Get("status").Text(); s == "entered-in-error" || s == "cancelled" {
		return Item{}, false
	}
	value := visit.Words(n.Get("valueCodeableConcept"))
	if value == "" {
		value = n.Get("valueString").Text()
	}
	return Item{Text: value, Note: yearOf(n.Get("effectiveDateTime").Text())}, value != ""
}

func deviceItem(n *fhir.Node) (Item, bool) {
	if s := n.Get("status").Text(); s == "entered-in-error" || s == "inactive" {
		return Item{}, false
	}
	i := Item{Text: visit.DeviceName(n), Note: strings.TrimSpace(n.Get("manufacturer").Text() + " " + n.Get("modelNumber").Text())}
	return i, i.Text != ""
}

// Kinds of documents of the vital set, by their code.
const (
	kindDirectives = "EXPPAT_3"
	kindContacts   = "FICHE-CONTACTS"
	kindImplant    = "101881-1"
)

func documentKind(n *fhir.Node) string { return visit.Code(n.Get("type")) }

// documentItem is a document, which opens from the page.
func documentItem(n *fhir.Node, opening string) Item {
	text := n.Get("description").Text()
	if text == "" {
		text = visit.Words(n.Get("type"))
	}
	i := Item{Text: text, Day: dayOf(n.Get("date").Text()), Href: home + "/" + opening + "/document/" + n.Get("id").Text()}
	for _, l := range n.Get("securityLabel").Items() {
		if visit.Code(l) == fhir.Masked {
			i.Mark = "masked"
		}
	}
	return i
}

// dayOf is the day of a date or an instant, zero when it is not known to the day.
func dayOf(date string) time.Time {
	if len(date) < len(time.DateOnly) {
		return time.Time{}
	}
	day, err := time.Parse(time.DateOnly, date[:len(time.DateOnly)])
	if err != nil {
		return time.Time{}
	}
	return day
}

// relatedItem keeps trusted people, or the others who can be called. Somebody who acts for the person is one of these.
func relatedItem(trusted bool) func(*fhir.Node) (Item, bool) {
	return func(n *fhir.Node) (Item, bool) {
		if n.Get("active").Text() == "false" {
			return Item{}, false
		}
		var relations []string
		isTrusted := false
		for _, r := range n.Get("relationship").Items() {
			words := visit.Words(r)
			isTrusted = isTrusted || strings.Contains(fhir.Folded(words), "personne de confiance")
			if words != "" && words != visit.Code(r) {
				relations = append(relations, words)
			}
		}
		i := Item{Text: fhir.NameOf(n), Note: strings.Join(relations, ", "), Tel: visit.Phone(n.Get("telecom"))}
		return i, isTrusted == trusted && i.Text != "" && (trusted || i.Tel != "")
	}
}

// contactItems are the contacts that a Patient names.
func contactItems(n *fhir.Node) []Item {
	var out []Item
	for _, c := range n.Get("contact").Items() {
		name := c.At("name", "text").Text()
		if name == "" {
			name = strings.TrimSpace(c.At("name", "family").Text())
		}
		var relations []string
		for _, r := range c.Get("relationship").Items() {
			relations = append(relations, visit.Words(r))
		}
		if tel := visit.Phone(c.Get("telecom")); name != "" && tel != "" {
			out = append(out, Item{Text: name, Note: strings.Join(relations, ", "), Tel: tel})
		}
	}
	return out
}

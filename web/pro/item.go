package pro

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/web/visit"
)

// Item is one line of a section.
type Item struct {
	Text  string
	Notes []string // what goes with it: a dose, a value, a relation
	Marks []string // keys of words that stand out: pro.mark.…
	By    string   // who wrote it, "" when it is not said
	At    time.Time
	Href  string
	Tel   string
}

func kindOf(n *fhir.Node) string { return n.Get("resourceType").Text() }

// item makes a line of a resource; false for what is no longer true of anybody.
func (r *room) item(one *fhir.Resource) (Item, bool) {
	n := one.Node()
	for _, status := range []string{n.Get("status").Text(), visit.Code(n.Get("verificationStatus"))} {
		if status == "entered-in-error" || status == "refuted" {
			return Item{}, false
		}
	}
	i := Item{At: dateOf(n)}
	switch kindOf(n) {
	case "DocumentReference":
		return r.documentItem(one), true
	case "AllergyIntolerance":
		i.allergy(n)
	case "MedicationRequest":
		i.Text = visit.Medication(n)
		i.note(visit.Doses(n.Get("dosageInstruction")))
		i.ended(n.Get("status").Text() != "active")
	case "MedicationStatement":
		i.Text = visit.Medication(n)
		i.note(visit.Doses(n.Get("dosage")))
		if strings.HasPrefix(n.At("informationSource", "reference").Text(), "Patient/") {
			i.Marks = append(i.Marks, "told")
		}
		i.ended(slices.Contains([]string{"completed", "stopped", "not-taken"}, n.Get("status").Text()))
	case "MedicationDispense":
		i.Text, i.Marks = visit.Medication(n), []string{"dispensed"}
	case "Condition":
		i.Text = visit.Words(n.Get("code"))
		i.ended(slices.Contains([]string{"inactive", "resolved", "remission"}, visit.Code(n.Get("clinicalStatus"))))
	case "Immunization":
		i.Text = visit.Words(n.Get("vaccineCode"))
	case "Observation":
		i.Text = visit.Words(n.Get("code"))
		i.note(visit.Value(n, r.Language()))
	case "Encounter":
		i.Text = cmp.Or(visit.Words(visit.First(n.Get("type"))), n.At("class", "display").Text())
		i.note(r.called(n.Get("serviceProvider")))
		if i.Text == "" {
			i.Marks = append(i.Marks, stayOf(n.At("class", "code").Text()))
		}
	case "CarePlan":
		i.Text = cmp.Or(n.Get("title").Text(), visit.Words(visit.First(n.Get("category"))))
		i.note(n.Get("description").Text())
	case "Device":
		i.device(n)
	case "RelatedPerson":
		i.related(n)
	case "Appointment":
		i.Text = cmp.Or(n.Get("description").Text(), visit.Words(visit.First(n.Get("serviceType"))))
		i.ended(n.Get("status").Text() == "cancelled")
	default:
		i.Text = visit.Words(n.Get("code"))
	}
	if i.Text == "" && len(i.Marks) == 0 {
		i.Marks = append(i.Marks, "unnamed")
	}
	return i, true
}

func (i *Item) note(text string) {
	if text != "" {
		i.Notes = append(i.Notes, text)
	}
}

func (i *Item) ended(is bool) {
	if is {
		i.Marks = append(i.Marks, "ended")
	}
}

func (i *Item) allergy(n *fhir.Node) {
	i.Text = visit.Words(n.Get("code"))
	for _, reaction := range n.Get("reaction").Items() {
		for _, m := range reaction.Get("manifestation").Items() {
			i.note(visit.Words(m))
		}
	}
	over := slices.Contains([]string{"inactive", "resolved"}, visit.Code(n.Get("clinicalStatus")))
	if n.Get("criticality").Text() == "high" && !over {
		i.Marks = append(i.Marks, "high")
	}
	i.ended(over)
}

func (i *Item) device(n *fhir.Node) {
	i.Text = visit.DeviceName(n)
	i.note(strings.TrimSpace(n.Get("manufacturer").Text() + " " + n.Get("modelNumber").Text()))
	i.ended(n.Get("status").Text() == "inactive")
}

func (i *Item) related(n *fhir.Node) {
	i.Text, i.At = fhir.NameOf(n), time.Time{}
	for _, relation := range n.Get("relationship").Items() {
		if words := visit.Words(relation); words != visit.Code(relation) {
			i.note(words)
		}
	}
	i.Tel = visit.Phone(n.Get("telecom"))
	i.ended(n.Get("active").Text() == "false")
}

// stayOf is the key of what an encounter is called by its class.
func stayOf(class string) string {
	switch class {
	case "IMP", "ACUTE", "NONAC":
		return "stay"
	case "EMER":
		return "urgent"
	case "HH":
		return "home"
	}
	return "visit"
}

func isResult(n *fhir.Node) bool {
	for _, category := range n.Get("category").Items() {
		switch visit.Code(category) {
		case "laboratory", "imaging", "procedure", "exam":
			return true
		}
	}
	return false
}

// directives are the types of documents in which people say what they want.
var directives = []string{"EXPPAT_1", "EXPPAT_3"}

func isDirective(n *fhir.Node) bool { return slices.Contains(directives, visit.Code(n.Get("type"))) }

// dates are where resources say when they were, in order of preference.
var dates = []string{
	"effectiveDateTime", "performedDateTime", "occurrenceDateTime", "start", "authoredOn", "whenHandedOver", "recordedDate", "onsetDateTime",
	"date", "dateAsserted", "created", "issued",
}

func dateOf(n *fhir.Node) time.Time {
	for _, name := range dates {
		if at := timeOf(n.Get(name)); !at.IsZero() {
			return at
		}
	}
	for _, name := range []string{"effectivePeriod", "performedPeriod", "occurrencePeriod", "period"} {
		if at := timeOf(n.At(name, "start")); !at.IsZero() {
			return at
		}
	}
	return time.Time{}
}

func timeOf(n *fhir.Node) time.Time {
	at, _, _ := fhir.ParseDate(n.Text())
	return at
}

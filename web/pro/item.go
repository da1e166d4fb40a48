package pro

import (
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
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
	for _, status := range []string{n.Get("status").Text(), codeOf(n.Get("verificationStatus"))} {
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
		i.Text = medicationOf(n)
		i.note(doseOf(n.Get("dosageInstruction")))
		i.ended(n.Get("status").Text() != "active")
	case "MedicationStatement":
		i.Text = medicationOf(n)
		i.note(doseOf(n.Get("dosage")))
		if strings.HasPrefix(n.At("informationSource", "reference").Text(), "Patient/") {
			i.Marks = append(i.Marks, "told")
		}
		i.ended(slices.Contains([]string{"completed", "stopped", "not-taken"}, n.Get("status").Text()))
	case "MedicationDispense":
		i.Text, i.Marks = medicationOf(n), []string{"dispensed"}
	case "Condition":
		i.Text = wordsOf(n.Get("code"))
		i.ended(slices.Contains([]string{"inactive", "resolved", "remission"}, codeOf(n.Get("clinicalStatus"))))
	case "Immunization":
		i.Text = wordsOf(n.Get("vaccineCode"))
	case "Observation":
		i.Text = wordsOf(n.Get("code"))
		i.note(valueOf(n))
	case "Encounter":
		i.Text = first(wordsOf(firstOf(n.Get("type"))), n.At("class", "display").Text())
		i.note(r.called(n.Get("serviceProvider")))
		if i.Text == "" {
			i.Marks = append(i.Marks, stayOf(n.At("class", "code").Text()))
		}
	case "CarePlan":
		i.Text = first(n.Get("title").Text(), wordsOf(firstOf(n.Get("category"))))
		i.note(n.Get("description").Text())
	case "Device":
		i.device(n)
	case "RelatedPerson":
		i.related(n)
	case "Appointment":
		i.Text = first(n.Get("description").Text(), wordsOf(firstOf(n.Get("serviceType"))))
		i.ended(n.Get("status").Text() == "cancelled")
	default:
		i.Text = wordsOf(n.Get("code"))
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
	i.Text = wordsOf(n.Get("code"))
	for _, reaction := range n.Get("reaction").Items() {
		for _, m := range reaction.Get("manifestation").Items() {
			i.note(wordsOf(m))
		}
	}
	over := slices.Contains([]string{"inactive", "resolved"}, codeOf(n.Get("clinicalStatus")))
	if n.Get("criticality").Text() == "high" && !over {
		i.Marks = append(i.Marks, "high")
	}
	i.ended(over)
}

func (i *Item) device(n *fhir.Node) {
	for _, name := range n.Get("deviceName").Items() {
		if i.Text == "" || name.Get("type").Text() == "user-friendly-name" {
			i.Text = name.Get("name").Text()
		}
	}
	i.Text = first(i.Text, wordsOf(n.Get("type")))
	i.note(strings.TrimSpace(n.Get("manufacturer").Text() + " " + n.Get("modelNumber").Text()))
	i.ended(n.Get("status").Text() == "inactive")
}

func (i *Item) related(n *fhir.Node) {
	i.Text, i.At = nameOf(n), time.Time{}
	for _, relation := range n.Get("relationship").Items() {
		if words := wordsOf(relation); words != codeOf(relation) {
			i.note(words)
		}
	}
	for _, t := range n.Get("telecom").Items() {
		if s := t.Get("system").Text(); (s == "phone" || s == "sms") && i.Tel == "" {
			i.Tel = t.Get("value").Text()
		}
	}
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
		switch codeOf(category) {
		case "laboratory", "imaging", "procedure", "exam":
			return true
		}
	}
	return false
}

// directives are the types of documents in which people say what they want.
var directives = []string{"EXPPAT_1", "EXPPAT_3"}

func isDirective(n *fhir.Node) bool { return slices.Contains(directives, codeOf(n.Get("type"))) }

func medicationOf(n *fhir.Node) string {
	if words := wordsOf(n.Get("medicationCodeableConcept")); words != "" {
		return words
	}
	ref := n.Get("medicationReference")
	if display := ref.Get("display").Text(); display != "" {
		return display
	}
	for _, c := range n.Get("contained").Items() {
		if "#"+c.Get("id").Text() == ref.Get("reference").Text() {
			return wordsOf(c.Get("code"))
		}
	}
	return ""
}

func doseOf(dosages *fhir.Node) string {
	var out []string
	for _, d := range dosages.Items() {
		if text := first(d.Get("text").Text(), d.Get("patientInstruction").Text()); text != "" {
			out = append(out, text)
		}
	}
	return strings.Join(out, " ; ")
}

// valueOf is the value of an Observation in words.
func valueOf(n *fhir.Node) string {
	var parts []string
	if one := oneValue(n); one != "" {
		parts = append(parts, one)
	}
	for _, c := range n.Get("component").Items() {
		if one := oneValue(c); one != "" {
			parts = append(parts, strings.TrimSpace(wordsOf(c.Get("code"))+" "+one))
		}
	}
	return strings.Join(parts, ", ")
}

func oneValue(n *fhir.Node) string {
	if q := n.Get("valueQuantity"); q.Get("value").Text() != "" {
		return strings.TrimSpace(q.Get("comparator").Text() + q.Get("value").Text() + " " + first(q.Get("unit").Text(), q.Get("code").Text()))
	}
	return first(wordsOf(n.Get("valueCodeableConcept")), n.Get("valueString").Text(), n.Get("valueInteger").Text())
}

// wordsOf are a concept in words: its text, else a display, else the code itself, which is better than nothing to whoever
// can look it up.
func wordsOf(concept *fhir.Node) string {
	if text := concept.Get("text").Text(); text != "" {
		return text
	}
	code := ""
	for _, c := range concept.Get("coding").Items() {
		if display := c.Get("display").Text(); display != "" {
			return display
		}
		code = first(code, c.Get("code").Text())
	}
	return code
}

func codeOf(concept *fhir.Node) string {
	for _, c := range concept.Get("coding").Items() {
		if code := c.Get("code").Text(); code != "" {
			return code
		}
	}
	return ""
}

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

func firstOf(n *fhir.Node) *fhir.Node {
	for _, item := range n.Items() {
		return item
	}
	return n
}

func first(all ...string) string {
	for _, s := range all {
		if s != "" {
			return s
		}
	}
	return ""
}

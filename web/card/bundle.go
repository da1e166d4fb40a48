package card

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/web/emergency"
)

// kept are the elements of each type that a copy holds, and no others: what the sections say, and what FHIR requires.
var kept = map[string][]string{
	"Patient":             {"name", "gender", "birthDate", "contact"},
	"AllergyIntolerance":  {"clinicalStatus", "verificationStatus", "criticality", "code", "reaction"},
	"MedicationRequest":   {"status", "intent", "medicationCodeableConcept", "dosageInstruction", "authoredOn"},
	"MedicationStatement": {"status", "medicationCodeableConcept", "dosage"},
	"Condition":           {"clinicalStatus", "verificationStatus", "code", "onsetDateTime"},
	"Observation":         {"status", "code", "effectiveDateTime", "valueCodeableConcept", "valueString"},
	"Device":              {"status", "type", "deviceName", "manufacturer", "modelNumber"},
	"DocumentReference":   {"status", "type", "description", "date"},
	"RelatedPerson":       {"active", "relationship", "name", "telecom"},
}

// ofPatient are the types that name their patient in the element patient; the others do in subject.
var ofPatient = map[string]bool{"AllergyIntolerance": true, "Device": true, "RelatedPerson": true}

type object = map[string]any

// bundle is the vital set as a Bundle of type collection: the person, a Composition that says what stands in which section, in
// words, and each resource with no more than its elements of kept, without its id. References are "resource:0" and so on, as
// SMART Health Cards write them. title says a section in words.
func bundle(s *gate.Snapshot, title func(key string) string) object {
	patient := object{"reference": "resource:0"}
	entries := []any{object{"fullUrl": "resource:0", "resource": person(s)}, nil}
	places := map[*fhir.Resource]string{}
	for _, p := range s.Found["Patient"] {
		places[p] = "resource:0"
	}
	var sections []any
	for _, section := range emergency.Vital(s.Found) {
		out := object{"title": title(section.Key), "code": object{"coding": []any{object{"system": sectionSystem, "code": section.Key}}}}
		var items []any
		for _, item := range section.Items {
			if places[item.Of] == "" {
				places[item.Of] = "resource:" + strconv.Itoa(len(entries))
				entries = append(entries, object{"fullUrl": places[item.Of], "resource": minimal(item, patient)})
			}
			items = append(items, object{"reference": places[item.Of], "display": words(item)})
		}
		if out["entry"] = items; items == nil {
			delete(out, "entry")
			out["emptyReason"] = object{"coding": []any{object{"system": "http://terminology.hl7.org/CodeSystem/list-empty-reason", "code": "unavailable"}}}
		}
		sections = append(sections, out)
	}
	made := s.Made.UTC().Format(time.RFC3339)
	entries[1] = object{"fullUrl": "resource:1", "resource": object{
		"resourceType": "Composition", "status": "final", "subject": patient, "date": made, "title": title("title"), "section": sections,
		"type":   object{"coding": []any{object{"system": "http://loinc.org", "code": "60591-5"}}}, // Patient summary Document
		"author": []any{patient},
	}}
	return object{"resourceType": "Bundle", "type": "collection", "timestamp": made, "entry": entries}
}

// sectionSystem are the codes of the sections of the vital set.
const sectionSystem = "urn:pontlevis:vital"

// insPrefix is what national identifiers of persons begin with.
const insPrefix = "urn:oid:1.2.250.1.213.1.4."

// person is whose copy it is. Of their identifiers only the national one goes along.
func person(s *gate.Snapshot) object {
	out := object{"resourceType": "Patient"}
	for _, p := range s.Found["Patient"] {
		out = elements(p)
		for _, i := range p.Node().Get("identifier").Items() {
			if strings.HasPrefix(i.Get("system").Text(), insPrefix) {
				out["identifier"] = []any{object{"system": i.Get("system").Text(), "value": i.Get("value").Text()}}
			}
		}
	}
	return out
}

// elements are those that a copy keeps of a resource.
func elements(r *fhir.Resource) object {
	out := object{"resourceType": r.Type()}
	for _, name := range kept[r.Type()] {
		if n := r.Node().Get(name); len(n.Bytes()) > 0 {
			out[name] = json.RawMessage(n.Bytes())
		}
	}
	return out
}

// minimal is the resource of an item of a section.
func minimal(item emergency.Item, patient object) object {
	out := elements(item.Of)
	switch {
	case ofPatient[item.Of.Type()]:
		out["patient"] = patient
	case item.Of.Type() == "DocumentReference":
		out["content"] = []any{object{"attachment": object{"title": item.Text}}} // its bytes stay in the record
		out["subject"] = patient
	default:
		out["subject"] = patient
	}
	if strings.HasPrefix(item.Of.Type(), "Medication") && out["medicationCodeableConcept"] == nil {
		out["medicationCodeableConcept"] = object{"text": item.Text}
	}
	return out
}

// words are an item in words, as the pages say it.
func words(item emergency.Item) string {
	parts := []string{item.Text}
	for _, more := range []string{item.Note, day(item.Day), item.Tel} {
		if more != "" {
			parts = append(parts, more)
		}
	}
	return strings.Join(parts, " · ")
}

func day(at time.Time) string {
	if at.IsZero() {
		return ""
	}
	return at.Format(time.DateOnly)
}

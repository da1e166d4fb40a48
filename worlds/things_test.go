package worlds

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/pontlevis/pontlevis/record"
)

const (
	loinc   = "http://loinc.org"
	maskURL = "https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument"

	masque = "MASQUE_PS"
	unseen = "INVISIBLE_PATIENT"
	secret = "INVISIBLE_REPRESENTANTS_LEGAUX"
)

// marker is in every text of what is hidden, and in nothing that is not: where an answer holds it, something leaked.
const marker = "xyzzyhidden"

// author draws worlds.
type author struct {
	*rand.Rand
	patient string
	n       int
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func (a *author) chance(p float64) bool { return a.Float64() < p }

func (a *author) at() time.Duration { return time.Duration(a.IntN(20*60)) * time.Minute }

func (a *author) day() string {
	return dawn.Add(-time.Duration(a.IntN(900*24)) * time.Hour).Format(time.RFC3339)
}

func labels(codes ...string) list {
	var out list
	for _, c := range codes {
		out = append(out, obj{"system": maskURL, "code": c})
	}
	return out
}

// docCodes are types of documents that every column of the cast reads but the pharmacist's few and the physio's none.
var docCodes = []string{"11488-4", "34112-3", "11506-3", "11502-2"}

// traits are what a thing is drawn with.
type traits struct {
	id, author, code, date, text string
	labels                       []string
	status                       string
	links                        []string // references it holds, where its type has room for them
}

func (a *author) traits(id string) traits {
	return traits{id: id, author: pick(a.Rand, []string{"dr-lam", "dr-roux", "inf-martin"}), code: pick(a.Rand, docCodes), date: a.day(), text: "bilan de " + id}
}

// document is a DocumentReference; its bytes are Binary/ID or Bundle/ID.
func document(patient string, t traits, bytes string) obj {
	d := obj{"resourceType": "DocumentReference", "id": t.id, "status": "current", "type": concept(loinc, t.code),
		"masterIdentifier": obj{"system": "urn:doc", "value": t.id}, "identifier": list{obj{"system": "urn:doc", "value": t.id}},
		"subject": ref("Patient/" + patient), "date": t.date, "author": list{ref("Practitioner/" + t.author)}, "description": t.text,
		"content": list{obj{"attachment": obj{"contentType": "text/plain", "url": bytes + "/" + t.id, "title": t.text, "creation": t.date}}}}
	if t.status != "" {
		d["status"] = t.status
	}
	if len(t.labels) > 0 {
		var l list
		for _, c := range t.labels {
			l = append(l, obj{"coding": labels(c)})
		}
		d["securityLabel"] = l
	}
	if len(t.links) > 0 {
		if t.id[len(t.id)-1]%2 == 0 {
			var rel list
			for _, l := range t.links {
				rel = append(rel, obj{"code": "appends", "target": ref(l)})
			}
			d["relatesTo"] = rel
		} else {
			d["context"] = obj{"related": refs(t.links)}
		}
	}
	return d
}

// holding is the bytes of a document: a Binary, or a Bundle of type document.
func holding(kind string, t traits) obj {
	if kind == "Binary" {
		return obj{"resourceType": "Binary", "id": t.id, "contentType": "text/plain", "data": base64.StdEncoding.EncodeToString([]byte(t.text))}
	}
	return obj{"resourceType": "Bundle", "id": t.id, "type": "document", "timestamp": t.date,
		"identifier": obj{"system": "urn:bundle", "value": t.id},
		"entry": list{obj{"fullUrl": "urn:uuid:11111111-1111-4111-8111-111111111111", "resource": obj{"resourceType": "Composition",
			"status": "final", "type": concept(loinc, t.code), "date": t.date, "title": t.text, "author": list{obj{"display": t.author}}}}}}
}

// clinical makes a resource of a clinical type.
func clinical(kind, patient string, t traits) obj {
	r := obj{"resourceType": kind, "id": t.id}
	if len(t.labels) > 0 {
		r["meta"] = obj{"security": labels(t.labels...)}
	}
	who, by := ref("Patient/"+patient), ref("Practitioner/"+t.author)
	r["identifier"] = list{obj{"system": "urn:item", "value": t.id}}
	status := func(s string) {
		r["status"] = s
		if t.status != "" {
			r["status"] = t.status
		}
	}
	switch kind {
	case "Observation":
		status("final")
		r["code"], r["subject"], r["effectiveDateTime"], r["performer"] = concept(loinc, t.code), who, t.date, list{by}
		r["category"] = list{concept("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory")}
		r["valueQuantity"] = obj{"value": 5 + float64(len(t.id)%7)/10, "unit": "mmol/L", "system": "http://unitsofmeasure.org", "code": "mmol/L"}
		set(r, "derivedFrom", t.links)
	case "Condition":
		r["code"], r["subject"], r["onsetDateTime"], r["recorder"] = concept(loinc, t.code), who, t.date, by
		r["clinicalStatus"] = concept("http://terminology.hl7.org/CodeSystem/condition-clinical", "active")
		r["note"] = list{obj{"text": t.text}}
		if len(t.links) > 0 {
			r["evidence"] = list{obj{"detail": refs(t.links)}}
		}
	case "Encounter":
		status("finished")
		r["class"] = obj{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
		r["subject"], r["period"], r["participant"] = who, obj{"start": t.date, "end": t.date}, list{obj{"individual": by}}
	case "Procedure":
		status("completed")
		r["code"], r["subject"], r["performedDateTime"], r["performer"] = concept(loinc, t.code), who, t.date, list{obj{"actor": by}}
		set(r, "report", t.links)
	case "DiagnosticReport":
		status("final")
		r["code"], r["subject"], r["effectiveDateTime"], r["performer"], r["conclusion"] = concept(loinc, t.code), who, t.date, list{by}, t.text
		set(r, "result", t.links)
	case "MedicationRequest":
		status("completed")
		r["intent"], r["subject"], r["authoredOn"], r["requester"] = "order", who, t.date, by
		r["medicationCodeableConcept"] = concept(loinc, t.code)
		set(r, "reasonReference", t.links)
	case "Immunization":
		status("completed")
		r["vaccineCode"], r["patient"], r["occurrenceDateTime"] = concept(loinc, t.code), who, t.date
		r["performer"] = list{obj{"actor": by}}
		set(r, "reasonReference", t.links)
	case "List":
		status("current")
		r["mode"], r["title"], r["subject"], r["date"], r["source"] = "working", t.text, who, t.date, by
		var entries list
		for _, l := range t.links {
			entries = append(entries, obj{"item": ref(l), "date": t.date})
		}
		if entries != nil {
			r["entry"] = entries
		}
	case "Provenance":
		delete(r, "identifier")
		r["target"], r["recorded"], r["agent"] = refs(t.links), t.date, list{obj{"who": by}}
	case "DocumentManifest":
		status("current")
		r["subject"], r["created"], r["author"], r["content"] = who, t.date, list{by}, refs(t.links)
	case "Composition":
		status("final")
		r["identifier"] = obj{"system": "urn:item", "value": t.id}
		r["type"], r["subject"], r["date"], r["author"], r["title"] = concept(loinc, t.code), who, t.date, list{by}, t.text
		if len(t.links) > 0 {
			r["section"] = list{obj{"title": "suite", "entry": refs(t.links)}}
		}
	case "AllergyIntolerance":
		r["code"], r["patient"], r["recordedDate"], r["recorder"] = concept(loinc, t.code), who, t.date, by
		r["clinicalStatus"] = concept("http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical", "active")
	case "Communication":
		status("completed")
		r["subject"], r["sent"], r["sender"], r["recipient"] = who, t.date, by, list{who}
		r["payload"] = list{obj{"contentString": t.text}}
		set(r, "about", t.links)
	default:
		panic(fmt.Sprintf("no %s is drawn here", kind))
	}
	return r
}

func refs(to []string) list {
	var out list
	for _, r := range to {
		out = append(out, ref(r))
	}
	return out
}

func set(r obj, name string, to []string) {
	if len(to) > 0 {
		r[name] = refs(to)
	}
}

// make draws a put for a resource of any kind.
func (a *author) make(kind string, t traits, at time.Duration) put {
	switch kind {
	case "DocumentReference":
		return write(a.patient, document(a.patient, t, "Binary"), at)
	case "Binary", "Bundle":
		return write(a.patient, holding(kind, t), at)
	}
	return write(a.patient, clinical(kind, a.patient, t), at)
}

func (a *author) name(prefix string) string {
	a.n++
	return fmt.Sprintf("%s%d", prefix, a.n)
}

func refOf(kind, id string) string { return record.Ref{Type: kind, ID: id}.String() }

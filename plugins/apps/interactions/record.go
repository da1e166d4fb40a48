package main

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/plugins/apps/reading"
)

type allergy struct {
	ClinicalStatus     reading.Concept `json:"clinicalStatus"`
	VerificationStatus reading.Concept `json:"verificationStatus"`
	Category           []string        `json:"category"`
	Criticality        string          `json:"criticality"`
	Code               reading.Concept `json:"code"`
}

// stands reports whether an allergy is to be reckoned with: it is when nothing says otherwise.
func (a allergy) stands() bool {
	return !a.ClinicalStatus.Has("inactive", "resolved") && !a.VerificationStatus.Has("refuted", "entered-in-error")
}

// none is a statement that there is no allergy.
var none = []string{"716186003", "409137002", "716184000", "428607008", "429625007", "716185004"}

type medication struct {
	ResourceType string          `json:"resourceType"`
	Status       string          `json:"status"`
	Intent       string          `json:"intent"`
	Concept      reading.Concept `json:"medicationCodeableConcept"`
	Reference    struct {
		Reference string `json:"reference"`
		Display   string `json:"display"`
	} `json:"medicationReference"`
	Contained []struct {
		ResourceType string          `json:"resourceType"`
		ID           string          `json:"id"`
		Code         reading.Concept `json:"code"`
	} `json:"contained"`
	EffectivePeriod struct {
		End string `json:"end"`
	} `json:"effectivePeriod"`
}

// taken reports whether a treatment goes on at an instant, as far as the record says.
func (m medication) taken(now time.Time) bool {
	if end := reading.ParseSpan(m.EffectivePeriod.End); end.Known() && !now.Before(end.To) {
		return false
	}
	if m.ResourceType == "MedicationRequest" {
		return m.Status == "active" && m.Intent != "proposal" && m.Intent != "option"
	}
	return m.Status == "active" || m.Status == "intended"
}

// drug is what is taken: its concept, or that of the Medication that is within the resource.
func (m medication) drug() reading.Concept {
	id, within := strings.CutPrefix(m.Reference.Reference, "#")
	for _, c := range m.Contained {
		if within && c.ResourceType == "Medication" && c.ID == id {
			return c.Code
		}
	}
	if len(m.Concept.Coding) == 0 && m.Concept.Text == "" {
		return reading.Concept{Text: m.Reference.Display}
	}
	return m.Concept
}

// Allergy is one allergy that is to be reckoned with.
type Allergy struct {
	Name    string
	Classes []*Class
	Codes   []string // ATC
	Named   bool     // its name alone tells its family
	High    bool     // of high criticality
}

// Drug is one treatment.
type Drug struct {
	Name   string
	Codes  []string // ATC
	From   string   // MedicationRequest, MedicationStatement
	Draft  bool     // not yet ordered: what the call is about
	Family []*Class
}

// Record is what could be read of one person, and what of it could not be understood.
type Record struct {
	Allergies []Allergy
	Drugs     []Drug

	OddAllergies []string // of no family that is known, by name
	OddDrugs     []string // without an ATC code, by name
	NotMedicine  int      // allergies that are to no medicine
	Unread       []string // types of resource that could not be read
	More         bool
}

func (t *Table) addAllergies(r *Record, answer []byte) error {
	all, more, err := reading.Bundle[allergy](answer, "AllergyIntolerance")
	if err != nil {
		return err
	}
	r.More = r.More || more
	for _, a := range all {
		if !a.stands() || a.Code.Has(none...) {
			continue
		}
		one := Allergy{Name: named(a.Code), Codes: a.Code.Codes(reading.ATC), High: a.Criticality == "high"}
		one.Classes, one.Named = t.to(a.Code)
		switch {
		case len(one.Classes) > 0 || len(one.Codes) > 0:
			r.Allergies = append(r.Allergies, one)
		case len(a.Category) > 0 && !slices.Contains(a.Category, "medication") && !slices.Contains(a.Category, "biologic"):
			r.NotMedicine++
		default:
			r.OddAllergies = append(r.OddAllergies, one.Name)
		}
	}
	return nil
}

func (t *Table) addDrugs(r *Record, answer []byte, resourceType string, now time.Time) error {
	all, more, err := reading.Bundle[medication](answer, resourceType)
	if err != nil {
		return err
	}
	r.More = r.More || more
	for _, m := range all {
		if m.taken(now) {
			t.add(r, m, false)
		}
	}
	return nil
}

// addDrafts adds what the call is about to order: the resources of the Bundle draftOrders of its context (CDS Hooks,
// order-select and order-sign).
func (t *Table) addDrafts(r *Record, context []byte) error {
	var c struct {
		DraftOrders json.RawMessage `json:"draftOrders"`
	}
	if err := json.Unmarshal(context, &c); err != nil || len(c.DraftOrders) == 0 {
		return err
	}
	all, _, err := reading.Bundle[medication](c.DraftOrders, "MedicationRequest")
	for _, m := range all {
		t.add(r, m, true)
	}
	return err
}

func (t *Table) add(r *Record, m medication, draft bool) {
	what := m.drug()
	d := Drug{Name: named(what), Codes: what.Codes(reading.ATC), From: m.ResourceType, Draft: draft}
	if len(d.Codes) == 0 {
		r.OddDrugs = append(r.OddDrugs, d.Name)
		return
	}
	for _, code := range d.Codes {
		for _, c := range t.of(code) {
			if !slices.Contains(d.Family, c) {
				d.Family = append(d.Family, c)
			}
		}
	}
	r.Drugs = append(r.Drugs, d)
}

func named(c reading.Concept) string {
	if name := c.Name(); name != "" {
		return name
	}
	return "?"
}

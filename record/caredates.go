package record

import (
	"fmt"
	"net/http"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// CareDates narrows $everything to what is about care in a period (FHIR R4 operation-patient-everything.html, start and
// end): by when it took place, not by when it was written.
type CareDates struct {
	Start, End string // FHIR dates, "" without bound

	types map[string][]careDate
}

// careDate asks one date of a type: whether it is stated, and whether it lies in the period.
type careDate struct {
	stated search.Criterion
	within []search.Criterion
}

// careParams name the search parameter for the date of care of types whose `date` is none, or is another one. The first
// that a resource states counts.
var careParams = map[string][]string{
	"Appointment": {"date"}, "Claim": {"created"}, "Communication": {"sent", "received"},
	"CommunicationRequest": {"occurrence", "authored"}, "Condition": {"onset-date", "recorded-date"},
	"DetectedIssue": {"identified"}, "DeviceRequest": {"event-date", "authored-on"}, "DocumentManifest": {"created"},
	"DocumentReference": {"period", "date"}, "ExplanationOfBenefit": {"created"}, "Goal": {"start-date"},
	"ImagingStudy": {"started"}, "Media": {"created"}, "MedicationAdministration": {"effective-time"},
	"MedicationDispense": {"whenhandedover", "whenprepared"}, "MedicationRequest": {"authoredon"},
	"MedicationStatement": {"effective"}, "NutritionOrder": {"datetime"}, "Provenance": {"when", "recorded"},
	"QuestionnaireResponse": {"authored"}, "RequestGroup": {"authored"}, "ServiceRequest": {"occurrence", "authored"},
	"Specimen": {"collected"}, "Task": {"period", "authored-on"}, "VisionPrescription": {"datewritten"},
}

// newCareDates checks the two bounds.
func newCareDates(start, end string) (*CareDates, *Refusal) {
	for name, value := range map[string]string{"start": start, "end": end} {
		if value == "" {
			continue
		}
		if _, _, err := search.Parse("Encounter", "date="+value, true); err != nil {
			return nil, refuse(http.StatusBadRequest, issueValue,
				"%s attend une date, par exemple 2026-11-21.", "%s takes a date, for instance 2026-11-21.", name).at(name)
		}
	}
	return &CareDates{Start: start, End: end, types: map[string][]careDate{}}, nil
}

// Holds reports whether a resource is of the period. What states no date of care always is: who the patient is and whom
// they trust belongs to all of their care.
func (c *CareDates) Holds(s *Stored) (bool, error) {
	dates, known := c.types[s.Type]
	if !known {
		var err error
		if dates, err = c.datesOf(s.Type); err != nil {
			return false, err
		}
		c.types[s.Type] = dates
	}
	if len(dates) == 0 {
		return true, nil
	}
	r, err := s.Resource()
	if err != nil {
		return false, err
	}
	for _, d := range dates {
		stated, err := d.stated.Match(r)
		if err != nil {
			return false, err
		}
		if !stated {
			continue
		}
		for k := range d.within {
			if ok, err := d.within[k].Match(r); err != nil || !ok {
				return false, err
			}
		}
		return true, nil
	}
	return true, nil
}

func (c *CareDates) datesOf(t string) ([]careDate, error) {
	names := careParams[t]
	if names == nil {
		names = []string{"date"}
	}
	var out []careDate
	for _, name := range names {
		if p := fhir.ParamOf(t, name); p == nil || p.Type != "date" {
			continue
		}
		text := name + ":missing=false"
		if c.Start != "" {
			text += "&" + name + "=ge" + c.Start
		}
		if c.End != "" {
			text += "&" + name + "=le" + c.End
		}
		q, _, err := search.Parse(t, text, true)
		if err != nil {
			return nil, fmt.Errorf("asking for the date of %s: %w", t, err)
		}
		out = append(out, careDate{q.Criteria[0], q.Criteria[1:]})
	}
	return out, nil
}

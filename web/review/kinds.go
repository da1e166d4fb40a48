package review

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/cases"
)

// kindOf is the text for what a FHIR type holds, as people call it; what has no word of its own is other information.
var kindOf = map[string]string{
	"AllergyIntolerance": "allergies", "MedicationRequest": "treatments", "MedicationStatement": "treatments", "MedicationDispense": "treatments",
	"MedicationAdministration": "treatments", "Condition": "problems", "Procedure": "problems", "Immunization": "vaccinations",
	"DocumentReference": "documents", "Binary": "documents", "Bundle": "documents", "Composition": "documents",
	"Observation": "results", "DiagnosticReport": "results", "RelatedPerson": "entourage", "Patient": "identity", "Device": "implants", "DeviceUseStatement": "implants",
	"CareTeam": "circle", "Appointment": "agenda", "Encounter": "agenda", "Consent": "choices",
}

// kinds groups what was opened by what people call it.
func kinds(all []cases.Opened) []opened {
	var out []opened
	for _, o := range all {
		key := kindOf[o.Type]
		if key == "" {
			key = "other"
		}
		key = "review.kind." + key
		at := slices.IndexFunc(out, func(k opened) bool { return k.Key == key })
		if at < 0 {
			out = append(out, opened{key, o})
			continue
		}
		k := &out[at]
		k.Resources, k.Accesses = k.Resources+o.Resources, k.Accesses+o.Accesses
		if o.First.Before(k.First) {
			k.First = o.First
		}
		if o.Last.After(k.Last) {
			k.Last = o.Last
		}
	}
	slices.SortFunc(out, func(a, b opened) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// hours reads a setting of the policies in hours; none where it is not one.
func hours(v any) time.Duration {
	switch v := v.(type) {
	case json.Number:
		d, err := time.ParseDuration(v.String() + "h")
		if err == nil && d > 0 {
			return d
		}
	case int, int64, float64:
		d, err := time.ParseDuration(fmt.Sprint(v) + "h")
		if err == nil && d > 0 {
			return d
		}
	}
	return 0
}

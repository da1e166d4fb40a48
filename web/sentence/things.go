package sentence

import "slices"

// things groups resource types into what people call them, in the order in which a sentence names them. The last one
// is said of every other type.
var things = []struct {
	name  string
	types []string
}{
	{"documents", []string{"DocumentReference", "Binary", "Bundle", "Composition", "DocumentManifest", "Media"}},
	{"allergies", []string{"AllergyIntolerance"}},
	{"treatments", []string{"MedicationRequest", "MedicationStatement", "MedicationDispense", "MedicationAdministration", "Medication"}},
	{"conditions", []string{"Condition", "ClinicalImpression", "DetectedIssue", "RiskAssessment", "FamilyMemberHistory", "Flag"}},
	{"vaccines", []string{"Immunization", "ImmunizationEvaluation", "ImmunizationRecommendation"}},
	{"measures", []string{"Observation", "Specimen"}},
	{"reports", []string{"DiagnosticReport", "ImagingStudy"}},
	{"procedures", []string{"Procedure", "BodyStructure"}},
	{"stays", []string{"Encounter", "EpisodeOfCare"}},
	{"plans", []string{"CarePlan", "Goal", "ServiceRequest", "DeviceRequest", "NutritionOrder"}},
	{"devices", []string{"Device", "DeviceUseStatement"}},
	{"identity", []string{"Patient", "Person"}},
	{"relatives", []string{"RelatedPerson"}},
	{"circle", []string{"CareTeam"}},
	{"choices", []string{"Consent"}},
	{"appointments", []string{"Appointment", "AppointmentResponse"}},
	{"messages", []string{"Communication", "CommunicationRequest"}},
	{"lists", []string{"List"}},
	{"origins", []string{"Provenance"}},
	{"log", []string{"AuditEvent"}},
	{"others", nil},
}

// counted is how many things of each kind there are, in the order of a sentence.
type counted struct {
	name string
	n    int
}

// count gathers what a list of accesses touched, each thing once. The bytes of a document are the document.
func count(accesses []Access) []counted {
	types := map[string]map[string]bool{}
	for _, a := range accesses {
		for t, refs := range a.Things {
			if types[t] == nil {
				types[t] = map[string]bool{}
			}
			for _, ref := range refs {
				types[t][ref] = true
			}
		}
	}
	n := map[string]int{}
	for t, refs := range types {
		n[thingOf(t)] += len(refs)
	}
	if whole := len(types["DocumentReference"]); whole > 0 {
		n["documents"] = max(whole, len(types["Binary"]))
	}
	var out []counted
	for _, thing := range things {
		if n[thing.name] > 0 {
			out = append(out, counted{thing.name, n[thing.name]})
		}
	}
	return out
}

func thingOf(resourceType string) string {
	for _, thing := range things {
		if slices.Contains(thing.types, resourceType) {
			return thing.name
		}
	}
	return "others"
}

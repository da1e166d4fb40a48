package emergency

import "github.com/pontlevis/pontlevis/fhir"

// Vital puts the vital set into sections, in the order in which it is needed: what VitalTargets gave, whole, by its names.
func Vital(found map[string][]*fhir.Resource) []Section {
	read := map[string]*reading{}
	for name, all := range found {
		read[name] = &reading{found: all}
	}
	return sections("card", read)
}

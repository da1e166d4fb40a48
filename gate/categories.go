package gate

import "github.com/pontlevis/pontlevis/policies"

// CategoriesOf are the names under which the policies let a label and a consent speak of a FHIR type (app.rego, categories), those
// that people know first: "measures", "history", "Observation". nil for what belongs to nobody's record.
func CategoriesOf(r *policies.Revision, fhirType string) []string {
	section, _ := r.Data("pontlevis", "sections", fhirType)
	named, _ := section.(string)
	if named == "" || named == "directory" {
		return nil
	}
	more, _ := r.Data("pontlevis", "categories", fhirType)
	list, _ := more.([]any)
	return append(texts(list), named, fhirType)
}

// Categories are CategoriesOf the policies in force.
func (g *Gate) Categories(fhirType string) []string {
	return CategoriesOf(g.Policies.Current(), fhirType)
}

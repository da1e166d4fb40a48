package search

import (
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// parents are the types of R4 that refer to their own kind in a strict hierarchy (extension structuredefinition-hierarchy
// of HL7's definitions), with the parameter that leads one step up.
var parents = map[string]string{"CarePlan": "part-of", "Encounter": "part-of", "Location": "partof", "Organization": "partof"}

// Hierarchy reports whether the criterion asks for what lies above or below a resource in its hierarchy, that resource
// included (R4 search §3.1.1.4.14, `Procedure?location:below=Location/42`). Its Values have a Type and an ID.
func (c *Criterion) Hierarchy() bool {
	return c.Param != nil && c.Param.Type == "reference" && len(c.Chain) == 0 && (c.Modifier == "above" || c.Modifier == "below") &&
		len(hierarchical(c.Param)) > 0
}

// Parent is the parameter that leads one step up from a resource of the type, in the hierarchy that the criterion is
// about; nil when the type is none.
func (c *Criterion) Parent(resourceType string) *fhir.Param {
	if resourceType == "CarePlan" && c.Param.Resource == resourceType && (c.Name == "based-on" || c.Name == "replaces") {
		return c.Param // hierarchies of their own
	}
	return fhir.ParamOf(resourceType, parents[resourceType])
}

// hierarchical lists the types that a reference parameter may lead to and that are hierarchies.
func hierarchical(p *fhir.Param) []string {
	var types []string
	for t := range parents {
		if slices.Contains(p.Target, t) {
			types = append(types, t)
		}
	}
	slices.Sort(types)
	return types
}

// hierarchyOperand reads `Type/id`, or an id alone where one type can be meant.
func hierarchyOperand(c *Criterion, text string) (Operand, error) {
	types := hierarchical(c.Param)
	o := Operand{ID: text}
	if t, id, typed := strings.Cut(text, "/"); typed {
		o.Type, o.ID = t, id
	} else if len(types) == 1 {
		o.Type = types[0]
	}
	if !slices.Contains(types, o.Type) || !fhir.IsID(o.ID) {
		return Operand{}, fail(c.Name, codeValue, "%s:%s attend Type/identifiant, de type %s, pas %q.",
			"%s:%s takes Type/id, of type %s, rather than %q.", c.Name, c.Modifier, strings.Join(types, ", "), show(text))
	}
	return o, nil
}

package search

import (
	"slices"

	"github.com/pontlevis/pontlevis/fhir"
)

// PatientIDs are the logical ids of the patients whose record the search names: by `patient=`, `subject=Patient/x`,
// `patient._id=`, or `_id` in a search of Patient. Sorted, without repetition; several when values are alternatives or
// criteria name different people, and the caller then judges each. What only mentions a patient (an author, say) is
// left out, and so is what lies behind `_has`. Naming a patient grants nothing.
func (q *Query) PatientIDs() []string {
	var ids []string
	q.eachPatientCriterion(func(c *Criterion) {
		for _, o := range c.Values {
			switch {
			case c.Name == "_id" && c.Modifier == "":
				ids = append(ids, o.Code)
			case c.Param.Type == "reference" && o.ID != "" && (o.Type == "Patient" || o.Type == ""):
				ids = append(ids, o.ID)
			}
		}
	})
	slices.Sort(ids)
	return slices.Compact(ids)
}

// PatientIdentifiers are the business identifiers, written `system|value` (`value` alone when no system was given), by
// which the search names patients: `patient.identifier=`, `subject:Patient.identifier=`, `patient:identifier=`, or
// `identifier` in a search of Patient. Sorted, without repetition.
func (q *Query) PatientIdentifiers() []string {
	var identifiers []string
	q.eachPatientCriterion(func(c *Criterion) {
		logical := c.Param.Type == "reference" && c.Modifier == "identifier"
		if !logical && (c.Name != "identifier" || c.Modifier != "") {
			return
		}
		for _, o := range c.Values {
			switch {
			case o.Code == "":
			case o.HasSystem:
				identifiers = append(identifiers, o.System+"|"+o.Code)
			default:
				identifiers = append(identifiers, o.Code)
			}
		}
	})
	slices.Sort(identifiers)
	return slices.Compact(identifiers)
}

// eachPatientCriterion calls fn with each plain criterion about whose record is searched: those on Patient itself, and
// those on the parameters that put a resource into a patient's record.
func (q *Query) eachPatientCriterion(fn func(*Criterion)) {
	for i := range q.Criteria {
		c := &q.Criteria[i]
		switch {
		case c.Has != nil:
		case q.Type == "Patient":
			if c.Param != nil && len(c.Chain) == 0 && (c.Name == "_id" || c.Name == "identifier") {
				fn(c)
			}
		case !owns(q.Type, c):
		case len(c.Chain) == 0:
			if c.Modifier != "missing" {
				fn(c)
			}
		default:
			for _, step := range c.Chain {
				// A criterion without a parameter, like _list, names nobody.
				if step.Type == "Patient" && len(step.Then.Chain) == 0 && step.Then.Has == nil && step.Then.Param != nil {
					fn(step.Then)
				}
			}
		}
	}
}

// owns reports whether a criterion of resourceType is on a reference that makes a Patient the owner of the resource.
// HL7's patient compartment counts authors and performers too, but they do not say whose record it is; they count only
// for the types that name the patient in no other way (Schedule by actor, Group by member).
func owns(resourceType string, c *Criterion) bool {
	names := fhir.PatientParams(resourceType)
	if slices.ContainsFunc(names, owner) {
		return owner(c.Name) && c.Param != nil && c.Param.Type == "reference" && targets(c.Param, "Patient")
	}
	return slices.Contains(names, c.Name)
}

// owner reports whether a parameter of that name tells whom a resource is about.
func owner(name string) bool {
	return name == "patient" || name == "subject" || name == "beneficiary" || name == "individual"
}

// undated are date parameters that say nothing of when care was given.
var undated = []string{"_lastUpdated", "birthdate", "death-date"}

// Dated reports whether the request itself bounds the clinically relevant date: whether it has a date criterion
// other than on `_lastUpdated` or a person's birth or death, that names a date to keep to.
func (q *Query) Dated() bool {
	return slices.ContainsFunc(q.Criteria, func(c Criterion) bool {
		return c.Param != nil && c.Param.Type == "date" && len(c.Chain) == 0 && c.Modifier == "" &&
			!slices.Contains(undated, c.Name) &&
			!slices.ContainsFunc(c.Values, func(o Operand) bool { return o.Prefix == NotEqual })
	})
}

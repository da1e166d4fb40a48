// Package terminology says which codes are in a value set, or above or below another code.
//
// It works on the ValueSet and CodeSystem resources that it is given (https://hl7.org/fhir/R4/valueset.html,
// codesystem.html), and on nothing else: there is no terminology server behind it. What would need one (a filter by a
// regular expression, the hierarchy of a code system that is not held whole) is a [*Missing] that says what is lacking,
// never an empty set.
//
//	New(find) ──▶ Terms ──ValueSet(url) / Below(system, code) / Above(system, code)──▶ *Set ──Has(system, code)
//
// Where definitions are kept, and who may read them, is the caller's.
package terminology

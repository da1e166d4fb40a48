// Package sharing is the pages on which people see and change who sees what in their space, or in that of whom they act for.
//
//	GET  /space, /space/person, /space/documents … ─ gate.Circle, FHIR searches ─→ what stands, in words and in a picture
//	POST /space/…  ─ a plan of FHIR interactions ─→ gate.Look (a preview: nothing is changed)
//	                                            └─→ visit.Ask, each by the person's own grant ─→ 303, with the inverse at hand
//
// It holds no rule: what a change does and who may make it is decided by the gate, whose own words are shown where it
// refuses. The page after a change reads again what stands, and says that.
package sharing

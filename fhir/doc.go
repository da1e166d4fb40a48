// Package fhir reads FHIR R4 resources as bytes: a lossless tree over the JSON
// text, HL7's own definitions, and the values search parameters take.
//
// Flow:
//
//	bytes ── Parse ──► Node (positions in the text, nothing decoded)
//	          │
//	    ParseResource ──► Resource ── Attributes ──► what a decision may be told
//	                         │   ├── Patients, PatientIdentifiers (compartment)
//	                         │   ├── References
//	                         │   └── Stamp, With, Without ──► bytes, otherwise identical
//	                         └── Param.Values ──► Value (index keys, matching, sorting)
//
// The definitions (search parameters, patient compartment, elements) are HL7's,
// trimmed by `go generate` and embedded from the folder definitions.
//
// The package never stores and never serves. Queries are left to fhir/search,
// the check of a resource's structure to fhir/structure, who may see what to the
// policies.
package fhir

//go:generate go run ./internal/generate -from ../../shared/data -to definitions

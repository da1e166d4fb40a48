// Package structure checks that a resource has the shape FHIR R4 gives its type.
//
//	resource ──Check──▶ walk of the tree beside HL7's definitions (package fhir)
//	              ├── members: known, once for each choice, of the right JSON shape, as many as allowed
//	              ├── primitives: JSON kind, format, calendar, `_name` siblings aligned with their values
//	              ├── references: types they may lead to, contained resources that exist
//	              └── issues: path, a sentence in French and in English, at most MaxIssues
//
// It judges form alone: no terminology, no invariants, no profiles. What a resource means, and who may deposit it, is
// decided elsewhere.
package structure

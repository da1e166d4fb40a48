// Package search understands FHIR R4 searches and matches resources against them.
//
// Its source is https://hl7.org/fhir/R4/search.html; the parameters themselves come from package fhir.
//
//	query string, form body ──Parse──▶ Query ──▶ Criteria ──Match(resource)──▶ yes or no
//	                            │        ├──▶ Sort ──Key(resource)──▶ string in order
//	                            │        ├──▶ Self: what was understood, for the self link
//	                            │        └──▶ Patients, PatientIdentifiers, Dated, ParameterNames: for the gate and its log
//	                            └──▶ Issues (what a lenient search left out) or *Error, a sentence in French and in English
//
// What changes the meaning of a search and is not understood is refused, in lenient handling too: an unknown
// modifier, `_filter`, `_text`. Everything is bounded before it is looked at; each bound is a constant that says which
// attack it stops.
//
// [ServedOf] lists what is understood of each type.
//
// Chains and `_has` are parsed here into a tree that is easy to walk ([Criterion.Chain], [Criterion.Has]) and followed
// by the caller, who alone knows which resources may be looked into. Storage, paging and HTTP are elsewhere.
//
// [Criterion.Keys] and [IndexKeys] agree: a resource that matches a criterion with keys shares one of them, so that a
// store with an equality index may narrow without missing a match.
package search

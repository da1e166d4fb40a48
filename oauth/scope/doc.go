// Package scope is the algebra of SMART scopes: it reads them, cuts what is asked down to what may be given, and tells
// what covers what.
//
//	"patient/Observation.rs" ─Parse─▶ Scope ─┬─ Covers, Intersect    two scopes
//	                                         └─ Narrow, Covered       lists of them, as words
//
// Scopes only ever narrow: a scope that is not understood is dropped, never read as something else. What a scope lets
// its bearer read or write is decided elsewhere: by the policies, for each resource, at each request.
package scope

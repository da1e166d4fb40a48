// Package plan runs the plan that OPA makes of a policy as Go closures: some ten times faster than OPA's evaluator, with its answers.
//
// The flow:
//
//	rego ─ Of: OPA parses, checks and plans ─> ir.Policy ─ Compile ─> Program ─ Page(input) ─> Page ─ Evaluate(member that varies) ─> Value
//
// A Program knows the places of all locals of all functions beforehand, for no function of a plan calls itself; a machine is one row of
// values, pooled. What depends on the input without the member that varies is computed once for a Page (see shape.go for when that is legal).
//
// Pages that are alike, in which all that is computed once ends in the same way, are served by what is then left of the program, compiled once (residue.go):
//
//	Page ─ outcomes of its runs ─> residue ─ trim.go: bodies cut ─ follow.go: known answers left out ─ lower.go, code.go: steps in a row
//
// An evaluation gives OPA's answer or an error, and after an error OPA is to be asked: a plan looks at bodies that OPA's index leaves out,
// so it may fail where OPA has an answer. What cannot be run compiled is refused by Compile with an *Unsupported.
//
// The package knows no policy. When to trust it, what to do when it refuses, and what an answer means are for package policies.
package plan

// Command peers prints what one decision costs, in CPU time: by OPA's evaluator, by the compiled plan, from the table, and by cedar-go and
// cel-go with equivalent rules.
//
// The flow:
//
//	rules.rego, rules.cedar, rules.go (CEL) ─ the same 7 grants and 11 denials ─> world ─> each engine ─> rounds that alternate ─> table
//
// The peers decide a stated subset, written three times and held equal on random inputs by a test. The bundle that ships is measured beside
// it, by our own ways alone. It is a module of its own, so that the server depends on neither peer.
package main

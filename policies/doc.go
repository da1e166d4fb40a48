// Package policies decides: it loads a bundle of Rego, checks it, and answers for each resource whether the request that looks at it may go on.
//
// The flow of a bundle, from files to force:
//
//	fs.FS ─ read ─> parse ─> lint ─> capabilities, schema, strict compile ─> metadata ─> the bundle's own tests ─> Revision
//	                                                                                                                  │
//	folder changed ─ Engine.Follow ─ Load again ─ all or nothing ───────────────────────> Engine (one atomic pointer) ┘
//
// The flow of a decision:
//
//	facts ─ Revision.Session ─> canonical context (+ digest, once) ─┐
//	resource ─ class: the attributes the modules read ──────────────┴─> table ─ miss ─> Evaluator (OPA, lean) ─> Decision
//
// A decision is a function of the revision and the input alone: the bundle may call neither clock nor network nor chance, and the caller
// gives `now`. The key of the table holds every fact and the instant, so a decision kept cannot outlive a consent, a link or a mask.
// What is undefined, fails, or names a rule that nobody described is a refusal.
//
// The package knows no profession, no class of document and no access mode: those are Rego and data. It neither gathers facts (the
// gate does) nor writes what was decided (audit does), and it renders no page: explanations are values and plain text.
package policies

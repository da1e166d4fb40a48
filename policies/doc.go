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
//	facts, Parts ─ Revision.Session ─> canonical context (+ digest, once) ─┐
//	resource, Resource ─ class: the attributes the modules read ───────────┴─> table ─ miss ─> compiled plan ─> Decision
//	                                                                  no plan, no answer, tripped ─> OPA's evaluator ─┘
//	1 of 1024, and contexts the bundle lists ─ off the path ─> OPA's evaluator: equal, or the plan trips
//
// A decision is a function of the revision and the input alone: the bundle may call neither clock nor network nor chance, and the caller
// gives `now`. The key of the table holds every fact and the instant, so a decision kept cannot outlive a consent, a link or a mask.
// What is undefined, fails, or names a rule that nobody described is a refusal.
//
// What refuses a bundle, by the name a Problem carries (Load refuses all but those marked *, which Check adds):
//
//	read, parse, data, manifest, schema, builtins, stray-file, incomplete   a file that is not what its place says
//	no-rego-v2      a module whose negations would fail open
//	fails-open      a denial lost when an attribute is absent (failsOpen says exactly what is caught and what is not)
//	builtin         a call outside builtins.json; clock, network, chance, machine, walk and trace even when listed
//	with            documents replaced outside tests
//	default-allow   a default that permits
//	misplaced-test  a test outside a _test.rego file
//	open-schema     an object of the input schema in which a misspelt attribute would pass
//	metadata        a rule without title, layer, source, or a reason or remedy in both languages; one id with two texts; an id nobody described
//	compile         OPA's strict compiler and type checker: recursion, misspelt attributes, unused names, conflicts with data
//	test            a test that fails, errs or is skipped; no test at all
//	format *        a module not as `opa fmt` writes it
//	untested *      a body of a described rule that no test sees hold, or none sees fail
//	unused-data, uncovered *, slow   warnings; slow: what leaves the compiled plan
//	attributes, redecided      data.pontlevis.attributes or .redecided that is unclear, or false on a test's input
//
// The package knows no profession, no class of document and no access mode: those are Rego and data. It neither gathers facts (the
// gate does) nor writes what was decided (audit does), and it renders no page: explanations are values and plain text.
package policies

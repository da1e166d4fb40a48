// Package cases is the register in which every emergency opening, and every question about an access, is followed to its
// end (rules.md E5).
//
//	access log ── Follow ──▶ follower: an opening becomes a case, a logged step takes effect ──▶ rows, queue
//	person     ── Of, Say, Ask ─────────┐
//	reviewer   ── Queue, See, Close ────┤ kept as pending ─▶ gate.Review decides and logs ─▶ takes effect
//	authority  ── Overdue, Figures ─────┘
//	gate       ◀── Due: how many of an establishment's cases are past their date
//	Verify     ── register against log: what is missing, changed, or closed without an entry
//
// The log is durable first, the register is derived from it: a process that dies between the two completes it at the next
// start, and doing a step twice does it once. A case's creation and its verdict are logged with a digest of what they say.
//
// Rows. A case is in the partition of its patient, so that a transaction never spans two; the queue is a partition of
// its own, derived from the cases and put right by the follower.
//
//	"cases" patient id           the case (JSON)
//	"cases-grant" patient grant  id of the case that a grant belongs to
//	partition "cases":
//	"at" id                      the patient
//	"queue" organisation due id  open cases
//	"done" organisation end id   closed ones
//	"position" node              where the follower goes on in the log
//
// What may be done by whom is the policies' to say, through the gate; what was opened is read from the log and never
// copied.
package cases

// Package hooks is CDS Hooks 2.0 in front of the plugins, and the schedules by which they run unasked.
//
//	GET  /cds-services               who is there ── labelled plugins, online now
//	POST /cds-services/ID            who calls (caller.go) ─ what is asked (request.go) ─ may that person see this record through
//	                                 that system? (rights.go) ─ plugins.Invoker ─ cards, or none (invoke.go)
//	POST /cds-services/ID/feedback   counts for the publisher, no more (feedback.go)
//	Ask                              a person asks from their own space (ask.go, questions.go) ─ the same way from rights.go on
//	Schedules (schedule.go)          who consented (roll.go) ─ whose turn is it? (turn.go) ─ plugins.Invoker (unasked.go) ─ entries of
//	                                 the agenda (agenda.go) and a message, in one write through the gate; what is over is taken
//	                                 back before, in another (withdraw.go)
//
// Whoever calls gets cards for the person whose token comes with the call, and never more than that person and the calling
// system may see. A refusal, a missing consent, a missing link, an unknown patient and a plugin with nothing to say are
// answered alike, {"cards":[]}, after a whole number of rests (gate.Rest).
//
// Rows, in the partition "hooks":
//
//	"fed" day service card   what became of a card (JSON), for as long as it may be said again
//	"count" service          the sum of those (JSON)
//	"roll" patient           from when on what they last agreed with is surely in force; "roll-position" is how far the log was read
//	"cursor" app             whose turn came last
//	"state" app              how the schedule went last (JSON)
//	"ran" app patient        the turn of somebody: claimed, run, with what outcome (JSON)
//
// The package decides nothing and reads nothing by itself: it asks the gate. Processes are the host's (package plugins),
// labels the catalogue's, tokens the authorization server's; caddy wires them.
package hooks

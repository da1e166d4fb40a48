// Package notice tells people what happened to a space: an emergency, a first access, a new link, a case closed, a
// question answered, and now and then what apps read (rules.md E5; CSP R1111-48). Those who review are told once a day of what
// waits, in numbers.
//
//	access log ── Follow ──▶ what is worth telling ─▶ Recipients (the policies, through the gate) ─▶ inbox of each
//	pages      ── Inbox ───▶ what somebody was told, newest first
//
// A notice says who, when, where, why and in which words of the rules; it names nothing clinical, and links to the page
// that shows more to whoever may see more. The log is durable first: a process that dies before it told anybody tells at
// its next start, and tells once, because the id of a notice is made of the entry that it is about.
//
// Rows. A notice is in the partition of whoever is told; what spans people is a partition of its own.
//
//	"notices" recipient time id   the notice (JSON); time sorts the newest last
//	"notices-met" patient recipient actor   the entry whose access was told as the first of the actor
//	"notices-known" patient actor           that everybody was told
//	partition "notices":
//	"urgent" id, "out" id         mails that wait, in two lanes (JSON)
//	"sent" id                     that a mail was sent, so that none is sent twice
//	"again" time patient          when the sum of what apps read in a space is due
//	"summed" patient              when that was told last, and is next (JSON)
//	"gathered" patient            links of one import, to be told together (JSON)
//	"digest"                      the last day of which those who review were told
//	"position" node               where the follower goes on in the log
//
// Who is told of what is the policies' to say; this package asks the gate, and never opens a record.
package notice

// Package history is the pages on which people read who saw their space, or that of somebody they represent.
//
//	GET  /space/history ─ AuditEvents through the gate, newest first ─→ visits, each in one sentence (web/sentence)
//	                    ├ cases.Of, notice.Inbox ─→ the review of an emergency access, one's questions, what one was told
//	POST …/ask, /say, /read ─→ a question to the establishment, a word on an access, a notice that was read; 303
//	GET  …/export.json, .pdf ─ gate.ExportLog (one access, logged) ─→ the same entries, proved and signed by the log
//
// Reading the log is itself an access: the gate logs each page. What the gate cuts out of an entry, or leaves out, is not
// there for this package either, and pages of the log are those of the gate, by its own links. The package decides nothing
// and reads no log of its own; who may be stopped, and how, is said on the pages of the space (web/sharing).
package history

// Package history is the page on which people read who saw their space, or that of somebody they represent.
//
//	GET  /space/history ─ AuditEvents through the gate, newest first ─→ visits, each in one sentence (web/sentence)
//
// Reading the log is itself an access: the gate logs each page. What the gate cuts out of an entry, or leaves out, is not
// there for this package either, and pages of the log are those of the gate, by its own links. The package decides nothing
// and reads no log of its own.
package history

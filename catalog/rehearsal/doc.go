// Package rehearsal gives each app invented people that behave, and keeps what the app did with them, as evidence.
//
//	Open(manifest) ──▶ Stage: people and records, a client, an entry of the rehearsal's own catalogue
//	events of sign-in, entries of the access log ──Run──▶ cues: one hides a document, one disconnects
//	                                             └──────▶ Findings: what the app did, for the label's criteria
//
// A rehearsal is played in a server of its own (Stage): nothing there can reach a real record, so no rule has to say so.
// Whether a finding is good enough for a label is decided elsewhere.
//
// Rows, in the global partition of the gateway's store:
//
//	"rehearsal" app        the invented people, the client, the findings (JSON)
//	"rehearsals" "count"   how many there were: the number of the next
//	"rehearsals" "place"   how far the access log of the rehearsals was read
package rehearsal

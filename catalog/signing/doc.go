// Package signing keeps what waits for the signatures of the label authority: a label that is to be given, a suspension, a
// recall, until enough keys have signed.
//
//	desk ── Issue, Order ──▶ envelope ── Sign (a copy signed elsewhere, key by key) ──▶ enough ── Finish ──▶ label.Log, catalog
//
// The keys are nowhere here: each signer signs a copy of the envelope, and the copy comes back. What is decided is what the log
// of labels has, then what the catalogue makes of it; a process that dies between the two finishes at the next try.
//
// Rows, in the global partition:
//
//	"signing" id                     what waits
//	"publication" app version        what the publisher signed, and its key
package signing

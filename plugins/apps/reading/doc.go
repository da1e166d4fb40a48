// Package reading is the little of FHIR R4 that the example plugins read: codes, dates that may be half known, and the
// entries of a search.
//
//	answer of a read ── Bundle ──▶ resources, of the type asked for and no other
//
// What it does not understand it leaves out and counts; it never guesses.
package reading

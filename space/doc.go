// Package space reads a person's space: lifecycle, consent, blocks, hidden documents, circle of care, delegates and
// switches, as the facts that a decision rests on, and checks each change of them.
//
//	Consent, CareTeam, RelatedPerson, Appointment, Encounter ──Read──> Facts ──Input──> input.patient of the policies
//	before, after ──Check──> Change, issues                                            (what, not whether: that is Rego)
//	Lifecycle ──At(now)──> the state that holds at an instant
//
// The truth of a consent, a block or a delegation is the FHIR resource itself, kept by the record store with its
// history; nothing is copied out of it, so nothing can disagree with it. Only the lifecycle of the space is a record
// of its own (lifecycle.go). Whether somebody may read or change anything is not decided here: policies do that.
package space

// Package criteria holds the label's checks that a machine can make before a person looks.
//
//	manifest, what it did in its rehearsal, its binaries ──Check──▶ each criterion: passed, failed, not yet, not applicable
//
// Each says what it rests on, in words that the publisher can act on and that people may read. A criterion says nothing of what
// the authority will think of an app: it says what need not be looked at by hand.
package criteria

// Package review is where emergency accesses are swept up (rules.md E5): the pages of the establishment's reviewer, and of
// the authority.
//
//	/pro/cases        the queue of the establishment, the soonest due first
//	/pro/cases/{id}   a case: who, when, why, what was opened, what the person thinks; the verdict
//	/label/cases      what no establishment closed in time, and the figures of each
//	/label/cases/{id} one of those
//
// Who sees and closes what is the policies' to say, through the register (package cases); each look is in the access log,
// and what may not be seen looks like what is not there. The pages hold nothing of a record: of what was opened they tell
// the kind, the number and the time.
package review

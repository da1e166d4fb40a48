package catalog

import (
	"slices"
	"time"
)

// States of a version, as the law draws them (CSP R1111-36 to R1111-39; the process of referencing: request, admissibility,
// evaluation, opinion and decision, agreement, connection tests, listing, updates, renewal, complaints).
const (
	Draft        = "draft"        // being written; seen by its publisher alone
	Submitted    = "submitted"    // waits for its admissibility to be looked at
	Returned     = "returned"     // something is missing: the publisher completes it and submits again
	Admissible   = "admissible"   // whole: waits for its evaluation
	Evaluation   = "evaluation"   // is being evaluated
	Favourable   = "favourable"   // opinion
	Reservations = "reservations" // opinion: favourable, with reservations
	Unfavourable = "unfavourable" // opinion
	Agreement    = "agreement"    // agreed with the publisher: waits for its connection tests
	Tested       = "tested"       // connection tests passed: waits for its label
	Online       = "online"       // on the air, listed or exchanging as its label says
	Superseded   = "superseded"   // a newer version is on the air in its place
	Suspended    = "suspended"    // stopped for a time
	Delisted     = "delisted"     // left the catalogue
	Recalled     = "recalled"     // its label is withdrawn
	Withdrawn    = "withdrawn"    // its publisher gave up
)

// Status of an app that is not a state of a version.
const (
	Expired  = "expired" // its label has run out; never stored, see App.At
	Unlisted = "none"    // no entry, or none that was ever on the air
)

// Parts that somebody has in the catalogue.
const (
	Publisher = "publisher" // whoever answers for the app
	Authority = "authority" // the label authority
	Operator  = "operator"  // of this node: may stop an app here, and needs nobody's word for it
	Machine   = "machine"   // the checks
)

// Rule is one step of the lifecycle: from which states to which, whose it is, and what it must come with.
type Rule struct {
	Step   string
	From   []string
	To     string
	By     []string
	Reason bool          // the step says why, in both languages
	Proof  bool          // the step rests on the machine's checks, none of which failed
	Label  bool          // the step rests on a label in force over the version's manifest
	Within time.Duration // how long who has to take it gives themselves, from when the version came into the state; 0: not said
}

const days = 24 * time.Hour

// Law is the whole lifecycle. What is not in it does not happen.
var Law = []Rule{
	{Step: "submit", From: []string{Draft, Returned}, To: Submitted, By: []string{Publisher}},
	{Step: "admit", From: []string{Submitted}, To: Admissible, By: []string{Authority, Machine}, Within: 5 * days},
	{Step: "return", From: []string{Submitted, Admissible, Evaluation}, To: Returned, By: []string{Authority, Machine}, Reason: true},
	{Step: "evaluate", From: []string{Admissible}, To: Evaluation, By: []string{Authority}, Within: 10 * days},
	{Step: "favour", From: []string{Evaluation}, To: Favourable, By: []string{Authority}, Within: 30 * days},
	{Step: "reserve", From: []string{Evaluation}, To: Reservations, By: []string{Authority}, Reason: true},
	{Step: "reject", From: []string{Evaluation}, To: Unfavourable, By: []string{Authority}, Reason: true},
	{Step: "agree", From: []string{Favourable, Reservations}, To: Agreement, By: []string{Publisher}},
	{Step: "test", From: []string{Agreement}, To: Tested, By: []string{Authority, Machine}, Proof: true, Within: 10 * days},
	{Step: "publish", From: []string{Tested}, To: Online, By: []string{Authority, Machine}, Label: true, Within: 5 * days},
	{Step: "renew", From: []string{Online}, To: Online, By: []string{Authority, Machine}, Label: true},
	{Step: "adopt", From: []string{Draft}, To: Online, By: []string{Machine}, Label: true},
	{Step: "ask", From: []string{Online}, To: Online, By: []string{Publisher}},
	{Step: "supersede", From: []string{Online}, To: Superseded, By: []string{Machine}},
	{Step: "suspend", From: []string{Online, Suspended}, To: Suspended, By: []string{Authority, Operator, Machine}, Reason: true},
	{Step: "reinstate", From: []string{Suspended}, To: Online, By: []string{Authority, Machine}, Reason: true},
	{Step: "delist", From: []string{Online, Suspended}, To: Delisted, By: []string{Publisher, Authority}, Reason: true},
	{Step: "recall", From: []string{Online, Suspended, Superseded, Delisted}, To: Recalled, By: []string{Authority}, Reason: true},
	{Step: "withdraw", From: []string{Submitted, Returned, Admissible, Evaluation, Favourable, Reservations, Agreement, Tested}, To: Withdrawn, By: []string{Publisher}},
}

// ruleOf finds a step of the law.
func ruleOf(step string) *Rule {
	if k := slices.IndexFunc(Law, func(r Rule) bool { return r.Step == step }); k >= 0 {
		return &Law[k]
	}
	return nil
}

// StepsFrom are the steps that somebody of a part may take from a state, in the order of the law.
func StepsFrom(state, part string) []Rule {
	var out []Rule
	for _, r := range Law {
		if slices.Contains(r.From, state) && slices.Contains(r.By, part) {
			out = append(out, r)
		}
	}
	return out
}

// Renewal is the state in the queue of a version on the air whose publisher asked for a later label; no version has it.
const Renewal = "renewal"

// Renews is within what time the authority answers that.
const Renews = 30 * days

// waits tells whose move it is in a state, and within what time: the step of the law that is promised first. ok is false
// where nobody but the publisher is waited for.
func waits(state string) (within time.Duration, ok bool) {
	for _, r := range Law {
		if r.Within > 0 && slices.Contains(r.From, state) {
			return r.Within, true
		}
	}
	return 0, false
}

// onAir tells whether a version in this state is, or was last, what the entry shows.
func onAir(state string) bool {
	return slices.Contains([]string{Online, Suspended, Delisted, Recalled}, state)
}

package upstream

import "fmt"

// Kinds of refusal, each a page of its own.
const (
	Declined    = "declined"    // the person stopped at the provider, or it did not let them in
	Unavailable = "unavailable" // the provider does not answer, or not in time
	Untrusted   = "untrusted"   // what it answered does not prove who signed in
	Weak        = "weak"        // the sign-in there was not strong or fresh enough
	Unpractised = "unpractised" // a professional without a situation of practice
	Unclear     = "unclear"     // the claims do not say who this is
)

// Refusal says why a sign-in elsewhere is not accepted. Its text never carries a token or a claim's value.
type Refusal struct {
	Kind string
	Code string // the provider's error word (RFC 6749 §4.1.2.1), when it sent one
	Why  string // for the log of the operator
	err  error
}

func (r *Refusal) Error() string {
	if r.err != nil {
		return fmt.Sprintf("%s: %s: %v", r.Kind, r.Why, r.err)
	}
	return r.Kind + ": " + r.Why
}

func (r *Refusal) Unwrap() error { return r.err }

func refuse(kind, why string, args ...any) *Refusal {
	return &Refusal{Kind: kind, Why: fmt.Sprintf(why, args...)}
}

func failed(kind, why string, err error) *Refusal {
	return &Refusal{Kind: kind, Why: why, err: err}
}

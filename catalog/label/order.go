package label

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// orderType is the payload type of an order: other than that of a label, so that neither can stand for the other.
const orderType = "application/vnd.pontlevis.label-order+json"

// Kinds of entries of the log.
const (
	Issue     = "issue"     // a label, two of n
	Supersede = "supersede" // a label that takes the place of another, two of n
	Suspend   = "suspend"   // one signature, for at most SuspendAtMost
	Revoke    = "revoke"    // two of n, for good
	Reinstate = "reinstate" // ends a suspension, two of n
	Keys      = "keys"      // the authority's next keys, signed by enough of the former and of the next
)

// Bounds of orders in time.
const (
	// SuspendAtMost is how long one suspension lasts at most: somebody alone may stop an app, for a week.
	SuspendAtMost = 7 * 24 * time.Hour
	// SuspendAgain is how long after a suspension by one key the next needs as many as a label.
	SuspendAgain = 30 * 24 * time.Hour
	// orderKept is how far the date of an order may be from the moment it is logged: one that was held back is void.
	orderKept = 7 * 24 * time.Hour
	// clockSkew is how far the clock of whoever signs may be ahead.
	clockSkew = 5 * time.Minute
)

// Reasons are the codes of a suspension or a revocation; Remedies those of a reinstatement.
var (
	Reasons  = []string{"security", "data-leak", "undeclared-use", "non-conformity", "unlawful", "publisher-request", "publisher-gone", "mistake"}
	Remedies = []string{"remedied", "mistake"}
)

// Order is what the authority decides about a label that it gave, or about its own keys.
type Order struct {
	ID        string `json:"id"`   // unique in the log
	Kind      string `json:"kind"` // suspend, revoke, reinstate, keys
	Authority string `json:"authority"`

	App    string `json:"app,omitempty"`   // of the label
	Label  string `json:"label,omitempty"` // its id
	Reason string `json:"reason,omitempty"`
	Words  *Text  `json:"words,omitempty"` // why, as the publisher and people read it

	From  time.Time `json:"from"`           // when it was decided; UTC, whole seconds
	Until time.Time `json:"until,omitzero"` // of a suspension alone

	Next *Trust `json:"next,omitempty"` // of keys alone
}

// Draft makes the envelope of an order, for the authority to Sign.
func (o Order) Draft() ([]byte, error) {
	o.From = o.From.UTC().Truncate(time.Second)
	if !o.Until.IsZero() {
		o.Until = o.Until.UTC().Truncate(time.Second)
	}
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("writing an order: %w", err)
	}
	if o.Words != nil && (strings.TrimSpace(o.Words.FR) == "" || strings.TrimSpace(o.Words.EN) == "") { // the catalogue takes no such reason
		return nil, fmt.Errorf("writing an order: %w: it says why in French and in English", ErrOrder)
	}
	return draft(orderType, o)
}

func (o *Order) check() error {
	switch {
	case !labelID.MatchString(o.ID):
		return fmt.Errorf("%w: id %q must be 8 to 64 letters, digits, dots or hyphens", ErrOrder, o.ID)
	case o.Authority == "" || len(o.Authority) > maxText:
		return fmt.Errorf("%w: it names no authority", ErrOrder)
	case !plainTime(o.From) || !o.Until.IsZero() && !plainTime(o.Until):
		return fmt.Errorf("%w: dates are UTC, in whole seconds", ErrOrder)
	case (o.Kind == Suspend) == o.Until.IsZero():
		return fmt.Errorf("%w: a suspension has an end, and nothing else has", ErrOrder)
	case (o.Kind == Keys) != (o.Next != nil):
		return fmt.Errorf("%w: an order about keys names the next ones, and no other does", ErrOrder)
	}
	switch o.Kind {
	case Suspend, Revoke:
		return o.checkLabel(Reasons)
	case Reinstate:
		return o.checkLabel(Remedies)
	case Keys:
		return o.checkKeys()
	}
	return fmt.Errorf("%w: kind %.40q", ErrOrder, o.Kind)
}

func (o *Order) checkLabel(reasons []string) error {
	switch {
	case !appID.MatchString(o.App) || !labelID.MatchString(o.Label):
		return fmt.Errorf("%w: it names no label of an app", ErrOrder)
	case !slices.Contains(reasons, o.Reason):
		return fmt.Errorf("%w: reason %.40q is none of %v", ErrOrder, o.Reason, reasons)
	case o.Words == nil || o.Words.FR == "" || o.Words.EN == "" || len(o.Words.FR) > maxText || len(o.Words.EN) > maxText:
		return fmt.Errorf("%w: it says why in French and in English, in at most %d bytes each", ErrOrder, maxText)
	case o.Kind == Suspend && (!o.From.Before(o.Until) || o.Until.Sub(o.From) > SuspendAtMost):
		return fmt.Errorf("%w: a suspension lasts %v at most", ErrOrder, SuspendAtMost)
	}
	return nil
}

func (o *Order) checkKeys() error {
	if o.App != "" || o.Label != "" || o.Reason != "" || o.Words != nil {
		return fmt.Errorf("%w: an order about keys is about no app", ErrOrder)
	}
	if err := o.Next.Check(); err != nil {
		return err
	}
	if o.Next.Authority != o.Authority {
		return fmt.Errorf("%w: %.60q", ErrAuthority, o.Next.Authority)
	}
	return nil
}

// openOrder checks the signatures of an order that is logged at an instant, and says how many keys signed it.
func openOrder(envelope []byte, t Trust, at time.Time) (*Order, int, error) {
	keys, err := t.at(at)
	if err != nil {
		return nil, 0, err
	}
	_, unchecked, err := parseEnvelope(envelope)
	if err != nil {
		return nil, 0, err
	}
	o := new(Order)
	if err := decode(unchecked, o); err != nil {
		return nil, 0, err
	}
	if err := o.check(); err != nil {
		return nil, 0, err
	}
	if o.Authority != t.Authority {
		return nil, 0, fmt.Errorf("%w: %.60q", ErrAuthority, o.Authority)
	}
	needed := t.Threshold
	if o.Kind == Suspend {
		needed = 1
	}
	_, signed, err := open(envelope, orderType, keys, needed)
	if err != nil {
		return nil, 0, err
	}
	if o.Kind == Keys {
		next, err := o.Next.at(at)
		if err != nil {
			return nil, 0, err
		}
		if _, _, err := open(envelope, orderType, next, o.Next.Threshold); err != nil {
			return nil, 0, fmt.Errorf("the next keys: %w", err)
		}
	}
	if o.From.After(at.Add(clockSkew)) || at.Sub(o.From) > orderKept {
		return nil, 0, fmt.Errorf("%w: decided on %s, logged on %s", ErrLate, o.From.Format(time.RFC3339), at.Format(time.RFC3339))
	}
	return o, signed, nil
}

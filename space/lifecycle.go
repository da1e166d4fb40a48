package space

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// States of a space (CSP R1111-28, R1111-36). Archived is what a closed space is to its data: closed and archived
// begin together, and only closed is kept.
const (
	Announced = "announced" // the person has been informed; six weeks run
	Open      = "open"
	Opposed   = "opposed"   // the person refused the opening
	Closed    = "closed"    // archived for ten years
	Suspended = "suspended" // for fraud or malfunction; closes after six weeks without objection
	Erasing   = "erasing"   // express deletion asked, done within three months
	Erased    = "erased"
)

// none is the state of a space nobody has announced.
const none = ""

// Delays of the law.
const (
	openingDays   = 42 // six weeks after the information was sent (R1111-28)
	objectionDays = 42 // six weeks to object to a suspension (R1111-36)
	archiveYears  = 10 // after closing (R1111-36)
	erasureMonths = 3  // after an express request (R1111-36)
)

// ErrTransition says that a space cannot go from its state to the one asked.
var ErrTransition = errors.New("the space cannot change so")

// Lifecycle is the state of a space since an instant. The zero value is a space nobody has announced: it gives no read.
type Lifecycle struct {
	State   string    `json:"state"`
	Since   time.Time `json:"since"`
	Until   time.Time `json:"until,omitzero"`   // when this state ends by itself; zero when it does not
	Reason  string    `json:"reason,omitempty"` // why it was closed or suspended
	Version int       `json:"version"`          // grows with each change
}

// At is the state that holds at an instant: delays that have run out are applied, nothing has to happen for it.
func (l Lifecycle) At(now time.Time) Lifecycle {
	for !l.Until.IsZero() && !now.Before(l.Until) {
		next := Lifecycle{Since: l.Until, Reason: l.Reason, Version: l.Version}
		switch l.State {
		case Announced:
			next.State = Open
		case Suspended:
			next.State, next.Until = Closed, l.Until.AddDate(archiveYears, 0, 0)
		case Closed, Erasing:
			next.State = Erased
		default:
			return l
		}
		l = next
	}
	return l
}

// Announce begins the six weeks after which the space opens by itself.
func (l Lifecycle) Announce(now time.Time) (Lifecycle, error) {
	return l.move(now, Announced, now.AddDate(0, 0, openingDays), "", none, Opposed, Erased)
}

// Activate opens the space: before the six weeks end, after an opposition that is taken back, or from the archive. A
// pending deletion is cancelled (R1111-36).
func (l Lifecycle) Activate(now time.Time) (Lifecycle, error) {
	return l.move(now, Open, time.Time{}, "", none, Announced, Opposed, Closed, Suspended, Erasing)
}

// Oppose refuses the opening.
func (l Lifecycle) Oppose(now time.Time) (Lifecycle, error) {
	return l.move(now, Opposed, time.Time{}, "", Announced)
}

// Close closes the space and archives it for ten years.
func (l Lifecycle) Close(now time.Time, reason string) (Lifecycle, error) {
	return l.move(now, Closed, now.AddDate(archiveYears, 0, 0), reason, Open, Suspended)
}

// Suspend stops all access for fraud or serious malfunction; without objection the space closes after six weeks.
func (l Lifecycle) Suspend(now time.Time, reason string) (Lifecycle, error) {
	return l.move(now, Suspended, now.AddDate(0, 0, objectionDays), reason, Open)
}

// Erase asks for the deletion of a closed space within three months.
func (l Lifecycle) Erase(now time.Time) (Lifecycle, error) {
	return l.move(now, Erasing, now.AddDate(0, erasureMonths, 0), "", Closed)
}

func (l Lifecycle) move(now time.Time, to string, until time.Time, reason string, from ...string) (Lifecycle, error) {
	held := l.At(now)
	for _, f := range from {
		if held.State == f {
			return Lifecycle{State: to, Since: now.UTC(), Until: until.UTC(), Reason: reason, Version: l.Version + 1}, nil
		}
	}
	return l, fmt.Errorf("%w: from %q to %q", ErrTransition, held.State, to)
}

// Lifecycles keeps the lifecycle of each space, in the partition of its patient.
type Lifecycles struct {
	DB    store.DB
	Known *store.Decoded[Lifecycle] // remembers what was decoded; nil remembers nothing
}

func lifecycleKey(patient string) []byte { return store.Key(patient, "lifecycle") }

// Of returns the lifecycle of a space; the zero Lifecycle when there is none.
func (s Lifecycles) Of(ctx context.Context, patient string) (l Lifecycle, err error) {
	known, err := s.Known.Read(ctx, s.DB, store.PatientPartition(patient), lifecycleKey(patient))
	if err != nil {
		return Lifecycle{}, fmt.Errorf("reading the lifecycle of a space: %w", err)
	}
	if known != nil {
		l = *known
	}
	return l, nil
}

// Change moves the lifecycle of a space by one of its transitions; it is in force when Change returns.
func (s Lifecycles) Change(ctx context.Context, patient string, transition func(Lifecycle) (Lifecycle, error)) (after Lifecycle, err error) {
	err = s.DB.Update(ctx, store.PatientPartition(patient), func(tx store.Tx) error {
		var before Lifecycle
		if _, err := store.GetJSON(tx, lifecycleKey(patient), &before); err != nil {
			return err
		}
		if after, err = transition(before); err != nil {
			return err
		}
		after.Version = before.Version + 1 // whatever the transition says: what was read at a version is remembered under it
		return store.PutJSON(tx, lifecycleKey(patient), after)
	})
	if err != nil {
		return Lifecycle{}, fmt.Errorf("changing the lifecycle of a space: %w", err)
	}
	return after, nil
}

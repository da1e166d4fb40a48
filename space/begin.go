package space

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// begun is how many spaces Begin begins at a time: those that wait for the store together share one commit.
const begun = 512

// Reached is the lifecycle of a space that came to a state elsewhere, at an instant: by the transitions of the law, each
// as late as it can have been. The states are those a space comes to without its data going: announced, open, opposed,
// closed, suspended.
func Reached(state string, since time.Time) (Lifecycle, error) {
	var l Lifecycle
	var err error
	switch state {
	case Announced:
		return l.Announce(since)
	case Open:
		return l.Activate(since)
	case Opposed:
		if l, err = l.Announce(since.AddDate(0, 0, -1)); err != nil {
			return l, err
		}
		return l.Oppose(since)
	case Closed, Suspended:
		if l, err = l.Activate(since.AddDate(0, 0, -1)); err != nil {
			return l, err
		}
		if state == Closed {
			return l.Close(since, "imported")
		}
		return l.Suspend(since, "imported")
	}
	return l, fmt.Errorf("%w: to %q by import", ErrTransition, state)
}

// Begin gives each space that has no lifecycle yet the one that first says; one that has keeps its own. Many at a time
// cost little more than one.
func (s Lifecycles) Begin(ctx context.Context, patients []string, first func(patient string) (Lifecycle, error)) error {
	var wait sync.WaitGroup
	next := make(chan string)
	errs := make(chan error, len(patients))
	for range min(begun, len(patients)) {
		wait.Go(func() {
			for p := range next {
				errs <- s.begin(ctx, p, first)
			}
		})
	}
	for _, p := range patients {
		next <- p
	}
	close(next)
	wait.Wait()
	close(errs)
	var all []error
	for err := range errs {
		all = append(all, err)
	}
	return errors.Join(all...)
}

func (s Lifecycles) begin(ctx context.Context, patient string, first func(string) (Lifecycle, error)) error {
	l, err := s.Of(ctx, patient)
	if err != nil || l.State != none {
		return err
	}
	wanted, err := first(patient)
	if err != nil {
		return err
	}
	_, err = s.Change(ctx, patient, func(l Lifecycle) (Lifecycle, error) {
		if l.State != none {
			return l, errBegun
		}
		return wanted, nil
	})
	if errors.Is(err, errBegun) {
		return nil
	}
	return err
}

// errBegun says that somebody else began the space meanwhile.
var errBegun = errors.New("the space has begun")

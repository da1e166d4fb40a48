package label

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// state is what the log says once its entries have been read in order. It is never modified once others see it: next
// makes another.
type state struct {
	size   int64
	at     time.Time // of the last entry
	trust  Trust
	labels map[string]*standing // by id of the label
	apps   map[string]*standing // the newest label of each app
	orders map[string]bool      // ids of orders
	loose  bool                 // nobody else sees the tables: next writes into them
}

// standing is what became of one label.
type standing struct {
	*Label
	entry    int64 // that gave it
	issued   time.Time
	replaced *event
	revoked  *event
	stopped  *event    // the last suspension, also one that has ended
	ended    *event    // what ended that suspension before its time
	alone    time.Time // when a suspension by one key was last logged, of any label of the app
	cut      time.Time // when the label in force before a later one was revoked; zero when none was
}

// event is what an entry did to a label.
type event struct {
	entry  int64
	at     time.Time
	until  time.Time
	reason string
	words  Text
}

func newState(t Trust) *state {
	return &state{trust: t, labels: map[string]*standing{}, apps: map[string]*standing{}, orders: map[string]bool{}}
}

// loosen is a copy for reading many entries, of which nobody else sees the tables.
func (s *state) loosen() *state {
	c := *s
	c.labels, c.apps, c.orders, c.loose = maps.Clone(s.labels), maps.Clone(s.apps), maps.Clone(s.orders), true
	return &c
}

// next is the state after one more entry, or why the log does not take it. The name is that of the app it changes, "" for
// keys.
func (s *state) next(r *Record) (after *state, app string, err error) {
	if r.At.Before(s.at) {
		return nil, "", fmt.Errorf("%w: the entry before it is of %s", ErrLate, s.at.Format(time.RFC3339))
	}
	after = &state{size: s.size + 1, at: r.At, trust: s.trust, labels: s.labels, apps: s.apps, orders: s.orders, loose: s.loose}
	if r.Bundle != nil {
		app, err = after.issue(r)
	} else {
		app, err = after.obey(r)
	}
	if err != nil {
		return nil, "", err
	}
	return after, app, nil
}

// put writes a label's standing into tables of its own.
func (s *state) put(l *standing) {
	if !s.loose {
		s.labels, s.apps = maps.Clone(s.labels), maps.Clone(s.apps)
	}
	s.labels[l.ID] = l
	if newest := s.apps[l.App]; newest == nil || newest.Sequence <= l.Sequence {
		s.apps[l.App] = l
	}
}

// issue takes a label: signed by the keys of that moment, in its turn, and by the publisher of the one before it.
func (s *state) issue(r *Record) (string, error) {
	l, err := r.Bundle.verify(s.trust, r.At)
	if err != nil {
		return "", err
	}
	kind := Issue
	if l.Replaces != "" {
		kind = Supersede
	}
	if kind != r.Kind {
		return "", fmt.Errorf("%w: a label that replaces %q is of kind %s", ErrEnvelope, l.Replaces, kind)
	}
	if s.labels[l.ID] != nil {
		return "", fmt.Errorf("%w: label %s", ErrTwice, l.ID)
	}
	if !r.At.Before(l.NotAfter) {
		return "", ErrExpired
	}
	fresh := &standing{Label: l, entry: s.size - 1, issued: r.At}
	if former := s.apps[l.App]; former != nil {
		if err := s.follows(l, former, r); err != nil {
			return "", err
		}
		fresh.alone, fresh.cut = former.alone, former.cut
		if former.revoked != nil {
			fresh.cut = former.revoked.at
		}
		s.replace(former, l, r.At)
	} else if l.Sequence != 1 || l.Replaces != "" {
		return "", fmt.Errorf("%w: the first label of %s has sequence 1 and replaces none", ErrState, l.App)
	}
	s.put(fresh)
	return l.App, nil
}

// follows checks that a label may come after the app's former one.
func (s *state) follows(l *Label, former *standing, r *Record) error {
	over := former.revoked != nil || !r.At.Before(former.NotAfter)
	switch {
	case l.Sequence != former.Sequence+1:
		return fmt.Errorf("%w: the next label of %s has sequence %d, not %d", ErrState, l.App, former.Sequence+1, l.Sequence)
	case l.Replaces == "" && !over:
		return fmt.Errorf("%w: %s has the label %s: say that the next one replaces it", ErrState, l.App, former.ID)
	case l.Replaces != "" && l.Replaces != former.ID:
		return fmt.Errorf("%w: %s has the label %s, not %s", ErrState, l.App, former.ID, l.Replaces)
	case l.Replaces != "" && former.revoked != nil:
		return fmt.Errorf("%w: %s is revoked and has no place to take: issue a label that replaces none", ErrState, former.ID)
	case l.Publisher.Key != former.Publisher.Key:
		key, err := ParsePublic(former.Publisher.Key)
		if err != nil || !r.Bundle.publishedBy(key) {
			return ErrNewKey
		}
	}
	return nil
}

// free refuses a new label while the one before it is suspended: it is no way round. It is for one's own log: what another's
// holds is followed as it stands.
func (s *state) free(r *Record) error {
	if r.Bundle == nil {
		return nil
	}
	l, err := r.Bundle.peek()
	if err != nil {
		return err
	}
	if former := s.apps[l.App]; s.labels[l.ID] == nil && former != nil && former.revoked == nil && former.suspended(r.At) {
		return fmt.Errorf("%w: %s, until %s; end the suspension first, or recall", ErrSuspended, l.App, former.stopped.until.UTC().Format(time.RFC3339))
	}
	return nil
}

// replace ends a label whose place another takes.
func (s *state) replace(former *standing, by *Label, at time.Time) {
	ended := *former
	ended.replaced = &event{entry: s.size - 1, at: at, reason: by.ID}
	s.put(&ended)
}

// obey takes an order.
func (s *state) obey(r *Record) (string, error) {
	o, signed, err := openOrder(r.Order, s.trust, r.At)
	if err != nil {
		return "", err
	}
	if o.Kind != r.Kind {
		return "", fmt.Errorf("%w: an order of kind %s in an entry of kind %s", ErrEnvelope, o.Kind, r.Kind)
	}
	if s.orders[o.ID] {
		return "", fmt.Errorf("%w: order %s", ErrTwice, o.ID)
	}
	if !s.loose {
		s.orders = maps.Clone(s.orders)
	}
	s.orders[o.ID] = true
	if o.Kind == Keys {
		s.trust = *o.Next
		s.trust.Keys = slices.Clone(o.Next.Keys)
		return "", nil
	}
	about := s.labels[o.Label]
	if about == nil || about.App != o.App {
		return "", fmt.Errorf("%w: %s has no label %s", ErrState, o.App, o.Label)
	}
	changed := *about
	if err := s.change(&changed, o, signed, r.At); err != nil {
		return "", err
	}
	s.put(&changed)
	return o.App, nil
}

// change does to a label what an order says.
func (s *state) change(l *standing, o *Order, signed int, at time.Time) error {
	done := &event{entry: s.size - 1, at: at, until: o.Until, reason: o.Reason, words: *o.Words}
	if l.revoked != nil {
		return fmt.Errorf("%w: %s is revoked for good", ErrState, l.ID)
	}
	switch o.Kind {
	case Revoke:
		l.revoked = done
	case Reinstate:
		if !l.suspended(at) {
			return fmt.Errorf("%w: %s is not suspended", ErrState, l.ID)
		}
		if o.From.Before(l.stopped.at.Add(-clockSkew)) { // whoever signed it knew of another suspension
			return fmt.Errorf("%w: it was signed before the suspension of %s", ErrLate, l.stopped.at.UTC().Format(time.RFC3339))
		}
		l.ended = done
	case Suspend:
		if !at.Before(o.Until) {
			return fmt.Errorf("%w: the suspension ended on %s", ErrLate, o.Until.Format(time.RFC3339))
		}
		if signed < s.trust.Threshold {
			if l.suspended(at) && o.Until.Before(l.stopped.until) {
				return fmt.Errorf("%w: %s is suspended until %s: to end it sooner, %d keys must sign", ErrThreshold, l.App, l.stopped.until.UTC().Format(time.RFC3339), s.trust.Threshold)
			}
			if !l.alone.IsZero() && at.Sub(l.alone) < SuspendAgain {
				return fmt.Errorf("%w: %s was suspended by one key on %s: so soon again, %d keys must sign", ErrThreshold, l.App, l.alone.Format(time.RFC3339), s.trust.Threshold)
			}
			l.alone = at
		}
		l.stopped, l.ended = done, nil
	}
	return nil
}

// suspended reports whether a suspension holds at an instant.
func (l *standing) suspended(now time.Time) bool {
	return l.stopped != nil && l.ended == nil && now.Before(l.stopped.until)
}

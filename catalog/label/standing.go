package label

import (
	"fmt"
	"time"
)

// Statuses that the log gives an app; they are those of gate.Label.
const (
	InForce   = "online"
	Suspended = "suspended"
	Revoked   = "recalled"
	Lapsed    = "expired"
	None      = "none"
)

// Causes of a status that no entry of the log gives.
const (
	Denied  = "denied"  // the operator's own list
	Stale   = "stale"   // the log that is followed has not been seen for too long
	TooSoon = "not-yet" // the label begins later
)

// Standing is what the log says of an app at an instant.
type Standing struct {
	Status string // online, suspended, recalled, expired, none
	Cause  string // a reason code of the entry, or denied, stale, not-yet; "" when in force
	Words  Text   // why, for the publisher and for people; empty when nothing was written

	Label *Label // the newest of the app, shared: nobody changes it; nil without one
	// Entry is the index of the entry of the log that made it so; -1 without one.
	Entry int64
	// Since is when that entry was logged.
	Since time.Time
	// Until is when a suspension ends by itself; zero otherwise.
	Until time.Time
	// Cut is when a revocation had ended what the app was given, for good: a later label brings none of it back. Zero when
	// there was none. The log's dates are whole seconds: it is the end of that second.
	Cut time.Time
	// Waits reports that the log that is followed has not been seen for too long: what it does not stop goes on, and nothing
	// new begins on what it says.
	Waits bool
	// Admit reports whether anything new may begin on this: a process, a sign-in, a registration. What runs may go on
	// while the status is online.
	Admit bool
}

// Status tells what holds of an app at an instant, from memory: an entry is in it when the call that logged it returns.
// The second result is false when the log has no label of that app. The operator's list wins over everything.
func (l *Log) Status(app string, now time.Time) (Standing, bool) {
	newest := l.now.Load().apps[app]
	at := Standing{Status: None, Entry: -1}
	if newest != nil {
		at = newest.at(now)
	}
	fresh := l.Freshness(now)
	if at.Waits = fresh != Fresh; at.Status == InForce && fresh == Old {
		at.Status, at.Cause = Suspended, Stale
	}
	at.Admit = at.Status == InForce && !at.Waits
	if why, denied := l.denied(app); denied {
		at.Status, at.Cause, at.Admit, at.Until = Suspended, Denied, false, time.Time{}
		at.Words = Text{why, why}
	}
	return at, newest != nil
}

// Issued is what holds of one label by its id, from memory: also of one whose place another took, which by itself withdraws
// nothing. How fresh the log is, and the operator's list, are of the app: see Status.
func (l *Log) Issued(id string, now time.Time) Standing {
	if one := l.now.Load().labels[id]; one != nil {
		return one.at(now)
	}
	return Standing{Status: None, Entry: -1}
}

// at is what holds of a label at an instant.
func (l *standing) at(now time.Time) Standing {
	is := Standing{Status: InForce, Label: l.Label, Entry: l.entry, Since: l.issued, Cut: endOf(l.cut)}
	by := func(status string, e *event) Standing {
		is.Status, is.Cause, is.Words, is.Entry, is.Since, is.Until = status, e.reason, e.words, e.entry, e.at, e.until
		return is
	}
	switch {
	case l.revoked != nil:
		return by(Revoked, l.revoked)
	case !now.Before(l.NotAfter):
		is.Status = Lapsed
	case l.suspended(now):
		return by(Suspended, l.stopped)
	case now.Before(l.NotBefore):
		is.Status, is.Cause = None, TooSoon
	}
	return is
}

// endOf is the end of the second that the log names; zero of none.
func endOf(second time.Time) time.Time {
	if second.IsZero() {
		return second
	}
	return second.Add(time.Second)
}

// Admits tells whether a process of an app may start with a binary of that digest: the newest label is in force and
// covers it, and the log is fresh. Otherwise the error is ErrNotAllowed and says which.
func (l *Log) Admits(app, version, manifest, platform, digest string, now time.Time) error {
	at, _ := l.Status(app, now)
	switch {
	case at.Status != InForce:
		return fmt.Errorf("%w: %s is %s (%s)", ErrNotAllowed, app, at.Status, at.Cause)
	case !at.Admit:
		return fmt.Errorf("%w: the label log has not been seen for too long", ErrNotAllowed)
	case at.Label.Version != version || at.Label.Manifest != manifest:
		return fmt.Errorf("%w: the label of %s is about version %s, and another manifest", ErrNotAllowed, app, at.Label.Version)
	case digest == "" || at.Label.Binaries[platform] != digest:
		return fmt.Errorf("%w: the label of %s has another binary for %s", ErrNotAllowed, app, platform)
	}
	return nil
}

// Freshness is how long ago the log of an authority elsewhere was last seen.
type Freshness int

// Freshness of a log. One's own is always Fresh.
const (
	Fresh Freshness = iota // all is as usual
	Aging                  // what runs goes on, nothing new begins
	Old                    // everything stops
)

// Budget is how long a log that is followed may not be seen.
type Budget struct {
	Fresh time.Duration // until then all is as usual; default 24 h
	Old   time.Duration // from then on everything stops; default 7 days
}

func (b Budget) orDefault() Budget {
	if b.Fresh <= 0 {
		b.Fresh = 24 * time.Hour
	}
	if b.Old <= 0 {
		b.Old = 7 * 24 * time.Hour
	}
	return b
}

// Freshness is how fresh the log is at an instant.
func (l *Log) Freshness(now time.Time) Freshness {
	if !l.o.follows() {
		return Fresh
	}
	switch age := now.Sub(l.Seen()); {
	case age <= l.o.Budget.Fresh:
		return Fresh
	case age <= l.o.Budget.Old:
		return Aging
	}
	return Old
}

// Seen is the date of the newest checkpoint; of one's own log, now.
func (l *Log) Seen() time.Time {
	if !l.o.follows() {
		return l.o.Now()
	}
	return time.Unix(l.seen.Load(), 0)
}

// Deny stops apps here, by the operator's own will: it needs no authority and wins over any label. The list takes the
// place of the former; its values say why. The apps whose standing changed are told to OnChange before it returns.
func (l *Log) Deny(list map[string]string) {
	former := l.deny.Swap(&list)
	var changed []string
	for app, why := range list {
		if was, there := lookup(former, app); !there || was != why {
			changed = append(changed, app)
		}
	}
	if former != nil {
		for app := range *former {
			if _, still := list[app]; !still {
				changed = append(changed, app)
			}
		}
	}
	l.tell(changed)
}

func lookup(list *map[string]string, app string) (why string, there bool) {
	if list == nil {
		return "", false
	}
	why, there = (*list)[app]
	return why, there
}

func (l *Log) denied(app string) (why string, denied bool) { return lookup(l.deny.Load(), app) }

// tell says which apps stand otherwise than before.
func (l *Log) tell(apps []string) {
	if l.o.OnChange == nil {
		return
	}
	for _, app := range apps {
		if app != "" {
			l.o.OnChange(app)
		}
	}
}

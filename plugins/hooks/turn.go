package hooks

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/pontlevis/pontlevis/store"
)

// What became of a turn.
const (
	TurnRan     = "ran"
	TurnFailed  = "failed"  // the plugin failed; it is tried again the day after
	TurnRefused = "refused" // the gate gives the plugin nothing to read: no consent, above all
	TurnOff     = "off"     // the person turned it off
)

// claimed is how long a turn is one's own: nobody else runs the app for the person meanwhile, and who claimed it has ended
// after half of that. A process that dies in it leaves the turn to the next look after.
const claimed = 2 * time.Minute

// mostLeft bounds how many things are remembered that an app left for one person: the oldest are forgotten first.
const mostLeft = 200

// turn is the row of one app and one person.
type turn struct {
	At       time.Time `json:"at"`                 // when it ran last, or was not let
	Outcome  string    `json:"outcome,omitempty"`  // TurnRan …
	Version  string    `json:"version,omitempty"`  // of the app, that ran
	Wrote    int       `json:"wrote,omitempty"`    // how much it left then
	Withdrew int       `json:"withdrew,omitempty"` // how much it took back then
	Digest   string    `json:"digest,omitempty"`   // of the message that was written last
	Left     []string  `json:"left,omitempty"`     // keys of all entries that it left, the newest last

	Claim string    `json:"claim,omitempty"` // of who runs it now
	Until time.Time `json:"until,omitzero"`  // of the claim
}

// next is when it is to run again; zero for at once.
func (t *turn) next(every time.Duration) time.Time {
	switch {
	case t.At.IsZero():
		return t.At
	case t.Outcome == TurnFailed:
		return t.At.Add(soonest)
	}
	return t.At.Add(every)
}

// due reports whether it is to run now. What was not let run is, too, as soon as the person changed what they agreed.
func (t *turn) due(every time.Duration, agreed, now time.Time) bool {
	switch { // what a clock noted that was ahead holds nobody up
	case t.Claim != "" && now.Before(t.Until) && t.Until.Sub(now) <= 2*claimed:
		return false
	case t.At.Sub(now) > soonest:
		return true
	}
	if (t.Outcome == TurnRefused || t.Outcome == TurnOff) && agreed.After(t.At) {
		return true
	}
	return !t.next(every).After(now)
}

func turnKey(app, patient string) []byte { return store.Key("ran", app, patient) }

// claim takes the turn of an app and a person, if it is due still. The store lets one of several do so, on however many nodes
// they are.
func (s *Schedules) claim(ctx context.Context, app App, patient string) (t *turn, ours bool, err error) {
	mine := rand.Text()
	now := s.front.c.Now().UTC()
	err = s.front.c.DB.Update(ctx, partition, func(tx store.Tx) error {
		t, ours = &turn{}, false
		if _, err := store.GetJSON(tx, turnKey(app.Manifest.ID, patient), t); err != nil {
			return err
		}
		if ours = t.due(period(app.Manifest.Plugin.Schedule.Every), agreedAt(tx, patient), now); !ours {
			return nil
		}
		t.Claim, t.Until = mine, now.Add(claimed)
		return store.PutJSON(tx, turnKey(app.Manifest.ID, patient), t)
	})
	if err != nil {
		return nil, false, fmt.Errorf("claiming the turn of a scheduled plugin: %w", err)
	}
	t.At, t.Outcome, t.Wrote, t.Withdrew = now, TurnRan, 0, 0
	return t, ours, nil
}

// holds reports whether a turn is still whose it was.
func (s *Schedules) holds(ctx context.Context, app App, patient string, t *turn) (yes bool, err error) {
	err = s.front.c.DB.View(ctx, partition, func(tx store.Tx) error {
		var now turn
		_, err := store.GetJSON(tx, turnKey(app.Manifest.ID, patient), &now)
		yes = now.Claim == t.Claim
		return err
	})
	return yes && s.front.c.Now().Before(t.Until), err
}

// keep notes what became of a turn, unless it has passed to somebody else.
func (s *Schedules) keep(ctx context.Context, app App, patient string, t *turn) error {
	key := turnKey(app.Manifest.ID, patient)
	err := s.front.c.DB.Update(ctx, partition, func(tx store.Tx) error {
		var now turn
		if _, err := store.GetJSON(tx, key, &now); err != nil || now.Claim != t.Claim {
			return err
		}
		done := *t
		done.Claim, done.Until = "", time.Time{}
		done.Left = done.Left[max(0, len(done.Left)-mostLeft):]
		return store.PutJSON(tx, key, done)
	})
	if err != nil {
		return fmt.Errorf("keeping how a schedule went: %w", err)
	}
	return nil
}

// Turn is how the schedule of one app stands for one person.
type Turn struct {
	App      string
	Every    string    // day, week, month
	Last     time.Time // zero: it has not run yet
	Outcome  string    // of the last time: TurnRan …
	Version  string    // that ran
	Wrote    int       // how much it left then
	Withdrew int       // how much of what it had left it took back then
	Next     time.Time // zero: at the next look
}

// Of are the plugins that run by themselves, each with how that stands for a person. Whoever is shown it may see the space:
// the caller has made sure.
func (s *Schedules) Of(ctx context.Context, patient string) (out []Turn, err error) {
	apps, err := s.scheduled(ctx)
	if err != nil || len(apps) == 0 {
		return nil, err
	}
	err = s.front.c.DB.View(ctx, partition, func(tx store.Tx) error {
		out = nil
		for _, app := range apps {
			var t turn
			if _, err := store.GetJSON(tx, turnKey(app.Manifest.ID, patient), &t); err != nil {
				return err
			}
			every := app.Manifest.Plugin.Schedule.Every
			one := Turn{App: app.Manifest.ID, Every: every, Last: t.At, Outcome: t.Outcome, Version: t.Version, Wrote: t.Wrote, Withdrew: t.Withdrew}
			if now := s.front.c.Now(); !t.due(period(every), agreedAt(tx, patient), now) {
				one.Next = t.next(period(every))
			}
			out = append(out, one)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the schedules of somebody: %w", err)
	}
	return out, nil
}

// All is how the schedule of each app went last, by its id; those that never ran are not in it.
func (s *Schedules) All(ctx context.Context) (all map[string]Ran, err error) {
	apps, err := s.scheduled(ctx)
	if err != nil {
		return nil, err
	}
	err = s.front.c.DB.View(ctx, partition, func(tx store.Tx) error {
		all = map[string]Ran{}
		for _, app := range apps {
			var r Ran
			ran, err := store.GetJSON(tx, store.Key("state", app.Manifest.ID), &r)
			if err != nil {
				return err
			}
			if ran {
				all[app.Manifest.ID] = r
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading how schedules went: %w", err)
	}
	return all, nil
}

func (s *Schedules) put(ctx context.Context, key []byte, v any) error {
	err := s.front.c.DB.Update(ctx, partition, func(tx store.Tx) error { return store.PutJSON(tx, key, v) })
	if err != nil {
		return fmt.Errorf("keeping how a schedule went: %w", err)
	}
	return nil
}

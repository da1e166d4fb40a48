package hooks

import (
	"context"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
)

// A plugin may run unasked, by its manifest's schedule, for people who agreed that it reads for themselves (PATRQT): as they,
// with what they may read and nothing more. What it proposes becomes entries of their agenda, and what it has to say a message,
// both written through the gate under the plugin's own label and their consent to that, and signed by it. Nothing is written
// twice, and what the person removed does not come back.
//
// Rows, in the partition "hooks":
//
//	"roll" PATIENT           when a person agreed with some app: found in the access log, or enlisted (an instant, JSON)
//	"ran" APP PATIENT        when an app last ran for a person, and what it left (turn, JSON)
//	"state" APP              how the schedule of an app went last (Ran, JSON)
//	"roll-position"          how far the access log was read
//	"cursor" APP             the person after whom the next look at an app begins, so that everybody has their turn (JSON)

// Bounds of schedules.
const (
	firstLook  = 10 * time.Minute // after a start
	lookEvery  = time.Hour        // how often it is looked what is due
	soonest    = 24 * time.Hour
	mostAtOnce = 500 // people in one look: the rest have their turn in the next
	logAtOnce  = 500
	callerOwn  = "schedule" // Via of the reads and writes of a schedule: notice.Scheduled
)

// Log is the access log, by which the people are found who agreed. *audit.Log is one.
type Log interface {
	Since(ctx context.Context, from int64, limit int) ([]audit.Entry, int64, error)
}

// Ran is how the schedule of an app went last.
type Ran struct {
	At      time.Time `json:"at"`
	People  int       `json:"people"`  // for whom it ran
	Written int       `json:"written"` // of them, for whom something was written
	Failed  int       `json:"failed"`
}

// Schedules runs plugins unasked.
type Schedules struct {
	front *Front
	log   Log
}

// NewSchedules builds the schedules of a front's plugins. Run carries them out.
func NewSchedules(f *Front, log Log) *Schedules { return &Schedules{f, log} }

// Run looks what is due, every hour, until the context ends; first when the start is over and done with.
func (s *Schedules) Run(ctx context.Context) {
	for wait := firstLook; ; wait = lookEvery {
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
		if err := s.Look(ctx); err != nil && ctx.Err() == nil {
			s.front.c.Log.ErrorContext(ctx, "running scheduled plugins", "error", err)
		}
	}
}

// Look finds who agreed since, and runs what is due now.
func (s *Schedules) Look(ctx context.Context) error {
	if err := s.follow(ctx); err != nil {
		return err
	}
	apps, err := s.scheduled(ctx)
	if err != nil {
		return err
	}
	left := mostAtOnce
	for k, app := range apps {
		if err := s.lookAt(ctx, app, &left, left/(len(apps)-k)); err != nil {
			return err
		}
	}
	return nil
}

// scheduled are the plugins that run by themselves, of those whose label lets them act now.
func (s *Schedules) scheduled(ctx context.Context) (out []App, err error) {
	apps, err := s.front.c.Apps(ctx)
	for _, app := range apps {
		if app.Manifest != nil && app.Manifest.Plugin != nil && app.Manifest.Plugin.Schedule != nil {
			out = append(out, app)
		}
	}
	return out, err
}

// still is an app as its label has it now, for a look takes long; going is false once it may not run by itself any more.
func (s *Schedules) still(ctx context.Context, app App) (now App, going bool, err error) {
	apps, err := s.scheduled(ctx)
	if k := slices.IndexFunc(apps, func(a App) bool { return a.Manifest.ID == app.Manifest.ID }); k >= 0 {
		return apps[k], err == nil, err
	}
	return app, false, err
}

// period is how long an app waits between two runs for one person: a day at least.
func period(every string) time.Duration {
	switch every {
	case "week":
		return 7 * soonest
	case "month":
		return 30 * soonest
	}
	return soonest
}

// lookAt runs one app for those whose turn it is, share of them at most; what an app leaves of its share the next ones have.
func (s *Schedules) lookAt(ctx context.Context, app App, left *int, share int) error {
	now := s.front.c.Now().UTC()
	due, err := s.due(ctx, app, now, share)
	if err != nil || len(due) == 0 {
		return err
	}
	*left -= len(due)
	ran := Ran{At: now}
	for _, patient := range due {
		if err := ctx.Err(); err != nil {
			return err
		}
		app, going, err := s.still(ctx, app)
		if err != nil {
			return err
		}
		if !going {
			break
		}
		if err := s.take(ctx, app, patient, &ran); err != nil {
			return err
		}
	}
	if err := s.put(ctx, store.Key("cursor", app.Manifest.ID), due[len(due)-1]); err != nil {
		return err
	}
	return s.put(ctx, store.Key("state", app.Manifest.ID), ran)
}

// take is the turn of one person: claimed, run and kept. An error is one of the store alone.
func (s *Schedules) take(ctx context.Context, app App, patient string, ran *Ran) error {
	t, ours, err := s.claim(ctx, app, patient)
	if err != nil || !ours {
		return err
	}
	within, end := context.WithTimeout(ctx, claimed/2)
	defer end()
	err = s.once(within, app, patient, t)
	if ctx.Err() != nil {
		return ctx.Err() // the gateway ends: the turn comes again when the claim is over
	}
	if err != nil {
		s.front.c.Log.WarnContext(ctx, "a scheduled plugin failed", "app", app.Manifest.ID, "error", err)
		t.Outcome = TurnFailed
	}
	switch t.Outcome {
	case TurnFailed:
		ran.Failed++
	case TurnRan:
		ran.People++
	}
	if t.Wrote > 0 {
		ran.Written++
	}
	return s.keep(ctx, app, patient, t)
}

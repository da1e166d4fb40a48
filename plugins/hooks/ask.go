package hooks

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins"
)

// What became of a question that a person asked a plugin.
const (
	Answered = "answered"
	Refused  = "refused" // it was given nothing of this record to read, so that nothing that it says counts
	Stopped  = "stopped" // it does not run here now: its label, its binary, the isolation that it demands
	Busy     = "busy"    // all places are taken, or it failed too often and rests
	Often    = "often"   // the person asks already, or asked a lot just now
	Failed   = "failed"  // it ended without an answer that can be shown
)

// Reply is what a plugin says to the person who asked it, with what they are to know of how it came about.
type Reply struct {
	State   string // Answered …
	Cards   []plugins.Card
	Page    *plugins.Page // nil: none
	Links   []string      // of the manifest: nothing in the answer leads elsewhere
	Version string        // that answered; "" where none did
	Level   string        // isolation it ran at, S1 to S4; "" where it did not answer
	Reads   []plugins.Asked
}

// asked is the service by which people ask an app for themselves.
func (a App) asked() (service, bool) {
	if a.Manifest == nil {
		return service{}, false
	}
	hook, ok := a.Manifest.Answers()
	return service{a, hook}, ok
}

// Askable are the plugins that run here now and that people may ask for themselves, by the ids of their apps.
func (f *Front) Askable(ctx context.Context) (ids []string, err error) {
	apps, err := f.c.Apps(ctx)
	for _, a := range apps {
		if _, ok := a.asked(); ok {
			ids = append(ids, a.Manifest.ID)
		}
	}
	return ids, err
}

// Ask asks a plugin about the record of a grant, for the person whose grant it is, and in their language: with their rights, and
// what the record's holder agreed to, as any other call. The error is one of this server.
func (f *Front) Ask(ctx context.Context, grant *gate.Grant, app, language string) (*Reply, error) {
	of, err := f.c.App(ctx, app)
	if err != nil {
		return nil, err
	}
	if of == nil {
		return &Reply{State: Stopped}, nil
	}
	s, found := of.asked()
	if !found {
		return &Reply{State: Stopped}, nil
	}
	if s.app.Rests {
		return &Reply{State: Busy}, nil
	}
	end, ok := f.questions.begin(grant.Actor.ID, f.c.Now())
	if !ok {
		return &Reply{State: Often}, nil
	}
	defer end()
	about, err := json.Marshal(map[string]string{"patientId": grant.Patient, "userId": grant.Actor.ID})
	if err != nil {
		return nil, err
	}
	tried, err := f.Try(ctx, grant, s.id(), grant.Patient, "asked", language, about)
	return f.reply(ctx, s, tried, err)
}

// reply makes of a call what the one who asked is told.
func (f *Front) reply(ctx context.Context, s service, tried *Tried, err error) (*Reply, error) {
	r := &Reply{Links: s.app.Manifest.Plugin.Links}
	var failed *plugins.Failure
	var gone *Problem
	switch {
	case errors.As(err, &gone): // it went off the air meanwhile
		r.State = Stopped
	case errors.As(err, &failed):
		f.c.Log.WarnContext(ctx, "a plugin did not answer whom it is for", "service", s.id(), "error", err)
		r.State, r.Reads = ofFailure(failed), failed.Reads
	case err != nil:
		return nil, err
	case tried.Outcome == nil:
		r.State = Refused
	case !plugins.Gave(tried.Outcome.Reads):
		r.State, r.Reads = Refused, tried.Outcome.Reads
	default:
		out := tried.Outcome
		r.State, r.Cards, r.Page, r.Version, r.Level, r.Reads = Answered, out.Cards, out.Page, out.Version, out.Level, out.Reads
	}
	return r, nil
}

// ofFailure says a failure to the one who asked: whose fault it was is for the publisher and the operator.
func ofFailure(failed *plugins.Failure) string {
	for state, kinds := range map[string][]error{
		Busy:    {plugins.ErrBusy, plugins.ErrBroken},
		Stopped: {plugins.ErrStopped, plugins.ErrUnknown, plugins.ErrLevel},
	} {
		for _, kind := range kinds {
			if errors.Is(failed, kind) {
				return state
			}
		}
	}
	return Failed
}

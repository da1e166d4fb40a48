package pontlevis

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/oauth/scope"
	"github.com/pontlevis/pontlevis/plugins"
)

// former is the version whose place the one on the air took, as the host takes it: what its own manifest says, within what
// both labels and both manifests let read and write, at the stricter isolation of both. Its links, hooks and limits are its
// own: they are of the program.
func (l *labelled) former(ctx context.Context, entry *catalog.App, now *plugins.App) (*plugins.App, error) {
	f := entry.Former
	if f == nil {
		return nil, nil
	}
	known, err := l.version(ctx, entry.ID, f.Version, f.Digest)
	if err != nil || known == nil {
		return nil, err
	}
	app := *known.app
	app.Label = now.Label
	app.Label.Exchange, app.Label.Purposes = f.Exchange, f.Purposes
	app.Label.Categories, app.Label.Directions, app.Label.Only = f.Categories, f.Directions, f.Only
	if app.Label.Expires.IsZero() || !f.Expires.IsZero() && f.Expires.Before(app.Label.Expires) {
		app.Label.Expires = f.Expires
	}
	app.Scopes = scope.Narrow(app.Scopes, now.Scopes)
	app.Writes = slices.DeleteFunc(slices.Clone(app.Writes), func(kind string) bool { return !slices.Contains(now.Writes, kind) })
	app.Level, app.Waits, app.Until = max(app.Level, now.Level), now.Waits, f.Until()
	return &app, nil
}

// issued is what the log of labels says of one label, also of one whose place another took.
func (s *state) issued(id string, now time.Time) label.Standing {
	l := s.labels.Load()
	if l == nil {
		return label.Standing{Status: label.None, Entry: -1}
	}
	return l.Issued(id, now)
}

// runner is what a config does for the versions of plugins.
type runner struct {
	follow func(ctx context.Context, app string)
	starts func(ctx context.Context, v *catalog.Version) error // nil: it does not try

	diagnoses func(app string) []plugins.Diagnosis
}

// runs are the configs that run plugins.
type runs struct {
	mu  sync.Mutex
	all []*runner
}

// add adds one; what it returns takes it out again.
func (r *runs) add(one runner) (forget func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, &one)
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.all = slices.DeleteFunc(slices.Clone(r.all), func(is *runner) bool { return is == &one })
	}
}

func (r *runs) each() []*runner {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all
}

// follow has each of them follow what the catalogue says of an app.
func (r *runs) follow(ctx context.Context, app string) {
	for _, one := range r.each() {
		one.follow(context.WithoutCancel(ctx), app) // whoever asked for the step may leave; the step was taken
	}
}

// starts tries a version in the newest of them.
func (r *runs) starts(ctx context.Context, v *catalog.Version) error {
	for _, one := range slices.Backward(r.each()) {
		if one.starts != nil {
			return one.starts(ctx, v)
		}
	}
	return nil
}

// starting tries whether a version comes up in a host; nil where one plugin is run to see how it fares.
func (a *App) starting(h *pluginHost) func(context.Context, *catalog.Version) error {
	if a.tries {
		return nil
	}
	return func(ctx context.Context, v *catalog.Version) error {
		known, err := h.known.describe(v) // which may not be in the catalogue yet
		if err != nil || known == nil {
			return err
		}
		err = h.Try(ctx, known.app)
		if errors.Is(err, plugins.ErrBusy) {
			return fmt.Errorf("%w: %w", catalog.ErrUntried, err)
		}
		return err
	}
}

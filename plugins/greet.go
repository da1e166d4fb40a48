package plugins

import (
	"context"
	"time"

	"github.com/pontlevis/pontlevis/plugins/cage"
)

// greetPatience is how long a process that is tried may take to say hello: no one waits for it, and the machine may be busy.
const greetPatience = 20 * time.Second

// Greet starts one process of an image in the cage, within its limits, waits for its hello and ends it: it is asked nothing.
// The report is what the cage applied. A *Failure says why it did not come up, or that it tried to escape: see [Failure.Trip].
func Greet(ctx context.Context, w *cage.Warden, image *cage.Image, limits Limits, need cage.Level) (cage.Report, error) {
	limits = limits.orUsual()
	r, err := w.Runner(image, cage.Limits{Memory: limits.Memory, CPU: limits.CPU}, need, environment)
	if err != nil {
		return cage.Report{}, &Failure{Kind: ErrLevel, Detail: err.Error()}
	}
	p, f := launch(ctx, r, greetPatience, func(*process) {})
	p.end()
	switch {
	case p.escaped():
		return cage.Report{}, &Failure{Kind: ErrMisbehaved, Detail: caughtCall, evidence: TripCall}
	case f != nil:
		return cage.Report{}, f
	}
	return r.Report(), nil
}

// Try starts one process of a version that is not on the air yet, on a place of this host and at the isolation that it
// demands, waits for its hello and ends it. The error is a *Failure; the diagnosis of a version that does not come up is kept
// until the app is tried again. One for which there was no place, or no time, was not tried: that tells nothing of it.
func (h *Host) Try(ctx context.Context, app *App) error {
	l := newLine(h, app.ID, app.Release, app.Limits.orUsual(), h.demanded(app))
	l.patience = max(h.Patience, greetPatience)
	failure := l.try(ctx)
	l.retire()
	l.shrink()
	if failure != nil && failure.Kind == ErrBusy {
		return failure
	}
	d := l.look()
	d.State = Refused
	h.mu.Lock()
	if delete(h.refused, app.ID); failure != nil {
		h.refused[app.ID] = d
	}
	h.mu.Unlock()
	if failure == nil {
		return nil
	}
	h.Log.WarnContext(ctx, "a version of a plugin does not come up, and does not go on the air", "app", app.ID, "version", app.Release.Version, "why", failure.Error())
	return failure
}

// try starts a process for nobody and ends it.
func (l *line) try(ctx context.Context) *Failure {
	if l.release.SHA256 == "" {
		f := &Failure{App: l.app, Kind: ErrStart, Detail: "it has no binary for this platform"}
		l.failed(f, nil)
		return f
	}
	waiting, stop := context.WithTimeout(ctx, l.patience)
	defer stop()
	if err := l.host.places.take(waiting, l.app); err != nil {
		return &Failure{App: l.app, Kind: ErrBusy, Detail: "no process in time"}
	}
	p, f := l.start(ctx)
	if p != nil {
		p.end()
	}
	switch {
	case p != nil && p.escaped():
		f = &Failure{App: l.app, Kind: ErrMisbehaved, Detail: caughtCall, evidence: TripCall}
	case f == nil:
		return nil
	case ctx.Err() != nil: // whoever asked is gone: the process was ended for that
		return ended(ctx, l.app)
	}
	l.failed(f, p)
	return f
}

package pontlevis

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/usage"
	"github.com/pontlevis/pontlevis/plugins"
)

// What the operator has done when a plugin tries to get out of its cage.
const (
	tripwireSuspend = "suspend" // the app is stopped on this node until the authority has decided
	tripwireReport  = "report"  // the authority is told
)

// tripwires hear of what no honest plugin does: they keep the evidence, and stop an app that tried to escape.
type tripwires struct {
	state    *state
	suspends bool
	log      *slog.Logger
	ending   sync.WaitGroup // what stopped apps still run
}

// tripped keeps the evidence where it cannot be taken out again, from which a case for the authority follows, and says it to
// whoever watches. An app that tried to escape is suspended in the catalogue when this returns, so that nothing of it
// begins; what of it still runs ends apart, because this is told by one of those.
func (w *tripwires) tripped(t plugins.Trip) {
	ctx := context.Background()
	stopped := false
	if t.Escape() && w.suspends {
		var err error
		if stopped, err = w.suspend(ctx, t); err != nil {
			w.log.Error("a plugin that tried to get out of its cage could not be suspended: suspend it", "app", t.App, "error", err)
		}
	}
	w.log.Error("a plugin did what no honest one does", "app", t.App, "version", t.Version, "what", t.Detail, "suspended", stopped)
	if err := w.keep(ctx, usage.Trip{App: t.App, Version: t.Version, Kind: t.Kind, What: t.Detail, Suspended: stopped}); err != nil {
		w.log.Error("that could not be written into the access log", "error", err)
	}
}

// keep writes into the access log what a plugin did. The first entry of an app, version and kind goes by them: it begins the
// case, and is there once.
func (w *tripwires) keep(ctx context.Context, t usage.Trip) error {
	err := w.state.logPlugins(ctx, t.ID(), usage.Tripwire, audit.Refused, t.Details())
	if errors.Is(err, audit.ErrExists) {
		err = w.state.logPlugins(ctx, "", usage.Tripwire, audit.Refused, t.Details())
	}
	return err
}

// whileChecked keeps the evidence against a binary that tried to escape while it was checked. Nothing of it is on the air, so
// nothing is stopped: the authority has it before it signs.
func (w *tripwires) whileChecked(ctx context.Context, app, version, binary string) {
	const what = "while it was checked, before any label: a system call by which escapes are tried; the kernel ended the process for it"
	w.log.Error("a plugin did what no honest one does", "app", app, "version", version, "binary", binary, "what", what)
	trip := usage.Trip{App: app, Version: version, Kind: plugins.TripCall, What: what, Binary: binary}
	if err := w.keep(context.WithoutCancel(ctx), trip); err != nil {
		w.log.Error("that could not be written into the access log", "error", err)
	}
}

// checkedBefore is when a binary of an app tried to escape while it was checked; yes is false of one that never did.
func (w *tripwires) checkedBefore(ctx context.Context, app, binary string) (at time.Time, yes bool, err error) {
	e, err := w.state.log.Entry(ctx, usage.Trip{App: app, Kind: plugins.TripCall, Binary: binary}.ID())
	switch {
	case errors.Is(err, audit.ErrNotFound):
		return at, false, nil
	case err != nil:
		return at, false, fmt.Errorf("looking for what a binary did before: %w", err)
	}
	return e.At, true, nil
}

// suspend stops an app on this node, whichever of its versions tried: the version on the air waits for the authority's
// decision. Where the log of labels had suspended it until a date, this takes the place of that: it has no date, and the
// log's does not end it. Where it was stopped without an end, it does nothing. It reports whether the app is suspended now.
func (w *tripwires) suspend(ctx context.Context, t plugins.Trip) (bool, error) {
	apps := w.state.apps
	apps.Stopped = nil // what runs ends below
	entry, err := apps.Get(ctx, t.App)
	if err != nil || entry.Version == "" {
		return false, err
	}
	v, err := apps.Take(ctx, catalog.Step{
		App: t.App, Version: entry.Version, Step: "suspend", By: catalog.Actor{Part: catalog.Machine, ID: "plugins", Name: "pontlevis"},
		Reason: catalog.Text{
			FR: fmt.Sprintf("Un processus de la version %s a fait un appel système par lequel on tente de sortir de la cage ; le noyau y a mis fin. L’application est arrêtée sur ce nœud en attendant la décision de l’autorité.", t.Version),
			EN: fmt.Sprintf("A process of version %s made a system call by which escapes from the cage are tried; the kernel ended it. The app is stopped on this node until the authority has decided.", t.Version),
		},
	})
	if errors.Is(err, catalog.ErrStep) { // delisted or recalled: it is stopped; or another version took its place meanwhile
		now, err := apps.Get(ctx, t.App)
		if err != nil || now.Version == entry.Version {
			return false, err
		}
		return w.suspend(ctx, t)
	}
	if err != nil {
		return false, err
	}
	why := v.Steps[len(v.Steps)-1]
	w.ending.Go(func() { _ = w.state.stop(context.WithoutCancel(ctx), t.App, why) })
	return true, nil
}

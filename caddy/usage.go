package pontlevis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pontlevis/pontlevis/cases"
	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/usage"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/policies"
)

// usages joins what counts the apps' use to the catalogue, the policies and the register of cases.
type usages struct {
	apps     catalog.Apps
	policies *policies.Engine
	cases    *cases.Register
	halted   func(label string) (label.Halt, bool) // what the log of labels says of a label's last suspension
}

func (a *App) newUsages(s *services, register *cases.Register, log *slog.Logger) (*usage.Tallies, error) {
	u := usages{a.state.apps, s.policies, register, a.state.halted}
	t, err := usage.New(usage.Config{
		DB: a.state.db, Log: a.state.log, Key: a.state.derive("whose record an app used"), Now: time.Now, Slog: log,
		Standing: u.standing, Categories: u.categories, Differ: u.differ, Tripped: u.tripped,
	})
	if err != nil {
		return nil, fmt.Errorf("preparing to count what apps do: %w", err)
	}
	return t, nil
}

// standing is what an app might do at a moment.
func (u usages) standing(ctx context.Context, client string, at time.Time) (usage.Standing, error) {
	if own(client) {
		return usage.Standing{Ours: true}, nil
	}
	app, err := u.apps.Get(ctx, client)
	switch {
	case errors.Is(err, catalog.ErrNotFound):
		return usage.Standing{}, nil
	case err != nil:
		return usage.Standing{}, err
	}
	online, err := u.online(ctx, &app, at)
	return usage.Standing{
		Ours: app.Kind == catalog.KindPortal, Online: online, Categories: app.Categories, Directions: app.Directions, Scopes: app.Scopes,
	}, err
}

// online tells whether an app was on the air at a moment, as the steps of its versions say of that moment, and the log of
// labels of a suspension; an entry of the operator, which has none, as it stands.
func (u usages) online(ctx context.Context, app *catalog.App, at time.Time) (bool, error) {
	versions, err := u.apps.Versions(ctx, app.ID)
	if err != nil || len(versions) == 0 {
		return app.At(at) == catalog.Online, err
	}
	for k := range versions {
		if v := &versions[k]; u.aired(v, at) && (v.Expires.IsZero() || at.Before(v.Expires)) {
			return true, nil
		}
	}
	return false, nil
}

// aired tells whether a version was on the air at a moment. The log may be ahead of the steps, for as long as one takes.
func (u usages) aired(v *catalog.Version, at time.Time) bool {
	h, known := u.halted(v.Label)
	switch v.StateAt(at) {
	case catalog.Online:
		return !known || !h.Holds(at)
	case catalog.Suspended:
		return known && v.HaltAt(at) == h.Entry && !at.Before(h.End())
	}
	return false
}

// halted is the last suspension of a label; ok is false without one, and without an authority.
func (s *state) halted(id string) (h label.Halt, ok bool) {
	if l := s.labels.Load(); l != nil {
		return l.Halted(id)
	}
	return h, false
}

// categories are the names under which the policies in force let a label speak of a FHIR type.
func (u usages) categories(fhirType string) []string {
	return gate.CategoriesOf(u.policies.Current(), fhirType)
}

// differ opens a case for something that an app had not declared.
func (u usages) differ(ctx context.Context, d usage.Difference) error {
	return u.open(ctx, d.Entry, d.At, cases.Use{App: d.App, Month: d.Month, Category: d.Category, Direction: d.Direction, Offline: d.Offline})
}

// tripped opens a case for what a plugin did and no honest one does.
func (u usages) tripped(ctx context.Context, t usage.Trip) error {
	return u.open(ctx, t.Entry, t.At, cases.Use{
		App: t.App, Month: usage.MonthOf(t.At), Tripped: t.Kind, Version: t.Version, What: t.What, Suspended: t.Suspended, Checked: t.Binary != "",
	})
}

// open opens a case about an app, once for each entry that it begins with; the policies say by when it is due.
func (u usages) open(ctx context.Context, entry string, at time.Time, use cases.Use) error {
	name := use.App
	app, err := u.apps.Get(ctx, use.App)
	switch {
	case err == nil:
		name = app.Name.FR
	case !errors.Is(err, catalog.ErrNotFound):
		return err
	}
	v, _ := u.policies.Current().Data("pontlevis", "settings", "review", "app_hours")
	hours, _ := v.(json.Number)
	most, err := hours.Int64()
	if err != nil || most < 0 {
		most = 0 // what does not say when it is due is due now
	}
	return u.cases.Differs(ctx, entry, name, at, at.Add(time.Duration(most)*time.Hour), use)
}

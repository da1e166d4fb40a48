package pontlevis

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/demo"
	"github.com/pontlevis/pontlevis/store"
)

// failing is a store whose writes fail while it is told to.
type failing struct {
	store.DB
	fails atomic.Bool
}

func (f *failing) Update(ctx context.Context, p store.Partition, do func(store.Tx) error) error {
	if f.fails.Load() {
		return errors.New("the disk is full")
	}
	return f.DB.Update(ctx, p, do)
}

// labelling is a data folder with a log of labels, as a server opens it, and its catalogue over a store that can fail.
func labelling(t *testing.T, dir string) (*App, *failing) {
	t.Helper()
	s, err := openState(dir, "http://127.0.0.1:8700/fhir")
	if err != nil {
		t.Fatal(err)
	}
	a := &App{state: s, Demo: true}
	trust, err := a.demoAuthority()
	if err == nil {
		_, err = s.openLabels(t.Context(), a.labelOptions(trust))
	}
	if err != nil {
		t.Fatal(err)
	}
	f := &failing{DB: s.db}
	s.apps.DB = f
	return a, f
}

// publish puts one app of the demonstration on the air.
func (a *App) publish(t *testing.T, id string) {
	t.Helper()
	for _, app := range demo.Apps(demo.Credentials{}) {
		if app.Client.ID != id {
			continue
		}
		m, err := app.Manifest()
		if err == nil {
			err = a.publishDemo(t.Context(), m)
		}
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Fatalf("the demonstration has no app %s", id)
}

// newest is an app's newest version as the catalogue has it, whatever the log says.
func (a *App) newest(t *testing.T, app string) catalog.Version {
	t.Helper()
	all, err := a.state.apps.Versions(t.Context(), app)
	if err != nil || len(all) == 0 {
		t.Fatalf("%d versions of %s (%v)", len(all), app, err)
	}
	return all[len(all)-1]
}

// TestRecallThatTheCatalogueMissed: a recall whose step failed is taken at the next change of any label, or at the next
// start, and once; meanwhile the log alone stops the app.
func TestRecallThatTheCatalogueMissed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, disk := labelling(t, dir)
	apps := []string{"glycare", "oldapp", "workstation"}
	for _, app := range apps {
		a.publish(t, app)
	}
	missed := func(app string) {
		t.Helper()
		disk.fails.Store(true)
		defer disk.fails.Store(false)
		if err := a.recallDemo(t.Context(), app, catalog.Text{FR: "Une faille.", EN: "A flaw."}); err != nil {
			t.Fatal(err)
		}
		if got := a.newest(t, app); got.State != catalog.Online {
			t.Fatalf("the catalogue says %s of %s, whose step failed", got.State, app)
		}
		if got, err := a.state.apps.Get(t.Context(), app); err != nil || got.Status != catalog.Recalled {
			t.Fatalf("meanwhile %s is %s (%v)", app, got.Status, err)
		}
	}
	recalled := func(when, app string) {
		t.Helper()
		v := a.newest(t, app)
		if steps := v.Steps; v.State != catalog.Recalled || steps[len(steps)-1].Reason.EN != "A flaw." || steps[len(steps)-2].Step != "publish" {
			t.Errorf("%s the catalogue says %s of %s: %+v", when, v.State, app, steps[len(steps)-2:])
		}
	}
	missed("glycare")
	missed("oldapp") // a change of another label, at which the step of the first fails again
	a.state.labels.Load().Deny(map[string]string{"nobody": ""})
	recalled("after the next change", "glycare")
	recalled("after the next change", "oldapp")

	missed("workstation")
	if err := a.state.release(); err != nil {
		t.Fatal(err)
	}
	a, _ = labelling(t, dir)
	defer func() {
		if err := a.state.release(); err != nil {
			t.Error(err)
		}
	}()
	for range 2 {
		if err := a.state.alignAll(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, app := range apps {
		recalled("after the next start", app)
	}
}

package pontlevis

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
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

// authorityOf is one in a folder of its own, with apps of the demonstration on the air, until the test ends.
func authorityOf(t *testing.T, apps ...string) (*App, *failing) {
	t.Helper()
	a, disk := labelling(t, t.TempDir())
	t.Cleanup(func() {
		if err := a.state.release(); err != nil {
			t.Error(err)
		}
	})
	for _, app := range apps {
		a.publish(t, app)
	}
	return a, disk
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

// TestSuspensionIsAStep: a suspension in the log of labels is a step that says why, also when it was missed; what the app did
// meanwhile was done while it was off the air, whatever holds later.
func TestSuspensionIsAStep(t *testing.T) {
	t.Parallel()
	a, disk := authorityOf(t, "glycare")
	log := a.state.labels.Load()
	order := func(kind, reason string, until time.Time) {
		t.Helper()
		at, _ := log.Status("glycare", time.Now())
		draft, err := label.Order{
			ID: kind + "-1", Kind: kind, Authority: log.Trust().Authority, App: "glycare", Label: at.Label.ID, Reason: reason,
			Words: &label.Text{FR: "Une faille.", EN: "A flaw."}, From: time.Now(), Until: until,
		}.Draft()
		if err != nil {
			t.Fatal(err)
		}
		keys, err := a.demoSigners()
		if err != nil {
			t.Fatal(err)
		}
		signed, err := label.Sign(draft, keys...)
		if err == nil {
			_, err = log.Order(t.Context(), signed)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	shown := map[string]string{}
	for _, c := range a.newest(t, "glycare").Evidence {
		shown[c.ID] = c.State
	}
	if shown["manifest"] != catalog.Passed || shown["redirect"] != catalog.Passed || shown["pkce"] != catalog.NotYet || shown["cage"] != catalog.NotApplicable {
		t.Errorf("the demonstration shows of its app: %v", shown)
	}
	aired := time.Now()
	u := usages{apps: a.state.apps, halted: a.state.halted}
	online := func(at time.Time) bool {
		t.Helper()
		app, err := a.state.apps.Get(t.Context(), "glycare")
		if err != nil {
			t.Fatal(err)
		}
		on, err := u.online(t.Context(), &app, at)
		if err != nil {
			t.Fatal(err)
		}
		return on
	}
	disk.fails.Store(true)
	order(label.Suspend, "security", time.Now().Add(time.Hour))
	disk.fails.Store(false)
	during := time.Now().Add(time.Minute)
	if got := a.newest(t, "glycare"); got.State != catalog.Online || online(during) {
		t.Errorf("the step failed: the catalogue says %s, and the app may act: %v", got.State, online(during))
	}
	if err := a.state.alignAll(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := a.newest(t, "glycare")
	if last := got.Steps[len(got.Steps)-1]; got.State != catalog.Suspended || last.Reason.EN != "A flaw." || last.Until.IsZero() {
		t.Errorf("the catalogue says %s: %+v", got.State, last)
	}
	if online(during) || !online(aired) {
		t.Errorf("suspended, it may act: %v; before, it might: %v", online(during), online(aired))
	}
	order(label.Reinstate, "remedied", time.Time{})
	if got := a.newest(t, "glycare"); got.State != catalog.Online || got.Steps[len(got.Steps)-1].Step != "reinstate" || !online(time.Now()) {
		t.Errorf("reinstated, the catalogue says %s: %+v", got.State, got.Steps[len(got.Steps)-1])
	}
}

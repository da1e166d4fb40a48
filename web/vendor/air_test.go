package vendor

import (
	"net/http"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/store"
)

// aired brings an app of a publisher on the air under a label that ends so long from now.
func (w *world) aired(t *testing.T, app string, ends time.Duration) (version string, authority catalog.Actor) {
	t.Helper()
	authority = catalog.Actor{Part: catalog.Authority, ID: "Person/authority", Name: "Nadia"}
	all, err := w.apps.Versions(t.Context(), app)
	if err != nil || len(all) != 1 {
		t.Fatalf("%v %+v", err, all)
	}
	v := all[0]
	m, err := v.Read()
	if err != nil {
		t.Fatal(err)
	}
	entry, err := w.apps.Get(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	l := &label.Label{Manifest: v.Digest, Predicate: label.Predicate{
		ID: "label-" + app, App: app, Version: v.Version, Level: label.Exchanging, Purposes: m.Purposes, Categories: m.Categories(),
		Directions: m.Directions(), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(ends),
	}}
	step := func(name string, by catalog.Actor) catalog.Step {
		return catalog.Step{App: app, Version: v.Version, Step: name, By: by}
	}
	tests, publish := step("test", machine), step("publish", authority)
	tests.Evidence, publish.Label = v.Evidence, l
	_, err = w.apps.Take(t.Context(), step("evaluate", authority), step("favour", authority),
		step("agree", catalog.Actor{Part: catalog.Publisher, ID: "Person/p", Owner: entry.Owner}), tests, publish)
	if err != nil {
		t.Fatal(err)
	}
	return v.Version, authority
}

// TestOnTheAir: the publisher reads when the label ends, asks for its renewal when that is near, reads that and why the app is
// suspended, on the page and in the list, and takes it off the air with a reason in both languages.
func TestOnTheAir(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.arrive("ada@courbes.example", "Courbes SAS")
	for app, ends := range map[string]time.Duration{"mes-courbes": 30 * 24 * time.Hour, "mes-autres": 300 * 24 * time.Hour} {
		w.begin(b, presetPatient, app).Submit("button[value=rehearse]")
		w.played(t, app)
		b.Get("/vendor/apps/" + app).Submit("button[value=submit]").Is(http.StatusOK)
		w.aired(t, app, ends)
	}
	b.Get("/vendor/apps/mes-autres").Says("The label holds until").Silent("Ask for the renewal")
	at := "/vendor/apps/mes-courbes"
	b.Get(at).Says("The label ends on").Submit("button[value=ask]").Is(http.StatusOK).Says("You asked for the renewal", "renewal", "Renewal asked for").Silent("Ask for the renewal")
	queue, err := w.apps.Queue(t.Context())
	if err != nil || len(queue) != 1 || queue[0].State != catalog.Renewal || queue[0].App != "mes-courbes" {
		t.Errorf("the queue: %+v (%v)", queue, err)
	}
	versions, err := w.apps.Versions(t.Context(), "mes-courbes")
	if err != nil {
		t.Fatal(err)
	}
	stop := catalog.Step{
		App: "mes-courbes", Version: versions[0].Version, Step: "suspend", By: catalog.Actor{Part: catalog.Authority, ID: "Person/authority"},
		Reason: catalog.Text{FR: "On regarde.", EN: "We are looking."},
	}
	if _, err := w.apps.Take(t.Context(), stop); err != nil {
		t.Fatal(err)
	}
	b.Get(at).Says("Suspended", "We are looking.", "suspended")
	b.Get("/vendor").Says("suspended")
	b.Get(at).Submit("button[value=delist]", "fr", "Nous arrêtons.", "en", " ").Is(http.StatusUnprocessableEntity).Says("Say why", "Nous arrêtons.")
	b.Get(at).Submit("button[value=delist]", "fr", "Nous arrêtons.", "en", "We stop.").Is(http.StatusOK).Says("Left the catalogue", "We stop.")
	if a, err := w.apps.Get(t.Context(), "mes-courbes"); err != nil || a.Status != catalog.Delisted || a.Cut.IsZero() {
		t.Errorf("%+v (%v)", a, err)
	}
}

// TestAgreeingIsTested: when a publisher agrees and every criterion is met the machine takes the connection tests, with them as
// its evidence; where one is not, the version waits for the authority.
func TestAgreeingIsTested(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := w.arrive("ada@courbes.example", "Courbes SAS")
	authority := catalog.Actor{Part: catalog.Authority, ID: "Person/authority"}
	for app, want := range map[string]string{"mes-courbes": catalog.Tested, "mes-autres": catalog.Agreement} {
		w.begin(b, presetPatient, app).Submit("button[value=rehearse]")
		w.played(t, app)
		b.Get("/vendor/apps/" + app).Submit("button[value=submit]").Is(http.StatusOK)
		if want == catalog.Agreement { // its rehearsal is gone
			err := w.DB.Update(t.Context(), store.Global, func(tx store.Tx) error { return tx.Delete(store.Key("rehearsal", app)) })
			if err != nil {
				t.Fatal(err)
			}
		}
		all, err := w.apps.Versions(t.Context(), app)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range []string{"evaluate", "favour"} {
			if _, err := w.apps.Take(t.Context(), catalog.Step{App: app, Version: all[0].Version, Step: step, By: authority}); err != nil {
				t.Fatal(err)
			}
		}
		b.Get("/vendor/apps/" + app).Submit("button[value=agree]").Is(http.StatusOK)
		v, err := w.apps.Version(t.Context(), app, all[0].Version)
		if err != nil || v.State != want || len(v.Evidence) == 0 || v.Evidence[0].At.IsZero() {
			t.Errorf("%s is %s, not %s (%v): %+v", app, v.State, want, err, v.Evidence)
		}
	}
}

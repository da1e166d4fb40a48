package catalog

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/manifest"
)

// plugin is the manifest of a version of a plugin under the id that the world's steps are of.
func plugin(t *testing.T, version string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("manifest", "testdata", "rappel.json"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := manifest.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	m.ID, m.Version = "glycare", version
	if raw, err = manifest.Marshal(m); err != nil {
		t.Fatal(err)
	}
	return raw
}

// over is a label over a version of a plugin.
func (w *world) over(v *Version, categories ...string) *label.Label {
	return w.label(v, func(l *label.Label) {
		m, _ := v.Read()
		l.Binaries = map[string]string{}
		for _, a := range m.Plugin.Artifacts {
			l.Binaries[a.OS+"/"+a.Arch] = a.SHA256
		}
		if categories != nil {
			l.Categories = categories
		}
	})
}

// TestFormer: the version of a plugin whose place another took goes on for its time, within what both labels cover, as long as
// its own label is not withdrawn and the app goes on.
func TestFormer(t *testing.T) {
	t.Parallel()
	w, ctx := open(t), context.Background()
	entry := func() App {
		t.Helper()
		a, err := w.Get(ctx, "glycare")
		if err != nil {
			t.Fatal(err)
		}
		all, err := w.List(ctx)
		if err != nil || len(all) != 1 || !cmp.Equal(all[0].Former, a.Former) {
			t.Fatalf("the list says otherwise: %+v, %v", all, err)
		}
		return a
	}
	publish := func(version string, categories ...string) *Version {
		v := w.tested(plugin(t, version))
		return w.take(v.Version, "publish", authority, w.over(v, categories...))
	}
	var moved []string
	w.Moved = func(_ context.Context, app string) { moved = append(moved, app+" "+entry().Version) }
	first := publish("1.0.0")
	if a := entry(); a.Former != nil {
		t.Fatalf("a first version has one before: %+v", a.Former)
	}
	second := publish("2.0.0", "Patient")
	if !slices.Equal(moved, []string{"glycare 1.0.0", "glycare 2.0.0"}) {
		t.Errorf("told: %v", moved)
	}
	at := *w.now
	want := &Former{Version: "1.0.0", Digest: first.Digest, Label: first.Label, Since: at, Exchange: true, Expires: first.Expires}
	if a := entry(); a.Former == nil || a.Former.Version != want.Version || a.Former.Digest != want.Digest || a.Former.Label != want.Label || !a.Former.Since.Equal(at) || !a.Former.Exchange {
		t.Fatalf("the former version: %+v", a.Former)
	} else if !slices.Equal(a.Former.Categories, []string{"Patient"}) || len(a.Former.Purposes) == 0 {
		t.Errorf("it may read what the label of the other does not cover: %+v", a.Former)
	}
	stands := map[string]label.Standing{}
	w.Labels = func(string, time.Time) label.Standing {
		return label.Standing{Status: label.InForce, Label: &label.Label{Predicate: label.Predicate{ID: second.Label, App: "glycare"}}}
	}
	if entry().Former != nil {
		t.Error("it goes on though nothing says how its label stands")
	}
	w.Issued = func(id string, _ time.Time) label.Standing { return stands[id] }
	for status, goes := range map[string]bool{label.InForce: true, label.Revoked: false, label.Suspended: false, label.Lapsed: false, "": false} {
		stands[first.Label] = label.Standing{Status: status}
		if f := entry().Former; (f != nil) != goes {
			t.Errorf("its own label is %q, and it goes on: %v", status, f != nil)
		}
	}
	stands[first.Label] = label.Standing{Status: label.InForce}
	w.Labels, w.Issued = nil, nil
	*w.now = at.Add(Drain - time.Nanosecond)
	if entry().Former == nil {
		t.Error("it is over before its time")
	}
	*w.now = at.Add(Drain)
	if entry().Former != nil {
		t.Error("its time is over, and it goes on")
	}
	*w.now = at.Add(time.Second)
	w.take("1.0.0", "recall", authority, nil)
	if a := entry(); a.Former != nil || a.Status != Online || len(moved) != 3 {
		t.Errorf("recalled, it goes on, or takes the other with it, or nobody is told: %+v, %v", a, moved)
	}
	publish("3.0.0")
	if entry().Former == nil {
		t.Fatal("no former version")
	}
	w.take("3.0.0", "suspend", authority, nil)
	w.take("3.0.0", "reinstate", authority, nil)
	if f := entry().Former; f != nil {
		t.Errorf("what stopped the app did not end what it was before: %+v", f)
	}
}

// TestAVersionThatDoesNotStart stays off the air, and leaves the one that is there.
func TestAVersionThatDoesNotStart(t *testing.T) {
	t.Parallel()
	w := open(t)
	v := w.tested(plugin(t, "1.0.0"))
	w.take(v.Version, "publish", authority, w.over(v))
	v = w.tested(plugin(t, "2.0.0"))
	broken := errors.New("it said nothing in time")
	w.Starts = func(_ context.Context, v *Version) error {
		if v.Version == "2.0.0" {
			return broken
		}
		return nil
	}
	_, err := w.Take(context.Background(), Step{App: "glycare", Version: "2.0.0", Step: "publish", By: authority, Label: w.over(v)})
	if !errors.Is(err, ErrStart) || !strings.Contains(err.Error(), broken.Error()) {
		t.Errorf("published: %v", err)
	}
	if a, err := w.Get(context.Background(), "glycare"); err != nil || a.Version != "1.0.0" || a.Status != Online || a.Former != nil {
		t.Errorf("%+v, %v", a, err)
	}
	broken = nil
	w.Starts = nil
	w.take("2.0.0", "publish", authority, w.over(v))
}

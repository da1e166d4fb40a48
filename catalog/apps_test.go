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

	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/manifest"
	"github.com/pontlevis/pontlevis/store"
)

// world is a catalogue with a clock that tests turn.
type world struct {
	Apps
	t   testing.TB
	now *time.Time
}

var (
	vendor    = Actor{Part: Publisher, ID: "vendor-glyc", Name: "Glycare SAS", Owner: "732829320"}
	rival     = Actor{Part: Publisher, ID: "rival", Owner: "552100554"}
	authority = Actor{Part: Authority, ID: "label-authority", Name: "Autorité des labels"}
	machine   = Actor{Part: Machine, ID: "checks"}
	why       = Text{FR: "Parce que.", EN: "Because."}
)

// checked is what the machine's checks found of an app that was not rehearsed.
var checked = []Criterion{{ID: "manifest", State: Passed}, {ID: "pkce", State: NotYet}}

func open(t testing.TB) *world {
	t.Helper()
	db, err := store.OpenBolt(filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
	w := &world{t: t, now: &now}
	w.Apps = Apps{DB: db, Now: func() time.Time { return *w.now }, Known: &store.Decoded[App]{}}
	return w
}

func example(t testing.TB, changes ...string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("manifest", "testdata", "glycare.json"))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.NewReplacer(changes...).Replace(string(raw)))
}

func (w *world) save(raw []byte) {
	w.t.Helper()
	if err := w.Save(context.Background(), vendor, "glycare", raw); err != nil {
		w.t.Fatal(err)
	}
}

// take takes a step that must be taken.
func (w *world) take(version, step string, by Actor, l *label.Label) *Version {
	w.t.Helper()
	s := Step{App: "glycare", Version: version, Step: step, By: by, Label: l}
	if rule := ruleOf(step); rule != nil && rule.Reason {
		s.Reason = why
	}
	if step == "test" {
		s.Evidence = checked
	}
	v, err := w.Take(context.Background(), s)
	if err != nil {
		w.t.Fatal(err)
	}
	return v
}

// label is a label over a version, with all that its manifest asks.
func (w *world) label(v *Version, changes func(*label.Label)) *label.Label {
	w.t.Helper()
	m, err := v.Read()
	if err != nil {
		w.t.Fatal(err)
	}
	l := &label.Label{Manifest: v.Digest, Predicate: label.Predicate{
		ID: "label-" + v.App + "-" + v.Version, App: v.App, Version: v.Version, Level: label.Exchanging,
		Purposes: m.Purposes, Categories: m.Categories(), Directions: m.Directions(), NotBefore: *w.now, NotAfter: w.now.AddDate(1, 0, 0),
	}}
	if changes != nil {
		changes(l)
	}
	return l
}

// tested brings a manifest to where it waits for its label, step by step.
func (w *world) tested(raw []byte) *Version {
	w.t.Helper()
	w.save(raw)
	v := w.take("", "submit", vendor, nil)
	for _, s := range []struct {
		step string
		by   Actor
	}{{"admit", machine}, {"evaluate", authority}, {"favour", authority}, {"agree", vendor}, {"test", machine}} {
		*w.now = w.now.Add(24 * time.Hour)
		w.take(v.Version, s.step, s.by, nil)
	}
	return v
}

// publish brings a manifest on the air.
func (w *world) publish(raw []byte) *Version {
	w.t.Helper()
	v := w.tested(raw)
	return w.take(v.Version, "publish", authority, w.label(v, nil))
}

func (w *world) status() string {
	w.t.Helper()
	a, err := w.Get(context.Background(), "glycare")
	if err != nil {
		w.t.Fatal(err)
	}
	return a.At(*w.now)
}

func TestFromDraftToTheAirAndOff(t *testing.T) {
	t.Parallel()
	w, ctx := open(t), context.Background()
	var told []Taken
	w.Stopped = func(_ context.Context, app string, why Taken) error {
		told = append(told, why)
		return nil
	}
	v := w.publish(example(t))
	a, err := w.Get(ctx, "glycare")
	if err != nil || a.Status != Online || !a.Exchange || !slices.Equal(a.Categories, []string{"demographics", "measures"}) || a.Version != "2.3.1" {
		t.Fatalf("on the air: %+v, %v", a, err)
	}
	if m, err := v.Read(); err != nil || !slices.Equal(a.Scopes, m.Scopes()) {
		t.Errorf("its scopes: %v, %v", a.Scopes, err)
	}
	if len(v.Steps) != 7 || v.Steps[6].Label == "" || v.Steps[0].Digest != manifest.Digest(example(t)) {
		t.Errorf("its steps: %+v", v.Steps)
	}
	w.take(v.Version, "suspend", authority, nil)
	if got := w.status(); got != Suspended {
		t.Errorf("suspended: %s", got)
	}
	w.take(v.Version, "reinstate", authority, nil)
	w.take(v.Version, "recall", authority, nil)
	w.take(v.Version, "recall", authority, nil) // again: taken once
	if v, _ = w.Version(ctx, "glycare", v.Version); len(v.Steps) != 10 {
		t.Errorf("recalled twice: %d steps", len(v.Steps))
	}
	if a, _ = w.Get(ctx, "glycare"); a.Status != Recalled || !a.Cut.Equal(*w.now) {
		t.Errorf("recalled: %+v", a)
	}
	if len(told) != 3 || told[2].Step != "recall" || told[2].Reason != why {
		t.Errorf("who ends what runs was told %+v", told)
	}
	for _, step := range []string{"reinstate", "publish", "renew", "suspend"} {
		if _, err := w.Take(ctx, Step{App: "glycare", Version: v.Version, Step: step, By: authority, Reason: why, Label: labelFor(step, w, v)}); !errors.Is(err, ErrStep) {
			t.Errorf("%s after a recall: %v", step, err)
		}
	}
	// A new version is a new decision; grants of before stay over.
	cut := a.Cut
	w.publish(example(t, `"2.3.1"`, `"2.4.0"`))
	if a, _ = w.Get(ctx, "glycare"); a.Status != Online || !a.Cut.Equal(cut) {
		t.Errorf("a new version after the recall: %+v", a)
	}
}

func labelFor(step string, w *world, v *Version) *label.Label {
	if ruleOf(step).Label {
		return w.label(v, nil)
	}
	return nil
}

// TestUpdate: the version on the air stays there, with its rights, until the next one has its label.
func TestUpdate(t *testing.T) {
	t.Parallel()
	w, ctx := open(t), context.Background()
	w.publish(example(t))
	for _, tt := range []struct {
		raw  []byte
		want error
	}{
		{example(t, "Glycare SAS", "Glycare SA"), ErrVersion}, // a changed byte is another version
		{example(t, `"2.3.1"`, `"2.3.0"`), ErrVersion},
		{example(t, `"id": "glycare"`, `"id": "rival"`), ErrVersion},
	} {
		w.save(tt.raw)
		if _, err := w.Take(ctx, Step{App: "glycare", Step: "submit", By: vendor}); !errors.Is(err, tt.want) {
			t.Errorf("%v, want %v", err, tt.want)
		}
	}
	next := example(t, `"2.3.1"`, `"3.0.0"`, `{"category": "measures", "directions": ["read", "write"]`, `{"category": "measures", "directions": ["read"]`)
	w.save(next)
	w.take("", "submit", vendor, nil)
	w.save(example(t, `"2.3.1"`, `"4.0.0"`))
	if _, err := w.Take(ctx, Step{App: "glycare", Step: "submit", By: vendor}); !errors.Is(err, ErrUnderWay) {
		t.Errorf("two at a time: %v", err)
	}
	if a, _ := w.Get(ctx, "glycare"); a.Version != "2.3.1" || a.Status != Online || !slices.Contains(a.Directions, "write") {
		t.Errorf("while the next one waits: %+v", a)
	}
	for _, step := range []string{"admit", "evaluate", "favour"} {
		w.take("3.0.0", step, authority, nil)
	}
	w.take("3.0.0", "agree", vendor, nil)
	v := w.take("3.0.0", "test", machine, nil)
	w.take("3.0.0", "publish", authority, w.label(v, nil))
	if a, _ := w.Get(ctx, "glycare"); a.Version != "3.0.0" || slices.Contains(a.Directions, "write") {
		t.Errorf("the next one on the air: %+v", a)
	}
	if old, _ := w.Version(ctx, "glycare", "2.3.1"); old.State != Superseded || old.Steps[len(old.Steps)-1].By.Part != Machine {
		t.Errorf("the one before: %+v", old)
	}
}

// TestSubmitsWhatWasChecked: evidence is of the bytes that were checked, and of none that took their place meanwhile.
func TestSubmitsWhatWasChecked(t *testing.T) {
	t.Parallel()
	w, ctx := open(t), context.Background()
	checked := example(t)
	w.save(checked)
	w.save(example(t, "Glycare SAS", "Glycare SA"))
	steps := []Step{
		{App: "glycare", Step: "submit", By: vendor, Digest: manifest.Digest(checked), Evidence: []Criterion{{ID: "manifest", State: Passed}}},
		{App: "glycare", Step: "admit", By: machine},
	}
	if v, err := w.Take(ctx, steps...); !errors.Is(err, ErrChanged) {
		t.Errorf("other bytes than those that were checked: %v, %+v", err, v)
	}
	if all, err := w.Versions(ctx, "glycare"); err != nil || len(all) != 0 {
		t.Errorf("there are versions: %+v, %v", all, err)
	}
	w.save(checked)
	if v, err := w.Take(ctx, steps...); err != nil || v.State != Admissible || v.Digest != manifest.Digest(checked) {
		t.Errorf("the bytes that were checked: %v, %+v", err, v)
	}
}

func TestLabelsThatDoNotFit(t *testing.T) {
	t.Parallel()
	w, ctx := open(t), context.Background()
	w.publish(example(t))
	w.save(example(t, `"2.3.1"`, `"3.0.0"`))
	w.take("", "submit", vendor, nil)
	for _, step := range []string{"admit", "evaluate", "favour"} {
		w.take("3.0.0", step, authority, nil)
	}
	w.take("3.0.0", "agree", vendor, nil)
	v := w.take("3.0.0", "test", machine, nil)
	for name, change := range map[string]func(*label.Label){
		"of another app":     func(l *label.Label) { l.App = "portal" },
		"of another version": func(l *label.Label) { l.Version = "2.3.1" },
		"about other bytes":  func(l *label.Label) { l.Manifest = strings.Repeat("0", 64) },
		"that ran out":       func(l *label.Label) { l.NotAfter = *w.now },
		"that begins later":  func(l *label.Label) { l.NotBefore = w.now.Add(time.Second) },
	} {
		if _, err := w.Take(ctx, Step{App: "glycare", Version: "3.0.0", Step: "publish", By: authority, Label: w.label(v, change)}); !errors.Is(err, ErrLabel) {
			t.Errorf("a label %s: %v", name, err)
		}
	}
	w.Labels = func(string, time.Time) label.Standing { return label.Standing{Status: Suspended} }
	if _, err := w.Take(ctx, Step{App: "glycare", Version: "3.0.0", Step: "publish", By: authority, Label: w.label(v, nil)}); !errors.Is(err, ErrLabel) {
		t.Errorf("a label that the log does not have: %v", err)
	}
}

// TestEffectiveRights: what an app may do is what its manifest asks and its label gives.
func TestEffectiveRights(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ asked, given, want []string }{
		{[]string{"measures", "documents"}, []string{"documents"}, []string{"documents"}},
		{[]string{"measures"}, []string{"history"}, []string{"measures"}},
		{[]string{"history"}, []string{"AllergyIntolerance"}, []string{"AllergyIntolerance"}},
		{[]string{"history"}, []string{"everything"}, nil},
		{nil, []string{"history"}, nil},
	} {
		way := []string{"read"}
		if got := (reach{tt.asked, way, nil}).within(reach{tt.given, way, nil}).categories; !slices.Equal(got, tt.want) {
			t.Errorf("%v and %v: %v, want %v", tt.asked, tt.given, got, tt.want)
		}
	}
	w := open(t)
	v := w.publish(example(t))
	narrow := w.label(v, func(l *label.Label) {
		l.ID, l.Level, l.Categories, l.NotAfter = "label-narrow", label.Listed, []string{"measures"}, w.now.AddDate(2, 0, 0)
	})
	status := Online
	w.Labels = func(string, time.Time) label.Standing { return label.Standing{Status: status, Label: narrow} }
	a, _ := w.Get(context.Background(), "glycare")
	if a.Exchange || !slices.Equal(a.Categories, []string{"measures"}) || a.Status != Online {
		t.Errorf("under a newer, narrower label: %+v", a)
	}
	w.take(v.Version, "renew", authority, narrow)
	if a, _ = w.Get(context.Background(), "glycare"); a.Label != "label-narrow" || a.Exchange || !a.Expires.Equal(narrow.NotAfter) {
		t.Errorf("renewed: %+v", a)
	}
	if status = Recalled; w.status() != Recalled {
		t.Error("the log of labels alone does not stop the app")
	}
}

func TestALabelRunsOut(t *testing.T) {
	t.Parallel()
	end := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	a := App{Status: Online, Expires: end}
	for at, want := range map[time.Time]string{end.Add(-time.Second): Online, end: Expired} {
		if got := a.At(at); got != want {
			t.Errorf("at %v: %s, want %s", at, got, want)
		}
	}
	if got := (&App{}).At(end); got != Unlisted {
		t.Errorf("an entry without status: %s", got)
	}
}

func TestOthersAppsAreNotThere(t *testing.T) {
	t.Parallel()
	w, ctx := open(t), context.Background()
	w.save(example(t))
	for name, err := range map[string]error{
		"saving":     w.Save(ctx, rival, "glycare", example(t)),
		"dropping":   w.Drop(ctx, rival, "glycare"),
		"submitting": second(w.Take(ctx, Step{App: "glycare", Step: "submit", By: rival})),
		"no owner":   second(w.Take(ctx, Step{App: "glycare", Step: "submit", By: Actor{Part: Publisher}})),
	} {
		if !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrTaken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.Reserved = func(context.Context, string) (bool, error) { return true, nil }
	if err := w.Save(ctx, vendor, "another", example(t)); !errors.Is(err, ErrTaken) {
		t.Errorf("the id of a client that is no app: %v", err)
	}
	if err := w.Save(ctx, vendor, "glycare", example(t)); err != nil {
		t.Errorf("one's own app, which has a client: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestPutLeavesWhatStands(t *testing.T) {
	t.Parallel()
	w, ctx := open(t), context.Background()
	app := App{ID: "portal", Name: Text{FR: "Mon espace", EN: "My space"}, Status: Online, Kind: KindPortal}
	if err := w.Put(ctx, app); err != nil {
		t.Fatal(err)
	}
	app.Status = Recalled
	if err := w.Put(ctx, app); err != nil {
		t.Fatal(err)
	}
	if got, err := w.Get(ctx, "portal"); err != nil || got.Status != Online {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := w.Get(ctx, "nobody"); !errors.Is(err, ErrNotFound) {
		t.Errorf("an app that is not listed: %v", err)
	}
	if _, err := w.Bytes(ctx, "nobody", "1.0.0"); !errors.Is(err, label.ErrNotFound) {
		t.Errorf("the manifest of a version that is not here, for the log: %v", err)
	}
}

// TestRecallThatTheLogAloneKnows: what was granted before a revocation stays over under a later label, on a node that never
// took the step: it died in between, or it follows the log of another and saw both at once.
func TestRecallThatTheLogAloneKnows(t *testing.T) {
	t.Parallel()
	w, ctx := open(t), context.Background()
	v := w.publish(example(t))
	at := label.Standing{Status: label.InForce, Label: w.label(v, nil)}
	w.Labels = func(string, time.Time) label.Standing { return at }
	if a, err := w.Get(ctx, "glycare"); err != nil || a.Status != Online || !a.Cut.IsZero() {
		t.Fatalf("before: %+v, %v", a, err)
	}
	at.Cut = *w.now
	if a, err := w.Get(ctx, "glycare"); err != nil || a.Status != Online || !a.Cut.Equal(*w.now) {
		t.Errorf("after: %+v, %v", a, err)
	}
}

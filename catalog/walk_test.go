package catalog

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/store"
)

// walker takes random steps, as anybody, and holds the catalogue to what must be true after each.
type walker struct {
	*world
	app   string
	patch int
	cut   time.Time
	taken int
}

// memory is a folder whose writes cost nothing, where there is one.
func memory(t testing.TB) string {
	if dir, err := os.MkdirTemp("/dev/shm", "catalog-"); err == nil {
		t.Cleanup(func() { os.RemoveAll(dir) })
		return dir
	}
	return t.TempDir()
}

var actors = []Actor{vendor, rival, authority, machine, {Part: Operator, ID: "node"}, {Part: Publisher}, {Part: "nobody"}, {}}

func (w *walker) manifest(version string) []byte {
	return example(w.t, `"id": "glycare"`, fmt.Sprintf(`"id": %q`, w.app), `"2.3.1"`, fmt.Sprintf("%q", version))
}

// rows is everything the catalogue holds of the app.
func (w *walker) rows(t *rapid.T) map[string]string {
	out := map[string]string{}
	err := w.DB.View(context.Background(), store.Global, func(tx store.Tx) error {
		for key, value := range tx.Scan(nil, nil) {
			if parts := store.KeyParts(key); len(parts) > 1 && parts[1] == w.app {
				out[strings.Join(parts, "/")] = string(value)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (w *walker) step(t *rapid.T) {
	ctx := context.Background()
	rule := rapid.SampledFrom(Law).Draw(t, "step")
	s := Step{App: w.app, Step: rule.Step, By: rapid.SampledFrom(actors).Draw(t, "by")}
	if rapid.IntRange(0, 3).Draw(t, "as the law has it") > 0 && s.By.Part != Publisher { // else hardly any walk gets far
		s.By = map[string]Actor{Publisher: vendor, Authority: authority, Machine: machine}[rule.By[0]]
	}
	versions, err := w.Versions(ctx, w.app)
	if err != nil {
		t.Fatal(err)
	}
	var v Version
	if len(versions) > 0 {
		v = rapid.SampledFrom(versions).Draw(t, "version")
		s.Version = v.Version
	}
	if rapid.IntRange(0, 4).Draw(t, "reason") > 0 {
		s.Reason = why
	}
	if rule.Label && len(versions) > 0 && rapid.IntRange(0, 4).Draw(t, "label") > 0 {
		end := time.Duration(rapid.IntRange(1, 400).Draw(t, "days")) * days
		s.Label = w.label(&v, func(l *label.Label) { l.ID, l.NotAfter = fmt.Sprint("label-", w.now.Unix()), w.now.Add(end) })
	}
	if rule.Proof && rapid.IntRange(0, 4).Draw(t, "evidence") > 0 {
		s.Evidence = checked
	}
	before := w.rows(t)
	after, err := w.Take(ctx, s)
	if err != nil {
		if d := cmp.Diff(before, w.rows(t)); d != "" {
			t.Fatalf("a step that failed (%v) changed something:\n%s", err, d)
		}
		return
	}
	w.taken++
	if s.By.Part == Publisher && s.By.Owner != vendor.Owner {
		t.Fatalf("%+v took %q of another's app", s.By, s.Step)
	}
	again, err := w.Take(ctx, s)
	if err != nil || len(again.Steps) != len(after.Steps) {
		t.Fatalf("%q asked twice: %v, %d steps after %d", s.Step, err, len(again.Steps), len(after.Steps))
	}
}

// onward takes a step that the law permits to the newest version, away from its early ends: else hardly any walk gets to the air.
func (w *walker) onward(t *rapid.T) {
	versions, err := w.Versions(context.Background(), w.app)
	if err != nil || len(versions) == 0 {
		return
	}
	v := versions[len(versions)-1]
	var rules []Rule
	for _, r := range Law {
		if slices.Contains(r.From, v.State) && !slices.Contains([]string{"withdraw", "return", "reject", "submit", "supersede", "renew"}, r.Step) {
			rules = append(rules, r)
		}
	}
	if len(rules) == 0 {
		return
	}
	rule := rapid.SampledFrom(rules).Draw(t, "onward")
	s := Step{App: w.app, Version: v.Version, Step: rule.Step, Reason: why}
	s.By = map[string]Actor{Publisher: vendor, Authority: authority, Machine: machine}[rule.By[0]]
	if rule.Label {
		s.Label = w.label(&v, func(l *label.Label) { l.ID = fmt.Sprint("label-", w.now.Unix()) })
	}
	if rule.Proof {
		s.Evidence = checked
	}
	if _, err := w.Take(context.Background(), s); err != nil && !errors.Is(err, ErrStep) { // a suspended version keeps the next from the air
		t.Fatalf("%q of a version that is %s: %v", rule.Step, v.State, err)
	}
	w.taken++
}

func (w *walker) draft(t *rapid.T) {
	w.patch++
	raw := w.manifest(fmt.Sprintf("1.0.%d", w.patch))
	if rapid.IntRange(0, 9).Draw(t, "broken") == 0 {
		raw = []byte("{")
	}
	if err := w.Save(context.Background(), vendor, w.app, raw); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Take(context.Background(), Step{App: w.app, Step: "submit", By: vendor}); err == nil {
		w.taken++
	}
}

func (w *walker) later(t *rapid.T) {
	*w.now = w.now.Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "days")) * days)
}

// holds is what must be true, whatever was done.
func (w *walker) holds(t *rapid.T) {
	ctx := context.Background()
	versions, err := w.Versions(ctx, w.app)
	if err != nil {
		t.Fatal(err)
	}
	var aired []string
	recalled := time.Time{}
	for _, v := range versions {
		state := Draft
		for k, s := range v.Steps {
			rule := ruleOf(s.Step)
			if rule == nil || s.From != state || s.To != rule.To || !slices.Contains(rule.From, s.From) || !slices.Contains(rule.By, s.By.Part) || rule.Reason && s.Reason != why {
				t.Fatalf("step %d of %s is not of the law: %+v", k, v.Version, s)
			}
			if k > 0 && s.At.Before(v.Steps[k-1].At) {
				t.Fatalf("step %d of %s is before the one before it", k, v.Version)
			}
			if state = s.To; s.Step == "recall" && (s.From == Online || s.From == Suspended) { // else another may be on the air
				recalled = s.At
			}
		}
		if state != v.State {
			t.Fatalf("%s is %s, and its steps lead to %s", v.Version, v.State, state)
		}
		if v.State == Online || v.State == Suspended {
			aired = append(aired, v.Version)
		}
	}
	if len(aired) > 1 {
		t.Fatalf("several versions are on the air: %v", aired)
	}
	a, err := w.Get(ctx, w.app)
	if err != nil {
		t.Fatal(err)
	}
	if online := len(aired) == 1 && a.Version == aired[0]; (a.Status == Online || a.Status == Suspended) != online {
		t.Fatalf("the entry is %s with %q, and on the air is %v", a.Status, a.Version, aired)
	}
	if a.Cut.Before(w.cut) || a.Cut.Before(recalled) {
		t.Fatalf("what was granted before the recall of %v comes back: %v after %v", recalled, a.Cut, w.cut)
	}
	w.cut = a.Cut
}

// TestLawHolds: no walk, by whomever, leads out of the law.
func TestLawHolds(t *testing.T) {
	t.Parallel()
	db, err := store.OpenBolt(filepath.Join(memory(t), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	n, taken, reached := 0, 0, map[string]bool{}
	walk := func(rt *rapid.T) {
		now := time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC)
		n++
		w := &walker{world: &world{t: t, now: &now}, app: fmt.Sprintf("walk-%d", n)}
		w.Apps = Apps{DB: db, Now: func() time.Time { return *w.now }, Known: &store.Decoded[App]{}}
		if n%maxApps == 0 { // one publisher has so many at most: the others go
			clear := func(tx store.Tx) error {
				for key := range tx.Scan(nil, nil) {
					if err := tx.Delete(key); err != nil {
						return err
					}
				}
				return nil
			}
			if err := db.Update(context.Background(), store.Global, clear); err != nil {
				rt.Fatal(err)
			}
		}
		w.draft(rt)
		rt.Repeat(map[string]func(*rapid.T){"step": w.step, "another step": w.step, "onward": w.onward, "onward again": w.onward, "and on": w.onward, "draft": w.draft, "later": w.later, "": w.holds})
		taken += w.taken
		versions, _ := w.Versions(context.Background(), w.app)
		for _, v := range versions {
			reached[v.State] = true
		}
	}
	seen := func() bool { return taken >= 100 && len(reached) >= 5 && reached[Online] }
	for round := 0; round == 0 || !seen() && round < 20 && !t.Failed(); round++ { // few walks may all end before an app is online
		rapid.Check(t, walk)
	}
	if !seen() {
		t.Errorf("only %d steps were taken, and the states %v reached: the walk sees nothing", taken, reached)
	}
}

// TestLawIsWhole: every state of the law is led to, each has its way out or is an end, and every step is somebody's.
func TestLawIsWhole(t *testing.T) {
	t.Parallel()
	ends := []string{Unfavourable, Recalled, Withdrawn}
	led := map[string]bool{Draft: true}
	for _, r := range Law {
		led[r.To] = true
		if len(r.By) == 0 || len(r.From) == 0 {
			t.Errorf("%s is nobody's, or from nowhere", r.Step)
		}
	}
	for _, r := range Law {
		for _, state := range r.From {
			if !led[state] {
				t.Errorf("%s is from %s, which nothing leads to", r.Step, state)
			}
			if slices.Contains(ends, state) {
				t.Errorf("%s leads out of %s, which is an end", r.Step, state)
			}
		}
	}
	for state := range led {
		out := slices.ContainsFunc(Law, func(r Rule) bool { return slices.Contains(r.From, state) })
		if out == slices.Contains(ends, state) {
			t.Errorf("%s: a way out %v", state, out)
		}
	}
	for _, step := range []string{"publish", "renew"} {
		if r := ruleOf(step); !r.Label || !slices.Equal(r.By, []string{Authority, Machine}) {
			t.Errorf("%s is the authority's, or the machine's by its log, with a label: %+v", step, r)
		}
	}
}

package usage_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/catalog/usage"
	"github.com/pontlevis/pontlevis/store"
)

var november = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// office is tallies over a store and a log of their own.
type office struct {
	testing.TB
	db  *store.Bolt
	log *audit.Log
	*usage.Tallies

	mu    sync.Mutex
	told  []usage.Difference
	trips []usage.Trip
	fail  error // what Differ and Tripped answer
	now   time.Time
}

func names(kind string) []string {
	switch kind {
	case "Observation":
		return []string{"measures", "history", "Observation"}
	case "Immunization":
		return []string{"vaccinations", "Immunization"}
	case "DocumentReference", "Binary":
		return []string{"documents", kind}
	}
	return nil
}

func standing(_ context.Context, app string, at time.Time) (usage.Standing, error) {
	switch app {
	case "portal":
		return usage.Standing{Ours: true}, nil
	case "glycare":
		return usage.Standing{Online: true, Categories: []string{"measures"}, Directions: []string{"read", "write"}}, nil
	case "lettres": // reads documents, and reads and writes measures
		return usage.Standing{
			Online: true, Categories: []string{"measures", "documents"}, Directions: []string{"read", "write"},
			Scopes: []string{"openid", "patient/DocumentReference.rs", "patient/Observation.cruds"},
		}, nil
	case "carnet":
		return usage.Standing{Online: at.Before(november), Categories: []string{"history", "vaccinations"}, Directions: []string{"read"}}, nil
	}
	return usage.Standing{}, nil
}

func openOffice(t testing.TB, folder string) (*office, error) {
	o := &office{TB: t, now: november}
	var err error
	if o.db, err = store.OpenBolt(filepath.Join(folder, "state.db")); err != nil {
		return nil, err
	}
	o.log, err = audit.Open(context.Background(), o.db, audit.Options{Origin: "log.test", Key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))})
	if err != nil {
		return nil, err
	}
	o.Tallies, err = usage.New(usage.Config{
		DB: o.db, Log: o.log, Key: bytes.Repeat([]byte{1}, 32), Now: func() time.Time { return o.now }, Standing: standing, Categories: names, Differ: o.differ, Tripped: o.tripped,
	})
	return o, err
}

func newOffice(t testing.TB) *office {
	t.Helper()
	o, err := openOffice(t, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.log.Close(); _ = o.db.Close() })
	return o
}

func (o *office) tripped(_ context.Context, t usage.Trip) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail == nil {
		o.trips = append(o.trips, t)
	}
	return o.fail
}

func (o *office) differ(_ context.Context, d usage.Difference) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail == nil {
		o.told = append(o.told, d)
	}
	return o.fail
}

// did writes one access into the log, and returns its entry.
func (o *office) did(app, patient, action string, at time.Time, resources ...string) audit.Entry {
	o.Helper()
	e := audit.Entry{
		ID: audit.NewID(), At: at, Patient: patient, Actor: audit.Agent{Kind: "patient", ID: "Patient/" + patient}, Client: app,
		Action: action, Outcome: audit.Granted, Resources: resources,
	}
	if err := o.log.Append(context.Background(), e); err != nil {
		o.Fatal(err)
	}
	return e
}

// refused writes one refusal into the log.
func (o *office) refused(app, patient, rule string) {
	o.Helper()
	e := audit.Entry{Client: app, Patient: patient, Actor: audit.Agent{ID: "Patient/nobody"}, Action: "R", Outcome: audit.Refused, Rule: rule, At: november}
	if err := o.log.Append(context.Background(), e); err != nil {
		o.Fatal(err)
	}
}

func (o *office) month(app, month string) usage.Month {
	o.Helper()
	if err := o.Catch(o.Context()); err != nil {
		o.Fatal(err)
	}
	m, err := o.Of(o.Context(), app, month)
	if err != nil {
		o.Fatal(err)
	}
	return m
}

func TestTallies(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	for n := range 3 {
		o.did("glycare", "camille", "E", november, "Observation/a", fmt.Sprint("Observation/", n))
	}
	o.did("glycare", "jeanne", "R", november, "Observation/b", "Practitioner/dr-roux")
	o.did("glycare", "jeanne", "C", november, "Observation/c")
	o.did("glycare", "jeanne", "C", november.AddDate(0, -1, 0), "Observation/d")
	o.did("portal", "jeanne", "R", november, "Observation/b")
	o.did("glycare", "jeanne", "R", november, "Practitioner/dr-roux")
	o.did("glycare", "", "R", november, "Observation/b")
	o.did("glycare", "jeanne", "E", november)
	refused := audit.Entry{Client: "glycare", Patient: "lucas", Action: "R", Outcome: audit.Refused, Resources: []string{"Observation/a"}, At: november}
	if err := o.log.Append(t.Context(), refused); err != nil {
		t.Fatal(err)
	}
	for rule, times := range map[string]int{"A1.scope": 2, "A1.consent": 1, "A1.label": 1, "L2.purpose": 1, "A3.status": 1, "P5": 1} {
		for n := range times {
			o.refused("glycare", fmt.Sprint("person-", n), rule)
		}
	}
	o.refused("portal", "lucas", "A1.scope")
	o.refused("glycare", "", "A1.scope")
	want := usage.Month{Persons: 2, Refusals: []usage.Refusal{
		{Kind: usage.NoConsent, Times: 1, Persons: 1}, {Kind: usage.NoLabel, Times: 2, Persons: 1}, {Kind: usage.NotSeen, Times: 2, Persons: 2},
		{Kind: usage.OutOfScope, Times: 3, Persons: 3}, {Kind: usage.NotOnAir, Times: 1, Persons: 1},
	}, Lines: []usage.Line{
		{Category: "measures", Direction: "read", Accesses: 4, Things: 7, Persons: 2},
		{Category: "measures", Direction: "write", Accesses: 1, Things: 1, Persons: 1},
	}}
	for range 2 { // nothing is counted twice
		if d := cmp.Diff(want, o.month("glycare", "2026-11")); d != "" {
			t.Error(d)
		}
	}
	if m := o.month("glycare", "2026-10"); m.Persons != 1 || len(m.Lines) != 1 {
		t.Errorf("the month before: %+v", m)
	}
	if m := o.month("portal", "2026-11"); len(m.Lines) != 0 {
		t.Errorf("our own pages are counted: %+v", m)
	}
	if len(o.told) != 0 {
		t.Errorf("differences where all was declared: %+v", o.told)
	}
	for _, r := range o.month("glycare", "2026-11").PublicRefusals() {
		if !r.Times.Few || r.Times.N != 0 || !r.Persons.Few {
			t.Errorf("a refusal of so few is published: %+v", r)
		}
	}
	persons, lines := o.month("glycare", "2026-11").Public()
	few := usage.Public{Some: true, Few: true}
	if persons != few || lines[0].Accesses != few || lines[0].Persons != few {
		t.Errorf("two persons are published: %+v %+v", persons, lines)
	}
}

// A category, a direction or an app that nothing stands for is told once a month.
func TestDifferences(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	early := november.AddDate(0, 0, -1)
	o.did("carnet", "camille", "R", early, "Observation/a", "Immunization/a")
	document := o.did("carnet", "camille", "E", early, "Observation/a", "DocumentReference/a", "Binary/a")
	o.did("carnet", "jeanne", "R", early, "DocumentReference/b")
	written := o.did("carnet", "jeanne", "C", early, "Immunization/b")
	late := o.did("carnet", "jeanne", "R", november, "Immunization/b")
	unknown := o.did("stranger", "jeanne", "R", november, "Observation/b")
	again := o.did("stranger", "jeanne", "R", november.AddDate(0, 1, 0), "Observation/b")
	if err := o.Catch(t.Context()); err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(o.told, func(a, b usage.Difference) int { return a.At.Compare(b.At)*2 + compare(a, b) })
	want := []usage.Difference{
		{App: "carnet", Month: "2026-11", Category: "documents", Direction: "read", Entry: document.ID, At: early},
		{App: "carnet", Month: "2026-11", Category: "vaccinations", Direction: "write", Entry: written.ID, At: early},
		{App: "carnet", Month: "2026-11", Category: "vaccinations", Direction: "read", Offline: true, Entry: late.ID, At: november},
		{App: "stranger", Month: "2026-11", Category: "measures", Direction: "read", Offline: true, Entry: unknown.ID, At: november},
		{App: "stranger", Month: "2026-12", Category: "measures", Direction: "read", Offline: true, Entry: again.ID, At: again.At},
	}
	if d := cmp.Diff(want, o.told); d != "" {
		t.Error(d)
	}
	// What the app itself calls the category is what it is counted under.
	if m := o.month("carnet", "2026-11"); m.Lines[1].Category != "history" || m.Lines[1].Accesses != 2 {
		t.Errorf("%+v", m)
	}
}

func compare(a, b usage.Difference) int {
	if a.App+a.Category < b.App+b.Category {
		return -1
	}
	return 1
}

// A case that cannot be opened stops the tallies where they are: nothing is counted before it is told, and nothing twice.
func TestFailure(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.did("stranger", "jeanne", "R", november, "Observation/b")
	o.fail = errors.New("the register is away")
	if err := o.Catch(t.Context()); !errors.Is(err, o.fail) {
		t.Fatal(err)
	}
	if m, err := o.Of(t.Context(), "stranger", "2026-11"); err != nil || len(m.Lines) != 0 {
		t.Errorf("counted before it was told: %+v, %v", m, err)
	}
	o.fail = nil
	if m := o.month("stranger", "2026-11"); m.Persons != 1 || m.Lines[0].Accesses != 1 || len(o.told) != 1 {
		t.Errorf("%+v, told %v", m, o.told)
	}
}

// Two followers of one node, as for a moment while a config replaces another, count everything once.
func TestTwoFollowers(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	for range 2 {
		running.Go(func() { o.Run(ctx) })
	}
	const writers, each = 4, 50
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for n := range each {
				o.did("glycare", fmt.Sprint("patient-", w, "-", n), "R", november, "Observation/a")
			}
		})
	}
	writing.Wait()
	m := o.month("glycare", "2026-11")
	stop()
	running.Wait()
	if m.Lines[0].Accesses != writers*each || m.Persons < 190 || m.Persons > 210 {
		t.Errorf("%+v", m)
	}
}

// What is older than is kept goes, at the first access of another month.
func TestPrune(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	old := november.AddDate(-2, -1, 0)
	o.now = old
	o.did("glycare", "camille", "R", old, "Observation/a")
	if m := o.month("glycare", "2024-10"); len(m.Lines) != 1 {
		t.Fatalf("%+v", m)
	}
	o.now = november
	o.did("glycare", "camille", "R", november, "Observation/a")
	if m := o.month("glycare", "2024-10"); len(m.Lines) != 0 {
		t.Errorf("%+v", m)
	}
	if m := o.month("glycare", "2026-11"); len(m.Lines) != 1 {
		t.Errorf("%+v", m)
	}
}

// TestDirectionOfACategory: what an app declared to read alone, and wrote, is a difference, though it declared to write something else.
func TestDirectionOfACategory(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.did("lettres", "camille", "R", november, "DocumentReference/a")
	o.did("lettres", "camille", "U", november, "Observation/a")
	wrote := o.did("lettres", "camille", "C", november, "DocumentReference/b")
	o.month("lettres", "2026-11")
	if len(o.told) != 1 || o.told[0].Entry != wrote.ID || o.told[0].Category != "documents" || o.told[0].Direction != usage.Write {
		t.Errorf("%+v", o.told)
	}
}

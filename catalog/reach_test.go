package catalog

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/catalog/label"
	"github.com/pontlevis/pontlevis/catalog/manifest"
)

// TestWithin draws what two sides reach: what both reach is all that each of them covers, in its direction, and nothing more.
func TestWithin(t *testing.T) {
	t.Parallel()
	names := append(manifest.Categories(), "Observation", "AllergyIntolerance", "Appointment", "Patient", "everything")
	ways := []string{manifest.Read, manifest.Write}
	rng := rand.New(rand.NewPCG(6, 11))
	draw := func() (r reach) {
		r.only = Only{}
		for range rng.IntN(5) {
			name := names[rng.IntN(len(names))]
			if r.categories = append(r.categories, name); rng.IntN(2) == 0 {
				r.only[name] = ways[rng.IntN(2)]
			}
		}
		if r.directions = slices.Clone(ways); rng.IntN(4) == 0 {
			r.directions = ways[:1]
		}
		return r
	}
	reached, confined := 0, 0
	for range 5000 {
		a, b := draw(), draw()
		both := a.within(b)
		for _, name := range names {
			for _, way := range ways {
				got, want := both.covers(name, way), a.covers(name, way) && b.covers(name, way)
				if listed := slices.Contains(a.categories, name) || slices.Contains(b.categories, name); got && !want || want && listed && !got {
					t.Fatalf("%+v and %+v: %s, %s: %t, want %t: %+v", a, b, name, way, got, want, both)
				}
				if got {
					reached++
				}
			}
		}
		confined += len(both.only)
	}
	if reached < 1000 || confined < 100 {
		t.Errorf("%d reached, %d confined: this proves little", reached, confined)
	}
}

// TestOneWay holds an app to the directions of each need: on the air, where a newer label narrows it, and when another version
// takes its place.
func TestOneWay(t *testing.T) {
	t.Parallel()
	w, ctx := open(t), context.Background()
	v := w.publish(example(t))
	a, _ := w.Get(ctx, "glycare")
	if want := (Only{"demographics": "read"}); !maps.Equal(a.Only, want) || !a.Goes("measures", "write") || a.Goes("demographics", "write") || a.Goes("documents", "read") {
		t.Errorf("on the air: %+v", a)
	}
	a.Plugin = true
	a.Former, a.Only = a.formerly(*w.now), Only{"measures": "read"}
	if w.holdFormer(&a); a.Former == nil || !maps.Equal(a.Former.Only, Only{"demographics": "read", "measures": "read"}) {
		t.Errorf("the version whose place it took: %+v", a.Former)
	}
	narrow := w.label(v, func(l *label.Label) { l.ID, l.Categories = "label-narrow", []string{"demographics"} })
	w.Labels = func(string, time.Time) label.Standing {
		return label.Standing{Status: Online, Label: narrow, Admit: true}
	}
	if a, _ = w.Get(ctx, "glycare"); !maps.Equal(a.Only, Only{"demographics": "read"}) || !a.Goes("demographics", "read") || a.Goes("measures", "read") {
		t.Errorf("under a newer label: %+v", a)
	}
	m, err := v.Read()
	if err != nil {
		t.Fatal(err)
	}
	if l := Labelled(m, v.Digest, time.Time{}); !maps.Equal(l.Only, Only{"demographics": "read"}) {
		t.Errorf("in a rehearsal: %+v", l)
	}
}

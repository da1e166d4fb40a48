package gate

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestExtendEmergency: what is opened while an access is under way ends with it; it is extended once, with a new reason,
// and a new emergency begins hours later.
func TestExtendEmergency(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	begun := w.at.UTC().Truncate(time.Second)
	for _, tt := range []struct {
		after  time.Duration // since the first
		change func(*Grant)
		until  time.Duration // since the first
		en, fr string        // parts of the refusal
	}{
		{after: 0, until: time.Hour},
		{after: 10 * time.Minute, until: time.Hour}, // another device
		{after: 20 * time.Minute, change: func(g *Grant) { g.Stage = 2 }, until: time.Hour},
		{after: 50 * time.Minute, change: func(g *Grant) { g.Extend = true }, en: "needs a new reason", fr: "un nouveau motif"},
		{after: 50 * time.Minute, change: func(g *Grant) { g.Extend, g.Reason = true, "vital-risk" }, until: 110 * time.Minute},
		{after: 70 * time.Minute, until: 110 * time.Minute},
		{after: 80 * time.Minute, change: func(g *Grant) { g.Extend, g.TypedReason = true, "Still bleeding." }, en: "extended already", fr: "déjà été prolongé"},
		{after: 110 * time.Minute, change: func(g *Grant) { g.Reason = "severe-trauma" }, en: "link of care", fr: "lien de soins"},
		{after: 110 * time.Minute, change: func(g *Grant) { g.Actor.ID = "Practitioner/dr-autre" }, until: 170 * time.Minute},
		{after: 4 * time.Hour, en: "needs a new reason", fr: "un nouveau motif", change: func(g *Grant) { g.Reason = "vital-risk" }},
		{after: 5 * time.Hour, until: 6 * time.Hour},
		{after: 30 * time.Hour, until: 31 * time.Hour},
	} {
		w.at = begun.Add(tt.after)
		g := w.emergency("dr-loin")
		if g.Until = g.Since.Add(time.Hour); tt.change != nil {
			tt.change(g)
		}
		opening, err := w.gate.OpenEmergency(t.Context(), g, "Patient/camille")
		var no *Refusal
		switch {
		case errors.As(err, &no) && tt.en != "":
			if i := no.Issues[0]; !strings.Contains(i.EN, tt.en) || !strings.Contains(i.FR, tt.fr) {
				t.Errorf("after %v: told %+v", tt.after, i)
			}
		case err != nil || tt.en != "":
			t.Errorf("after %v: %+v, %v", tt.after, opening, err)
		case !opening.Until.Equal(begun.Add(tt.until)):
			t.Errorf("after %v: until %v later, want %v", tt.after, opening.Until.Sub(begun), tt.until)
		}
	}
}

// TestExtendAtOnce: of twenty that extend one access at once, one does.
func TestExtendAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	if _, err := w.gate.OpenEmergency(t.Context(), w.emergency("dr-loin"), "Patient/camille"); err != nil {
		t.Fatal(err)
	}
	w.at = w.at.Add(30 * time.Minute)
	grants := make([]*Grant, 20)
	for i := range grants {
		grants[i] = w.emergency("dr-loin")
		grants[i].Extend, grants[i].TypedReason = true, "Still unconscious."
	}
	var opened, refused atomic.Int32
	var wg sync.WaitGroup
	for _, g := range grants {
		wg.Go(func() {
			switch _, err := w.gate.OpenEmergency(t.Context(), g, "Patient/camille"); {
			case err == nil:
				opened.Add(1)
			case Refused(err):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if opened.Load() != 1 || refused.Load() != 19 {
		t.Errorf("%d extensions, %d refusals", opened.Load(), refused.Load())
	}
}

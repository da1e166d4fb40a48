package catalog

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/catalog/label"
)

// halting is a log of labels that says what a test has it say.
type halting struct {
	label  label.Label
	halt   *label.Halt
	gone   bool
	admits bool
	before bool // the label of the version on the air was withdrawn, after a newer one
}

func (h *halting) Halted(id string) (label.Halt, bool) {
	if h.halt == nil || id != h.label.ID {
		return label.Halt{}, false
	}
	return *h.halt, true
}

func (h *halting) Issued(string, time.Time) label.Standing {
	if h.before {
		return label.Standing{Status: label.Revoked, Label: &h.label}
	}
	return label.Standing{Status: label.None}
}

func (h *halting) Status(_ string, now time.Time) (label.Standing, bool) {
	s := label.Standing{Status: label.InForce, Label: &h.label, Admit: h.admits}
	switch {
	case h.gone:
		s.Status, s.Words = label.Revoked, label.Text{FR: "Une faille.", EN: "A flaw."}
	case h.halt != nil && now.Before(h.halt.End()):
		s.Status = label.Suspended
	}
	return s, true
}

// onTheAir is a catalogue with an app on the air, and the log that it follows.
func onTheAir(t *testing.T) (*world, *Version, *halting) {
	t.Helper()
	w := open(t)
	v := w.publish(example(t))
	log := &halting{label: *w.label(v, nil)}
	w.Labels = func(app string, now time.Time) label.Standing {
		s, _ := log.Status(app, now)
		return s
	}
	return w, v, log
}

// heed follows the log, twice, and gives the version's steps since it was published.
func (w *world) heed(log Log) (steps []Taken) {
	w.t.Helper()
	for range 2 {
		if err := w.Heed(context.Background(), log, "glycare"); err != nil {
			w.t.Fatal(err)
		}
	}
	v, err := w.Version(context.Background(), "glycare", "2.3.1")
	if err != nil {
		w.t.Fatal(err)
	}
	return v.Steps[7:]
}

func named(steps []Taken) (out []string) {
	for _, s := range steps {
		out = append(out, s.Step+" "+s.By.Part)
	}
	return out
}

// TestHeedASuspension: a suspension in the log, a later one that takes its place, its end by its date and its recall are steps,
// once each and dated by the log; an end by its date is in force before anybody takes the step.
func TestHeedASuspension(t *testing.T) {
	t.Parallel()
	w, v, log := onTheAir(t)
	if got := w.heed(log); len(got) > 0 {
		t.Fatalf("of nothing: %+v", got)
	}
	began := w.now.Add(time.Hour)
	log.halt = &label.Halt{Entry: 4, At: began, Until: began.Add(2 * days), Words: label.Text{FR: "On regarde.", EN: "We are looking."}}
	*w.now = began.Add(time.Minute)
	got := w.heed(log)
	if !slices.Equal(named(got), []string{"suspend authority"}) || got[0].Reason.EN != "We are looking." || !got[0].At.Equal(began.Add(time.Second)) || !got[0].Until.Equal(log.halt.Until) {
		t.Fatalf("suspended: %+v", got)
	}
	log.halt = &label.Halt{Entry: 5, At: w.now.Add(time.Minute), Until: began.Add(3 * days)}
	*w.now = w.now.Add(time.Hour)
	if got = w.heed(log); !slices.Equal(named(got), []string{"suspend authority", "suspend authority"}) || w.status() != Suspended {
		t.Fatalf("suspended for longer: %+v", got)
	}
	*w.now = began.Add(4 * days)
	if got := w.status(); got != Online {
		t.Errorf("its time is over, and before the step the app is %s", got)
	}
	if got = w.heed(log); len(got) != 3 || named(got)[2] != "reinstate machine" || !got[2].At.Equal(log.halt.Until) || w.status() != Online {
		t.Fatalf("its time is over: %+v", got)
	}
	newer := log.label
	newer.ID, newer.Manifest = "a newer one", "of other bytes"
	held := log.label
	log.label, log.before = newer, true // another version has a label, and is not on the air
	w.Issued = log.Issued
	if got := w.status(); got != Recalled {
		t.Errorf("its own label was withdrawn, and before the step the app is %s", got)
	}
	log.label, log.before, w.Issued = held, false, nil
	log.gone = true
	if got = w.heed(log); len(got) != 4 || named(got)[3] != "recall authority" || w.status() != Recalled {
		t.Fatalf("recalled: %+v", got)
	}
	v, err := w.Version(context.Background(), "glycare", v.Version)
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]string{}
	for name, at := range map[string]time.Time{
		"before": began, "while": began.Add(time.Hour), "at its end": began.Add(3 * days), "now": *w.now, "at first": v.Steps[0].At.Add(-1),
	} {
		states[name] = v.StateAt(at)
	}
	want := map[string]string{"before": Online, "while": Suspended, "at its end": Online, "now": Recalled, "at first": ""}
	if d := cmp.Diff(want, states); d != "" {
		t.Error(d)
	}
}

// TestHeedWhatWasMissed: a suspension that began and was lifted while nobody looked is two steps; the machine ends none but
// the log's, and nobody one that the log has still.
func TestHeedWhatWasMissed(t *testing.T) {
	t.Parallel()
	w, v, log := onTheAir(t)
	began := w.now.Add(time.Hour)
	log.halt = &label.Halt{Entry: 4, At: began, Until: began.Add(2 * days), Lifted: began.Add(time.Hour), Remedied: label.Text{FR: "Réparé.", EN: "Mended."}}
	*w.now = began.Add(5 * time.Hour)
	got := w.heed(log)
	if !slices.Equal(named(got), []string{"suspend authority", "reinstate authority"}) || got[1].Reason.EN != "Mended." || !got[1].At.Equal(log.halt.Lifted) || w.status() != Online {
		t.Fatalf("%+v", got)
	}
	log.halt = &label.Halt{Entry: 9, At: w.now.Add(time.Hour), Until: w.now.Add(2 * days)}
	*w.now = w.now.Add(2 * time.Hour)
	w.heed(log)
	for _, by := range []Actor{authority, machine} {
		_, err := w.Take(context.Background(), Step{App: "glycare", Version: v.Version, Step: "reinstate", By: by, Reason: why})
		if !errors.Is(err, ErrStep) && !errors.Is(err, ErrPart) || w.status() != Suspended {
			t.Errorf("%s ends what the log has still: %v, %s", by.Part, err, w.status())
		}
	}
	next := w.tested(example(t, `"2.3.1"`, `"2.4.0"`))
	log.label = *w.label(next, func(l *label.Label) { l.ID = "label-next" }) // a log that lets a new label take a suspended one's place
	log.halt.Until = *w.now
	_, err := w.Take(context.Background(), Step{App: "glycare", Version: "2.4.0", Step: "publish", By: authority, Label: &log.label})
	if !errors.Is(err, ErrStep) || w.status() != Suspended {
		t.Errorf("a new version goes round a suspension: %v, %s", err, w.status())
	}
}

// TestWhatTheNodeStoppedHasNoEnd: where a suspension of the log that names its end is taken over by the machine, which stops what
// tried to escape, it does not end by itself: neither then, nor by a later one of the log, nor by one that was on its way. The
// authority ends it.
func TestWhatTheNodeStoppedHasNoEnd(t *testing.T) {
	t.Parallel()
	w, v, log := onTheAir(t)
	began := w.now.Add(time.Hour)
	log.halt = &label.Halt{Entry: 4, At: began, Until: began.Add(2 * days)}
	*w.now = began.Add(time.Minute)
	w.heed(log)
	suspend := Step{App: "glycare", Version: v.Version, Step: "suspend", By: machine, Reason: why}
	ours, err := w.Take(t.Context(), suspend)
	if err != nil || ours.halt() != 0 {
		t.Fatalf("%v, entry %d", err, ours.halt())
	}
	late := suspend
	late.By, late.Entry, late.At, late.Until = authority, 5, *w.now, began.Add(days) // worked out before, and told after
	if got, err := w.Take(t.Context(), late); err != nil || got.halt() != 0 {
		t.Fatalf("one that was on its way takes its place: %+v, %v", got.Steps, err)
	}
	log.halt = &label.Halt{Entry: 5, At: w.now.Add(time.Minute), Until: began.Add(3 * days)}
	*w.now = began.Add(4 * days)
	if got := w.heed(log); !slices.Equal(named(got), []string{"suspend authority", "suspend machine"}) || w.status() != Suspended {
		t.Fatalf("it ended by itself: %v, %s", named(got), w.status())
	}
	over := Step{App: "glycare", Version: v.Version, Step: "reinstate", By: machine, Reason: why, Entry: 4, At: *w.now}
	if _, err := w.Take(t.Context(), over); !errors.Is(err, ErrPart) {
		t.Errorf("the machine ends it: %v", err)
	}
	over.By, over.Entry = authority, 0
	if _, err := w.Take(t.Context(), over); err != nil || w.status() != Online {
		t.Errorf("the authority does not end it: %v, %s", err, w.status())
	}
}

// TestAirTellsOfOtherBytes: a version of the same number that is about other bytes than the label is told, not passed over.
func TestAirTellsOfOtherBytes(t *testing.T) {
	t.Parallel()
	w, v, log := onTheAir(t)
	log.admits, log.label.Manifest = true, "of other bytes"
	if done, err := w.Air(t.Context(), log, v.App, nil); !errors.Is(err, ErrLabel) || done != "" {
		t.Errorf("%q, %v", done, err)
	}
}

package emergency_test

import (
	"context"
	"errors"
	"iter"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// vitalTypes are what the vital set is read from, beside what every decision rests on.
var vitalTypes = []string{
	"Patient", "AllergyIntolerance", "MedicationRequest", "MedicationStatement", "Condition", "Observation", "Device", "DocumentReference", "RelatedPerson",
}

// failing is a record source of which a part has stopped: what it stops for fails, or never answers.
type failing struct {
	record.Source
	stops atomic.Pointer[func(resourceType string) bool]
	hangs atomic.Bool
}

var errStopped = errors.New("the source does not answer")

func (f *failing) stopped(ctx context.Context, types []string) error {
	stops := f.stops.Load()
	if stops == nil || types != nil && !slices.ContainsFunc(types, *stops) {
		return nil
	}
	if f.hangs.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	return errStopped
}

func (f *failing) Read(ctx context.Context, ref record.Ref) (*record.Stored, error) {
	if err := f.stopped(ctx, []string{ref.Type}); err != nil {
		return nil, err
	}
	return f.Source.Read(ctx, ref)
}

func (f *failing) Compartment(ctx context.Context, patient string, types []string, c []search.Criterion) iter.Seq2[*record.Stored, error] {
	if err := f.stopped(ctx, types); err != nil {
		return func(yield func(*record.Stored, error) bool) { yield(nil, err) }
	}
	return f.Source.Compartment(ctx, patient, types, c)
}

func (f *failing) Directory(ctx context.Context, types []string, c []search.Criterion) iter.Seq2[*record.Stored, error] {
	if err := f.stopped(ctx, types); err != nil {
		return func(yield func(*record.Stored, error) bool) { yield(nil, err) }
	}
	return f.Source.Directory(ctx, types, c)
}

func failingWorld(t *testing.T) (*world, *failing) {
	t.Helper()
	f := &failing{}
	return newWorld(t, func(c *gate.Config) { f.Source, c.Records = c.Records, f }), f
}

// TestTheRestIsStopped: with everything stopped but what the vital set and the decisions are read from, the access opens and
// the vital set is whole; the rest says that it could not be read.
func TestTheRestIsStopped(t *testing.T) {
	t.Parallel()
	w, f := failingWorld(t)
	b := w.SignIn("dr-urgence", "/emergency")
	stands := slices.Concat(vitalTypes, space.Types())
	rest := func(resourceType string) bool { return !slices.Contains(stands, resourceType) }
	f.stops.Store(&rest)
	p := opened(b, "camille").Says("Camille Durand", "Pénicilline", "Insuline glargine", "Diabète", "O Rh positif", "Pompe à insuline", "Directives anticipées", "Karim Haddad").
		Silent("could not be read")
	for _, s := range states(p) {
		if !strings.HasSuffix(s, "=read") && s != "contacts=none" {
			t.Errorf("%s with the rest stopped", s)
		}
	}
	p = p.Submit("input[value=2]").Is(http.StatusOK).Says("Could not be read", "Compte rendu de consultation")
	want := "DocumentReference=read Condition=read MedicationRequest=read Observation=read DiagnosticReport=unread Procedure=unread Immunization=unread Encounter=read CarePlan=unread"
	if got := strings.Join(states(p), " "); got != want {
		t.Errorf("the rest: %s\nwant %s", got, want)
	}
	p.Silent("None recorded")
}

// TestASectionIsStopped: a section that cannot be read says so and never looks empty; the others are whole, and none
// waits for it longer than its own time.
func TestASectionIsStopped(t *testing.T) {
	t.Parallel()
	for _, hangs := range []bool{false, true} {
		w, f := failingWorld(t)
		w.part.Patience = 300 * time.Millisecond
		b := w.SignIn("dr-urgence", "/emergency")
		p := opened(b, "camille")
		only := func(resourceType string) bool {
			return resourceType == "AllergyIntolerance" || resourceType == "MedicationStatement" || resourceType == "Device"
		}
		f.stops.Store(&only)
		f.hangs.Store(hangs)
		began := time.Now()
		p = b.Get(p.At).Is(http.StatusOK).Says("A part could not be read", "do not conclude that there is nothing", "Insuline glargine", "there may be more", "Diabète")
		if took := time.Since(began); hangs && took > 2*time.Second {
			t.Errorf("the page waited %v for what does not answer", took)
		}
		want := "allergies=unread treatments=unread problems=read blood=read implants=unread directives=read trusted=read contacts=none"
		if got := strings.Join(states(p), " "); got != want {
			t.Errorf("hangs %v: %s\nwant %s", hangs, got, want)
		}
	}
}

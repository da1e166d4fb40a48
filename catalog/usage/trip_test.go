package usage_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/catalog/usage"
)

// TestTrips: the first entry of an app, version and kind begins a case, however often the follower fails in between; a later
// one, and one that only looks like it, begin none.
func TestTrips(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	wrote := func(id string, trip usage.Trip) {
		t.Helper()
		err := o.log.Append(context.Background(), audit.Entry{
			ID: id, At: november, Actor: audit.Agent{Kind: "system", Name: "pontlevis"}, Interaction: usage.Tripwire, Action: "E", Outcome: audit.Refused, Details: trip.Details(),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	trip := usage.Trip{App: "carnet", Version: "1.0.0", Kind: "system-call", What: "a system call", Suspended: true}
	id := usage.TripID("carnet", "1.0.0", "system-call")
	wrote(id, trip)
	o.fail = errors.New("no case can be opened now")
	if err := o.Catch(t.Context()); err == nil {
		t.Fatal("a case that could not be opened is passed over")
	}
	o.fail = nil
	wrote(audit.NewID(), trip)
	wrote(usage.TripID("carnet", "2.0.0", "system-call"), trip)
	checked := usage.Trip{App: "carnet", Version: "1.0.0", Kind: "system-call", What: "a system call", Binary: "ab"}
	wrote(checked.ID(), checked)
	for range 2 {
		if err := o.Catch(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	want := trip
	want.Entry, want.At = id, november
	before := checked
	before.Entry, before.At = checked.ID(), november
	for k := range o.trips {
		o.trips[k].At = o.trips[k].At.UTC().Truncate(time.Second)
	}
	if d := cmp.Diff([]usage.Trip{want, before}, dedup(o.trips)); d != "" {
		t.Error(d)
	}
	err := o.log.Append(context.Background(), audit.Entry{ID: id, At: november})
	if !errors.Is(err, audit.ErrExists) {
		t.Errorf("a second first entry: %v", err)
	}
}

// dedup leaves one of the same that were told one after the other: whoever is told does nothing more then.
func dedup(all []usage.Trip) (out []usage.Trip) {
	for _, one := range all {
		if len(out) == 0 || out[len(out)-1] != one {
			out = append(out, one)
		}
	}
	return out
}

package pontlevis

import (
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/catalog"
	"github.com/pontlevis/pontlevis/catalog/usage"
	"github.com/pontlevis/pontlevis/plugins"
)

// TestTripwires: a try to escape stops the app at once, unless the operator wants it told alone; what may come of a mistake
// stops nothing. Each is in the access log, and the first of a version and kind goes by them.
func TestTripwires(t *testing.T) {
	t.Parallel()
	a, _ := authorityOf(t, "glycare")
	var stopped atomic.Int32
	a.state.stops.add(func(string, catalog.Taken) { stopped.Add(1) })
	trip := plugins.Trip{App: "glycare", Version: "2.3.0", Kind: plugins.TripCall, Detail: "a system call"}
	report := &tripwires{state: a.state, log: slog.New(slog.DiscardHandler)}
	suspend := &tripwires{state: a.state, log: report.log, suspends: true}
	status := func() string {
		t.Helper()
		entry, err := a.state.apps.Get(t.Context(), "glycare")
		if err != nil {
			t.Fatal(err)
		}
		return entry.Status
	}

	report.tripped(trip)
	flood := trip
	flood.Kind = plugins.TripProtocol
	suspend.tripped(flood)
	if got := status(); got != catalog.Online {
		t.Fatalf("what is told alone leaves the app %s", got)
	}
	suspend.tripped(trip)
	if got := status(); got != catalog.Suspended {
		t.Fatalf("when the try is told the app is %s", got)
	}
	suspend.tripped(trip)
	suspend.ending.Wait()
	v := a.newest(t, "glycare")
	last := v.Steps[len(v.Steps)-1]
	if last.By.Part != catalog.Machine || last.Step != "suspend" || v.Steps[len(v.Steps)-2].Step != "publish" || stopped.Load() == 0 {
		t.Errorf("the step is %+v, told %d times", last, stopped.Load())
	}
	said := map[string]int{}
	page, err := a.state.log.Select(t.Context(), audit.Query{Since: time.Now().Add(-time.Hour), Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range page.Entries {
		if e.Interaction == usage.Tripwire {
			said[e.Details["kind"]+" "+e.Details["suspended"]]++
		}
	}
	if said["system-call "] != 1 || said["system-call true"] != 2 || said["protocol "] != 1 {
		t.Errorf("the access log says %v", said)
	}
	for _, kind := range []string{plugins.TripCall, plugins.TripProtocol} {
		if _, err := a.state.log.Entry(t.Context(), usage.TripID("glycare", "2.3.0", kind)); err != nil {
			t.Errorf("the first %s: %v", kind, err)
		}
	}
}

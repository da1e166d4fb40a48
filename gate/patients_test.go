package gate

import (
	"slices"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/audit"
)

// TestPatients holds that the list of a professional's own patients is what opens to them by a read, and that it says what
// ties them to each.
func TestPatients(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	listed := map[string]bool{}
	for name, g := range w.grants {
		if !strings.HasSuffix(name, "-free") {
			continue
		}
		own, more, err := w.gate.Patients(t.Context(), g)
		if err != nil || more {
			t.Fatalf("%s: more %v, %v", name, more, err)
		}
		one, opens, err := w.gate.Opened(t.Context(), g, "camille")
		if err != nil {
			t.Fatal(err)
		}
		there := slices.ContainsFunc(own, func(o Own) bool { return o.Patient.ID() == "camille" })
		if there != opens {
			t.Errorf("%s: listed %v, opens %v", name, there, opens)
		}
		if opens && (len(one.Ties) == 0 || one.Reason.FR == "" || one.Reason.EN == "") {
			t.Errorf("%s: opens by %s, and nothing says why: %+v", name, one.Rule, one)
		}
		listed[name] = there
	}
	if !listed["dr-roux-free"] || listed["dr-bloque-free"] || listed["dr-loin-free"] {
		t.Errorf("listed: %v", listed)
	}
}

// TestPatientsAreLogged holds that being shown on a list is in one's log, that not being shown is in none, and that nothing
// is shown when it cannot be logged.
func TestPatientsAreLogged(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	list := func(who string) []audit.Entry {
		return w.logged("camille", func() {
			if _, _, err := w.gate.Patients(t.Context(), w.grants[who]); err != nil {
				t.Fatal(err)
			}
		})
	}
	if got := list("dr-roux-free"); len(got) != 1 || got[0].Outcome != audit.Granted || !slices.Equal(got[0].Resources, []string{"Patient/camille"}) {
		t.Errorf("the log has %+v", got)
	}
	if got := list("dr-bloque-free"); len(got) != 0 {
		t.Errorf("a list that does not show her is in her log: %+v", got)
	}
	w.db.log.Store(true)
	if own, _, err := w.gate.Patients(t.Context(), w.grants["dr-roux-free"]); err == nil {
		t.Errorf("%d patients are shown though the log is broken", len(own))
	}
}

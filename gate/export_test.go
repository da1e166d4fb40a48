package gate

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/pontlevis/pontlevis/audit"
)

// exported is the access log that somebody takes along: the ids of its entries and the whole, verified as anybody would.
func (w *world) exported(who string, since, until time.Time) ([]string, []byte) {
	w.Helper()
	grant, err := w.Authenticate(w.Context(), Presented{Token: who})
	if err != nil {
		w.Fatal(err)
	}
	a, err := w.gate.ExportLog(w.Context(), grant, since, until)
	if err != nil {
		w.Fatal(err)
	}
	b, err := json.Marshal(a)
	if err != nil {
		w.Fatal(err)
	}
	if _, err := audit.VerifyHistory(b, w.log.VerifierKey()); err != nil {
		w.Fatal(err)
	}
	var ids []string
	for _, e := range a.Entries {
		var event struct{ ID string }
		if err := json.Unmarshal(e.Event, &event); err != nil {
			w.Fatal(err)
		}
		ids = append(ids, event.ID)
	}
	return ids, b
}

// TestExportIsWhatTheLogShows takes along just what a search of the log shows, in its order, byte for byte, whatever is
// hidden from its reader: an announcement that is pending, a confidential act.
func TestExportIsWhatTheLogShows(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle().minor()
	for _, patient := range []string{"camille", "lucas"} {
		label := map[string]string{"camille": unseen, "lucas": secret}[patient]
		w.put(patient, document("open-"+patient, of(patient)), document("pending-"+patient, of(patient), labelled(label)), observation("o-"+patient, patient))
		reader := w.grant("dr-of-"+patient, "dr-lam", func(g *Grant) { g.Patient = patient })
		for k, path := range []string{"/DocumentReference?patient=" + patient, "/DocumentReference/pending-" + patient, "/Observation/o-" + patient, "/Observation/none"} {
			w.at = w.at.Add(time.Duration(k+1) * time.Minute)
			w.get(reader, path)
			w.get("dr-roux", path)
		}
	}
	for patient, reader := range map[string]string{"camille": "camille", "lucas": "karim"} {
		w.at = w.at.Add(time.Minute)
		var shown, taken []string
		for _, e := range w.get(reader, "/AuditEvent?patient="+patient+"&_count=500").is(http.StatusOK).node().Get("entry").Items() {
			shown = append(shown, string(e.Get("resource").Bytes()))
		}
		grant, _ := w.Authenticate(t.Context(), Presented{Token: reader})
		a, err := w.gate.ExportLog(t.Context(), grant, time.Time{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range a.Entries {
			taken = append(taken, string(e.Event))
		}
		all := len(w.entries(patient))
		if len(shown) < 3 || len(taken) <= len(shown) || len(taken) >= all {
			t.Fatalf("%s is shown %d entries and takes %d of %d: nothing is hidden, or nothing shown", reader, len(shown), len(taken), all)
		}
		taken = taken[len(taken)-len(shown):] // before them is that the log was read
		if diff := cmp.Diff(shown, taken); diff != "" {
			t.Errorf("%s: %s", reader, diff)
		}
	}
}

func TestExportIsAnAccess(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	w.put("camille", observation("o1", "camille"))
	w.get("dr-roux", "/Observation/o1").is(http.StatusOK)
	ids, _ := w.exported("camille", time.Time{}, time.Time{})
	entries, err := w.log.OfPatient(t.Context(), "camille", "", 1)
	if err != nil {
		t.Fatal(err)
	}
	if e := entries[0]; e.Interaction != "export" || e.Outcome != audit.Granted || e.Rule != "L5.holder" || slices.Contains(ids, e.ID) {
		t.Errorf("the export is logged as %+v", e)
	}
	if none, _ := w.exported("camille", w.at.Add(time.Hour), time.Time{}); len(none) != 0 {
		t.Errorf("%v are later than anything", none)
	}
	if none, _ := w.exported("camille", time.Time{}, w.at.Add(-time.Hour)); len(none) != 0 {
		t.Errorf("%v are earlier than anything", none)
	}
	for who, status := range map[string]int{"dr-roux": http.StatusForbidden, "sofia": http.StatusForbidden} {
		grant, err := w.Authenticate(t.Context(), Presented{Token: who})
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.gate.ExportLog(t.Context(), grant, time.Time{}, time.Time{})
		var no *Refusal
		if !errors.As(err, &no) || no.Status != status {
			t.Errorf("%s: %v, want a refusal with %d", who, err, status)
		}
		entries, err := w.log.OfPatient(t.Context(), grant.Patient, "", 1)
		if err != nil {
			t.Fatal(err)
		}
		if e := entries[0]; e.Interaction != "export" || e.Outcome != audit.Refused || e.Actor.ID != grant.Actor.ID {
			t.Errorf("the refusal of %s is logged as %+v", who, e)
		}
	}
}

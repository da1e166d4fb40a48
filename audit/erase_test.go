package audit_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
)

func TestErase(t *testing.T) {
	t.Parallel()
	db := openStore(t)
	l := openLog(t, db, options())
	fill(t, l, 0, 12)
	before, err := l.Checkpoint(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Erase(ctx, "decision-0003", "none"); !errors.Is(err, audit.ErrNotFound) {
		t.Errorf("erasing an unknown id: %v", err)
	}
	by := audit.Entry{ID: "erasure", Actor: audit.Agent{Kind: "system", ID: "Device/retention"}, Reason: "retention"}
	if err := errors.Join(l.EraseAs(ctx, by, "decision-0003", "decision-0004"), l.Erase(ctx)); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"decision-0003", "decision-0004"} {
		if _, err := l.Entry(ctx, id); !errors.Is(err, audit.ErrNotFound) {
			t.Errorf("erased %s: %v", id, err)
		}
		if err := l.Erase(ctx, id); !errors.Is(err, audit.ErrNotFound) {
			t.Errorf("erasing %s twice: %v", id, err)
		}
		if _, err := l.Prove(ctx, id); !errors.Is(err, audit.ErrNotFound) {
			t.Errorf("proving erased %s: %v", id, err)
		}
	}
	for patient, want := range map[string]int{"camille": 5, "lucas": 5} {
		if got, err := l.OfPatient(ctx, patient, "", 50); len(got) != want || err != nil {
			t.Errorf("%s has %d entries, %v", patient, len(got), err)
		}
	}
	trace, err := l.Entry(ctx, "erasure")
	if d := cmp.Diff([]int64{3, 4}, trace.Erased); d != "" || err != nil || trace.Reason != "retention" || trace.Outcome != audit.Granted {
		t.Errorf("the trace: %v %+v\n%s", err, trace, d)
	}
	r, err := l.Verify(ctx, l.VerifierKey(), before)
	if d := cmp.Diff([]int64{3, 4}, r.Erased); d != "" || err != nil || !r.OK() {
		t.Errorf("%v %s\n%s", err, r, d)
	}
	c, err := l.ProveConsistency(ctx, 12)
	if err := errors.Join(err, audit.VerifyConsistency(before, c, l.VerifierKey())); err != nil {
		t.Errorf("the log no longer continues what it was: %v", err)
	}
	leaves(t, db, "decision-0003")
}

// leaves fails when the store still holds the text anywhere.
func leaves(t *testing.T, db store.DB, text string) {
	t.Helper()
	err := db.View(ctx, audit.Partition, func(tx store.Tx) error {
		for k, v := range tx.Scan(nil, nil) {
			if bytes.Contains(k, []byte(text)) || bytes.Contains(v, []byte(text)) {
				t.Errorf("row %q still holds %q", k, text)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

package label

import (
	"bytes"
	"encoding/json"
	"errors"
	"testing"

	"github.com/pontlevis/pontlevis/store"
)

// TestEveryByteCounts: of what stands in the store, each byte that is changed is noticed at the next start, and by whoever
// reads or proves that entry meanwhile; the log that runs goes on as it was.
func TestEveryByteCounts(t *testing.T) {
	t.Parallel()
	l, c, db := opened(t)
	ctx := t.Context()
	must(l.Issue(ctx, first(t, "glycare")))
	must(l.Issue(ctx, first(t, "oldapp")))
	must(l.Order(ctx, order(Revoke, "oldapp", "label-oldapp-1", c.Now(), authority[:2]...)))
	rows := map[string][]byte{}
	err := db.View(ctx, Partition, func(tx store.Tx) error {
		for k, v := range tx.Scan(nil, nil) {
			rows[string(k)] = bytes.Clone(v)
		}
		return nil
	})
	if err != nil || len(rows) < 12 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	tampered := overlaid{db, nil}
	flips := 0
	for key, value := range rows {
		step := 1
		if key[0] == entryRow { // every byte of the last entry, and a sample of the others
			if step = 17; key == string(rowKey(entryRow, 2)) {
				step = 2
			}
		}
		for i := 0; i < len(value); i += step {
			changed := bytes.Clone(value)
			changed[i] ^= 1 << (i % 8)
			tampered.rows = map[string][]byte{key: changed}
			flips++
			again, err := Open(ctx, &tampered, options(c))
			switch {
			case key[0] == checkpointRow: // kept for whoever compares; nothing rests on it
			case err != nil && again == nil:
			case key == string(currentKey) && noticedLater(changed, value): // the second signature says when, not what
			default:
				t.Fatalf("byte %d of row %q was changed, and nobody noticed", i, key)
			}
		}
		if key[0] == entryRow || key[0] == hashRow || key == string(headKey) || key == string(currentKey) { // or left out
			tampered.rows = map[string][]byte{key: nil}
			if _, err := Open(ctx, &tampered, options(c)); err == nil {
				t.Errorf("row %q was removed, and nobody noticed", key)
			}
		}
	}
	t.Logf("%d bytes were changed, one at a time", flips)
	standsAs(t, must(Open(ctx, db, options(c))), "oldapp", c.Now(), Revoked, "mistake")
	err = db.Update(ctx, Partition, func(tx store.Tx) error {
		raw := bytes.Replace(rows[string(rowKey(entryRow, 2))], []byte("revoke"), []byte("Revoke"), 1)
		return tx.Put(rowKey(entryRow, 2), raw)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Get(ctx, 2); !errors.Is(err, ErrDamaged) {
		t.Errorf("reading a changed entry: %v", err)
	}
	if _, err := l.Prove(ctx, 2); !errors.Is(err, ErrDamaged) {
		t.Errorf("proving a changed entry: %v", err)
	}
	standsAs(t, l, "oldapp", c.Now(), Revoked, "mistake")
}

// noticedLater reports whether a change is in the line of a checkpoint's second signature, or after it.
func noticedLater(changed, value []byte) bool {
	second := bytes.LastIndex(value, []byte("\n— "))
	return second > 0 && bytes.Equal(changed[:second], value[:second])
}

// TestProofsAreOffline: a proof and a consistency proof are checked with nothing but the verifier key; a changed one is not.
func TestProofsAreOffline(t *testing.T) {
	t.Parallel()
	l, c, _ := opened(t)
	ctx := t.Context()
	must(l.Issue(ctx, first(t, "glycare")))
	earlier := must(l.Checkpoint(ctx))
	for _, app := range []string{"one-app", "two-app", "three-app"} {
		must(l.Issue(ctx, first(t, app)))
	}
	must(l.Order(ctx, order(Suspend, "two-app", "label-two-app-1", c.Now(), authority[0])))
	for index := range l.Size() {
		proof := must(ParseProof(must(json.MarshalIndent(must(l.Prove(ctx, index)), "", "  "))))
		e, head, err := VerifyProof(proof, l.VerifierKey())
		if err != nil || head.Size != 5 || e.Index != index {
			t.Fatalf("entry %d: %+v, %v", index, e, err)
		}
		if err := e.Verify(trust()); err != nil {
			t.Errorf("entry %d: %v", index, err)
		}
		strangers := trust()
		strangers.Keys = []Key{{Public: PublicText(Public(keyOf("x")))}, {Public: PublicText(Public(keyOf("y")))}}
		if err := e.Verify(strangers); !errors.Is(err, ErrThreshold) {
			t.Errorf("entry %d, other keys: %v", index, err)
		}
		for name, bad := range map[string]Proof{
			"another place":      {proof.Checkpoint, (index + 1) % 5, proof.Entry, proof.Hashes},
			"another entry":      {proof.Checkpoint, index, bytes.Replace(proof.Entry, []byte(`"at"`), []byte(`"At"`), 1), proof.Hashes},
			"a hash less":        {proof.Checkpoint, index, proof.Entry, proof.Hashes[1:]},
			"another checkpoint": {string(earlier), index, proof.Entry, proof.Hashes},
			"a negative place":   {proof.Checkpoint, -1, proof.Entry, proof.Hashes},
		} {
			if _, _, err := VerifyProof(bad, l.VerifierKey()); err == nil {
				t.Errorf("entry %d, %s: taken", index, name)
			}
		}
		other, _, _ := opened(t)
		if _, _, err := VerifyProof(proof, must(Open(ctx, other.db, other.o)).VerifierKey()+"x"); err == nil {
			t.Error("a key that is none checks a proof")
		}
	}
	goes := must(l.ProveConsistency(ctx, 1))
	if err := VerifyConsistency(earlier, goes, l.VerifierKey()); err != nil {
		t.Error(err)
	}
	twin, _, _ := opened(t)
	must(twin.Issue(ctx, first(t, "another")))
	if err := VerifyConsistency(must(twin.Checkpoint(ctx)), goes, l.VerifierKey()); !errors.Is(err, ErrSplit) {
		t.Errorf("another past: %v", err)
	}
	if err := VerifyConsistency(must(l.Checkpoint(ctx)), Consistency{Old: 5, Checkpoint: string(earlier)}, l.VerifierKey()); !errors.Is(err, ErrRollback) {
		t.Errorf("a shorter log: %v", err)
	}
}

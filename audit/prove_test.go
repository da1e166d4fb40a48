package audit_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
)

func TestProof(t *testing.T) {
	t.Parallel()
	l := openLog(t, openStore(t), options())
	fill(t, l, 0, 21)
	for i := range 21 {
		p, err := l.Prove(ctx, entry(i, "").ID)
		if err != nil {
			t.Fatal(err)
		}
		if err := audit.VerifyProof(p, l.VerifierKey()); err != nil {
			t.Errorf("entry %d: %v", i, err)
		}
		if e, err := p.Entry(); err != nil || e.ID != entry(i, "").ID || e.Sequence != int64(i) {
			t.Errorf("%+v, %v", e, err)
		}
	}
	good, err := l.Prove(ctx, "decision-0007")
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*audit.Proof){
		"record":     func(p *audit.Proof) { p.Record = bytes.Replace(p.Record, []byte("granted"), []byte("refused"), 1) },
		"no record":  func(p *audit.Proof) { p.Record = nil },
		"salt":       func(p *audit.Proof) { p.Salt[0] ^= 1 },
		"short salt": func(p *audit.Proof) { p.Salt = p.Salt[:15] },
		"sequence":   func(p *audit.Proof) { p.Sequence++ },
		"negative":   func(p *audit.Proof) { p.Sequence = -1 },
		"hash":       func(p *audit.Proof) { p.Hashes[1][0] ^= 1 },
		"short hash": func(p *audit.Proof) { p.Hashes[1] = p.Hashes[1][:9] },
		"fewer":      func(p *audit.Proof) { p.Hashes = p.Hashes[1:] },
		"checkpoint": func(p *audit.Proof) { p.Checkpoint = strings.Replace(p.Checkpoint, "21", "22", 1) },
	} {
		b, _ := json.Marshal(good)
		var p audit.Proof
		if err := json.Unmarshal(b, &p); err != nil {
			t.Fatal(err)
		}
		if err := audit.VerifyProof(p, l.VerifierKey()); err != nil {
			t.Fatalf("a proof that went through JSON: %v", err)
		}
		change(&p)
		if err := audit.VerifyProof(p, l.VerifierKey()); err == nil {
			t.Errorf("%s changed: the proof still holds", name)
		}
	}
	stranger, _ := audit.VerifierKey(origin, ed25519.NewKeyFromSeed(make([]byte, 32)))
	if err := audit.VerifyProof(good, stranger); err == nil {
		t.Error("the proof holds for another key")
	}
}

func TestConsistency(t *testing.T) {
	t.Parallel()
	l := openLog(t, openStore(t), options())
	var checkpoints [][]byte
	for i := range 20 {
		c, err := l.Checkpoint(ctx)
		if err != nil {
			t.Fatal(err)
		}
		checkpoints = append(checkpoints, c)
		fill(t, l, i, 1)
	}
	for old, earlier := range checkpoints {
		c, err := l.ProveConsistency(ctx, int64(old))
		if err != nil {
			t.Fatal(err)
		}
		if err := audit.VerifyConsistency(earlier, c, l.VerifierKey()); err != nil {
			t.Errorf("from %d: %v", old, err)
		}
		if err := audit.VerifyConsistency(checkpoints[(old+1)%20], c, l.VerifierKey()); err == nil {
			t.Errorf("a proof from %d holds for another checkpoint", old)
		}
	}
	other := openLog(t, openStore(t), options())
	fill(t, other, 100, 20)
	c, err := other.ProveConsistency(ctx, 10)
	if err != nil {
		t.Fatal(err)
	}
	if err := audit.VerifyConsistency(checkpoints[10], c, l.VerifierKey()); err == nil {
		t.Error("another history continues this one")
	}
	for _, n := range []int64{-1, 21} {
		if _, err := l.ProveConsistency(ctx, n); err == nil {
			t.Errorf("proof from %d", n)
		}
	}
}

func TestExport(t *testing.T) {
	t.Parallel()
	l := openLog(t, openStore(t), options())
	fill(t, l, 0, 30)
	strange := entry(30, "camille")
	strange.Actor.Name = "<Zoë & \u2028 \"Co\">"
	if err := errors.Join(l.Append(ctx, strange), l.Erase(ctx, "decision-0004")); err != nil {
		t.Fatal(err)
	}
	b, err := l.Export(ctx, "camille")
	if err != nil {
		t.Fatal(err)
	}
	fill(t, l, 31, 5) // the export does not depend on what comes after
	if err := audit.VerifyExport(b, l.VerifierKey()); err != nil {
		t.Errorf("the export: %v", err)
	}
	var x audit.Exported
	if err := json.Unmarshal(b, &x); err != nil || len(x.Entries) != 15 || x.Patient != "camille" || x.Key != l.VerifierKey() {
		t.Fatalf("%v %+v", err, x)
	}
	if bytes.Contains(b, []byte("lucas")) || bytes.Contains(b, []byte("decision-0004")) {
		t.Error("the export holds another's entry, or an erased one")
	}
	var pretty bytes.Buffer
	if err := errors.Join(json.Indent(&pretty, b, "", "  "), audit.VerifyExport(pretty.Bytes(), l.VerifierKey())); err != nil {
		t.Errorf("the export, indented: %v", err)
	}
	kept, err := l.Export(ctx, "camille", func(e *audit.Entry) bool { return e.ID == strange.ID })
	if err := errors.Join(err, audit.VerifyExport(kept, l.VerifierKey()), json.Unmarshal(kept, &x)); err != nil || len(x.Entries) != 1 {
		t.Errorf("a filtered export of %d: %v", len(x.Entries), err)
	}
	none, err := l.Export(ctx, "nobody")
	if err := errors.Join(err, audit.VerifyExport(none, l.VerifierKey())); err != nil {
		t.Errorf("an empty export: %v", err)
	}
}

func TestVerifyExportRefuses(t *testing.T) {
	t.Parallel()
	l := openLog(t, openStore(t), options())
	fill(t, l, 0, 12)
	good, err := l.Export(ctx, "camille")
	if err != nil {
		t.Fatal(err)
	}
	lucas, err := l.Export(ctx, "lucas")
	if err != nil {
		t.Fatal(err)
	}
	var other audit.Exported
	if err := json.Unmarshal(lucas, &other); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*audit.Exported)
		says   string
	}{
		"a record": {func(x *audit.Exported) {
			x.Entries[2].Record = bytes.Replace(x.Entries[2].Record, []byte("Dr Roux"), []byte("Dr Lam!"), 1)
		}, "entry 4"},
		"another's":  {func(x *audit.Exported) { x.Entries = append(x.Entries, other.Entries[5]) }, "entry 11 is of another"},
		"a copy":     {func(x *audit.Exported) { x.Entries = append(x.Entries, x.Entries[5]) }, "entry 10 is out of order"},
		"order":      {func(x *audit.Exported) { x.Entries[0], x.Entries[1] = x.Entries[1], x.Entries[0] }, "entry 0 is out of order"},
		"patient":    {func(x *audit.Exported) { x.Patient = "lucas" }, "entry 0 is of another"},
		"format":     {func(x *audit.Exported) { x.Format = "2" }, "not a"},
		"checkpoint": {func(x *audit.Exported) { x.Checkpoint = "" }, "checkpoint"},
	} {
		var x audit.Exported
		if err := json.Unmarshal(good, &x); err != nil {
			t.Fatal(err)
		}
		c.change(&x)
		b, _ := json.Marshal(x)
		if err := audit.VerifyExport(b, l.VerifierKey()); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s changed: %v, want %q", name, err, c.says)
		}
	}
	if err := audit.VerifyExport([]byte("{"), l.VerifierKey()); err == nil {
		t.Error("half an object is an export")
	}
}

func FuzzVerifyExport(f *testing.F) {
	l := openLog(f, openStore(f), options())
	fill(f, l, 0, 4)
	b, err := l.Export(ctx, "camille")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte(`{"format":"pontlevis access history 1","entries":[{}]}`))
	vkey := verifierKey(f)
	f.Fuzz(func(t *testing.T, b []byte) { _ = audit.VerifyExport(b, vkey) })
}

func TestVerifyFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, copied := filepath.Join(dir, "audit.db"), filepath.Join(dir, "copy.db")
	db, err := store.OpenBolt(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l := openLog(t, db, options())
	fill(t, l, 0, 10)
	if _, err := audit.VerifyFile(ctx, path, l.VerifierKey()); !errors.Is(err, store.ErrInUse) {
		t.Errorf("a file in use: %v", err)
	}
	f, err := os.Create(copied)
	if err := errors.Join(err, db.Backup(ctx, f), f.Close()); err != nil {
		t.Fatal(err)
	}
	if r, err := audit.VerifyFile(ctx, copied, l.VerifierKey()); err != nil || !r.OK() || r.Size != 10 || r.Origin != origin {
		t.Errorf("the backup of a running log: %v\n%s", err, r)
	}
	if err := errors.Join(l.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if i := bytes.Index(b, []byte(`"id":"decision-0006"`)); i < 0 {
		t.Fatal("the record is not in the file as text")
	}
	b = bytes.ReplaceAll(b, []byte(`"id":"decision-0006"`), []byte(`"id":"decision-0666"`))
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := audit.VerifyFile(ctx, path, verifierKey(t))
	if err != nil || len(r.Findings) != 1 || r.Findings[0].Kind != audit.Changed || r.Findings[0].Sequence != 6 {
		t.Errorf("a file edited by hand: %v\n%s", err, r)
	}
	if _, err := audit.VerifyFile(ctx, filepath.Join(dir, "none"), verifierKey(t)); err == nil {
		t.Error("a missing file verifies")
	}
}

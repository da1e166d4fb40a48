package audit

import (
	"crypto/ed25519"
	"path/filepath"
	"testing"

	"github.com/pontlevis/pontlevis/merkle"
	"github.com/pontlevis/pontlevis/store"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// The frontier stores what tlog would store and has tlog's root, at every size.
func TestFrontierIsTlog(t *testing.T) {
	t.Parallel()
	var f frontier
	var all []tlog.Hash // by stored hash index
	reader := tlog.HashReaderFunc(func(indexes []int64) (out []tlog.Hash, err error) {
		for _, i := range indexes {
			out = append(out, all[i])
		}
		return out, nil
	})
	for n := range int64(300) {
		root, err := tlog.TreeHash(n, reader)
		if err != nil || f.Root() != root || f.Size != n {
			t.Fatalf("size %d: root %v, tlog's %v, %v", n, f.Root(), root, err)
		}
		leaf := tlog.RecordHash([]byte{byte(n), byte(n >> 8)})
		want, err := tlog.StoredHashesForRecordHash(n, leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		var row []byte
		for _, h := range want {
			row = append(row, h[:]...)
		}
		if got := f.Add(leaf, nil); string(got) != string(row) {
			t.Fatalf("entry %d stores %x, tlog %x", n, got, row)
		}
		all = append(all, want...)
	}
}

// What is read back from rows is the frontier that wrote them.
func TestLoadFrontier(t *testing.T) {
	t.Parallel()
	db, err := store.OpenBolt(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.Int64Range(0, 200).Draw(rt, "size")
		err := db.Update(t.Context(), Partition, func(tx store.Tx) error {
			var f frontier
			for seq := range n {
				if err := tx.Put(seqKey(hashRow, seq), f.Add(tlog.RecordHash(seqBytes(seq)), nil)); err != nil {
					return err
				}
			}
			loaded, err := loadFrontier(tx, n)
			if err != nil {
				return err
			}
			if loaded.Root() != f.Root() || loaded.Size != n || len(loaded.Hashes) != len(f.Hashes) {
				rt.Fatalf("loading a frontier of %d gives another", n)
			}
			return nil
		})
		if err != nil {
			rt.Fatal(err)
		}
	})
}

// The checkpoint has the form of C2SP tlog-checkpoint, and note's own verifier accepts it.
func TestCheckpointForm(t *testing.T) {
	t.Parallel()
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	s, err := merkle.NewSigner("example.org/log", key)
	if err != nil {
		t.Fatal(err)
	}
	l := &Log{origin: "example.org/log", signer: s}
	signed, err := l.sign(state{size: 0, root: (&frontier{}).Root()})
	if err != nil {
		t.Fatal(err)
	}
	vkey, _ := VerifierKey("example.org/log", key)
	v, err := note.NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(signed, note.VerifierList(v))
	if err != nil {
		t.Fatal(err)
	}
	if want := "example.org/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n"; n.Text != want {
		t.Errorf("%q, want %q", n.Text, want)
	}
}

func FuzzCheckpoint(f *testing.F) {
	f.Add("example.org/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n")
	f.Add("a\n-1\n\n")
	f.Fuzz(func(t *testing.T, text string) {
		origin, s, err := parseCheckpoint(text)
		if err == nil && len(formatCheckpoint(origin, s)) > len(text) {
			t.Errorf("%q is read as more than it says", text)
		}
	})
}

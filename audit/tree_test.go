package audit

import (
	"path/filepath"
	"testing"

	"github.com/pontlevis/pontlevis/merkle"
	"github.com/pontlevis/pontlevis/store"
	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

// What is read back from rows is the edge that wrote them.
func TestLoadEdge(t *testing.T) {
	t.Parallel()
	db, err := store.OpenBolt(filepath.Join(t.TempDir(), "db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.Int64Range(0, 200).Draw(rt, "size")
		err := db.Update(t.Context(), Partition, func(tx store.Tx) error {
			var f merkle.Edge
			for seq := range n {
				if err := tx.Put(seqKey(hashRow, seq), f.Add(tlog.RecordHash(seqBytes(seq)), nil)); err != nil {
					return err
				}
			}
			loaded, err := loadEdge(tx, n)
			if err != nil {
				return err
			}
			if loaded.Root() != f.Root() || loaded.Size != n || len(loaded.Hashes) != len(f.Hashes) {
				rt.Fatalf("loading the edge of %d gives another", n)
			}
			return nil
		})
		if err != nil {
			rt.Fatal(err)
		}
	})
}

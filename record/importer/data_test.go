package importer_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/record/importer"
	"github.com/pontlevis/pontlevis/store"
)

func open(t testing.TB) (*store.Bolt, *record.Embedded) {
	t.Helper()
	db, err := store.OpenBolt(filepath.Join(t.TempDir(), "pontlevis.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	e, err := record.OpenEmbedded(db, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return db, e
}

// dataFolder is where the real records are, beside the repository.
func dataFolder(t testing.TB) string {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "data")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no ../shared/data beside the repository: the import of real records is NOT tested here")
	}
	return dir
}

func TestRealRecordsTwice(t *testing.T) {
	t.Parallel()
	dir := dataFolder(t)
	db, source := open(t)
	im := &importer.Importer{Source: source, Checkpoints: db}
	start := time.Now()
	first, err := im.Import(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("first: %v: %d files, %d read, %d written, %d unchanged, %d skipped %v, %d refused, %d unresolved, %d patients",
		time.Since(start), first.Files, first.Read, first.Written, first.Unchanged, first.Skipped, first.SkippedBy, first.RefusedAll, first.Unresolved, len(first.Patients))
	for _, l := range first.Refused {
		if strings.Contains(l.File, "synthea") {
			t.Errorf("a resource of a whole record was refused: %s", l)
		}
	}
	if len(first.Patients) < 46 || first.Written < 17_000 || first.RefusedAll > 100 {
		t.Errorf("%d patients, %d written, %d refused", len(first.Patients), first.Written, first.RefusedAll)
	}
	start = time.Now()
	second, err := im.Import(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("second: %v: %d read, %d written, %d unchanged, %d refused, unresolved %d", time.Since(start), second.Read, second.Written, second.Unchanged, second.RefusedAll, second.Unresolved)
	if second.Written != 0 || second.Unchanged != first.Written+first.Unchanged || second.RefusedAll != first.RefusedAll {
		t.Errorf("the second import is not a repetition: %+v", second)
	}
	for _, r := range []importer.Report{first, second} {
		if got := r.Written + r.Unchanged + r.Skipped + r.RefusedAll - r.BadLines; got != r.Read {
			t.Errorf("read %d, accounted for %d", r.Read, got)
		}
	}
}

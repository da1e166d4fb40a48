package importer_test

import (
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/record/generate"
	"github.com/pontlevis/pontlevis/record/importer"
	"github.com/pontlevis/pontlevis/store"
)

// BenchmarkImport loads an invented nation of some thousand resources: CPU and disk of a resource.
func BenchmarkImport(b *testing.B) {
	folder := filepath.Join(b.TempDir(), "nation")
	n, err := generate.New(generate.Options{Patients: 300, Seed: 1})
	if err != nil {
		b.Fatal(err)
	}
	if _, err := n.Folder(b.Context(), folder, false); err != nil {
		b.Fatal(err)
	}
	resources, cpu := 0, cpuTime()
	for b.Loop() {
		db, err := store.OpenBolt(filepath.Join(b.TempDir(), "state.db"))
		if err != nil {
			b.Fatal(err)
		}
		source, err := record.OpenEmbedded(db, time.Now)
		if err != nil {
			b.Fatal(err)
		}
		report, err := (&importer.Importer{Source: source, Checkpoints: db}).Import(b.Context(), folder)
		if err != nil || report.RefusedAll > 0 {
			b.Fatal(err, report)
		}
		resources += report.Written
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpuTime()-cpu).Microseconds())/float64(resources), "cpu-µs/resource")
	b.ReportMetric(float64(resources)/b.Elapsed().Seconds(), "resources/s")
}

// cpuTime is what this process has used, in user and system mode.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

package audit_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/audit"
)

// cpu returns the user and system time that this process has used.
func cpu(b *testing.B) (user, system time.Duration) {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano()), time.Duration(u.Stime.Nano())
}

// benchEntry is what a read by a professional leaves in the log, as the gate fills it.
func benchEntry(i int64) audit.Entry {
	return audit.Entry{
		ID: audit.NewID(), At: time.Now(), Patient: fmt.Sprintf("patient-%04d", i*7919%5000),
		Actor: audit.Agent{
			Kind: "professional", ID: "Practitioner/dr-roux", Name: "Dr Anne Roux",
			Profession: "https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante|10", Organization: "Organization/cabinet-roux",
		},
		Client: "portal", Action: "R", Interaction: "read", Outcome: audit.Granted, Rule: "P1", Layer: "person",
		Purpose: "TREAT", Mode: "normal", Resources: []string{"DocumentReference/camille-psychiatric-letter"},
		Revision: "sha256:3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", Grant: "kq3v7c2m5x6t4b8n9p1d0f2h3j",
	}
}

// BenchmarkAppend tells what a durable entry costs: processor time of this process (user and system, the kernel's part
// of fdatasync with it), and how long a caller waits.
func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			var commits atomic.Int64
			o := audit.Options{Origin: origin, Key: key, Journal: filepath.Join(b.TempDir(), "log.journal"), OnCommit: func(int, time.Duration) { commits.Add(1) }}
			l := openLog(b, openStore(b), o)
			waits := make([][]time.Duration, callers)
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ReportAllocs()
			user, system := cpu(b)
			b.ResetTimer()
			for c := range callers {
				wg.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						began := time.Now()
						if err := l.Append(ctx, benchEntry(i)); err != nil {
							b.Error(err)
							return
						}
						waits[c] = append(waits[c], time.Since(began))
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			userNow, systemNow := cpu(b)
			all := slices.Concat(waits...)
			slices.Sort(all)
			n := float64(len(all))
			b.ReportMetric(float64((userNow-user).Microseconds())/n, "user-µs/entry")
			b.ReportMetric(float64((systemNow-system).Microseconds())/n, "system-µs/entry")
			b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
			b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
			b.ReportMetric(n/float64(max(commits.Load(), 1)), "entries/commit")
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	db := openStore(b)
	l := openLog(b, db, options())
	entries := make([]audit.Entry, 2000)
	for i := range entries {
		entries[i] = entry(i, "camille")
	}
	if err := l.Append(ctx, entries...); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if r, err := l.Verify(ctx, l.VerifierKey()); err != nil || !r.OK() {
			b.Fatal(err, r)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2000, "ns/entry")
}

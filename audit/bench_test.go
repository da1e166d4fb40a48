package audit_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/audit"
)

func BenchmarkAppend(b *testing.B) {
	for _, callers := range []int{1, 16, 64} {
		b.Run(fmt.Sprint(callers), func(b *testing.B) {
			var commits atomic.Int64
			o := audit.Options{Origin: origin, Key: key, OnCommit: func(int, time.Duration) { commits.Add(1) }}
			l := openLog(b, openStore(b), o)
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ReportAllocs()
			b.ResetTimer()
			for range callers {
				wg.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						e := entry(0, "camille")
						e.ID = ""
						if err := l.Append(ctx, e); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			b.ReportMetric(float64(b.N)/float64(max(commits.Load(), 1)), "entries/commit")
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

package plan_test

import (
	"math/rand/v2"
	"runtime"
	"syscall"
	"testing"

	"github.com/pontlevis/pontlevis/policies/plan"
)

// page is one input and the resources that are decided under it, as a gateway meets them: seeds of the bundle's own tests.
type page struct {
	in        plan.Value
	resources []plan.Value
}

// benchPages gives pages of fifty resources each: inputs of the bundle's tests, each with the resources of all of them.
func benchPages(b *testing.B) (*plan.Program, []page) {
	w := worlds(b)
	seeds := w.Seeds()
	rng := rand.New(rand.NewPCG(1, 2))
	pages := make([]page, 32)
	for i := range pages {
		pages[i].in = partsOf(b, seeds[rng.IntN(len(seeds))]).in
		for range 50 {
			pages[i].resources = append(pages[i].resources, partsOf(b, seeds[rng.IntN(len(seeds))]).res)
		}
	}
	return loadBundle(b).program(b, plan.Options{Vary: "resource"}), pages
}

// cpu reports the processor's time of what follows, which a machine busy with other things distorts less than the clock's.
func cpu(b *testing.B) (done func()) {
	runtime.LockOSThread()
	used := func() int64 {
		var u syscall.Rusage
		must(b, syscall.Getrusage(1, &u)) // RUSAGE_THREAD
		return u.Utime.Nano() + u.Stime.Nano()
	}
	began := used()
	return func() {
		b.ReportMetric(float64(used()-began)/float64(b.N), "cpu-ns/op")
		runtime.UnlockOSThread()
	}
}

func must(b testing.TB, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// BenchmarkPage begins a page and closes it.
func BenchmarkPage(b *testing.B) {
	p, pages := benchPages(b)
	b.ReportAllocs()
	defer cpu(b)()
	for i := 0; b.Loop(); i++ {
		p.Page(pages[i%len(pages)].in).Close()
	}
}

// BenchmarkFirst begins a page and decides one resource.
func BenchmarkFirst(b *testing.B) {
	p, pages := benchPages(b)
	b.ReportAllocs()
	defer cpu(b)()
	for i := 0; b.Loop(); i++ {
		pg := &pages[i%len(pages)]
		page := p.Page(pg.in)
		_, err := page.Evaluate(b.Context(), pg.resources[i%50])
		must(b, err)
		page.Close()
	}
}

// BenchmarkWarm decides one resource more on a page that has decided many.
func BenchmarkWarm(b *testing.B) {
	p, pages := benchPages(b)
	open := make([]*plan.Page, len(pages))
	ctx := b.Context()
	for i := range pages {
		open[i] = p.Page(pages[i].in)
		for k := range plan.DefaultFit + 2 {
			_, err := open[i].Evaluate(ctx, pages[i].resources[k%50])
			must(b, err)
		}
	}
	b.ReportAllocs()
	defer cpu(b)()
	for i := 0; b.Loop(); i++ {
		at := i % len(pages)
		_, err := open[at].Evaluate(ctx, pages[at].resources[i%50])
		must(b, err)
	}
}

// BenchmarkFifty begins a page and decides fifty resources.
func BenchmarkFifty(b *testing.B) {
	p, pages := benchPages(b)
	ctx := b.Context()
	b.ReportAllocs()
	defer cpu(b)()
	for i := 0; b.Loop(); i++ {
		pg := &pages[i%len(pages)]
		page := p.Page(pg.in)
		for _, r := range pg.resources {
			_, err := page.Evaluate(ctx, r)
			must(b, err)
		}
		page.Close()
	}
}

// BenchmarkOPA decides the same resources by OPA's evaluator, for comparison in one run.
func BenchmarkOPA(b *testing.B) {
	bundle, seeds := loadBundle(b), worlds(b).Seeds()
	rng := rand.New(rand.NewPCG(1, 2))
	cases := make([]parts, 256)
	for i := range cases {
		cases[i] = partsOf(b, seeds[rng.IntN(len(seeds))])
	}
	ctx := b.Context()
	b.ReportAllocs()
	defer cpu(b)()
	for i := 0; b.Loop(); i++ {
		c := &cases[i%len(cases)]
		_, err := bundle.reference(ctx, c.input, c.resource)
		must(b, err)
	}
}

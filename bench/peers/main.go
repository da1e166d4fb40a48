package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"
)

// engine is one way to decide: page prepares what the documents of a page share.
type engine struct {
	name string
	page func(facts) func(document) (bool, error)
}

func newEngines(ctx context.Context) ([]engine, error) {
	r, err := newRego(ctx)
	if err != nil {
		return nil, err
	}
	cedar, err := newCedar()
	if err != nil {
		return nil, err
	}
	cel, err := newCEL()
	if err != nil {
		return nil, err
	}
	return []engine{{"OPA's evaluator", r.byOPA}, {"the compiled plan", r.byPlan}, {"cedar-go", cedar.page}, {"cel-go", cel.page}}, nil
}

func main() {
	runtime.GOMAXPROCS(1)
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	subset, err := subsetRows(ctx)
	if err != nil {
		return err
	}
	ours, err := bundleRows(ctx)
	if err != nil {
		return err
	}
	report("7 grants and 11 denials, written in Rego, Cedar and CEL (cold: the page's facts are prepared too)", subset)
	report("the bundle that ships", ours)
	return nil
}

// row is one line of the table: a way, and how often it is done with a page of so many documents.
type row struct {
	name string
	docs int
	run  func() error
	best measure

	batch int // runs between two looks at the clock
}

type measure struct {
	nanos  float64 // CPU time of one page
	allocs float64
}

// subsetRows decides pages of the subset by every engine, from the facts on and with a page that is warm.
func subsetRows(ctx context.Context) ([]*row, error) {
	engines, err := newEngines(ctx)
	if err != nil {
		return nil, err
	}
	f := facts{
		Subject: "person-1", Kind: "professional", Profession: "doctor", Patient: "person-0", Mode: "normal", Purpose: "TREAT", AAL: 2, Consent: true,
		Representatives: []string{"person-4"}, Team: []string{"person-2", "person-1", "person-3"}, Treating: []string{"person-5"}, Blocked: []string{"person-3"},
	}
	var rows []*row
	for _, n := range []int{1, 50, 1000} {
		docs := documents(rand.New(rand.NewPCG(3, 4)), n, 40)
		for _, e := range engines {
			warm := e.page(f)
			rows = append(rows,
				&row{name: e.name + ", cold page", docs: n, run: func() error { return decideAll(e.page(f), docs) }},
				&row{name: e.name + ", warm page", docs: n, run: func() error { return decideAll(warm, docs) }})
		}
	}
	return rows, nil
}

func decideAll(ask func(document) (bool, error), docs []document) error {
	for _, d := range docs {
		if _, err := ask(d); err != nil {
			return err
		}
	}
	return nil
}

// rounds alternate the rows, so that a busy machine is unfair to none; the best of each is what it costs.
const (
	rounds = 15
	slot   = 8 * time.Millisecond
)

func report(title string, rows []*row) {
	for range rounds {
		for _, r := range rows {
			if err := r.measure(); err != nil {
				fmt.Fprintln(os.Stderr, r.name, err)
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b *row) int { return a.docs - b.docs })
	fmt.Printf("\n%s\n", title)
	w := tabwriter.NewWriter(os.Stdout, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "documents\tway\tCPU µs\tns a document\tallocations a document\t")
	for _, r := range rows {
		fmt.Fprintf(w, "%d\t%s\t%.1f\t%.0f\t%.1f\t\n", r.docs, r.name, r.best.nanos/1e3, r.best.nanos/float64(r.docs), r.best.allocs/float64(r.docs))
	}
	w.Flush()
}

// measure runs the row for a slot of CPU time and keeps the cheaper of this and what was seen before.
func (r *row) measure() error {
	if r.batch == 0 {
		began := time.Now()
		if err := r.run(); err != nil {
			return err
		}
		r.batch = int(min(1000, 1+200*time.Microsecond/max(1, time.Since(began))))
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	n, began := 0, cpu()
	for cpu()-began < slot {
		for range r.batch {
			if err := r.run(); err != nil {
				return err
			}
			n++
		}
	}
	took := cpu() - began
	runtime.ReadMemStats(&after)
	m := measure{float64(took) / float64(n), float64(after.Mallocs-before.Mallocs) / float64(n)}
	if r.best.nanos == 0 || m.nanos < r.best.nanos {
		r.best = m
	}
	return nil
}

// cpu is the time that this process had a processor.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // the kernel does not know the process that asks
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

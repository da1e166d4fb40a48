package worlds

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"testing"
	"time"
)

const envTiming = "PONTLEVIS_TIMING" // rounds of the test of time

// question is one pair of requests, about what is absent and about what is forbidden.
type question struct {
	name              string
	who               string
	absent, forbidden string
}

// timed are the questions whose answers are the same. The ids are of one length; h-thing is hidden, n-thing was never.
func timed() (scene, []question) {
	a := &author{Rand: rand.New(rand.NewPCG(7, 7)), patient: "camille"}
	s := scene{kind: "time", patient: "camille"}
	for range 20 {
		t := a.traits(a.name("v"))
		s.both = append(s.both, a.make("DocumentReference", t, a.at()))
	}
	t := a.traits("h-thing")
	t.author, t.labels, t.text = "dr-benali", []string{masque}, marker
	s.one = []put{a.make("DocumentReference", t, 0), a.make("Binary", t, 0), a.make("Observation", t, 0)}
	s.hidden = "DocumentReference/h-thing"
	q := func(name, path string) question {
		return question{name, "dr-lam", root + fmt.Sprintf(path, "n-thing"), root + fmt.Sprintf(path, "h-thing")}
	}
	return s, []question{
		q("read", "/DocumentReference/%s"), q("read, Observation", "/Observation/%s"), q("bytes", "/Binary/%s"),
		q("history", "/DocumentReference/%s/_history"), q("vread", "/DocumentReference/%s/_history/1"),
		q("search by identifier", "/DocumentReference?patient=camille&identifier=urn:doc|%s"),
		q("search by _id", "/DocumentReference?patient=camille&_id=%s"),
		q("search by link", "/DocumentReference?patient=camille&relatesto=DocumentReference/%s"),
		q("chain", "/DocumentReference?patient=camille&relatesto:DocumentReference.identifier=urn:doc|%s"),
	}
}

// TestTiming measures whether the clock tells what is absent from what is forbidden: the same questions in random order
// on one processor, the slowest tenth of each left out, compared by Welch's t-test. It prints and asserts nothing: what
// is a usable difference depends on the network, and docs/silence.md says what was found.
func TestTiming(t *testing.T) {
	rounds := int(setting(t, envTiming, 0))
	if rounds == 0 {
		t.Skipf("%s is not set: it takes minutes, and tells something only on a machine at rest", envTiming)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	s, questions := timed()
	r := rand.New(rand.NewPCG(1, 1))
	fmt.Fprintf(os.Stdout, "%-24s %10s %10s %10s %8s %8s\n", "absent or forbidden", "absent µs", "forb. µs", "diff. µs", "diff. %", "t")
	for _, q := range questions {
		var took [2][]float64
		for chunk := 0; chunk < rounds; chunk += 200 {
			p, err := newPair(s)
			if err != nil {
				t.Fatal(err)
			}
			w := p.worlds[0]
			w.set(requestsFrom)
			for range 20 { // warm: facts, tables, code
				w.ask(q.who, "GET", q.absent, nil, "")
				w.ask(q.who, "GET", q.forbidden, nil, "")
			}
			for range 200 {
				side := r.IntN(2)
				target := []string{q.absent, q.forbidden}[side]
				began := time.Now()
				w.ask(q.who, "GET", target, nil, "")
				took[side] = append(took[side], float64(time.Since(began).Nanoseconds())/1000)
			}
			p.close()
			runtime.GC()
		}
		a, b := trimmed(took[0]), trimmed(took[1])
		fmt.Fprintf(os.Stdout, "%-24s %10.2f %10.2f %10.2f %8.2f %8.1f\n", q.name, a.mean, b.mean, b.mean-a.mean, 100*(b.mean-a.mean)/a.mean, welch(a, b))
	}
}

// sample is a mean with what a t-test needs beside it.
type sample struct{ mean, variance, n float64 }

// trimmed leaves out the slowest tenth: interrupts and neighbours, not the code.
func trimmed(all []float64) sample {
	all = slices.Clone(all)
	slices.Sort(all)
	all = all[:len(all)*9/10]
	s := sample{n: float64(len(all))}
	for _, x := range all {
		s.mean += x / s.n
	}
	for _, x := range all {
		s.variance += (x - s.mean) * (x - s.mean) / (s.n - 1)
	}
	return s
}

// welch is Welch's t for two samples; beyond ±4.5 the difference is no chance.
func welch(a, b sample) float64 {
	return (b.mean - a.mean) / math.Sqrt(a.variance/a.n+b.variance/b.n)
}

func TestWelch(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(3, 3))
	draw := func(mean float64) sample {
		all := make([]float64, 4000)
		for i := range all {
			all[i] = mean + r.NormFloat64()
		}
		return trimmed(all)
	}
	if x := welch(draw(10), draw(10)); math.Abs(x) > 4.5 {
		t.Errorf("equal times differ by t = %.1f", x)
	}
	if x := welch(draw(10), draw(10.3)); x < 4.5 {
		t.Errorf("times that differ by a third of their spread are told apart by t = %.1f alone", x)
	}
}

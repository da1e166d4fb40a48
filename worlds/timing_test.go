package worlds

import (
	"fmt"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
)

const envTiming = "PONTLEVIS_TIMING" // rounds of the test of time

// question is one pair of requests, about what is absent and about what is forbidden.
type question struct {
	name              string
	who               string
	absent, forbidden string
	body              func(of string) string // of what is posted; nil when it is asked by GET
}

// ask asks one side of a question.
func (q question) ask(w *place, of string) *httptest.ResponseRecorder {
	if q.body == nil {
		return w.ask(q.who, http.MethodGet, of, nil, "")
	}
	return w.ask(q.who, http.MethodPost, root, [][2]string{{"Content-Type", "application/fhir+json"}}, q.body(of))
}

// hundredfold is a batch of a hundred reads of one id: what one of them would tell, told a hundred times.
func hundredfold(of string) string {
	entry := `{"request":{"method":"GET","url":"` + of + `"}}`
	return `{"resourceType":"Bundle","type":"batch","entry":[` + strings.Repeat(entry+",", 99) + entry + `]}`
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
		return question{name, "dr-lam", root + fmt.Sprintf(path, "n-thing"), root + fmt.Sprintf(path, "h-thing"), nil}
	}
	return s, []question{
		q("read", "/DocumentReference/%s"), q("read, Observation", "/Observation/%s"), q("bytes", "/Binary/%s"),
		q("history", "/DocumentReference/%s/_history"), q("vread", "/DocumentReference/%s/_history/1"),
		q("search by identifier", "/DocumentReference?patient=camille&identifier=urn:doc|%s"),
		q("search by _id", "/DocumentReference?patient=camille&_id=%s"),
		q("search by link", "/DocumentReference?patient=camille&relatesto=DocumentReference/%s"),
		q("chain", "/DocumentReference?patient=camille&relatesto:DocumentReference.identifier=urn:doc|%s"),
		{"batch of 100 reads", "dr-lam", "DocumentReference/n-thing", "DocumentReference/h-thing", hundredfold},
	}
}

// TestTiming measures whether the clock tells what is absent from what is forbidden: the same questions in random order
// on one processor, the slowest tenth of each left out, compared by Welch's t-test; once without a time of silence, once
// with the one that a server has. It prints and asserts nothing: what is a usable difference depends on the network, and
// docs/silence.md says what was found.
func TestTiming(t *testing.T) {
	rounds := int(setting(t, envTiming, 0))
	if rounds == 0 {
		t.Skipf("%s is not set: it takes minutes, and tells something only on a machine at rest", envTiming)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	s, questions := timed()
	for _, silence := range []time.Duration{0, 5 * time.Millisecond} {
		fmt.Fprintf(os.Stdout, "\na silence of %v\n%-24s %6s %10s %10s %10s %8s %8s\n", silence, "absent or forbidden", "n", "absent µs", "forb. µs", "diff. µs", "diff. %", "t")
		for _, q := range questions {
			n := rounds
			if q.body != nil {
				n = max(rounds/50, 40)
			}
			a, b := timesOf(t, s, q, silence, n)
			fmt.Fprintf(os.Stdout, "%-24s %6d %10.2f %10.2f %10.2f %8.2f %8.1f\n", q.name, n, a.mean, b.mean, b.mean-a.mean, 100*(b.mean-a.mean)/a.mean, welch(a, b))
		}
	}
}

// timesOf asks both sides of a question, in random order, and gives their times in microseconds.
func timesOf(t *testing.T, s scene, q question, silence time.Duration, rounds int) (absent, forbidden sample) {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 1))
	var took [2][]float64
	for left := rounds; left > 0; left -= 200 {
		p, err := newPair(s)
		if err != nil {
			t.Fatal(err)
		}
		w := p.worlds[0]
		w.set(requestsFrom)
		for range 20 { // warm: facts, tables, code
			q.ask(w, q.absent)
			q.ask(w, q.forbidden)
		}
		w.gate.Silence = silence
		for range min(left, 200) {
			side := r.IntN(2)
			id := []string{q.absent, q.forbidden}[side]
			began := time.Now()
			rec := q.ask(w, id)
			took[side] = append(took[side], float64(time.Since(began).Nanoseconds())/1000)
			if rec.Code >= 500 {
				t.Fatalf("%s answers %d: %s", q.name, rec.Code, rec.Body)
			}
		}
		p.close()
		runtime.GC()
	}
	return trimmed(took[0]), trimmed(took[1])
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

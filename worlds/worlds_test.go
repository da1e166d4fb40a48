package worlds

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Settings of a run, from the environment.
const (
	envPairs = "PONTLEVIS_WORLDS_PAIRS" // how many pairs of requests in all; 0: the short run
	envSeed  = "PONTLEVIS_WORLDS_SEED"  // the first seed; with a kind and without pairs, the one to see again
	envKind  = "PONTLEVIS_WORLDS_KIND"  // one kind alone
	envStep  = "PONTLEVIS_WORLDS_STEP"  // how far seeds are apart, so that several processes share them
)

// Requests in a sequence, and pairs of the short run.
const (
	sequence   = 40
	shortPairs = 6000
)

func setting(t testing.TB, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// TestWorlds holds rule S1 of the gate: what somebody is told of a record is what they would be told of the same record
// without what is hidden from them, whatever they ask and in whatever order.
func TestWorlds(t *testing.T) {
	pairs, first, step := setting(t, envPairs, 0), setting(t, envSeed, 1), setting(t, envStep, 1)
	kinds := allKinds
	if only := os.Getenv(envKind); only != "" {
		kinds = slices.DeleteFunc(slices.Clone(allKinds), func(k kind) bool { return k.name != only })
	}
	if pairs == 0 {
		if pairs = shortPairs; os.Getenv(envKind) != "" && os.Getenv(envSeed) != "" {
			pairs = sequence
		} else if testing.Short() {
			pairs = shortPairs / 6
		}
	}
	counts := tally{}
	began, told := time.Now(), time.Now()
	for seed := first; counts.sum() < pairs; seed += step {
		for _, k := range kinds {
			d, err := episode(k, seed, sequence, func(r request) { counts.add(k.name, r.kind) })
			if err != nil {
				t.Fatalf("%s, seed %d: %v", k.name, seed, err)
			}
			if d != nil {
				t.Fatalf("after %d pairs: %s", counts.sum(), shrink(d))
			}
		}
		if pairs > shortPairs && time.Since(told) > time.Minute {
			told = time.Now()
			fmt.Printf("%s  %d pairs, seed %d, %.0f a second\n", told.Format(time.TimeOnly), counts.sum(), seed, float64(counts.sum())/time.Since(began).Seconds())
		}
	}
	if pairs > shortPairs {
		fmt.Print(counts)
		fmt.Printf("%d pairs without a difference in %v, seeds %d by %d\n", counts.sum(), time.Since(began).Round(time.Second), first, step)
	}
}

// TestWitness sees that the hidden things are there: somebody who may know reads each in the first world and not in the
// second, and nobody who may not. Else a run without a difference would say nothing.
func TestWitness(t *testing.T) {
	for _, k := range allKinds {
		seen := 0
		for seed := range uint64(12) {
			s := drawScene(k, seed)
			p, err := newPair(s)
			if err != nil {
				t.Fatalf("%s, seed %d: %v", k.name, seed, err)
			}
			ask := func(side int, who string) int {
				return p.worlds[side].ask(who, "GET", root+"/"+s.hidden, nil, "").Code
			}
			for _, who := range s.readers {
				if code := ask(0, who); code == 200 {
					t.Errorf("%s, seed %d: %s reads %s, which is to be hidden from them", k.name, seed, who, s.hidden)
				}
			}
			if s.witness == "" || ask(0, s.witness) == 200 && (len(s.two) > 0 || ask(1, s.witness) != 200) {
				seen++
			}
			p.close()
		}
		if seen < 12 {
			t.Errorf("%s: somebody who may know saw the hidden thing in %d of 12 worlds", k.name, seen)
		}
	}
}

// tally counts pairs by kind of hidden thing and kind of request.
type tally map[string]map[string]uint64

func (c tally) add(kind, request string) {
	if c[kind] == nil {
		c[kind] = map[string]uint64{}
	}
	c[kind][request]++
}

func (c tally) sum() (n uint64) {
	for _, of := range c {
		for _, k := range of {
			n += k
		}
	}
	return n
}

// String is the table of kinds by requests.
func (c tally) String() string {
	var b strings.Builder
	kinds := slices.Sorted(maps.Keys(c))
	fmt.Fprintf(&b, "%-20s", "")
	for _, k := range kinds {
		fmt.Fprintf(&b, "%*s", max(8, len(k)+1), k)
	}
	b.WriteByte('\n')
	rows := slices.Clone(drawings)
	slices.SortStableFunc(rows, func(a, b drawing) int { return cmp.Compare(b.weight, a.weight) })
	for _, d := range rows {
		fmt.Fprintf(&b, "%-20s", d.name)
		for _, k := range kinds {
			fmt.Fprintf(&b, "%*d", max(8, len(k)+1), c[k][d.name])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

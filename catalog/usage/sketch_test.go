package usage

import (
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var key = []byte("0123456789abcdef0123456789abcdef")

func TestEstimate(t *testing.T) {
	t.Parallel()
	s := sketch{}
	for n := 1; n <= 200000; n++ {
		s.add(hashOf(key, "app", "2026-11", fmt.Sprint("patient-", n)))
		bound := 0.08 * float64(n)
		switch {
		case n <= 30:
			bound = 1
		case n%1009 != 0:
			continue
		}
		if got := s.estimate(); math.Abs(float64(got-n)) > bound {
			t.Fatalf("%d persons are estimated as %d", n, got)
		}
	}
}

// What is added twice counts once, in whatever order; two sketches joined are the sketch of all; writing changes nothing.
func TestSketch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		persons := rapid.SliceOfN(rapid.IntRange(0, 3000), 0, 3000).Draw(t, "persons")
		all, a, b := sketch{}, sketch{}, sketch{}
		for k, n := range persons {
			hash := hashOf(key, "app", "2026-11", fmt.Sprint(n))
			all.add(hash)
			if all.add(hash) {
				t.Fatal("the same person changed the sketch twice")
			}
			if k%2 == 0 {
				a.add(hash)
			} else {
				b.add(hash)
			}
		}
		a.join(b)
		if d := cmp.Diff(all, a); d != "" {
			t.Fatal(d)
		}
		read, err := decodeSketch(all.encode())
		if d := cmp.Diff(all, read); d != "" || err != nil {
			t.Fatal(err, d)
		}
	})
}

func FuzzDecodeSketch(f *testing.F) {
	s := sketch{}
	f.Add(s.encode())
	for n := range 5000 {
		s.add(hashOf(key, "a", "m", fmt.Sprint(n)))
		if n%1000 == 0 {
			f.Add(s.encode())
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		s, err := decodeSketch(raw)
		if err == nil && (s.estimate() < 0 || len(s) > registers) {
			t.Fatalf("%d persons", s.estimate())
		}
	})
}

// Nobody can be followed from one app or month to another.
func TestHashes(t *testing.T) {
	t.Parallel()
	seen := map[uint64]string{}
	for _, of := range [][3]string{{"a", "2026-11", "camille"}, {"b", "2026-11", "camille"}, {"a", "2026-12", "camille"}, {"a2026", "-11", "camille"}, {"a", "2026-11c", "amille"}} {
		hash := hashOf(key, of[0], of[1], of[2])
		if other := seen[hash]; other != "" {
			t.Errorf("%v and %s have one hash", of, other)
		}
		seen[hash] = fmt.Sprint(of)
	}
	if hashOf(key, "a", "m", "p") == hashOf([]byte("another key of thirty-two bytes."), "a", "m", "p") {
		t.Error("the key does not matter")
	}
}

func TestPublish(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		n, persons int
		want       Public
	}{
		{0, 0, Public{}}, {40, 0, Public{}}, {1, 1, Public{Some: true, Few: true}}, {5000, 9, Public{Some: true, Few: true}},
		{12, 10, Public{Some: true, N: 10}}, {13, 11, Public{Some: true, N: 10}}, {99, 30, Public{Some: true, N: 90}}, {101, 30, Public{Some: true, N: 100}},
		{119, 30, Public{Some: true, N: 110}}, {98765, 400, Public{Some: true, N: 98000}},
	} {
		if got := publish(tt.n, tt.persons); got != tt.want {
			t.Errorf("%d of %d persons: %+v, want %+v", tt.n, tt.persons, got, tt.want)
		}
	}
}

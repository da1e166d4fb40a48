package record

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newSealer(t testing.TB) (*Sealer, *clock) {
	t.Helper()
	c := &clock{t: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)}
	s, err := NewSealer(bytes.Repeat([]byte{7}, 32), c.now)
	if err != nil {
		t.Fatal(err)
	}
	return s, c
}

func TestCursorOpensAsSealed(t *testing.T) {
	t.Parallel()
	s, _ := newSealer(t)
	want := Position{Keys: []string{"2026-01-01", "\x00é"}, Ref: Ref{"Observation", "a"}}
	text, err := s.Seal(want, "grant-1", "code=x")
	if err != nil {
		t.Fatal(err)
	}
	if strings.Trim(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		t.Errorf("not URL-safe: %q", text)
	}
	var got Position
	if err := s.Open(text, &got, "grant-1", "code=x"); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestCursorRefusesWhatItDidNotSeal(t *testing.T) {
	t.Parallel()
	s, c := newSealer(t)
	text, err := s.Seal(Position{Ref: Ref{"Observation", "a"}}, "ab", "c")
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewSealer(bytes.Repeat([]byte{8}, 32), c.now)
	if err != nil {
		t.Fatal(err)
	}
	flipped := []byte(text)
	flipped[len(flipped)/2] ^= 1
	for name, open := range map[string]func(any) error{
		"another grant":        func(v any) error { return s.Open(text, v, "ax", "c") },
		"words cut elsewhere":  func(v any) error { return s.Open(text, v, "a", "bc") },
		"a word less":          func(v any) error { return s.Open(text, v, "ab") },
		"another key":          func(v any) error { return other.Open(text, v, "ab", "c") },
		"a changed bit":        func(v any) error { return s.Open(string(flipped), v, "ab", "c") },
		"a longer text":        func(v any) error { return s.Open(text+"A", v, "ab", "c") },
		"nothing":              func(v any) error { return s.Open("", v, "ab", "c") },
		"a text over the size": func(v any) error { return s.Open(strings.Repeat("A", MaxCursor+1), v, "ab", "c") },
	} {
		var p Position
		if err := open(&p); !errors.Is(err, ErrCursor) {
			t.Errorf("%s: got %v", name, err)
		}
		if d := cmp.Diff(Position{}, p); d != "" {
			t.Errorf("%s leaked a position: %s", name, d)
		}
	}
}

func TestCursorExpires(t *testing.T) {
	t.Parallel()
	s, c := newSealer(t)
	text, err := s.Seal(Position{}, "g")
	if err != nil {
		t.Fatal(err)
	}
	var p Position
	c.t = c.t.Add(CursorLife - time.Millisecond)
	if err := s.Open(text, &p, "g"); err != nil {
		t.Errorf("just before its end: %v", err)
	}
	c.t = c.t.Add(time.Millisecond)
	if err := s.Open(text, &p, "g"); !errors.Is(err, ErrCursor) {
		t.Errorf("at its end: got %v", err)
	}
}

func TestCursorStaysShort(t *testing.T) {
	t.Parallel()
	s, _ := newSealer(t)
	if _, err := s.Seal(strings.Repeat("x", MaxCursor), "g"); err == nil {
		t.Error("sealed a text longer than a cursor may be")
	}
}

// FuzzCursorOpen holds that what opens is what was sealed, and that garbage neither panics nor is taken.
func FuzzCursorOpen(f *testing.F) {
	s, _ := newSealer(f)
	good, err := s.Seal(Position{Ref: Ref{"Observation", "a"}}, "g")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("")
	f.Add("AQ")
	f.Add(strings.Repeat("_", 100))
	f.Fuzz(func(t *testing.T, text string) {
		var p Position
		if err := s.Open(text, &p, "g"); err == nil && p.Ref != (Ref{"Observation", "a"}) {
			t.Errorf("opened %q as %v", text, p)
		}
	})
}

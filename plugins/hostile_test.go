package plugins

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/gate"
)

// misdeed is one hostile behaviour of a real process in the real cage: what becomes of it, and what happens where the one
// protection that stops it is taken away.
type misdeed struct {
	mode, hook string
	kind       error  // nil: it answers, with card
	detail     string // that the vendor reads
	card       string
	without    func(*bench, *App) // takes the protection away
	then       func(*testing.T, *bench, *Outcome, error)
}

// another wants an outcome that is not the one of the protection.
func another(kind error) func(*testing.T, *bench, *Outcome, error) {
	return func(t *testing.T, _ *bench, _ *Outcome, err error) {
		t.Helper()
		if errors.Is(err, kind) {
			t.Errorf("it is stopped all the same: %v", err)
		}
	}
}

// unlike wants a failure with other words: that it was stopped later, by something else.
func unlike(detail string) func(*testing.T, *bench, *Outcome, error) {
	return func(t *testing.T, _ *bench, _ *Outcome, err error) {
		t.Helper()
		if err != nil && strings.Contains(err.Error(), detail) {
			t.Errorf("it is stopped all the same: %v", err)
		}
	}
}

const early1 = "it sent more than a hello before it was asked anything"

func looseHello(b *bench, _ *App) { b.host.bounds.hello = math.MaxInt64 / 2 }

var misdeeds = map[string]misdeed{
	"33 never answers":                  {mode: "raw", hook: "never", kind: ErrDeadline},
	"33 answers too late":               {mode: "raw", hook: "slow", kind: ErrDeadline, without: func(_ *bench, a *App) { a.Limits.Deadline = 10 * time.Second }, then: answered},
	"35 an answer of 16 MiB":            {mode: "raw", hook: "big", kind: ErrMisbehaved, without: wide, then: another(ErrMisbehaved)},
	"36 pings, HTTP/2 by hand":          {mode: "pings", kind: ErrStart, detail: early1, without: looseHello, then: unlike(early1)},
	"36 settings":                       {mode: "settings", kind: ErrStart, detail: early1, without: looseHello, then: unlike(early1)},
	"36 window updates":                 {mode: "windows", kind: ErrStart, detail: early1, without: looseHello, then: unlike(early1)},
	"36 frames of no type":              {mode: "unknown", kind: ErrStart, detail: early1, without: looseHello, then: unlike(early1)},
	"36 empty data":                     {mode: "empty", kind: ErrStart},
	"36 continuation without headers":   {mode: "headers", kind: ErrStart},
	"37 reads for ever":                 {mode: "raw", hook: "reads", kind: ErrMisbehaved, without: many, then: readMore},
	"38 what is no protobuf":            {mode: "raw", hook: "malformed", kind: ErrMisbehaved},
	"38 a message of nothing":           {mode: "raw", hook: "nothing", kind: ErrMisbehaved},
	"38 another hello":                  {mode: "raw", hook: "hello", kind: ErrMisbehaved},
	"39 answers before it is asked":     {mode: "answers", kind: ErrStart, detail: "no hello"},
	"40 ends before the handshake":      {mode: "exit", kind: ErrStart},
	"41 never says hello":               {mode: "silent", kind: ErrStart, detail: "said nothing in time"},
	"41 says nothing at all":            {mode: "mute", kind: ErrStart, detail: "said nothing in time"},
	"42 says something else":            {mode: "garbage", kind: ErrStart, detail: "handshake"},
	"45 has the host dial for it":       {mode: "tcp", kind: ErrStart, detail: "handshake"},
	"50 a certificate nobody asked for": {mode: "cert", kind: ErrStart, detail: "handshake"},
	"51 accepts and never speaks":       {mode: "accepts", kind: ErrStart},
	"54 announces brokers":              {mode: "brokers", hook: "slow", card: "late", without: own, then: goroutines},
	"56 never answers shutdown":         {mode: "deaf", hook: "state", card: "seen 1"},
	"58 writes to its standard error":   {mode: "raw", hook: "stderr", card: "said much"},
	"59 a card that carries out":        {mode: "raw", hook: "link", kind: ErrAnswer, detail: "link not in the manifest", without: unjudged, then: answered},
	"60 an image in a card":             {mode: "raw", hook: "image", kind: ErrAnswer, detail: "image", without: unjudged, then: answered},
	"60 does it itself":                 {mode: "raw", hook: "system", kind: ErrAnswer, detail: "system actions", without: unjudged, then: another(ErrAnswer)},
	"61 somebody else's record":         {mode: "raw", hook: "seconds", card: "got 0", without: openly, then: gotSome},
	"62 pages that nobody offered":      {mode: "raw", hook: "pages", card: "got nothing"},
	"63 more reads than it may":         {mode: "raw", hook: "budget", card: "refused from 6", without: func(_ *bench, a *App) { a.Limits.Reads = 100 }, then: refusedFrom(101)},
	"64 a stolen capability":            {mode: "raw", hook: "stolen", card: "told 200"},
	"65 frames after the answer":        {mode: "raw", hook: "late", card: "done"},
	"66 a card from the last one":       {mode: "raw", hook: "state", card: "seen 1"},
	"panics":                            {mode: "raw", hook: "panic", kind: ErrCrashed},
	"says in its error what it read":    {mode: "raw", hook: "fails", kind: ErrCrashed, detail: "its handler returned an error"},
	"12 a tripwire":                     {mode: "raw", hook: "trip", kind: ErrCrashed},
}

func wide(b *bench, _ *App) {
	b.host.bounds.message = 64 << 20
	b.host.bounds.share = func(Limits) int64 { return 64 << 20 }
}

func many(b *bench, _ *App) {
	b.host.bounds.frames = 2000
	b.host.bounds.share = func(Limits) int64 { return 64 << 20 }
}

func unjudged(b *bench, _ *App) { b.host.bounds.answers = true }
func openly(b *bench, a *App)   { b.host.bounds.queries = true }
func own(b *bench, _ *App)      { b.host.bounds.streams, b.host.bounds.hello = true, 64<<20 }

func answered(t *testing.T, _ *bench, out *Outcome, err error) {
	t.Helper()
	if err != nil || len(out.Cards) != 1 {
		t.Errorf("without the protection it should have been shown: %v", err)
	}
}

func readMore(t *testing.T, b *bench, _ *Outcome, _ error) {
	t.Helper()
	if n := b.host.Diagnoses("a")[0]; n.Last.Kind == "answered" {
		t.Errorf("it answered: %+v", n)
	}
}

func gotSome(t *testing.T, b *bench, out *Outcome, err error) {
	t.Helper()
	if err != nil || out.Cards[0].Summary == "got 0" || !strings.Contains(strings.Join(b.gate.targets(), " "), "lucas") {
		t.Errorf("without the list the gate should have been asked for lucas: %v", err)
	}
}

func refusedFrom(n int) func(*testing.T, *bench, *Outcome, error) {
	return func(t *testing.T, _ *bench, out *Outcome, err error) {
		t.Helper()
		if err != nil || out.Cards[0].Summary != fmt.Sprint("refused from ", n) {
			t.Errorf("with another limit: %+v, %v", out, err)
		}
	}
}

// goroutines wants that the host has many more of them.
func goroutines(t *testing.T, b *bench, _ *Outcome, _ error) {
	t.Helper()
	if n := runtime.NumGoroutine(); n < 1_000 {
		t.Errorf("with go-plugin's broker the plugin makes %d goroutines of the host", n)
	}
}

func (m *misdeed) do(t *testing.T, loose bool) (*bench, *Outcome, error) {
	t.Helper()
	b := newBench(t, func(o *Options) {
		if m.kind == ErrStart {
			o.Patience = 1500 * time.Millisecond
		}
	})
	if m.hook == "seconds" {
		b.gate.answer = func(target string) (*gate.Answer, error) { return vaccinations(target) }
	}
	a := b.app("a", m.mode, func(a *App) {
		a.Limits = Limits{Deadline: 5 * time.Second, Reads: 5, Memory: 256 << 20}
		if m.kind == ErrDeadline {
			a.Limits.Deadline = time.Second
		}
		if m.hook == "seconds" {
			a.Limits.Reads = len(secondsBound)
		}
	})
	if loose {
		m.without(b, a)
		b.list(a)
	}
	hook := m.hook
	if hook == "" {
		hook = "state"
	}
	out, err := b.call("a", hook)
	return b, out, err
}

// secondsBound is room for each way to somebody else's record.
var secondsBound = [90]struct{}{}

func TestMisdeeds(t *testing.T) {
	t.Parallel()
	for name, m := range misdeeds {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b, out, err := m.do(t, false)
			m.judge(t, b, out, err)
		})
		if m.without != nil {
			t.Run(name+", without its protection", func(t *testing.T) {
				if m.mode != "brokers" { // counts goroutines of the whole process
					t.Parallel()
				}
				b, out, err := m.do(t, true)
				m.then(t, b, out, err)
			})
		}
	}
}

func (m *misdeed) judge(t *testing.T, b *bench, out *Outcome, err error) {
	t.Helper()
	d := b.host.Diagnoses("a")[0]
	if m.kind == nil {
		if err != nil || len(out.Cards) != 1 || out.Cards[0].Summary != m.card {
			t.Fatalf("got %.300v, %v (%+v), want the card %q", out, err, d, m.card)
		}
	} else if !errors.Is(err, m.kind) || !strings.Contains(err.Error(), m.detail) {
		t.Fatalf("got %+v, %v, want %v: %s", out, err, m.kind, m.detail)
	}
	for _, word := range []string{"camille", "diabetes"} {
		if text := fmt.Sprintf("%+v %v", d, err); strings.Contains(text, word) {
			t.Errorf("the vendor reads %q: %s", word, text)
		}
	}
	switch m.hook {
	case "trip":
		if !d.Last.Tripwire {
			t.Errorf("no tripwire in %+v", d)
		}
	case "reads":
		if n := len(b.gate.targets()); n > 5 {
			t.Errorf("the gate was asked %d times", n)
		}
	case "seconds", "pages", "late":
		for _, target := range b.gate.targets() {
			if !strings.HasPrefix(target, "Immunization?status") || strings.Contains(target, "lucas") {
				t.Errorf("the gate was asked for %q", target)
			}
		}
	case "stderr":
		b.host.ending.Wait()
	}
}

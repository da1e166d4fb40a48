package plugins

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/plugins/cage"
)

// What is looked for besides the outcome, with all protections in place.

func tripped(t *testing.T, b *bench) {
	t.Helper()
	if d := b.host.Diagnoses("a")[0]; !d.Last.Tripwire {
		t.Errorf("no tripwire in %+v", d)
	}
}

func fewReads(t *testing.T, b *bench) {
	t.Helper()
	if n, told := len(b.gate.targets()), b.told.Load(); n > 5 || told > 5+extraFrames {
		t.Errorf("the gate was asked %d times, and %d reads were answered", n, told)
	}
}

func ownRecord(t *testing.T, b *bench) {
	t.Helper()
	for _, target := range b.gate.targets() {
		if !strings.HasPrefix(target, "Immunization?status") || strings.Contains(target, "lucas") {
			t.Errorf("the gate was asked for %q", target)
		}
	}
	ofCamille(t, b)
}

func ofCamille(t *testing.T, b *bench) {
	t.Helper()
	if p := b.gate.patients(); slices.ContainsFunc(p, func(p string) bool { return p != "camille" }) {
		t.Errorf("the gate was asked about %v", p)
	}
}

func undialled(t *testing.T, b *bench) {
	t.Helper()
	if n := b.hits.Load(); n > 0 {
		t.Errorf("the host dialled %d times", n)
	}
}

func fewGoroutines(t *testing.T, _ *bench) {
	t.Helper()
	if n := runtime.NumGoroutine(); n > 20_000 {
		t.Errorf("%d goroutines", n)
	}
}

func boundedWords(t *testing.T, b *bench) {
	t.Helper()
	if d := b.host.Diagnoses("a")[0]; d.Stderr < 1<<20 || d.Stderr > 1<<20+8<<10 {
		t.Errorf("%d bytes of its standard error were read", d.Stderr)
	}
}

// What is looked for where the guard is out: the harm.

// shown wants a card that people would see.
func shown(card string) func(*testing.T, *bench, *Outcome, error) {
	return func(t *testing.T, b *bench, out *Outcome, err error) {
		t.Helper()
		if err != nil || len(out.Cards) != 1 || out.Cards[0].Summary != card {
			t.Errorf("%+v, %v (%+v), want the card %q", out, err, b.host.Diagnoses("a"), card)
		}
	}
}

// failed wants that something else ended it, later, in other words.
func failed(kind error, detail string) func(*testing.T, *bench, *Outcome, error) {
	return func(t *testing.T, _ *bench, out *Outcome, err error) {
		t.Helper()
		if !errors.Is(err, kind) || !strings.Contains(err.Error(), detail) {
			t.Errorf("%+v, %v, want %v: %s", out, err, kind, detail)
		}
	}
}

// stopped wants that it is stopped all the same, by what the row says.
func stopped(kind error) func(*testing.T, *bench, *Outcome, error) {
	return func(t *testing.T, _ *bench, _ *Outcome, err error) {
		t.Helper()
		if !errors.Is(err, kind) || strings.Contains(err.Error(), nothing) {
			t.Errorf("%v: it is not held by what the row says", err)
		}
	}
}

// abandoned wants that nothing but the caller ended it.
func abandoned(t *testing.T, _ *bench, _ *Outcome, err error) {
	t.Helper()
	if err == nil || errors.Is(err, ErrDeadline) {
		t.Errorf("it ended with %v", err)
	}
}

func manyReads(t *testing.T, b *bench, _ *Outcome, err error) {
	t.Helper()
	if n := b.told.Load(); n < 200 {
		t.Errorf("%d reads were answered: %v", n, err)
	}
}

func untold(t *testing.T, b *bench, _ *Outcome, err error) {
	t.Helper()
	stopped(ErrStart)(t, b, nil, err)
	if d := b.host.Diagnoses("a")[0]; d.Last.Tripwire || strings.Contains(err.Error(), "handshake") {
		t.Errorf("%+v, %v", d, err)
	}
}

func dialledBait(t *testing.T, b *bench, _ *Outcome, err error) {
	t.Helper()
	if b.hits.Load() == 0 {
		t.Errorf("the host dialled nothing: %v", err)
	}
}

func manyGoroutines(t *testing.T, _ *bench, _ *Outcome, err error) {
	t.Helper()
	if n := runtime.NumGoroutine(); n < 20_000 {
		t.Errorf("with go-plugin's broker the plugin makes %d goroutines of the host: %v", n, err)
	}
}

func endlessWords(t *testing.T, b *bench, _ *Outcome, _ error) {
	t.Helper()
	if d := b.host.Diagnoses("a")[0]; d.Stderr < 2<<20 {
		t.Errorf("%d bytes of its standard error were read", d.Stderr)
	}
}

// logs wants what the plugin read in the log of the gateway.
func logs(words string) func(*testing.T, *bench, *Outcome, error) {
	return func(t *testing.T, _ *bench, _ *Outcome, _ error) {
		t.Helper()
		until(t, func() bool { return strings.Contains(seeLogged(), words) })
	}
}

func linked(t *testing.T, _ *bench, out *Outcome, err error) {
	t.Helper()
	if err != nil || !strings.Contains(fmt.Sprintf("%+v", out.Cards), "https://evil.example/?who=camille") {
		t.Errorf("%+v, %v", out, err)
	}
}

func passed(t *testing.T, _ *bench, _ *Outcome, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("it is refused all the same: %v", err)
	}
}

func otherRecord(t *testing.T, b *bench, out *Outcome, err error) {
	t.Helper()
	if err != nil || out.Cards[0].Summary == "got 0" || !strings.Contains(strings.Join(b.gate.targets(), " "), "lucas") {
		t.Errorf("without the list the gate should have been asked for lucas: %v", err)
	}
}

func ofLucas(t *testing.T, b *bench, _ *Outcome, _ error) {
	t.Helper()
	if p := b.gate.patients(); !slices.Contains(p, "lucas") {
		t.Errorf("the gate was asked about %v", p)
	}
}

func readsOn(t *testing.T, b *bench, _ *Outcome, err error) {
	t.Helper()
	if !strings.Contains(strings.Join(b.gate.targets(), " "), "Observation?code=late") {
		t.Errorf("nothing was read after the answer: %v", err)
	}
}

// started starts one process by hand, with nothing of the host that would wait for its end.
func started(t *testing.T, b *bench, a *App) *cage.Runner {
	t.Helper()
	image, err := cage.Seal(strings.NewReader(string(b.bits[a.Release.SHA256])), a.Release.SHA256, 64<<20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { image.Close() })
	r, err := b.host.Warden.Runner(image, cage.Limits{}, cage.S1, environment)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Kill(context.Background()) })
	return r
}

type panicking struct{ with any }

func (p panicking) Error() string { return fmt.Sprint("panic: ", p.with) }

// launched starts a process whose first line may have the host panic.
func launched(t *testing.T, b *bench, a *App) (out *Outcome, err error) {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			err = panicking{p}
		}
	}()
	p, f := launch(t.Context(), started(t, b, a), patience, func(*process) {})
	if f != nil {
		return nil, f
	}
	p.end()
	return nil, nil
}

func panicked(t *testing.T, _ *bench, _ *Outcome, err error) {
	t.Helper()
	if !errors.As(err, &panicking{}) {
		t.Errorf("go-plugin does not panic: %v", err)
	}
}

// asked has a process that came up ended, and sees whether it ends; then it is killed.
func asked(t *testing.T, b *bench, a *App) (*Outcome, error) {
	t.Helper()
	p, f := launch(t.Context(), started(t, b, a), patience, func(*process) {})
	if f != nil {
		return nil, f
	}
	go p.end()
	defer func() {
		_ = p.guard.Kill(context.Background())
		<-p.gone
	}()
	select {
	case <-p.gone:
		return nil, nil
	case <-time.After(2 * time.Second):
		return nil, errStill
	}
}

var errStill = errors.New("it is still there")

func stillThere(t *testing.T, _ *bench, _ *Outcome, err error) {
	t.Helper()
	if !errors.Is(err, errStill) {
		t.Errorf("go-plugin ended it by asking: %v", err)
	}
}

// listen counts who connects to an address of this machine.
func (b *bench) listen() {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	b.bait = l
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			b.hits.Add(1)
			c.Close()
		}
	}()
}

// ownWarden gives the host a warden that is told what is out, and has neither it nor the app demand a level, below which
// nothing would start.
func (b *bench) ownWarden() {
	b.Helper()
	w, err := cage.Open(cage.Options{Least: cage.S0, Reason: "tests", Synthetic: true})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { w.Close() })
	b.host.Warden = w
	a := *b.apps["a"]
	a.Level = cage.S0
	b.list(&a)
}

// swap puts other bits in the place of those that were labelled.
func (b *bench) swap() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for digest, bits := range b.bits {
		bits = slices.Clone(bits)
		bits[len(bits)-1]++
		b.bits[digest] = bits
	}
}

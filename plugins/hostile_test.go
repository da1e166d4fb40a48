package plugins

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/gate"
)

// misdeed is one hostile behaviour of a real process in the real cage: what becomes of it, and what happens where the one
// protection that stops it is taken out.
type misdeed struct {
	name       string // begins with its number in the list of hostile behaviours (docs/plugins.md)
	mode, hook string
	kind       error  // nil: it answers, with card
	detail     string // that the vendor reads
	card       string
	calls      int // 0 is one; the last one counts
	also       func(*testing.T, *bench)

	guard string // the protection that stops it (guards_test.go), which may have several parts
	held  string // what stops it besides or instead, that is not this project's: why there is no harm to be seen

	limits  Limits        // zero fields: those of do
	hurried bool          // it is a start that the host waits for no longer than it must
	rushed  bool          // the same without the guard
	tempted func(*bench)  // what it is tempted with
	endless bool          // without the guard nothing ends it
	done    time.Duration // until which it would have been ended; for endless ones
	how     func(*testing.T, *bench, *App) (*Outcome, error)
	then    func(*testing.T, *bench, *Outcome, error) // looks for the harm
}

const (
	early   = "it sent more than a hello before it was asked anything"
	nothing = "it said nothing in time"
)

var misdeeds = []misdeed{
	{name: "5 looks at the gateway's environment", mode: "raw", hook: "environment", card: "knows nothing", guard: "the environment", then: shown("knows a secret")},
	{name: "12 a tripwire", mode: "raw", hook: "trip", tempted: (*bench).ownWarden, kind: ErrCrashed, also: tripped, guard: "the filter of system calls", then: shown("traced")},
	{name: "33 never answers", mode: "raw", hook: "never", kind: ErrDeadline, limits: Limits{Deadline: time.Second}, guard: "the deadline of a call", endless: true, done: time.Second, then: abandoned},
	{name: "33a answers too late", mode: "raw", hook: "slow", kind: ErrDeadline, limits: Limits{Deadline: time.Second}, guard: "the deadline of a call", then: shown("late")},
	{name: "35 an answer of 16 MiB", mode: "raw", hook: "big", kind: ErrMisbehaved, guard: "the size of a message and of all", then: failed(ErrAnswer, "detail: too long")},
	{name: "36 pings, HTTP/2 by hand", mode: "pings", kind: ErrStart, detail: early, guard: "bytes before the call", rushed: true, then: failed(ErrStart, nothing)},
	{name: "36a settings", mode: "settings", kind: ErrStart, detail: early, guard: "bytes before the call", rushed: true, then: failed(ErrStart, nothing)},
	{name: "36b window updates", mode: "windows", kind: ErrStart, detail: early, guard: "bytes before the call", rushed: true, then: failed(ErrStart, nothing)},
	{name: "36c frames of no type", mode: "unknown", kind: ErrStart, detail: early, guard: "bytes before the call", rushed: true, then: failed(ErrStart, nothing)},
	{name: "36d empty data", mode: "empty", kind: ErrStart, detail: early, guard: "bytes before the call", rushed: true, then: failed(ErrStart, nothing)},
	{name: "36e continuation without headers", mode: "headers", kind: ErrStart, detail: "did not speak the protocol", guard: "bytes before the call", then: stopped(ErrStart),
		held: "the HTTP/2 framer of golang.org/x/net ends a connection whose frames are out of order (RFC 9113, section 6.10)"},
	{name: "37 reads for ever", mode: "raw", hook: "reads", kind: ErrMisbehaved, also: fewReads, limits: Limits{Deadline: 2 * time.Second}, guard: "reads beyond the limit", then: manyReads},
	{name: "38 what is no protobuf", mode: "raw", hook: "malformed", kind: ErrMisbehaved, guard: "what can be read", then: failed(ErrCrashed, "without an answer")},
	{name: "38a a message of nothing", mode: "raw", hook: "nothing", kind: ErrMisbehaved, limits: Limits{Deadline: 1200 * time.Millisecond}, guard: "messages of two kinds", then: failed(ErrDeadline, "")},
	{name: "38b another hello", mode: "raw", hook: "hello", kind: ErrMisbehaved, limits: Limits{Deadline: 1200 * time.Millisecond}, guard: "messages of two kinds", then: failed(ErrDeadline, "")},
	{name: "39 answers before it is asked", mode: "answers", kind: ErrStart, detail: "no hello", guard: "a hello first", then: shown("never asked")},
	{name: "40 ends before the handshake", mode: "exit", kind: ErrStart, detail: "no line", guard: "its end of the pipes closed", rushed: true, then: failed(ErrStart, nothing)},
	{name: "41 never says hello", mode: "silent", kind: ErrStart, detail: nothing, hurried: true, guard: "the patience with a start", endless: true, done: hurry, then: abandoned},
	{name: "41a says nothing at all", mode: "mute", kind: ErrStart, detail: nothing, hurried: true, guard: "the patience with a start", endless: true, done: hurry, then: abandoned},
	{name: "42 says something else", mode: "garbage", kind: ErrStart, detail: "handshake", also: tripped, guard: "the pattern of the first line", then: untold,
		held: "go-plugin does not understand it either; without the pattern nobody is told"},
	{name: "43 another version of the protocol", mode: "version", kind: ErrStart, guard: "the version of the protocol", then: shown("seen 1")},
	{name: "45 has the host dial for it", mode: "tcp ", tempted: (*bench).listen, kind: ErrStart, detail: "handshake", also: undialled, guard: "where it is dialled", then: dialledBait},
	{name: "50 a certificate nobody asked for", mode: "cert", kind: ErrStart, detail: "handshake", guard: "the pattern of the first line", how: launched, then: panicked},
	{name: "51 accepts and never speaks", mode: "accepts", kind: ErrStart, detail: nothing, hurried: true, guard: "the patience with a start", endless: true, done: hurry, then: abandoned},
	{name: "51a hangs up to be dialled again", mode: "hangsup", kind: ErrStart, guard: "dialled once", then: shown("seen 1")},
	{name: "54 announces brokers", mode: "brokers", hook: "slow", card: "late", also: fewGoroutines, guard: "the streams of go-plugin", then: manyGoroutines},
	{name: "56 never answers shutdown", mode: "deaf", hook: "state", card: "seen 1", guard: "killed, and never asked", how: asked, then: stillThere},
	{name: "58 writes what it read to its standard error", mode: "raw", hook: "stderr", card: "said much", guard: "the standard error is counted", then: logs("camille camille")},
	{name: "58a writes to its standard error without end", mode: "raw", hook: "shouts", card: "said much", also: boundedWords, guard: "a bound of the standard error", then: endlessWords},
	{name: "58b panics with what it read", mode: "raw", hook: "panic", kind: ErrCrashed, guard: "the standard error is counted", then: logs("camille has diabetes")},
	{name: "58c says in its error what it read", mode: "raw", hook: "fails", kind: ErrCrashed, detail: "its handler returned an error", guard: "words of the host alone", then: failed(ErrCrashed, "camille has diabetes")},
	{name: "59 a card that carries out", mode: "raw", hook: "link", kind: ErrAnswer, detail: "link not in the manifest", guard: "links of the manifest alone", then: linked},
	{name: "60 an image in a card", mode: "raw", hook: "image", kind: ErrAnswer, detail: "image", guard: "no image in a card", then: shown("look here")},
	{name: "60a does it itself", mode: "raw", hook: "system", kind: ErrAnswer, detail: "system actions", guard: "no system actions", then: passed},
	{name: "61 somebody else's record", mode: "raw", hook: "seconds", card: "got 0", also: ownRecord, limits: Limits{Reads: len(secondsBound)}, guard: "a list of what may be asked", then: otherRecord},
	{name: "62 pages that nobody offered", mode: "raw", hook: "pages", card: "got nothing", also: ownRecord, guard: "pages that were offered", then: shown("got 1")},
	{name: "63 more reads than it may", mode: "raw", hook: "budget", card: "refused from 6", guard: "the reads of a call", then: shown("refused from 0")},
	{name: "63a more bytes than it may", mode: "raw", hook: "budget", card: "refused from 3", limits: Limits{Bytes: 1 << 10}, guard: "the bytes of a call", then: shown("refused from 6")},
	{name: "64 a stolen capability", mode: "raw", hook: "stolen", card: "told 200", also: ofCamille, guard: "no capability but the stream", then: ofLucas},
	{name: "65 frames after the answer", mode: "raw", hook: "late", card: "done", also: ownRecord, guard: "the answer is the end", then: readsOn},
	{name: "66 a card from the last one", mode: "raw", hook: "state", calls: 2, card: "seen 1", guard: "one process a call", then: shown("seen 2")},
	{name: "67 other bits than were labelled", mode: "raw", hook: "state", tempted: (*bench).swap, kind: ErrStart, detail: "SHA-256", guard: "the digest", then: shown("seen 1")},
}

// secondsBound is room for each way to somebody else's record.
var secondsBound = [90]struct{}{}

// hurry is how long a process may take that never comes; patience is how long any other may.
const (
	hurry    = time.Second
	patience = 20 * time.Second
)

// begin makes what a misdeed needs.
func (m *misdeed) begin(t *testing.T, loose bool) (*bench, *App) {
	t.Helper()
	b := newBench(t, func(o *Options) {
		if o.Patience = patience; m.hurried && !loose || m.rushed && loose {
			o.Patience = hurry
		}
	})
	if m.hook == "seconds" {
		b.gate.answer = func(target string) (*gate.Answer, error) { return vaccinations(target) }
	}
	mode := m.mode
	if m.tempted != nil && strings.HasSuffix(mode, " ") {
		m.tempted(b)
		mode += b.bait.Addr().String()
	}
	a := b.app("a", mode, func(a *App) {
		a.Limits = Limits{Deadline: within(m.limits.Deadline, 8*time.Second, 10*time.Second), Reads: within(m.limits.Reads, 5, 200), Bytes: m.limits.Bytes, Memory: 256 << 20}
	})
	if m.tempted != nil && !strings.HasSuffix(m.mode, " ") {
		m.tempted(b)
	}
	return b, a
}

// call is what is asked of it, as often as it must be.
func (m *misdeed) call(ctx context.Context, b *bench) (out *Outcome, err error) {
	hook := m.hook
	if hook == "" {
		hook = "state"
	}
	for range max(1, m.calls) {
		out, err = b.callWith(ctx, "a", hook, nil)
	}
	return out, err
}

func TestMisdeeds(t *testing.T) {
	t.Parallel()
	for _, m := range misdeeds {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			b, _ := m.begin(t, false)
			out, err := m.call(t.Context(), b)
			m.judge(t, b, out, err)
		})
	}
}

// judge holds that it was stopped, and by what it should be.
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
	switch m.mode {
	case "exit", "mute", "silent": // as one that crashes, or is on a slow machine
		if d.Last.Tripwire {
			t.Errorf("it is accused, though it said nothing: %+v", d)
		}
	case "garbage", "tcp", "cert":
		if !d.Last.Tripwire {
			t.Errorf("no tripwire in %+v", d)
		}
	}
	if m.also != nil {
		m.also(t, b)
	}
}

// without does it with its guard out, and looks for the harm.
func (m *misdeed) without(t *testing.T) {
	b, a := m.begin(t, true)
	switch {
	case m.how != nil:
		out, err := m.how(t, b, a)
		m.then(t, b, out, err)
	case m.endless:
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		ended := make(chan error, 1)
		go func() {
			_, err := m.call(ctx, b)
			ended <- err
		}()
		select {
		case err := <-ended:
			t.Errorf("it is ended all the same: %v", err)
		case <-time.After(m.done + m.done/2):
			stop()
			m.then(t, b, nil, <-ended)
		}
	default:
		out, err := m.call(t.Context(), b)
		m.then(t, b, out, err)
	}
}

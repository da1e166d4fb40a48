package plugins

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/plugins/cage"
)

// Gate is what the host asks of the gate: [gate.Gate.Ask].
type Gate interface {
	Ask(ctx context.Context, grant *gate.Grant, method, target string, header http.Header, body []byte) (*gate.Answer, error)
}

// Options are what a host stands on. Gate, Base, Warden, Apps and Open are required.
type Options struct {
	Gate Gate
	Base string // absolute URL of the FHIR endpoint, without a trailing slash
	// Warden starts the processes, in the cage: there is no other way. The level below which nothing runs is its own.
	Warden *cage.Warden
	// Apps says what the catalogue says of an app at this instant; nil, nil when it has no such plugin. It is asked at
	// each read, so it must be quick.
	Apps func(ctx context.Context, app string) (*App, error)
	// Open opens the binary of a release. What it gives is verified against the digest.
	Open func(ctx context.Context, app string, r Release) (io.ReadCloser, error)

	Processes int           // processes of all plugins together; 0 is 16
	Spares    int           // fresh processes that a plugin in use keeps ready at most; 0 is 2
	Idle      time.Duration // after which a plugin that nobody calls has no process; 0 is a minute
	Patience  time.Duration // within which a process says hello; 0 is 5 s
	Now       func() time.Time
	Log       *slog.Logger
	Meter     Meter
}

// Meter is told what the host does. No identity of a person passes through it. Nil functions are not called.
type Meter struct {
	Invoked func(app, kind string, took time.Duration) // kind as in [End]
	Read    func(app string, status int, took time.Duration)
	// Tripped hears of what no honest plugin does: of a process that answered before the host has ended it, of another within
	// the invocation or the start that it was of, before that is over.
	Tripped func(Trip)
	// Upgraded tells that a version which was in use gave way to a newer one: to one that serves, or, in vain, to one that
	// has not come up.
	Upgraded func(app, from, to string, serves bool)
}

// Host runs plugins. It is safe for concurrent use.
type Host struct {
	Options
	places  *places
	running context.Context // ends with the host
	stop    context.CancelFunc
	filling sync.WaitGroup
	ending  sync.WaitGroup

	mu       sync.Mutex
	died     *sync.Cond // a process is gone
	closed   bool
	apps     map[string][]*line             // of the version on the air, then of those before it that still live
	sessions map[string]map[*visit]struct{} // invocations under way
	drains   map[string]*time.Timer         // until a former version ends
	refused  map[string]Diagnosis           // of the last version of an app that was tried and did not come up
	turns    atomic.Uint64                  // times that the catalogue said something else; changes with the lock held
}

// visit is an invocation as far as it can be ended from outside.
type visit struct {
	end  context.CancelCauseFunc
	line *line // once it was chosen
}

// Open makes a host. It starts no process and no goroutine: a plugin that nobody calls costs nothing.
func Open(o Options) (*Host, error) {
	if o.Gate == nil || o.Base == "" || o.Warden == nil || o.Apps == nil || o.Open == nil {
		return nil, errors.New("plugins: gate, base, warden, apps and open are all required")
	}
	o.Processes, o.Spares = orUsual(o.Processes, 16), orUsual(o.Spares, 2)
	o.Idle, o.Patience = orUsual(o.Idle, time.Minute), orUsual(o.Patience, 5*time.Second)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	h := &Host{Options: o, apps: map[string][]*line{}, sessions: map[string]map[*visit]struct{}{}, drains: map[string]*time.Timer{}, refused: map[string]Diagnosis{}}
	h.died = sync.NewCond(&h.mu)
	h.places = newPlaces(o.Processes, h.reclaim)
	h.running, h.stop = context.WithCancel(context.Background())
	return h, nil
}

func orUsual[T int | time.Duration](given, usual T) T {
	if given <= 0 {
		return usual
	}
	return given
}

// lowered is why the operator lets less than the complete cage do here, or "".
func (h *Host) lowered() string {
	if h.Warden == nil || h.Warden.Least() >= cage.S3 { // in a test of a plugin there is no cage
		return ""
	}
	return h.Warden.Reason()
}

// standing asks the catalogue for an app and refuses one whose label does not let it run now.
func (h *Host) standing(ctx context.Context, id string) (*App, *Failure) {
	app, err := h.Apps(ctx, id)
	switch {
	case err != nil && ctx.Err() != nil: // whoever asked is gone, or was ended
		return nil, ended(ctx, id)
	case err != nil:
		h.Log.ErrorContext(ctx, "the catalogue did not say what a plugin may", "app", id, "error", err)
		return nil, &Failure{App: id, Kind: ErrStopped, Detail: "the catalogue cannot be read"}
	case app == nil:
		return nil, &Failure{App: id, Kind: ErrUnknown}
	case !app.stands(h.Now()):
		return nil, &Failure{App: id, Kind: ErrStopped, Detail: "its status is " + app.Label.Status}
	}
	return app, nil
}

// Stop ends everything of an app: invocations under way, fresh processes, the sealed binary. Nothing of it is left when it
// returns. What keeps the app from being started again is its label, which the caller has changed before.
func (h *Host) Stop(app, why string) {
	h.mu.Lock()
	for v := range h.sessions[app] {
		v.end(&Failure{App: app, Kind: ErrStopped, Detail: why})
	}
	lines := h.apps[app]
	delete(h.apps, app)
	h.drained(app)
	h.mu.Unlock()
	for _, l := range lines {
		l.retire()
		l.shrink()
	}
	h.mu.Lock()
	for len(h.sessions[app]) > 0 || slices.ContainsFunc(lines, (*line).lives) {
		h.died.Wait()
	}
	h.mu.Unlock()
	for _, l := range lines {
		l.shrink()
	}
}

// Close ends all plugins. No invocation begins afterwards.
func (h *Host) Close() error {
	h.mu.Lock()
	h.closed = true
	apps := slices.AppendSeq(slices.Collect(maps.Keys(h.apps)), maps.Keys(h.sessions))
	apps = slices.AppendSeq(apps, maps.Keys(h.drains))
	h.mu.Unlock()
	h.stop()
	for _, app := range apps {
		h.Stop(app, "the gateway ends")
	}
	h.filling.Wait()
	h.ending.Wait()
	return nil
}

// Diagnoses says how the releases of an app fare, newest first, and after them the one that was tried last where it did not
// come up; of every app when it is "".
func (h *Host) Diagnoses(app string) []Diagnosis {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []Diagnosis
	for id, lines := range h.apps {
		if app != "" && id != app {
			continue
		}
		for k, l := range lines {
			d := l.look()
			d.State = stateOf(lines, k)
			out = append(out, d)
		}
	}
	for id, d := range h.refused {
		if app == "" || id == app {
			out = append(out, d)
		}
	}
	return out
}

// reclaim ends an idle process of another app than one, so that its place is free.
func (h *Host) reclaim(except string) bool {
	h.mu.Lock()
	var most *line
	n := 0
	for app, lines := range h.apps {
		for _, l := range lines {
			if idle := l.look().Idle; app != except && idle > n {
				most, n = l, idle
			}
		}
	}
	h.mu.Unlock()
	return most != nil && most.drop() > 0
}

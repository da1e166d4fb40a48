package plugins

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/plugins/cage"
	"github.com/pontlevis/pontlevis/plugins/wire"
)

// line is one release of a plugin under one set of limits: its sealed binary, its fresh processes, and how they fared.
type line struct {
	host    *Host
	app     string
	release Release
	limits  Limits
	demand  cage.Level

	patience time.Duration // within which a process says hello

	running context.Context // ends when it is retired
	stop    context.CancelFunc

	sealing sync.Mutex // held while the binary is sealed

	mu      sync.Mutex
	image   *cage.Image
	idle    []*process
	alive   int // processes, idle ones and those being started among them
	calls   int // that chose it and have not ended
	filling int // being started for nobody
	trial   bool
	proven  bool // a process of it once said hello
	retired bool
	fails   int
	rests   time.Time
	timer   *time.Timer
	used    time.Time
	diag    Diagnosis
}

func newLine(h *Host, app string, r Release, l Limits, demand cage.Level) *line {
	out := &line{host: h, app: app, release: r, limits: l, demand: demand, patience: h.Patience, diag: Diagnosis{App: app, Version: r.Version}}
	out.running, out.stop = context.WithCancel(h.running)
	return out
}

// same reports whether a line is what the catalogue asks for now.
func (l *line) same(r Release, limits Limits, demand cage.Level) bool {
	return l.release == r && l.limits == limits && l.demand == demand
}

// take gives a fresh process, an idle one or a new one, and has the next one started.
func (l *line) take(ctx context.Context) (*process, *Failure) {
	if f := l.mayStart(); f != nil {
		return nil, f
	}
	if p := l.fresh(); p != nil {
		return p, nil
	}
	waiting, stop := context.WithTimeout(ctx, l.limits.Deadline)
	err := l.host.places.take(waiting, l.app)
	if stop(); err != nil {
		l.spared()
		if errors.Is(err, ErrBusy) {
			return nil, &Failure{App: l.app, Kind: ErrBusy, Detail: "too many invocations of it wait"}
		}
		return nil, ended(ctx, l.app)
	}
	if p := l.fresh(); p != nil { // one came meanwhile
		l.host.places.give(l.app)
		return p, nil
	}
	p, f := l.start(ctx)
	if f != nil && ctx.Err() != nil {
		l.spared()
		return nil, ended(ctx, l.app)
	}
	if f != nil {
		l.failed(f, p)
		return nil, f
	}
	return p, nil
}

// ended says why a context ended, where it is ours to say.
func ended(ctx context.Context, app string) *Failure {
	var f *Failure
	if errors.As(context.Cause(ctx), &f) {
		return f
	}
	return &Failure{App: app, Kind: ErrBusy, Detail: "no process in time"}
}

// fresh takes an idle process that still lives.
func (l *line) fresh() *process {
	for {
		l.mu.Lock()
		n := len(l.idle)
		if n == 0 {
			l.mu.Unlock()
			return nil
		}
		p := l.idle[n-1]
		l.idle = l.idle[:n-1]
		l.mu.Unlock()
		if p.alive() {
			return p
		}
		p.end()
		l.failed(&Failure{App: l.app, Kind: ErrCrashed, Detail: "it ended while it waited for its invocation"}, p)
	}
}

// start starts a process on a place that was taken; the place goes back with the process. One that failed is given too, as
// far as there was one: it tells how.
func (l *line) start(ctx context.Context) (*process, *Failure) {
	l.mu.Lock()
	l.alive++ // from here on, so that the sealed binary stays
	l.mu.Unlock()
	image, err := l.sealed(ctx)
	if err != nil {
		l.gone(nil)
		return nil, &Failure{App: l.app, Kind: ErrStart, Detail: err.Error()}
	}
	r, err := l.host.Warden.Runner(image, cage.Limits{Memory: l.limits.Memory, CPU: l.limits.CPU}, l.demand, environment)
	if err != nil {
		l.gone(nil)
		return nil, &Failure{App: l.app, Kind: ErrLevel, Detail: err.Error()}
	}
	l.mu.Lock()
	l.diag.Starts++
	l.mu.Unlock()
	p, f := launch(ctx, r, l.patience, l.gone)
	if f != nil {
		f.App = l.app
		return p, f
	}
	l.mu.Lock()
	first := !l.proven
	l.proven, l.diag.Level = true, p.level
	l.mu.Unlock()
	if first {
		l.host.arrived(l)
	}
	return p, nil
}

// environment is what a process is told by go-plugin; the cage adds what it needs besides.
var environment = []string{wire.CookieKey + "=" + wire.CookieValue, "PLUGIN_PROTOCOL_VERSIONS=" + strconv.Itoa(wire.Version)}

// gone is called when nothing is left of a process; nil is one that never began. What it tried is told before its place is
// free, so that whoever ends the line, or the host, has heard of it.
func (l *line) gone(p *process) {
	if p != nil && p.escaped() {
		l.tell(TripCall, caughtCall)
	}
	l.mu.Lock()
	if l.alive--; l.retired {
		l.unseal()
	}
	l.mu.Unlock()
	l.host.places.give(l.app)
	l.host.mu.Lock()
	defer l.host.mu.Unlock()
	l.host.sweep(l)
	l.host.died.Broadcast()
}

// sealed is the verified binary, read once.
func (l *line) sealed(ctx context.Context) (*cage.Image, error) {
	l.sealing.Lock()
	defer l.sealing.Unlock()
	l.mu.Lock()
	image := l.image
	l.mu.Unlock()
	if image != nil {
		return image, nil
	}
	from, err := l.host.Open(ctx, l.app, l.release)
	if err != nil {
		return nil, errors.New("its binary is not there")
	}
	defer from.Close()
	if image, err = cage.Seal(from, strings.ToLower(l.release.SHA256), max(l.release.Size, 1)); err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.image = image
	l.mu.Unlock()
	return image, nil
}

// refill starts the next process for nobody yet, as long as the line is used and fares well.
func (l *line) refill() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used = time.Now()
	if l.timer == nil {
		l.timer = time.AfterFunc(l.host.Idle, l.shrink)
	} else {
		l.timer.Reset(l.host.Idle)
	}
	if l.retired || l.fails > 0 || len(l.idle)+l.filling >= l.host.Spares || !l.host.places.try(l.app) {
		return
	}
	l.filling++
	l.host.filling.Go(func() { l.fill() })
}

func (l *line) fill() bool {
	p, f := l.start(l.running)
	l.mu.Lock()
	l.filling--
	keep := f == nil && !l.retired
	if keep {
		l.idle = append(l.idle, p)
	}
	if l.retired {
		l.unseal()
	}
	l.mu.Unlock()
	switch {
	case f != nil && l.running.Err() == nil:
		l.failed(f, p)
	case f == nil && !keep:
		p.end()
	}
	l.host.mu.Lock()
	l.host.sweep(l)
	l.host.died.Broadcast()
	l.host.mu.Unlock()
	return keep
}

// shrink ends what nobody has used for a while: the fresh processes, and the sealed binary once no process is left.
func (l *line) shrink() {
	l.drop()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.unseal()
}

// unseal lets the sealed binary go when no process is left; the lock is held.
func (l *line) unseal() {
	if l.alive == 0 && l.filling == 0 && l.calls == 0 && l.image != nil && l.sealing.TryLock() {
		l.image.Close()
		l.image = nil
		l.sealing.Unlock()
	}
}

// drop ends the idle processes and says how many there were.
func (l *line) drop() int {
	l.mu.Lock()
	idle := l.idle
	l.idle = nil
	l.mu.Unlock()
	for _, p := range idle {
		p.end()
	}
	return len(idle)
}

// retire ends a line whose release is no longer wanted: nothing begins on it, and its fresh processes are to be ended with
// shrink. Invocations under way go on; their processes are the last. It tells whether it was not retired before.
func (l *line) retire() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := !l.retired
	l.retired = true
	if l.timer != nil {
		l.timer.Stop()
	}
	l.stop()
	return first
}

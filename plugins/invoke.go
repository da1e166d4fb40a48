package plugins

import (
	"context"
	"time"
)

// Invoke has an app answer one call for one person, in a process of its own. Its error is a [*Failure], or that of ctx.
func (h *Host) Invoke(ctx context.Context, i Invocation) (*Outcome, error) {
	begun := time.Now()
	out, err := h.invoke(ctx, i, begun)
	if h.Meter.Invoked != nil {
		kind := "answered"
		if f, ok := err.(*Failure); ok {
			kind = f.code()
		} else if err != nil {
			kind = "abandoned"
		}
		h.Meter.Invoked(i.App, kind, time.Since(begun))
	}
	return out, err
}

func (h *Host) invoke(ctx context.Context, i Invocation, begun time.Time) (*Outcome, error) {
	if i.Grant == nil || i.Grant.Patient == "" {
		return nil, &Failure{App: i.App, Kind: ErrRequest, Detail: "a call is about one person"}
	}
	ctx, v, err := h.enter(ctx, i.App)
	if err != nil {
		return nil, err
	}
	defer h.leave(i.App, v)
	app, hook, failure := h.choose(ctx, v, i) // after enter: a recall from now on finds this invocation and ends it
	if failure != nil {
		return nil, failure
	}
	l := v.line
	p, failure := l.take(ctx)
	if failure != nil {
		return nil, failure
	}
	l.begin()
	s := h.session(app, hook, l.limits, i)
	out, err := s.run(ctx, l, p)
	if err == nil {
		out.Took = time.Since(begun)
	}
	return out, err
}

// session is a new one, whose deadline begins now.
func (h *Host) session(app *App, hook Hook, limits Limits, i Invocation) *session {
	now := time.Now()
	return &session{host: h, app: app, hook: hook, limits: limits, of: i, handle: &handle{
		within: i.Within,
		host:   h, app: app.ID, release: app.Release, given: i.Grant, until: now.Add(limits.Deadline), started: now, names: newAliases(h.Base, i.Grant.Patient),
		reads: limits.Reads, bytes: limits.Bytes,
	}}
}

// run is the invocation within its process, which does not outlive it.
func (s *session) run(ctx context.Context, l *line, p *process) (*Outcome, error) {
	ctx, stop := context.WithDeadlineCause(ctx, s.handle.until, errTooLong)
	defer stop()
	out, err := s.heard(ctx, p)
	if err != nil {
		p.end()
		l.ended(err, p)
		return nil, s.told(err, p)
	}
	l.ended(nil, p)
	s.host.ending.Go(p.end) // whoever waits for cards need not wait for it
	l.refill()
	out.Version = l.release.Version
	return out, nil
}

// told is a failure with what was read before it, and with what the process is known to have tried now that it is gone.
func (s *session) told(err error, p *process) error {
	failure, ok := err.(*Failure)
	if !ok {
		return err
	}
	f := *failure
	f.Reads = s.handle.asked
	if p.escaped() {
		f.evidence = TripCall
	}
	return &f
}

// heard is what a process answered, judged.
func (s *session) heard(ctx context.Context, p *process) (*Outcome, error) {
	answer, err := s.converse(ctx, p)
	if err == nil {
		now, failure := s.host.still(ctx, s.app.ID, s.app.Release) // a label that was withdrawn meanwhile shows no card either
		if failure != nil {
			return nil, failure
		}
		s.app = now
	}
	if err != nil {
		return nil, err
	}
	j := &judge{app: s.app, names: s.handle.names, language: s.of.Language, level: p.level, lowered: s.host.lowered()}
	out := &Outcome{Level: p.level, Reads: s.handle.asked}
	if out.Cards, out.Page, err = j.answer(answer); err == nil {
		out.Withdrawn, err = withdrawn(answer)
	}
	if err != nil {
		return nil, &Failure{App: s.app.ID, Kind: ErrAnswer, Detail: err.Error()}
	}
	return out, nil
}

// begin and ended count an invocation.
func (l *line) begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.diag.Invocations++
	l.diag.Running++
}

func (l *line) ended(err error, p *process) {
	l.mu.Lock()
	l.diag.Running--
	if err == nil {
		l.note("answered", "", "", p)
	}
	l.mu.Unlock()
	f, failed := err.(*Failure)
	switch {
	case err == nil:
		l.answered()
	case failed:
		l.failed(f, p)
	default:
		l.spared()
	}
}

// enter registers an invocation, so that it can be ended from outside.
func (h *Host) enter(ctx context.Context, app string) (context.Context, *visit, error) {
	ctx, end := context.WithCancelCause(ctx)
	v := &visit{end: end}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		end(nil)
		return nil, nil, &Failure{App: app, Kind: ErrStopped, Detail: "the gateway ends"}
	}
	if h.sessions[app] == nil {
		h.sessions[app] = map[*visit]struct{}{}
	}
	h.sessions[app][v] = struct{}{}
	return ctx, v, nil
}

// leave takes an invocation out again.
func (h *Host) leave(app string, v *visit) {
	v.end(nil)
	h.mu.Lock()
	defer h.mu.Unlock()
	if delete(h.sessions[app], v); len(h.sessions[app]) == 0 {
		delete(h.sessions, app)
	}
	if v.line != nil {
		v.line.left()
		h.sweep(v.line)
	}
	h.died.Broadcast()
}

// choose picks the version that answers a call and the line of its processes, which is the visit's from then on. When the
// catalogue changed while it was asked, it is asked again.
func (h *Host) choose(ctx context.Context, v *visit, i Invocation) (*App, Hook, *Failure) {
	for {
		turn := h.turns.Load()
		app, failure := h.standing(ctx, i.App)
		if failure != nil {
			return nil, Hook{}, failure
		}
		if app.Waits {
			return nil, Hook{}, &Failure{App: i.App, Kind: ErrStopped, Detail: "its label has not been confirmed for too long"}
		}
		if _, ok := app.hook(i.Hook); !ok {
			return nil, Hook{}, &Failure{App: i.App, Kind: ErrUnknown, Detail: "no such hook"}
		}
		if app.Release.SHA256 == "" {
			return nil, Hook{}, &Failure{App: i.App, Kind: ErrStart, Detail: "it has no binary for this platform"}
		}
		h.mu.Lock()
		if h.turns.Load() != turn {
			h.mu.Unlock()
			continue
		}
		v.line, app = h.serving(app, i.Hook)
		v.line.joined()
		h.mu.Unlock()
		hook, _ := app.hook(i.Hook)
		return app, hook, nil
	}
}

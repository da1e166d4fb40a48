package plugins

import (
	"context"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/plugins/cage"
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
	ctx, leave, err := h.enter(ctx, i.App)
	if err != nil {
		return nil, err
	}
	defer leave()
	app, failure := h.standing(ctx, i.App) // after enter: a recall from now on finds this invocation and ends it
	if failure != nil {
		return nil, failure
	}
	if app.Waits {
		return nil, &Failure{App: i.App, Kind: ErrStopped, Detail: "its label has not been confirmed for too long"}
	}
	hook, ok := app.hook(i.Hook)
	if !ok {
		return nil, &Failure{App: i.App, Kind: ErrUnknown, Detail: "no such hook"}
	}
	l, failure := h.lineOf(app)
	if failure != nil {
		return nil, failure
	}
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
		host:   h, app: app.ID, given: i.Grant, until: now.Add(limits.Deadline), started: now, names: newAliases(h.Base, i.Grant.Patient),
		reads: limits.Reads, bytes: limits.Bytes,
	}}
}

// run is the invocation within its process, which does not outlive it.
func (s *session) run(ctx context.Context, l *line, p *process) (*Outcome, error) {
	ctx, stop := context.WithDeadlineCause(ctx, s.handle.until, errTooLong)
	defer stop()
	cards, page, err := s.heard(ctx, p)
	if err != nil {
		p.end()
		l.ended(err, p)
		return nil, err
	}
	l.ended(nil, p)
	s.host.ending.Go(p.end) // whoever waits for cards need not wait for it
	l.refill()
	return &Outcome{Cards: cards, Page: page, Version: l.release.Version, Level: p.level, Reads: s.handle.asked}, nil
}

// heard is what a process answered, judged.
func (s *session) heard(ctx context.Context, p *process) (cards []Card, page *Page, err error) {
	answer, err := s.converse(ctx, p)
	if err == nil {
		_, failure := s.host.standing(ctx, s.app.ID) // a label that was withdrawn meanwhile shows no card either
		if failure != nil {
			err = failure
		}
	}
	if err != nil {
		return nil, nil, err
	}
	j := &judge{app: s.app, names: s.handle.names, language: s.of.Language, level: p.level}
	if s.host.bounds.answers {
		j = nil
	}
	if cards, page, err = j.answer(answer); err != nil {
		return nil, nil, &Failure{App: s.app.ID, Kind: ErrAnswer, Detail: err.Error()}
	}
	return cards, page, nil
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
		l.note("answered", "", false, p)
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
func (h *Host) enter(ctx context.Context, app string) (context.Context, func(), error) {
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
	return ctx, func() {
		end(nil)
		h.mu.Lock()
		defer h.mu.Unlock()
		if delete(h.sessions[app], v); len(h.sessions[app]) == 0 {
			delete(h.sessions, app)
		}
		h.died.Broadcast()
	}, nil
}

// lineOf is the line that serves an app now. A newer release is started beside the one in service, which goes on until the
// newer has said its first hello; then the older one ends.
func (h *Host) lineOf(app *App) (*line, *Failure) {
	if len(app.Releases) == 0 {
		return nil, &Failure{App: app.ID, Kind: ErrStart, Detail: "it has no binary for this platform"}
	}
	limits, demand := app.Limits.orUsual(), app.Level
	if demand == cage.Unset {
		demand = h.Warden.Least()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	have := h.apps[app.ID]
	var lines []*line
	for _, r := range app.Releases[:min(2, len(app.Releases))] {
		i := slices.IndexFunc(have, func(l *line) bool { return l.same(r, limits, demand) })
		if i >= 0 {
			lines = append(lines, have[i])
		} else if len(lines) == 0 {
			lines = append(lines, newLine(h, app.ID, r, limits, demand))
		}
	}
	serves := lines[0]
	if len(lines) > 1 && !serves.ready() {
		if serves = lines[1]; serves.ready() {
			lines[0].warm()
		} else {
			serves = lines[0]
		}
	}
	if serves == lines[0] {
		lines = lines[:1]
	}
	for _, l := range have {
		if !slices.Contains(lines, l) {
			h.ending.Go(l.retire)
		}
	}
	h.apps[app.ID] = lines
	return serves, nil
}

// ready reports whether a release has ever come up.
func (l *line) ready() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.proven
}

// warm starts a first process of a release that does not serve yet; one that fails is tried again as a plugin that rests is.
func (l *line) warm() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.filling > 0 || time.Now().Before(l.rests) || !l.host.places.try(l.app) {
		return
	}
	l.filling++
	l.host.filling.Go(l.fill)
}

// lives reports whether any process of a line is left.
func (l *line) lives() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.alive > 0 || l.filling > 0
}

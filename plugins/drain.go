package plugins

import (
	"context"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/plugins/cage"
)

// of is what an app lets one of its versions do now; nil when that one may not go on.
func (a *App) of(r Release, now time.Time) *App {
	switch {
	case a.Release == r:
		return a
	case a.Former != nil && a.Former.Release == r && a.Former.stands(now) && now.Before(a.Former.Until):
		return a.Former
	}
	return nil
}

// begins reports whether a former version may still begin something: nothing in the last part of its time that the longest
// call may take, so that its end cuts none short.
func (a *App) begins(now time.Time) bool {
	return a.stands(now) && now.Add(GreatestLimits.Deadline).Before(a.Until)
}

// still is what an invocation on a version may do now: the label may have been withdrawn, or another version on the air.
func (h *Host) still(ctx context.Context, id string, r Release) (*App, *Failure) {
	app, failure := h.standing(ctx, id)
	if failure != nil {
		return nil, failure
	}
	if app = app.of(r, h.Now()); app == nil {
		return nil, replaced(id)
	}
	return app, nil
}

func replaced(id string) *Failure {
	return &Failure{App: id, Kind: ErrStopped, Detail: "another version is on the air, and the time of this one is over"}
}

// serving is the line that answers a call of a hook, and the version that it is of; the lock is held. A new version is
// started beside the former one, which goes on until the new one has said its first hello.
func (h *Host) serving(app *App, hook string) (*line, *App) {
	newest, former := h.align(app)
	if former == nil || !former.well() || !app.Former.begins(h.Now()) {
		return newest, app
	}
	if _, ok := app.Former.hook(hook); !ok {
		return newest, app
	}
	newest.warm()
	return former, app.Former
}

// align has the lines of an app be those that the catalogue asks for; the lock is held. former is that of the former version
// while the new one has not come up, where it was in use before: it is never started anew.
func (h *Host) align(app *App) (newest, former *line) {
	have := h.apps[app.ID]
	if newest = h.find(have, app); newest == nil {
		newest = newLine(h, app.ID, app.Release, app.Limits.orUsual(), h.demanded(app))
	}
	if before := app.Former; before != nil && app.of(before.Release, h.Now()) == before && !newest.ready() {
		former = h.find(have, before)
	}
	lines := []*line{newest}
	for _, l := range have {
		if l != former && l != newest {
			h.supersede(l, newest)
		}
		if l != newest && (l == former || l.lives()) {
			lines = append(lines, l)
		}
	}
	h.apps[app.ID] = lines
	return newest, former
}

// find is the line of a version that begins what it is asked; nil when there is none.
func (h *Host) find(have []*line, app *App) *line {
	limits, demand := app.Limits.orUsual(), h.demanded(app)
	if i := slices.IndexFunc(have, func(l *line) bool { return l.same(app.Release, limits, demand) && !l.gave() }); i >= 0 {
		return have[i]
	}
	return nil
}

// demanded is the isolation that a version demands here.
func (h *Host) demanded(app *App) cage.Level {
	if app.Level == cage.Unset {
		return h.Warden.Least()
	}
	return app.Level
}

// supersede ends a line for another, which may have come up or not; the lock is held. What runs on it goes on.
func (h *Host) supersede(old, by *line) {
	if !old.retire() {
		return
	}
	gave, serves, why := old.lives() && old.release.Version != by.release.Version, by.ready(), by.look().Last.Detail
	h.ending.Go(func() { // not with the lock held: whoever is told may take their time
		if gave {
			h.upgraded(old, by, serves, why)
		}
		old.shrink()
	})
}

// upgraded tells that a version which was in use gave way to another: to one that serves, or in vain, and why.
func (h *Host) upgraded(old, by *line, serves bool, why string) {
	if serves {
		h.Log.Info("a new version of a plugin serves", "app", by.app, "version", by.release.Version, "before", old.release.Version)
	} else {
		h.Log.Warn("the time of a version of a plugin is over, and the new one has not come up", "app", by.app, "version", by.release.Version, "before", old.release.Version, "why", why)
	}
	if h.Meter.Upgraded != nil {
		h.Meter.Upgraded(by.app, old.release.Version, by.release.Version, serves)
	}
}

// arrived is called when a first process of a line has said hello: from now on it serves.
func (h *Host) arrived(l *line) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if lines := h.apps[l.app]; len(lines) > 1 && lines[0] == l {
		for _, old := range lines[1:] {
			h.supersede(old, l)
		}
	}
}

// sweep forgets a line of which nothing is left to come; the lock is held.
func (h *Host) sweep(l *line) {
	if !l.gave() || l.lives() {
		return
	}
	lines := slices.DeleteFunc(slices.Clone(h.apps[l.app]), func(one *line) bool { return one == l })
	if h.apps[l.app] = lines; len(lines) == 0 {
		delete(h.apps, l.app)
	}
}

// Follow has what runs for an app follow what the catalogue says of it from now on. A new version is started beside one that
// was in use, with its fresh processes; a version that may no longer go on is ended, and nothing of it is left when Follow
// returns. An app that nobody called is left alone: it costs nothing.
func (h *Host) Follow(ctx context.Context, id string) {
	h.mu.Lock()
	h.turns.Add(1)
	asleep := h.closed || len(h.apps[id]) == 0 && len(h.sessions[id]) == 0
	h.mu.Unlock()
	if asleep {
		return
	}
	app, failure := h.standing(ctx, id)
	if failure != nil {
		h.Stop(id, failure.Detail)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	for v := range h.sessions[id] {
		if v.line != nil && app.of(v.line.release, h.Now()) == nil {
			v.end(replaced(id))
		}
	}
	used := slices.ContainsFunc(h.apps[id], func(l *line) bool { return l.lives() && !l.gave() })
	newest, _ := h.align(app)
	if used && !newest.ready() && !app.Waits && app.Release.SHA256 != "" {
		newest.warm()
	}
	h.drain(app)
	over := func(l *line) bool { return l.gave() && l.lives() && app.of(l.release, h.Now()) == nil }
	for slices.ContainsFunc(h.apps[id], over) {
		h.died.Wait()
	}
	for _, l := range h.apps[id] { // the last of their processes may be gone, and about to say so
		h.sweep(l)
	}
}

// drain has a former version end when its time is over, also when nobody calls; the lock is held.
func (h *Host) drain(app *App) {
	h.drained(app.ID)
	if app.Former != nil {
		id := app.ID
		h.drains[id] = time.AfterFunc(app.Former.Until.Sub(h.Now())+time.Millisecond, func() { h.Follow(h.running, id) })
	}
}

// drained forgets when a former version ends; the lock is held.
func (h *Host) drained(app string) {
	if timer := h.drains[app]; timer != nil {
		timer.Stop()
		delete(h.drains, app)
	}
}

// joined and left count the calls that chose a line; the host's lock is held.
func (l *line) joined() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
}

func (l *line) left() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.calls--; l.retired {
		l.unseal()
	}
}

// ready reports whether a release has ever come up.
func (l *line) ready() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.proven
}

// well reports whether a release came up and does not rest.
func (l *line) well() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.proven && l.fails < tolerated
}

// gave reports whether a line gave way to another, or was stopped.
func (l *line) gave() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.retired
}

// lives reports whether anything of a line is left, or to come.
func (l *line) lives() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.alive > 0 || l.filling > 0 || l.calls > 0
}

// warm starts the first processes of a release that does not serve yet, as soon as there is a place for one. One that fails
// is tried again as a plugin that rests is.
func (l *line) warm() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.filling > 0 || l.retired || l.host.running.Err() != nil || time.Now().Before(l.rests) {
		return
	}
	l.filling++
	l.host.filling.Go(func() {
		if l.host.places.take(l.running, l.app) != nil {
			l.unfilled()
			return
		}
		if l.fill() {
			l.refill()
		}
	})
}

// unfilled ends a start that found no place.
func (l *line) unfilled() {
	l.mu.Lock()
	l.filling--
	l.mu.Unlock()
	l.host.mu.Lock()
	defer l.host.mu.Unlock()
	l.host.sweep(l)
	l.host.died.Broadcast()
}

// stateOf is what one of the lines of an app does.
func stateOf(lines []*line, k int) string {
	switch {
	case lines[k].gave():
		return Ends
	case k == 0 && slices.ContainsFunc(lines[1:], func(l *line) bool { return !l.gave() }):
		return Starts
	}
	return Serves
}

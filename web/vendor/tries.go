package vendor

import (
	"crypto/rand"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/catalog"
)

// Bounds of what is remembered of tries: how many, and how long. It is in memory alone: nothing of a try is worth keeping.
const (
	maxTries  = 2000
	maxOwn    = 10               // sign-ins that one publisher has under way: the oldest makes room
	tryLife   = 10 * time.Minute // from the button to the way back
	shownLife = 30 * time.Minute // a result, or a secret that was not looked at
)

// pending is a sign-in under way.
type pending struct {
	app, owner, verifier, secret string
	key                          *key
	asked                        string // scopes
	until                        time.Time
}

// kept is what the desk remembers of the rehearsal of one app.
type kept struct {
	secret string // until it was shown
	tried  *tried
	ran    *ran
	until  time.Time
}

// tries are the sign-ins under way, by state, and what came of them, by app. They are safe for concurrent use.
type tries struct {
	now   func() time.Time
	mu    sync.Mutex
	under map[string]pending
	kept  map[string]kept
}

func newTries(now func() time.Time) *tries {
	return &tries{now: now, under: map[string]pending{}, kept: map[string]kept{}}
}

func about(owner, app string) string { return owner + " " + app }

// begin keeps a sign-in and gives its state.
func (t *tries) begin(one pending) (state string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep()
	t.room(one.owner)
	one.until, state = t.now().Add(tryLife), rand.Text()
	t.under[state] = one
	return state
}

// room makes room for one more sign-in of a publisher among their own, so that nobody fills the place of all.
func (t *tries) room(owner string) {
	oldest, n := "", 0
	for state, one := range t.under {
		if one.owner != owner {
			continue
		}
		if n++; oldest == "" || one.until.Before(t.under[oldest].until) {
			oldest = state
		}
	}
	if n >= maxOwn {
		delete(t.under, oldest)
	}
}

// take gives the sign-in of a state to its owner, once.
func (t *tries) take(owner, state string) (pending, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one, ok := t.under[state]
	if !ok || one.owner != owner || t.now().After(one.until) {
		return pending{}, false
	}
	delete(t.under, state)
	return one, true
}

// open forgets what came of the tries of a rehearsal before, and keeps its secret.
func (t *tries) open(by catalog.Actor, app, secret string) {
	t.keep(by.Owner, app, func(one *kept) { one.secret, one.tried = secret, nil })
}

// done keeps what came of a try.
func (t *tries) done(owner, app string, what *tried) {
	t.keep(owner, app, func(one *kept) { one.tried = what })
}

// ran keeps what came of running a plugin.
func (t *tries) ran(owner, app string, what *ran) {
	t.keep(owner, app, func(one *kept) { one.ran = what })
}

// lastRun is what came of running a plugin last, nil for nothing.
func (t *tries) lastRun(by catalog.Actor, app string) *ran {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.kept[about(by.Owner, app)].ran
}

func (t *tries) keep(owner, app string, change func(*kept)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sweep()
	one := t.kept[about(owner, app)]
	change(&one)
	one.until = t.now().Add(shownLife)
	t.kept[about(owner, app)] = one
}

// secret gives the secret of a rehearsal, once.
func (t *tries) secret(by catalog.Actor, app string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.kept[about(by.Owner, app)]
	secret := one.secret
	if one.secret = ""; secret != "" {
		t.kept[about(by.Owner, app)] = one
	}
	return secret
}

// tried is what came of the last try of an app, nil for none.
func (t *tries) tried(by catalog.Actor, app string) *tried {
	t.mu.Lock()
	defer t.mu.Unlock()
	one := t.kept[about(by.Owner, app)]
	if t.now().After(one.until) {
		return nil
	}
	return one.tried
}

// sweep forgets what is over, and when that is not enough everything: whoever is under way begins again.
func (t *tries) sweep() {
	now := t.now()
	for state, one := range t.under {
		if now.After(one.until) {
			delete(t.under, state)
		}
	}
	for app, one := range t.kept {
		if now.After(one.until) {
			delete(t.kept, app)
		}
	}
	if len(t.under) >= maxTries {
		clear(t.under)
	}
	if len(t.kept) >= maxTries {
		clear(t.kept)
	}
}

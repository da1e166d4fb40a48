package gate

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/pontlevis/pontlevis/policies"
)

// A session holds all that the plan made of its input: thousands of them, one for each patient that somebody reads of,
// were gigabytes. They go with their second, and none is found again in another.
func TestFewSessionsAreKept(t *testing.T) {
	t.Parallel()
	var s sessionsOf
	now := askedAt{now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}
	later := askedAt{now: now.now.Add(time.Second)}
	key := func() askedKey { return askedKey{grant: &Grant{}} }
	first, session := key(), &policies.Session{}
	s.put(first, now, session)
	for range 10 * maxSessions {
		s.put(key(), now, session)
		if n := len(s.all); n > maxSessions {
			t.Fatalf("%d sessions are kept, more than %d", n, maxSessions)
		}
	}
	if s.get(first, now) != session || s.get(first, later) != nil || s.get(key(), now) != nil {
		t.Error("a session is not found in its second alone, by its key alone")
	}
	second := key()
	s.put(second, later, session)
	s.put(key(), now, session) // a request that began in the second before
	if n := len(s.all); n != 1 || s.get(second, later) != session || s.get(first, now) != nil {
		t.Errorf("%d sessions are kept in the next second", n)
	}
}

// TestOneCount: the cases that change while a request is decided count for it as they stood, so that no session is found
// under a number that it was not made of.
func TestOneCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t).settle()
	var counted atomic.Int64
	w.gate.Overdue = func([]string) int { return int(counted.Add(1)) }
	w.get("dr-lam", "/DocumentReference/report").is(200)
	if n := counted.Load(); n != 1 {
		t.Errorf("one request counted the cases %d times", n)
	}
}

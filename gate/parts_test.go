package gate

import "testing"

// A session holds all that the plan made of its input: thousands of them, one for each patient that somebody reads of,
// were gigabytes.
func TestFewSessionsAreKept(t *testing.T) {
	t.Parallel()
	var p parts
	var last askedKey
	for range 10 * maxSessions {
		last = askedKey{grant: &Grant{}}
		p.sessions.putAmong(maxSessions, last, &askedSession{})
		if n := len(p.sessions.all); n > maxSessions {
			t.Fatalf("%d sessions are kept, more than %d", n, maxSessions)
		}
	}
	if _, ok := p.sessions.get(last); !ok {
		t.Error("the last one is not kept")
	}
}

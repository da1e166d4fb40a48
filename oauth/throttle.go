package oauth

import (
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Failures that are allowed before attempts must wait, and how fast they are forgiven. Nobody is ever locked out: the
// holder's own browser, once it has signed in, is not slowed by what others try on the account.
const (
	pairBurst, pairRefill       = 5, 30 * time.Second  // one account from one address
	addressBurst, addressRefill = 40, 5 * time.Second  // one address, whatever the account
	accountBurst, accountRefill = 30, 20 * time.Second // one account, from unknown browsers anywhere
	// Codes have six digits, so that guessing them is slowed much more; whoever guesses has the password already. The
	// owner is not slowed with them: their own browser counts apart, and a passkey or another sign-in goes on.
	codeBurst, codeRefill       = 10, 10 * time.Minute       // codes of one account, from unknown browsers anywhere
	passkeyBurst, passkeyRefill = 20, 3 * time.Second        // passkeys from one address: they cannot be guessed, but cost CPU
	pendingBurst, pendingRefill = 600, 50 * time.Millisecond // requests that wait for a person, from one network: many may share it
	seekBurst, seekRefill       = 20, 15 * time.Second       // people looked for in an emergency, by one person
	traitsBurst, traitsRefill   = 5, time.Minute             // of them, those looked for by name and birth date
	maxBuckets                  = 1 << 16
)

// throttle counts failed sign-ins in memory. It forgets at a restart or a change of the configuration, which an attacker
// cannot cause; what must never be forgotten, the step of a one-time code and the tries of a letter's code, is in the store.
type throttle struct {
	now     func() time.Time
	mu      sync.Mutex
	buckets map[string]bucket
}

// bucket holds failures; they leak away one per refill.
type bucket struct {
	failures float64
	at       time.Time
	refill   time.Duration
}

func newThrottle(now func() time.Time) *throttle {
	return &throttle{now: now, buckets: make(map[string]bucket)}
}

type throttleKey struct {
	name   string
	burst  float64
	refill time.Duration
}

func throttleKeys(login, address string, known bool) []throttleKey {
	network := networkOf(address)
	keys := []throttleKey{{"address " + network, addressBurst, addressRefill}}
	if known {
		return append(keys, throttleKey{"known " + network + " " + login, pairBurst, pairRefill})
	}
	return append(keys,
		throttleKey{"pair " + network + " " + login, pairBurst, pairRefill},
		throttleKey{"account " + login, accountBurst, accountRefill})
}

// codeKeys are the buckets of one-time codes and recovery codes.
func codeKeys(person, address string, known bool) []throttleKey {
	network := networkOf(address)
	keys := []throttleKey{{"address " + network, addressBurst, addressRefill}}
	if known {
		return append(keys, throttleKey{"known code " + network + " " + person, pairBurst, pairRefill})
	}
	return append(keys,
		throttleKey{"pair code " + network + " " + person, pairBurst, pairRefill},
		throttleKey{"code " + person, codeBurst, codeRefill})
}

func passkeyKeys(address string) []throttleKey {
	return []throttleKey{{"passkey " + networkOf(address), passkeyBurst, passkeyRefill}}
}

// pacePending slows one network down where anybody may leave a row that waits for a person: an authorization request, a
// pushed one, a sign-in for one of our own pages.
func (s *Server) pacePending(r *http.Request) *failure {
	if s.throttle.take([]throttleKey{{"pending " + networkOf(s.address(r)), pendingBurst, pendingRefill}}) == 0 {
		return nil
	}
	return &failure{Status: http.StatusTooManyRequests, Code: codeUnavailable, Description: "Too many requests from this network wait. Come back later."}
}

// take counts an attempt as failed in advance and tells how long to wait when there were too many. Counting first keeps
// simultaneous guesses from all slipping through; a success is given back.
func (t *throttle) take(keys []throttleKey) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for _, k := range keys {
		if over := t.level(k, now) + 1 - k.burst; over > 0 {
			wait = max(wait, time.Duration(over*float64(k.refill)))
		}
	}
	if wait > 0 {
		return wait
	}
	if len(t.buckets) >= maxBuckets {
		t.drop(now)
	}
	for _, k := range keys {
		t.buckets[k.name] = bucket{failures: t.level(k, now) + 1, at: now, refill: k.refill}
	}
	return 0
}

// give takes back what take counted, after a success.
func (t *throttle) give(keys []throttleKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for _, k := range keys {
		t.buckets[k.name] = bucket{failures: max(0, t.level(k, now)-1), at: now, refill: k.refill}
	}
}

func (t *throttle) level(k throttleKey, now time.Time) float64 {
	b, ok := t.buckets[k.name]
	if !ok {
		return 0
	}
	return max(0, b.failures-float64(now.Sub(b.at))/float64(k.refill))
}

// drop forgets empty buckets. When a flood of distinct names has left none empty, it forgets those of a single failure,
// which is what such a flood leaves, so that nobody can wash away what was counted on one account; then all, rather than
// grow.
func (t *throttle) drop(now time.Time) {
	for _, low := range []float64{0, 1} {
		for name, b := range t.buckets {
			if b.failures-float64(now.Sub(b.at))/float64(b.refill) <= low {
				delete(t.buckets, name)
			}
		}
		if len(t.buckets) < maxBuckets {
			return
		}
	}
	clear(t.buckets)
}

func (t *throttle) sweep() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.drop(t.now())
}

// networkOf groups addresses that one person controls: an IPv6 /64.
func networkOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return address
	}
	if a = a.Unmap(); a.Is4() {
		return a.String()
	}
	p, err := a.Prefix(64)
	if err != nil {
		return address
	}
	return p.String()
}

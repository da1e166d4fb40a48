package dpop

import (
	"crypto/sha256"
	"errors"
	"sync"
	"time"
)

// ErrFull says that more proofs were claimed within their lifetime than the memory holds. Nothing is wrong with the proof:
// the caller answers that the service cannot be had now.
var ErrFull = errors.New("too many proofs are in use")

// maxClaimed bounds each of the two halves of the memory: about 40 MB when both are full.
const maxClaimed = 1 << 19

// memory keeps which proofs were claimed, each for at least life and at most twice that.
type memory struct {
	life  time.Duration
	bound int

	mu      sync.Mutex
	turned  time.Time
	now     map[[16]byte]struct{}
	earlier map[[16]byte]struct{}
}

func newMemory(life time.Duration, bound int) *memory {
	return &memory{life: life, bound: bound, now: map[[16]byte]struct{}{}}
}

// claim takes a proof's id for a key. It is false when that was done before; of any number at once, one succeeds.
func (m *memory) claim(key, id string, at time.Time) (bool, error) {
	sum := sha256.Sum256([]byte(key + " " + id)) // a thumbprint has no space
	name := [16]byte(sum[:])
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.turned.IsZero() {
		m.turned = at
	}
	if past := at.Sub(m.turned); past >= m.life {
		if m.earlier = m.now; past >= 2*m.life {
			m.earlier = nil
		}
		m.now, m.turned = map[[16]byte]struct{}{}, at
	}
	if _, used := m.now[name]; used {
		return false, nil
	}
	if _, used := m.earlier[name]; used {
		return false, nil
	}
	if len(m.now) >= m.bound {
		return false, ErrFull
	}
	m.now[name] = struct{}{}
	return true, nil
}

package record

import "sync"

const (
	// rememberedCost bounds the memory of versions kept between requests. A parsed version costs about eight times its
	// text, but for the bytes of a document; one that was never parsed its text and what is kept beside it.
	rememberedCost = 128 << 20
	// rememberedShare keeps one large body from driving out everything else.
	rememberedShare = rememberedCost / 32
)

// remembered keeps versions that were read lately, with what was parsed of them. It says nothing of what is current: it
// is asked with the envelope that a transaction has just read, and answers only if it was made from the same; or with the
// date of a partition (store.Dated) at which the key was last read. The older half goes as a whole, so that keeping order costs nothing.
type remembered struct {
	mu         sync.Mutex
	young, old map[string]kept
	cost       int // of young
}

type kept struct {
	stored *Stored
	cost   int
	print  envelopePrint
	date   uint64 // of the partition before the version was last read as the current one; with dated alone
	dated  bool
}

// envelopePrint tells envelopes of one key apart: versions are never changed, and one that is erased and written again
// has another time.
type envelopePrint struct {
	version uint64
	updated int64
	size    int
}

func (m *remembered) get(key []byte, print envelopePrint) *Stored {
	m.mu.Lock()
	defer m.mu.Unlock()
	if v, ok := m.young[string(key)]; ok {
		if v.print == print {
			return v.stored
		}
		return nil
	}
	v, ok := m.old[string(key)]
	if !ok || v.print != print {
		return nil
	}
	m.keep(string(key), v)
	return v.stored
}

// at gives the version that was read under a key when the partition had this date, nil when none was or it is forgotten.
func (m *remembered) at(key []byte, date uint64) *Stored {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.young[string(key)]
	if !ok {
		if v, ok = m.old[string(key)]; ok && v.dated && v.date == date {
			m.keep(string(key), v)
		}
	}
	if !ok || !v.dated || v.date != date {
		return nil
	}
	return v.stored
}

// date says that a version, if it is still remembered, was read under a key after the partition had this date.
func (m *remembered) date(key []byte, s *Stored, date uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if v, ok := m.young[string(key)]; ok && v.stored == s {
		v.date, v.dated = date, true
		m.young[string(key)] = v
	}
}

func (m *remembered) put(key []byte, print envelopePrint, s *Stored) {
	v := kept{stored: s, cost: bareCost(print.size), print: print}
	if s.read.Load() {
		v.cost = parsedCost(s, print.size)
	}
	if v.cost > rememberedShare {
		return
	}
	name := string(key)
	s.grown = func() { m.grow(name, s) }
	m.mu.Lock()
	defer m.mu.Unlock()
	m.keep(name, v)
}

// grow charges a version for having been parsed, and forgets it when that is too much.
func (m *remembered) grow(key string, s *Stored) {
	m.mu.Lock()
	defer m.mu.Unlock()
	v, ok := m.young[key]
	if !ok {
		v, ok = m.old[key]
	}
	if !ok || v.stored != s {
		return
	}
	if v.cost = parsedCost(s, v.print.size); v.cost > rememberedShare {
		m.cost -= m.young[key].cost
		delete(m.young, key)
		delete(m.old, key)
		return
	}
	m.keep(key, v)
}

// bareCost is what remembering a version costs: its text, its attributes, what a decision keeps beside it, the key.
func bareCost(size int) int { return size + 3072 }

// parsedCost is what it costs with what was parsed. The bytes of a document are one long text, and parsing adds little to it.
func parsedCost(s *Stored, size int) int {
	if s.Type == "Binary" {
		return bareCost(size)
	}
	return 8*size + 3072
}

func (m *remembered) keep(key string, v kept) {
	if m.young == nil || m.cost+v.cost > rememberedCost/2 {
		m.old, m.young, m.cost = m.young, make(map[string]kept), 0
	}
	m.cost += v.cost - m.young[key].cost
	m.young[key] = v
}

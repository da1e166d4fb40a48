package notice

import (
	"context"
	"fmt"
	"sync"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/store"
)

// Who has read a record before. It is kept for each person told, because what is hidden from one of them is not told to
// them: they are told of the first access that they may know of. Once an access that nothing hides was told to all, nobody
// has to be asked about that reader again.

func metKey(patient, recipient, actor string) []byte {
	return store.Key("notices-met", patient, recipient, actor)
}

func knownKey(patient, actor string) []byte { return store.Key("notices-known", patient, actor) }

// maxMet bounds what is remembered of the rows; past it the memory starts afresh.
const maxMet = 1 << 16

// met remembers whom everybody was told of.
type met struct {
	mu  sync.Mutex
	all map[string]bool
}

func (m *met) has(key string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.all[key]
}

func (m *met) add(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.all == nil || len(m.all) >= maxMet {
		m.all = map[string]bool{}
	}
	m.all[key] = true
}

// knows reports whether everybody was told of whoever an entry names.
func (s *Service) knows(ctx context.Context, e *audit.Entry) (known bool, err error) {
	key := knownKey(e.Patient, e.Actor.ID)
	if s.met.has(string(key)) {
		return true, nil
	}
	err = s.c.DB.View(ctx, store.PatientPartition(e.Patient), func(tx store.Tx) error {
		known = tx.Get(key) != nil
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("reading who is known to a space: %w", err)
	}
	if known {
		s.met.add(string(key))
	}
	return known, nil
}

// know notes that everybody was told.
func (s *Service) know(ctx context.Context, e *audit.Entry) error {
	key := knownKey(e.Patient, e.Actor.ID)
	err := s.c.DB.Update(ctx, store.PatientPartition(e.Patient), func(tx store.Tx) error { return tx.Put(key, []byte{1}) })
	if err != nil {
		return fmt.Errorf("keeping who is known to a space: %w", err)
	}
	s.met.add(string(key))
	return nil
}

package cases

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sort"
	"sync"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/gate"
	"github.com/pontlevis/pontlevis/store"
)

// Gate decides each step and logs it. *gate.Gate is one.
type Gate interface {
	Review(ctx context.Context, grant *gate.Grant, r gate.Review) (*gate.Reviewing, error)
	Awaits(ctx context.Context, grant *gate.Grant, r gate.Review) (part bool, shown []bool, err error)
}

// Config is what a register stands on. DB, Log and Now are required.
type Config struct {
	DB   store.DB
	Log  *audit.Log
	Node string // whose log it is, where several nodes share the store; default "node"
	Now  func() time.Time
	Slog *slog.Logger
}

// Register is the register of cases. It is safe for concurrent use.
type Register struct {
	db   store.DB
	log  *audit.Log
	node string
	now  func() time.Time
	slog *slog.Logger
	gate Gate

	mu   sync.RWMutex
	open map[string][]indexed // by organisation, by date
}

// New builds a register over what the store holds. It starts nothing: Run follows the log.
func New(ctx context.Context, c Config) (*Register, error) {
	if c.DB == nil || c.Log == nil || c.Now == nil {
		return nil, errors.New("cases: store, log and clock are required")
	}
	if c.Node == "" {
		c.Node = "node"
	}
	if c.Slog == nil {
		c.Slog = slog.Default()
	}
	r := &Register{db: c.DB, log: c.Log, node: c.Node, now: c.Now, slog: c.Slog}
	return r, r.countAll(ctx)
}

// Through sets the gate, which is built after the register because it asks it how many cases are due. It is called
// before any step.
func (r *Register) Through(g Gate) { r.gate = g }

// Due says how many cases of an establishment, under any of its names, wait for a verdict past their date. It reads
// memory alone: the gate asks at each request.
func (r *Register) Due(organizations []string) int {
	now := r.now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	n := 0
	for k, name := range organizations {
		if !contains(organizations[:k], name) {
			n += overdue(r.open[name], now)
		}
	}
	return n
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if n == name {
			return true
		}
	}
	return false
}

// overdue counts the cases of a list, sorted by date, that are past it.
func overdue(open []indexed, now time.Time) int {
	past := sort.Search(len(open), func(k int) bool { return !now.After(open[k].Due) })
	n := 0
	for _, one := range open[:past] {
		if !one.Drill {
			n++
		}
	}
	return n
}

// Standing counts all open cases, and those of them that are overdue. It reads memory alone.
func (r *Register) Standing() (open, late int) {
	now := r.now()
	r.mu.RLock()
	defer r.mu.RUnlock()
	for _, all := range r.open {
		open += len(all)
		late += overdue(all, now)
	}
	return open, late
}

// count reads the open cases of one establishment anew.
func (r *Register) count(ctx context.Context, organization string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	all, err := r.scan(ctx, store.Key("queue", organization))
	if err != nil {
		return err
	}
	if r.open[organization] = all[organization]; len(all) == 0 {
		delete(r.open, organization)
	}
	return nil
}

// countAll reads all open cases anew.
func (r *Register) countAll(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	all, err := r.scan(ctx, store.Key("queue"))
	if err == nil {
		r.open = all
	}
	return err
}

// scan reads open cases by organisation; the keys sort them by date.
func (r *Register) scan(ctx context.Context, prefix []byte) (map[string][]indexed, error) {
	all := map[string][]indexed{}
	err := r.db.View(ctx, queuePartition, func(tx store.Tx) error {
		clear(all)
		for key := range tx.Scan(prefix, nil) {
			var row indexed
			if _, err := store.GetJSON(tx, key, &row); err != nil {
				return err
			}
			if parts := store.KeyParts(key); len(parts) == 4 {
				all[parts[1]] = append(all[parts[1]], row)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the queue of cases: %w", err)
	}
	return all, nil
}

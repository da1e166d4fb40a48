package plugins

import (
	"context"
	"errors"
	"sync"

	"github.com/hashicorp/go-plugin/runner"

	"github.com/pontlevis/pontlevis/plugins/cage"
)

// guard is a caged process as go-plugin gets it. What a process says before it may speak, and where its socket is, the cage
// has checked; the guard sees to it that a process is killed before go-plugin asks it anything, and killed once.
type guard struct {
	runner.Runner
	caged *cage.Runner

	mu      sync.Mutex
	started bool
	killed  bool
}

func newGuard(r *cage.Runner) *guard { return &guard{Runner: r, caged: r} }

var errKilled = errors.New("the process was ended before it began")

// Start starts the process, unless it was killed before.
func (g *guard) Start(ctx context.Context) error {
	g.mu.Lock()
	killed := g.killed
	g.mu.Unlock()
	if killed {
		return errKilled
	}
	err := g.caged.Start(ctx)
	g.mu.Lock()
	g.started, killed = true, g.killed
	g.mu.Unlock()
	if killed {
		_ = g.caged.Kill(context.Background())
		return errKilled
	}
	return err
}

// Kill ends the process at once, whether go-plugin or the host asks.
func (g *guard) Kill(ctx context.Context) error {
	g.mu.Lock()
	first, started := !g.killed, g.started
	g.killed = true
	g.mu.Unlock()
	if !first || !started {
		return nil
	}
	return g.caged.Kill(ctx)
}

// HostToPlugin is for the broker, which is refused.
func (g *guard) HostToPlugin(string, string) (string, string, error) {
	return "", "", errors.New("nothing of the host is announced to a plugin")
}

// Diagnose tells go-plugin nothing: its words would go into errors.
func (g *guard) Diagnose(context.Context) string { return "" }

package policies

import (
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"
)

// heldTracer watches tests run, and learns of each rule body whether it ever held and whether it ever did not, be it because a condition
// failed or because OPA's index ruled it out beforehand.
type heldTracer struct {
	mu      sync.Mutex
	queries map[uint64]*entered // rule bodies under evaluation
	held    map[string]bool     // by "file:line" of the rule
	failed  map[string]bool
	entries map[string]int // how often each body was entered
	lookups map[string]int // how often the index was asked, by path of the rule
	paths   map[string]string
}

type entered struct {
	at     string
	exited bool
}

func newHeldTracer() *heldTracer {
	return &heldTracer{queries: map[uint64]*entered{}, held: map[string]bool{}, failed: map[string]bool{}, entries: map[string]int{}, lookups: map[string]int{}, paths: map[string]string{}}
}

// Enabled implements topdown.QueryTracer.
func (h *heldTracer) Enabled() bool { return true }

// Config implements topdown.QueryTracer.
func (h *heldTracer) Config() topdown.TraceConfig { return topdown.TraceConfig{} }

// TraceEvent implements topdown.QueryTracer.
func (h *heldTracer) TraceEvent(e topdown.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch e.Op {
	case topdown.EnterOp:
		if r, ok := e.Node.(*ast.Rule); ok {
			h.queries[e.QueryID] = &entered{at: at(r.Location)}
			h.entries[at(r.Location)]++
			h.paths[at(r.Location)] = r.Path().String()
		}
	case topdown.ExitOp:
		if r, ok := e.Node.(*ast.Rule); ok {
			h.held[at(r.Location)] = true
			if q := h.queries[e.QueryID]; q != nil {
				q.exited = true
			}
		}
	case topdown.FailOp:
		if q := h.queries[e.QueryID]; q != nil && !q.exited {
			h.failed[q.at] = true
		}
	case topdown.IndexOp:
		if e.Ref != nil {
			h.lookups[e.Ref.GroundPrefix().String()]++
		}
	}
}

// everFailed reports whether a body ever did not hold.
func (h *heldTracer) everFailed(r *ast.Rule) bool {
	place := at(r.Location)
	return h.failed[place] || h.lookups[h.paths[place]] > h.entries[place]
}

var _ topdown.QueryTracer = (*heldTracer)(nil)

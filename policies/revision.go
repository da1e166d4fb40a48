package policies

import (
	"slices"
	"sync/atomic"
	"time"
)

// Revision is one bundle, loaded, checked and ready. It is immutable and safe for concurrent use; a decision names the revision it came from.
type Revision struct {
	Digest string    // SHA-256 of the bundle's sorted names and contents, in hexadecimal
	Loaded time.Time // when it was loaded here

	// Warnings are what the load found worth saying without refusing the bundle.
	Warnings []Problem

	parsed   *parsed
	compiled *compiled
	rules    map[string]Rule
	byAST    map[string]string
	ordered  []Rule
	reads    readSet
	narrow   []narrowing
	blanks   blanksOf
	schema   *node

	suspect []suspicion

	fast      *fastPath
	redecider *redecider
	table     atomic.Pointer[table]
	stats     *Stats
}

// Rule gives what the bundle says of a rule, by its id.
func (r *Revision) Rule(id string) (Rule, bool) {
	rule, ok := r.rules[id]
	return rule, ok
}

// Rules gives every described rule, ordered as people read ids (P2 before P10).
func (r *Revision) Rules() []Rule { return slices.Clone(r.ordered) }

// ReadSet gives the attributes of a resource that the modules read, sorted. When the modules look at the resource as a whole, all is
// true and every attribute takes part in the class of a document.
func (r *Revision) ReadSet() (names []string, all bool) {
	return slices.Clone(r.reads.names), r.reads.all
}

// Reference gives OPA's own evaluator of the bundle: what every other way to decide must equal.
func (r *Revision) Reference() Evaluator { return reference{r} }

// Stats counts what this revision decided.
func (r *Revision) Stats() *Stats { return r.stats }

// Data gives the bundle's data at a path of member names, and whether there is any: settings that a page shows, say. Read-only.
func (r *Revision) Data(path ...string) (any, bool) {
	var v any = r.parsed.data
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil, false
		}
		if v, ok = m[p]; !ok {
			return nil, false
		}
	}
	return v, true
}

package policies

import (
	"slices"
	"sync/atomic"
)

// Stats counts decisions without identity: by rule and outcome, and how many came from the table. Safe for concurrent use.
type Stats struct {
	byRule map[string]*outcome // fixed when the revision is loaded
	hits   atomic.Uint64
	misses atomic.Uint64
	fast   fastStats
}

type outcome struct {
	layer            string
	granted, refused atomic.Uint64
}

// Count is one line of Stats: how often a rule granted or refused.
type Count struct {
	Rule, Layer      string
	Granted, Refused uint64
}

func newStats(rules map[string]Rule) *Stats {
	s := &Stats{byRule: make(map[string]*outcome, len(rules)+1)}
	for id, r := range rules {
		s.byRule[id] = &outcome{layer: r.Layer}
	}
	s.byRule[ErrorRule] = &outcome{layer: DefaultLayer}
	return s
}

// known is a decision with where it is counted.
type known struct {
	decision *Decision
	count    *atomic.Uint64
}

// known finds where a decision is counted.
func (s *Stats) known(d *Decision) known {
	o := s.byRule[d.Rule]
	if o == nil {
		o = s.byRule[ErrorRule]
	}
	k := known{decision: d, count: &o.refused}
	if d.Allow {
		k.count = &o.granted
	}
	return k
}

// tally counts the decision once more.
func (k known) tally() { k.count.Add(1) }

// Counts gives the decisions by rule, for rules that decided at least once, ordered by id.
func (s *Stats) Counts() []Count {
	var out []Count
	for id, o := range s.byRule {
		c := Count{id, o.layer, o.granted.Load(), o.refused.Load()}
		if c.Granted+c.Refused > 0 {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b Count) int { return compareIDs(a.Rule, b.Rule) })
	return out
}

// Hits and Misses tell how many decisions came from the table, and how many were evaluated or failed.
func (s *Stats) Hits() uint64 { return s.hits.Load() }

// Misses counts decisions that were evaluated, or failed.
func (s *Stats) Misses() uint64 { return s.misses.Load() }

// Errors counts decisions that failed and stand as refusals.
func (s *Stats) Errors() uint64 { return s.byRule[ErrorRule].refused.Load() }

// sumStats adds the counts of several revisions.
func sumStats(all []*Stats) (counts []Count, hits, misses uint64) {
	sum := map[string]Count{}
	for _, s := range all {
		hits += s.Hits()
		misses += s.Misses()
		for _, c := range s.Counts() {
			t := sum[c.Rule]
			t.Rule, t.Layer = c.Rule, c.Layer
			t.Granted += c.Granted
			t.Refused += c.Refused
			sum[c.Rule] = t
		}
	}
	for _, c := range sum {
		counts = append(counts, c)
	}
	slices.SortFunc(counts, func(a, b Count) int { return compareIDs(a.Rule, b.Rule) })
	return counts, hits, misses
}

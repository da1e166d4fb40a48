package gate

import (
	"context"
	"iter"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/record"
)

// sight is the source of a search that asks about references: each resource comes as its reader would be shown it, so
// that no criterion and no sort key finds out what was cut (rules.md S1).
type sight struct {
	*withLog
	h *hearing
}

// Read gives a resource without the references that its reader may not know.
func (s *sight) Read(ctx context.Context, ref record.Ref) (*record.Stored, error) {
	stored, err := s.withLog.Read(ctx, ref)
	if err != nil || stored.Deleted {
		return stored, err
	}
	return s.h.sighted(ctx, stored)
}

// Compartment does the same for a record.
func (s *sight) Compartment(ctx context.Context, patient string, types []string, c []search.Criterion) iter.Seq2[*record.Stored, error] {
	return func(yield func(*record.Stored, error) bool) {
		for stored, err := range s.withLog.Compartment(ctx, patient, types, c) {
			if err == nil {
				stored, err = s.h.sighted(ctx, stored)
			}
			if !yield(stored, err) || err != nil {
				return
			}
		}
	}
}

// sighted redacts a resource and remembers what it was: decisions are about the whole of it, or a list of nothing but
// hidden documents would be taken for an empty one.
func (h *hearing) sighted(ctx context.Context, stored *record.Stored) (*record.Stored, error) {
	redacted, err := h.redact(ctx, stored)
	if err == nil && redacted != stored {
		h.origins[redacted] = stored
	}
	return redacted, err
}

// origin is a resource as it was before it was redacted for a search.
func (h *hearing) origin(stored *record.Stored) *record.Stored {
	if whole := h.origins[stored]; whole != nil {
		return whole
	}
	return stored
}

// Ranked does the same for the access log by date: its order is not by references.
func (s *sight) Ranked(ctx context.Context, patient, resourceType string, c []search.Criterion, sort []search.SortKey, after *record.Position) (iter.Seq2[*record.Stored, error], bool) {
	events, ok := s.withLog.Ranked(ctx, patient, resourceType, c, sort, after)
	if !ok {
		return nil, false
	}
	return func(yield func(*record.Stored, error) bool) {
		for stored, err := range events {
			if err == nil {
				stored, err = s.h.sighted(ctx, stored)
			}
			if !yield(stored, err) || err != nil {
				return
			}
		}
	}, true
}

// asksLinks reports whether a search matches or sorts by references to anything but the person, or by what goes with them.
func asksLinks(q *search.Query) bool {
	for i := range q.Criteria {
		if criterionAsksLinks(&q.Criteria[i]) {
			return true
		}
	}
	for _, k := range q.Sort {
		if k.Name == "outcome" {
			return true
		}
		if isLink(k.Param) {
			return true
		}
	}
	return false
}

func criterionAsksLinks(c *search.Criterion) bool {
	switch {
	case c.Listed():
		return true // by what a List names
	case c.Has != nil:
		return criterionAsksLinks(c.Has.Then)
	case len(c.Chain) == 0 && c.Param != nil && c.Param.Type == "token" && c.Name == "outcome":
		return true // of the access log: what failed on something hidden is shown as refused
	case len(c.Chain) == 0:
		return isLink(c.Param) && !aboutPerson(c)
	}
	for i := range c.Chain { // the chain itself is followed over what may be read alone
		if criterionAsksLinks(c.Chain[i].Then) {
			return true
		}
	}
	return false
}

// isLink reports whether a parameter looks at references, or at what is cut together with one: relatesTo.code, or an
// identifier that somebody assigned.
func isLink(p *fhir.Param) bool {
	return p != nil && p.Name != "patient" && (p.Type == "reference" || p.Type == "composite" || p.Nested())
}

// aboutPerson reports whether a criterion is subject=Patient/x, which names nothing that is hidden.
func aboutPerson(c *search.Criterion) bool {
	if c.Name != "subject" || len(c.Values) == 0 {
		return false
	}
	for _, v := range c.Values {
		if v.Missing || v.Type != "Patient" && v.Type != "" {
			return false
		}
	}
	return true
}

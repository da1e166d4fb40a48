package gate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/record"
)

// newestFirst is the order in which a person reads who saw their record, unless they ask for another.
var newestFirst = []search.SortKey{{Name: "date", Descending: true, Param: fhir.ParamOf(auditEvent, "date")}}

// inUsualOrder gives a search of the access log that asks for no order the usual one; FHIR leaves it open
// (search.html#sort). Its links stay as they were asked.
func inUsualOrder(q *search.Query) *search.Query {
	if q.Type != auditEvent || len(q.Sort) > 0 || newestFirst[0].Param == nil {
		return q
	}
	sorted := *q
	sorted.Sort = newestFirst
	return &sorted
}

// Ranked yields the access log by date, as the log keeps it: a page reads its own entries alone. AuditEvents of the
// record itself, of which there are few, take their places among them.
func (s *withLog) Ranked(ctx context.Context, patient, resourceType string, c []search.Criterion, sort []search.SortKey, after *record.Position) (iter.Seq2[*record.Stored, error], bool) {
	if resourceType != auditEvent || len(sort) != 1 || sort[0].Name != "date" {
		return nil, false
	}
	return func(yield func(*record.Stored, error) bool) {
		own, err := s.ownEvents(ctx, patient, c, sort)
		if err != nil {
			yield(nil, err)
			return
		}
		for stored, err := range s.entries(ctx, patient, c, !sort[0].Descending, after) {
			for err == nil && len(own) > 0 && search.Compare(sort, parsed(own[0]), parsed(stored)) < 0 {
				if !yield(own[0], nil) {
					return
				}
				own = own[1:]
			}
			if !yield(stored, err) || err != nil {
				return
			}
		}
		for _, stored := range own {
			if !yield(stored, nil) {
				return
			}
		}
	}, true
}

// parsed is the resource of an AuditEvent that was parsed before, or that was rendered here.
func parsed(s *record.Stored) *fhir.Resource {
	r, _ := s.Resource()
	return r
}

// ownEvents are the AuditEvents that the record holds as resources, in order.
func (s *withLog) ownEvents(ctx context.Context, patient string, c []search.Criterion, sort []search.SortKey) ([]*record.Stored, error) {
	var own []*record.Stored
	for stored, err := range s.Source.Compartment(ctx, patient, []string{auditEvent}, c) {
		if err == nil {
			_, err = stored.Resource()
		}
		if err != nil {
			return nil, err
		}
		own = append(own, stored)
	}
	slices.SortStableFunc(own, func(a, b *record.Stored) int { return search.Compare(sort, parsed(a), parsed(b)) })
	return own, nil
}

// entries yields a person's entries by date, those of one moment by their ids, as far as criteria on the log's own fields
// let them through. With a position it may begin there.
func (s *withLog) entries(ctx context.Context, patient string, c []search.Criterion, oldestFirst bool, after *record.Position) iter.Seq2[*record.Stored, error] {
	return func(yield func(*record.Stored, error) bool) {
		if s.size == 0 {
			return
		}
		q := audit.Query{Patient: patient, OldestFirst: oldestFirst, Limit: 100, Size: max(s.size, 0), Keep: keeper(c)}
		q.Since, q.Until = period(c)
		if err := s.from(ctx, &q, after); err != nil {
			yield(nil, err)
			return
		}
		for moment, err := range s.moments(ctx, q) {
			if err != nil {
				yield(nil, err)
				return
			}
			for _, e := range moment {
				stored, err := s.shown(ctx, e)
				if err == nil && stored == nil {
					continue
				}
				if !yield(stored, err) || err != nil {
					return
				}
			}
		}
	}
}

// from begins a query at the moment of the entry after which a page begins. One that was erased meanwhile tells no
// moment: then the page is looked for from the start.
func (s *withLog) from(ctx context.Context, q *audit.Query, after *record.Position) error {
	if after == nil || after.Ref.Type != auditEvent {
		return nil
	}
	e, err := s.log.Entry(ctx, after.Ref.ID)
	if errors.Is(err, audit.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the access log: %w", err)
	}
	if end := e.At.Add(time.Millisecond); q.OldestFirst && e.At.After(q.Since) {
		q.Since = e.At
	} else if !q.OldestFirst && (q.Until.IsZero() || end.Before(q.Until)) {
		q.Until = end
	}
	return nil
}

// moments yields entries by the millisecond they share, by id within one.
func (s *withLog) moments(ctx context.Context, q audit.Query) iter.Seq2[[]audit.Entry, error] {
	return func(yield func([]audit.Entry, error) bool) {
		var moment []audit.Entry
		flush := func() bool {
			slices.SortFunc(moment, func(a, b audit.Entry) int { return strings.Compare(a.ID, b.ID) })
			return len(moment) == 0 || yield(moment, nil)
		}
		for more := true; more; {
			page, err := s.log.Select(ctx, q)
			if err != nil {
				yield(nil, fmt.Errorf("reading the access log: %w", err))
				return
			}
			for _, e := range page.Entries {
				if len(moment) > 0 && !e.At.Equal(moment[0].At) {
					if !flush() {
						return
					}
					moment = moment[:0]
				}
				moment = append(moment, e)
			}
			q.Before, more = page.Next, page.Next != ""
		}
		flush()
	}
}

// own reports whether a criterion is a plain one, whose values are compared with the resource alone.
func own(c *search.Criterion) bool {
	return c.Param != nil && c.Modifier == "" && c.Chain == nil && c.Has == nil && !c.Codes() && !c.Hierarchy()
}

// period is within what times the criteria on the date can be met, with a second to spare: they are matched again.
func period(c []search.Criterion) (since, until time.Time) {
	for i := range c {
		if c[i].Name != "date" || !own(&c[i]) || len(c[i].Values) != 1 {
			continue
		}
		v := &c[i].Values[0]
		low, high := v.Low.Add(-time.Second), v.High.Add(time.Second)
		switch v.Prefix {
		case search.Less, search.LessOrEqual, search.EndsBefore:
			low = time.Time{}
		case search.Greater, search.GreaterOrEqual, search.StartsAfter:
			high = time.Time{}
		case search.Equal, "":
		default:
			continue
		}
		if !v.Low.IsZero() && !low.IsZero() && low.After(since) {
			since = low
		}
		if !v.High.IsZero() && !high.IsZero() && (until.IsZero() || high.Before(until)) {
			until = high
		}
	}
	return since, until
}

// keeper looks at entries before they are rendered: it keeps each that can meet the criteria, and perhaps some others.
func keeper(c []search.Criterion) func(*audit.Entry) bool {
	var tests []func(*audit.Entry) bool
	for i := range c {
		if own(&c[i]) {
			if field := fields[c[i].Name]; field != nil {
				tests = append(tests, func(e *audit.Entry) bool { return anyOf(c[i].Values, field(e)) })
			}
		}
	}
	return func(e *audit.Entry) bool {
		for _, test := range tests {
			if !test(e) {
				return false
			}
		}
		return true
	}
}

// fields are where entries keep what parameters of AuditEvent ask for: codes, or references.
var fields = map[string]func(*audit.Entry) []string{
	"outcome": func(e *audit.Entry) []string { return []string{e.OutcomeCode(), outcomeRefused} }, // failed may be shown as refused
	"action":  func(e *audit.Entry) []string { return []string{e.ActionCode()} },
	"agent":   func(e *audit.Entry) []string { return []string{e.Actor.ID, e.Actor.Organization} },
	"entity":  func(e *audit.Entry) []string { return append([]string{"Patient/" + e.Patient}, e.Resources...) },
}

func anyOf(values []search.Operand, held []string) bool {
	for i := range values {
		v := &values[i]
		switch {
		case v.ID == "" && v.Code == "":
			return true // an absolute reference, any code of a system
		case v.Code != "" && slices.ContainsFunc(held, func(s string) bool { return strings.EqualFold(s, v.Code) }):
			return true
		case v.ID != "" && slices.ContainsFunc(held, func(s string) bool { return strings.Contains(s, "/"+v.ID) }):
			return true
		}
	}
	return false
}

var _ record.Ranked = (*withLog)(nil)

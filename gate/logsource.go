package gate

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
)

const auditEvent = "AuditEvent"

// withLog is a record source with the access log beside it: each entry is read as an AuditEvent of the person's record
// and goes through the same decisions as everything else.
type withLog struct {
	record.Source
	log   *audit.Log
	base  string
	rules *policies.Engine
	size  int64                                                         // how many entries of the log there are to it; negative: all
	show  func(context.Context, *record.Stored) (*record.Stored, error) // what of an entry is shown, nil for nothing; nil: all
}

// at is the source with the log as it stood at a size: reading the log writes to it, and pages of it would never end.
func (s *withLog) at(size int64) *withLog {
	c := *s
	c.size = size
	return &c
}

// Ordered reports whether a type comes in the order of ids: the access log does not, it comes newest first.
func (s *withLog) Ordered(resourceType string) bool {
	inner, ok := s.Source.(record.Ordered)
	return ok && resourceType != auditEvent && inner.Ordered(resourceType)
}

func (s *withLog) Read(ctx context.Context, ref record.Ref) (*record.Stored, error) {
	if ref.Type != auditEvent {
		return s.Source.Read(ctx, ref)
	}
	entry, err := s.log.Entry(ctx, ref.ID)
	if errors.Is(err, audit.ErrNotFound) {
		return s.Source.Read(ctx, ref)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the access log: %w", err)
	}
	return found(s.shown(ctx, entry))
}

// shown renders an entry as far as it is shown; nil when it is not.
func (s *withLog) shown(ctx context.Context, e audit.Entry) (*record.Stored, error) {
	stored, err := s.stored(e)
	if err == nil && s.show != nil {
		return s.show(ctx, stored)
	}
	return stored, err
}

func (s *withLog) Version(ctx context.Context, ref record.Ref, version string) (*record.Stored, error) {
	if ref.Type != auditEvent {
		return s.Source.Version(ctx, ref, version)
	}
	stored, err := s.Read(ctx, ref)
	if err == nil && version != "1" {
		return nil, record.ErrNotFound
	}
	return stored, err
}

func (s *withLog) History(ctx context.Context, ref record.Ref) ([]*record.Stored, error) {
	if ref.Type != auditEvent {
		return s.Source.History(ctx, ref)
	}
	stored, err := s.Read(ctx, ref)
	if err != nil {
		return nil, err
	}
	return []*record.Stored{stored}, nil
}

// Compartment yields the person's access log, newest first, after the record's own resources.
func (s *withLog) Compartment(ctx context.Context, patient string, types []string, c []search.Criterion) iter.Seq2[*record.Stored, error] {
	return func(yield func(*record.Stored, error) bool) {
		for stored, err := range s.Source.Compartment(ctx, patient, types, c) {
			if !yield(stored, err) || err != nil {
				return
			}
		}
		if types != nil && !slices.Contains(types, auditEvent) {
			return
		}
		for stored, err := range s.entries(ctx, patient, c, false, nil) {
			if !yield(stored, err) || err != nil {
				return
			}
		}
	}
}

// stored renders an entry; the reasons come from the policies of today, in both languages.
func (s *withLog) stored(e audit.Entry) (*record.Stored, error) {
	body := e.AuditEvent(s.base, func(rule string) (fr, en string) {
		r, _ := s.rules.Current().Rule(rule)
		return r.Reason.FR, r.Reason.EN
	})
	r, err := fhir.ParseResource(body)
	if err != nil {
		return nil, fmt.Errorf("rendering an entry of the access log: %w", err)
	}
	attributes := r.Attributes()
	attributes.Status = e.Outcome // an AuditEvent has no status: the policies tell by it what was let in
	return &record.Stored{
		Ref: record.Ref{Type: auditEvent, ID: e.ID}, Version: 1, Updated: e.At.UTC(), Created: true,
		Patient: e.Patient, Attributes: attributes, Body: body,
	}, nil
}

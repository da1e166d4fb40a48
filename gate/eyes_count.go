package gate

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
	"github.com/pontlevis/pontlevis/record"
)

// count finds, of all that an interaction asks for on any page, what the holder sees and the other does not.
func (e *Eyes) count(ctx context.Context, i *record.Interaction, s *Sight) error {
	all, err := allOf(ctx, e.own.hear(e.holder), i)
	if err != nil {
		return err
	}
	theirs := map[record.Ref]bool{}
	if e.shut == nil {
		got, err := allOf(ctx, e.other.hear(e.grant), i)
		if err != nil {
			return err
		}
		for _, ref := range got {
			theirs[ref] = true
		}
	}
	h := e.other.hear(e.grant)
	for _, ref := range all {
		if theirs[ref] {
			continue
		}
		further := false
		if e.shut == nil {
			stored, d, err := h.find(ctx, ref)
			if err != nil {
				return err
			}
			further = stored != nil && d.Allow
		}
		if further {
			s.Further = append(s.Further, ref)
		} else {
			s.Hidden = append(s.Hidden, ref)
		}
	}
	return nil
}

// allOf are all resources that an interaction gives a grant, on whatever page, without what it only includes; in order.
// A history, and what may not be asked, give none; nor does the access log, which is looked at and not counted.
func allOf(ctx context.Context, h *hearing, i *record.Interaction) (refs []record.Ref, err error) {
	if i.Ref.Type == auditEvent {
		return nil, nil
	}
	if i.Kind == record.KindSearch {
		h.query = &asking{i.Query.Dated()}
	}
	if err := h.admit(ctx, i); err != nil {
		return nil, unlessRefused(err)
	}
	switch i.Kind {
	case record.KindRead, record.KindVRead, record.KindDocument:
		stored, d, err := h.find(ctx, i.Ref)
		if err != nil || stored == nil || !d.Allow {
			return nil, err
		}
		return []record.Ref{stored.Ref}, nil
	case record.KindSearch:
		refs, err = h.allFound(ctx, i)
	case record.KindEverything:
		refs, err = h.allThere(ctx, i)
	}
	if err != nil {
		return nil, unlessRefused(err)
	}
	slices.SortFunc(refs, record.Ref.Compare)
	return slices.Compact(refs), nil
}

// unlessRefused is a failure; nil when it is a refusal.
func unlessRefused(err error) error {
	if refusalIn(err) != nil {
		return nil
	}
	return err
}

// allFound are the matches of a search, all pages of it.
func (h *hearing) allFound(ctx context.Context, i *record.Interaction) (refs []record.Ref, err error) {
	whole := *i.Query
	whole.Sort, whole.Count, whole.Include, whole.RevInclude = nil, search.MaxCount, nil, nil
	whole.Summary, whole.Elements, whole.Total = search.SummaryNone, nil, ""
	in, err := h.scope(ctx, &whole)
	if err != nil {
		return nil, err
	}
	asked, err := h.ask(ctx, i, in)
	if err != nil {
		return nil, err
	}
	scope := record.Scope{Patients: asked.open, Directory: in.directory}
	if i.Last > 0 {
		page, err := h.found(ctx, i, scope, nil)
		return refsOf(refs, page), err
	}
	for after, more := (*record.Position)(nil), true; more; more = after != nil {
		page, err := h.look(ctx, &whole, scope, after)
		if err != nil {
			return nil, err
		}
		refs, after = refsOf(refs, page), page.Next
	}
	return refs, nil
}

// allThere is all that an $everything gives.
func (h *hearing) allThere(ctx context.Context, i *record.Interaction) (refs []record.Ref, err error) {
	opened, d, err := h.find(ctx, i.Ref)
	if err != nil || opened == nil || !d.Allow {
		return nil, err
	}
	for after, more := (*record.Position)(nil), true; more; more = after != nil {
		page, err := record.Everything(ctx, h.source, i.Ref.ID, record.EverythingOptions{
			Types: i.Types, Since: i.Since, Care: i.Care, Count: record.MaxEverything, After: after,
		}, h.permit)
		if errors.Is(err, record.ErrTooCostly) {
			return nil, tooCostly()
		}
		if err != nil {
			return nil, err
		}
		refs, after = refsOf(refs, page), page.Next
	}
	return slices.DeleteFunc(refs, func(r record.Ref) bool { return r.Type == auditEvent }), nil
}

func refsOf(refs []record.Ref, page *record.Page) []record.Ref {
	if page == nil {
		return refs
	}
	for _, stored := range page.Matches {
		refs = append(refs, stored.Ref)
	}
	return refs
}

// log writes the entries of a look: one for what may be told of to whoever reads the log, and one for each audience that
// may not, as for the holder's own reading of the same.
func (e *Eyes) log(ctx context.Context, i *record.Interaction, sights ...*Sight) error {
	h := e.gate.hear(e.holder)
	groups := map[string][]string{"": nil}
	for _, ref := range shownIn(i, sights) {
		stored, d, err := e.reader.findEver(ctx, ref)
		if err != nil {
			return err
		}
		if stored == nil || stored.Patient == "" {
			continue
		}
		labels := strings.Join(traceLabels(d), ",")
		groups[labels] = append(groups[labels], ref.String())
	}
	var entries []audit.Entry
	for _, labels := range slices.Sorted(maps.Keys(groups)) {
		one := decided(h.lookEntry(e.viewer, i), e.rule)
		one.Resources = groups[labels]
		if labels != "" {
			one.Labels = strings.Split(labels, ",")
		}
		entries = append(entries, one)
	}
	return h.append(ctx, entries...)
}

// shownIn are the resources in answers: that of a read, else the entries of Bundles. Each once, in order.
func shownIn(i *record.Interaction, sights []*Sight) []record.Ref {
	var refs []record.Ref
	for _, s := range sights {
		switch {
		case s.Answer == nil:
		case i.Kind == record.KindRead, i.Kind == record.KindVRead, i.Kind == record.KindDocument, i.Kind == record.KindHistoryInstance:
			refs = append(refs, i.Ref)
		default:
			n, err := fhir.Parse(s.Answer.Body, fhir.Limits{})
			if err != nil {
				continue // a Bundle of our own
			}
			for _, entry := range n.Get("entry").Items() {
				r := entry.Get("resource")
				if ref := (record.Ref{Type: r.Get("resourceType").Text(), ID: r.Get("id").Text()}); ref.ID != "" {
					refs = append(refs, ref)
				}
			}
		}
	}
	slices.SortFunc(refs, record.Ref.Compare)
	return slices.Compact(refs)
}

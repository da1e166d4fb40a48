package gate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
)

// findEver is find for what was there once too: of a deleted resource it gives the last version that lived, decided as if
// it still did. Who may not read that may not know that something was deleted.
func (h *hearing) findEver(ctx context.Context, ref record.Ref) (*record.Stored, *policies.Decision, error) {
	stored, err := h.source.Read(ctx, ref)
	if errors.Is(err, record.ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", ref, err)
	}
	if !stored.Deleted {
		return h.find(ctx, ref)
	}
	versions, err := h.source.History(ctx, ref)
	if err != nil {
		return nil, nil, fmt.Errorf("reading a history: %w", err)
	}
	last := lastLiving(versions)
	if last == nil {
		return nil, nil, nil
	}
	d, err := h.read(ctx, last)
	if err == nil && h.elsewhere(last) {
		d = shut(d)
	}
	return last, d, err
}

// lastLiving is the newest version that is no deletion: what governs all versions of a resource. Nil when there is none.
func lastLiving(versions []*record.Stored) *record.Stored {
	if k := slices.IndexFunc(versions, func(s *record.Stored) bool { return !s.Deleted }); k >= 0 {
		return versions[k]
	}
	return nil
}

// older replaces a permitted governing version by the version asked for. Today's labels govern what was written before
// them: each old version is decided under them, and by what it said itself.
func (h *hearing) older(ctx context.Context, governing *record.Stored, version string) (*record.Stored, error) {
	old, err := h.source.Version(ctx, governing.Ref, version)
	if errors.Is(err, record.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading an older version: %w", err)
	}
	if old.Version == governing.Version {
		return governing, nil
	}
	allowed, err := h.permitOlder(ctx, governing, old)
	if err != nil || !allowed || old.Deleted {
		return nil, err
	}
	return old, nil
}

// permitOlder decides a version of a resource whose governing version may be read. A deletion says no more than that the
// resource was there, which is known already.
func (h *hearing) permitOlder(ctx context.Context, governing, old *record.Stored) (bool, error) {
	key := decisionKey{old, h.within}
	if isBytes(old.Type) || old.Deleted || old.Version == governing.Version {
		h.decided[key] = h.decided[decisionKey{governing, h.within}]
		return true, nil
	}
	s, err := h.session(ctx, governing.Patient, actionRead)
	if err != nil {
		return false, err
	}
	attributes := old.Attributes
	attributes.Labels = governing.Attributes.Labels
	d, err := h.decide(ctx, s, actionRead, attributes, old)
	if err != nil {
		return false, err
	}
	if d.Allow {
		hollow, err := h.hollow(ctx, old)
		if err != nil {
			return false, err
		}
		if hollow {
			d = shut(d)
		}
	}
	h.decided[key] = d
	return d.Allow, nil
}

// history answers the versions of one resource, newest first, its deletions among them.
func (h *hearing) history(ctx context.Context, i *record.Interaction) (*Answer, error) {
	after, err := h.moment(i)
	if err != nil {
		return nil, err
	}
	governing, d, err := h.findEver(ctx, i.Ref)
	if err != nil {
		return nil, err
	}
	if governing == nil || !d.Allow {
		return nil, h.refuse(ctx, i, governing, d)
	}
	all, err := h.source.History(ctx, i.Ref)
	if err != nil {
		return nil, fmt.Errorf("reading a history: %w", err)
	}
	p := newPast(h, i, after)
	p.counting = true
	if err := p.take(ctx, all); err != nil {
		return nil, err
	}
	var asked []audit.Entry
	if len(p.best) == 0 { // nothing since then: the question is logged all the same, with what it is about
		asked = []audit.Entry{decided(h.newEntry(i, governing.Patient), d)}
		asked[0].Resources = []string{governing.Ref.String()}
	}
	return p.answer(ctx, asked)
}

// histories answers what was written in one record, of one type or of all: each version that may be read today, newest
// first, page by page. The work is bounded by the record.
func (h *hearing) histories(ctx context.Context, i *record.Interaction) (*Answer, error) {
	after, err := h.moment(i)
	if err != nil {
		return nil, err
	}
	in, err := h.historyScope(i)
	if err != nil {
		return nil, err
	}
	asked, err := h.ask(ctx, i, in)
	if err != nil {
		return nil, err
	}
	types := []string{i.Ref.Type}
	if i.Kind == record.KindHistorySystem {
		types = record.HistoryTypes()
	}
	p := newPast(h, i, after)
	for _, patient := range asked.open {
		for versions, err := range h.source.Histories(ctx, patient, types) {
			if err != nil {
				return nil, fmt.Errorf("reading the history of a record: %w", err)
			}
			if err := p.take(ctx, versions); err != nil {
				return nil, err
			}
		}
	}
	return p.answer(ctx, asked.entries)
}

// historyScope says whose history is asked for: that of the record the grant is for, else of the one that is named.
func (h *hearing) historyScope(i *record.Interaction) (scope, error) {
	switch own := h.grant.Patient; {
	case own != "" && (i.Compartment == "" || i.Compartment == own):
		return scope{patients: []string{own}, named: true}, nil
	case own != "":
		return scope{beyond: []string{i.Compartment}}, nil
	case i.Compartment != "":
		return scope{patients: []string{i.Compartment}, named: true}, nil
	}
	return scope{}, refusal(http.StatusBadRequest, "required",
		"Dites de qui : ajoutez patient=[id]. L'historique de tous les dossiers à la fois n'est pas offert.",
		"Say whose: add patient=[id]. The history of all records at once is not offered.")
}

// past is a page of history being made: the newest versions after a moment that may be read.
type past struct {
	h        *hearing
	i        *record.Interaction
	after    *record.Moment
	count    int
	counting bool // every version wanted is decided, for an honest total
	total    int
	examined int
	best     []*record.Stored // newest first, at most one more than count
}

func newPast(h *hearing, i *record.Interaction, after *record.Moment) *past {
	p := &past{h: h, i: i, after: after, count: i.Count}
	if p.count == 0 {
		p.count = record.HistoryCount
	}
	return p
}

// take looks at all versions of one resource, newest first.
func (p *past) take(ctx context.Context, versions []*record.Stored) error {
	if p.examined += len(versions); p.examined > record.MaxExamined {
		return tooCostly()
	}
	governing := lastLiving(versions)
	if governing == nil {
		return nil
	}
	read := false
	for _, s := range p.i.Wanted(versions) {
		fits := p.fits(s)
		if !fits && !p.counting {
			continue
		}
		if !read { // once, and only when it is worth it
			d, err := p.h.read(ctx, governing)
			if err != nil || !d.Allow {
				return err
			}
			read = true
		}
		allowed, err := p.h.permitOlder(ctx, governing, s)
		if err != nil {
			return err
		}
		if !allowed {
			continue
		}
		if p.total++; fits {
			p.keep(s)
		}
	}
	return nil
}

func (p *past) fits(s *record.Stored) bool {
	at := record.MomentOf(s)
	if p.after != nil && at.Compare(*p.after) <= 0 {
		return false
	}
	return len(p.best) <= p.count || at.Compare(record.MomentOf(p.best[p.count])) < 0
}

func (p *past) keep(s *record.Stored) {
	at, _ := slices.BinarySearchFunc(p.best, s, func(a, b *record.Stored) int { return record.MomentOf(a).Compare(record.MomentOf(b)) })
	p.best = slices.Insert(p.best, at, s)
	p.best = p.best[:min(len(p.best), p.count+1)]
}

// answer writes the access log, then the page. asked are the entries of the question itself, for a page that shows
// nothing.
func (p *past) answer(ctx context.Context, asked []audit.Entry) (*Answer, error) {
	h, shown, next := p.h, p.best, ""
	if len(shown) > p.count {
		shown = shown[:p.count]
		var err error
		if next, err = h.nextMoment(p.i, record.MomentOf(shown[p.count-1])); err != nil {
			return nil, err
		}
	}
	entries, err := h.seen(p.i, shown)
	if err != nil {
		return nil, err
	}
	redacted, err := h.redactAll(ctx, shown)
	if err != nil {
		return nil, err
	}
	if err := h.append(ctx, h.searched(asked, entries)...); err != nil {
		return nil, err
	}
	var total *int
	if p.counting {
		total = &p.total
	}
	body := record.HistoryBundle(h.g.Base, h.g.Base+"/"+h.self(p.i), next, total, redacted)
	return &Answer{Status: http.StatusOK, Body: body, nothing: len(shown) == 0}, nil
}

// historyPath is the address of a history below the base.
func historyPath(i *record.Interaction) string {
	switch i.Kind {
	case record.KindHistoryInstance:
		return i.Ref.String() + "/_history"
	case record.KindHistoryType:
		return i.Ref.Type + "/_history"
	}
	return "_history"
}

// moment opens the cursor of a page of history, bound to the grant and to what is asked.
func (h *hearing) moment(i *record.Interaction) (*record.Moment, error) {
	if h.page == "" {
		return nil, nil
	}
	var m record.Moment
	if err := h.g.sealer.Open(h.page, &m, h.grant.ID, h.self(i)); err != nil {
		return nil, refusal(http.StatusBadRequest, "invalid",
			"Ce lien de page n'est pas le vôtre ou n'est plus valable : redemandez l'historique.",
			"This page link is not yours or is no longer valid: ask for the history again.")
	}
	return &m, nil
}

func (h *hearing) nextMoment(i *record.Interaction, m record.Moment) (string, error) {
	self := h.self(i)
	return h.sealed(m, self)
}

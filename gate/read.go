package gate

import (
	"context"
	"errors"
	"fmt"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
)

// Do carries out an interaction for a grant: it decides, writes the access log, and only then answers. The error is a
// *Refusal when the answer is no, anything else when something failed; a failure answers nothing.
//
// page is the sealed position in the link of a page that an earlier answer gave, "" for the first page.
func (g *Gate) Do(ctx context.Context, grant *Grant, i *record.Interaction, page string) (*Answer, error) {
	h := g.hear(grant)
	h.page = page
	if i.Kind == record.KindSearch {
		h.query = map[string]any{"dated": i.Query.Dated()}
	}
	if err := h.admit(ctx, i); err != nil {
		return nil, err
	}
	switch i.Kind {
	case record.KindRead, record.KindVRead, record.KindDocument:
		return h.readOne(ctx, i)
	case record.KindHistoryInstance:
		return h.history(ctx, i)
	case record.KindSearch:
		return h.search(ctx, i)
	case record.KindEverything:
		return h.everything(ctx, i)
	case record.KindCreate, record.KindTransaction:
		return h.deposit(ctx, i)
	case record.KindUpdate:
		return h.update(ctx, i)
	case record.KindPatch:
		return h.patch(ctx, i)
	case record.KindDelete:
		return h.remove(ctx, i)
	}
	return nil, refusal(405, "not-supported", "Cette interaction n'est pas servie ici.", "This interaction is not served here.")
}

// admit holds what may be told: whether the grant may ask at all and, when it is bound to one record, whether that
// record is open to it. Neither depends on what the request would find, so telling tells nothing of a record's content.
func (h *hearing) admit(ctx context.Context, i *record.Interaction) error {
	action := actionAsk
	if i.Writes() {
		return nil // a write is told its refusal with the write's own decision
	}
	d, err := h.open(ctx, "", action, i.Ref.Type)
	if err != nil {
		return err
	}
	if d.Allow && h.grant.Patient != "" && !isDirectory(i.Ref.Type) {
		if d, err = h.open(ctx, h.grant.Patient, actionSearch, i.Ref.Type); err != nil {
			return err
		}
		if !d.Tell {
			return nil // refused in silence, or allowed: what follows finds only what it may
		}
	}
	if d.Allow {
		return nil
	}
	entry := decided(h.newEntry(i, h.grant.Patient), d)
	if err := h.append(ctx, entry); err != nil {
		return err
	}
	if !d.Tell {
		return nothingHere()
	}
	return told(d, entry.ID)
}

// readOne answers a read, a vread or the bytes of a document.
func (h *hearing) readOne(ctx context.Context, i *record.Interaction) (*Answer, error) {
	stored, d, err := h.find(ctx, i.Ref)
	if err != nil {
		return nil, err
	}
	if stored != nil && d.Allow && i.Kind == record.KindVRead {
		if stored, err = h.older(ctx, stored, i.Version); err != nil {
			return nil, err
		}
	}
	if stored == nil || stored.Deleted || !d.Allow {
		return nil, h.refuse(ctx, i, stored, d)
	}
	entries, err := h.seen(i, []*record.Stored{stored})
	if err != nil {
		return nil, err
	}
	body, err := h.redact(ctx, stored)
	if err != nil {
		return nil, err
	}
	if err := h.append(ctx, entries...); err != nil {
		return nil, err
	}
	if i.Raw {
		return rawBytes(stored)
	}
	return &Answer{Status: 200, Version: stored.Version, Updated: stored.Updated, Body: body}, nil
}

// find reads the current version of a resource with its decision; nil when there is none, or when it is of another
// record than the one the grant is bound to.
func (h *hearing) find(ctx context.Context, ref record.Ref) (*record.Stored, *policies.Decision, error) {
	stored, err := h.g.source.Read(ctx, ref)
	if errors.Is(err, record.ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", ref, err)
	}
	if stored.Deleted || h.elsewhere(stored) {
		return nil, nil, nil
	}
	d, err := h.read(ctx, stored)
	if err != nil {
		return nil, nil, err
	}
	return stored, d, nil
}

// elsewhere reports whether a resource is of another record than the one the grant is bound to.
func (h *hearing) elsewhere(stored *record.Stored) bool {
	return h.grant.Patient != "" && stored.Patient != "" && stored.Patient != h.grant.Patient
}

// older replaces a permitted current version by the version asked for. Today's labels govern what was written before
// them: each old version is decided under them, and by what it said itself.
func (h *hearing) older(ctx context.Context, current *record.Stored, version string) (*record.Stored, error) {
	old, err := h.g.source.Version(ctx, current.Ref, version)
	if errors.Is(err, record.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading an older version: %w", err)
	}
	if old.Version == current.Version {
		return current, nil
	}
	allowed, err := h.permitOlder(ctx, current, old)
	if err != nil || !allowed {
		return nil, err
	}
	return old, nil
}

func (h *hearing) permitOlder(ctx context.Context, current, old *record.Stored) (bool, error) {
	if old.Deleted {
		return false, nil
	}
	if isBytes(old.Type) {
		h.decided[old] = h.decided[current]
		return true, nil
	}
	s, err := h.session(ctx, current.Patient, actionRead)
	if err != nil {
		return false, err
	}
	attributes := old.Attributes
	attributes.Labels = current.Attributes.Labels
	d, err := h.count(s.Decide(ctx, h.resource(attributes)))
	if err != nil {
		return false, err
	}
	h.decided[old] = d
	return d.Allow, nil
}

// history answers the versions of one resource, newest first.
func (h *hearing) history(ctx context.Context, i *record.Interaction) (*Answer, error) {
	current, d, err := h.find(ctx, i.Ref)
	if err != nil {
		return nil, err
	}
	if current == nil || !d.Allow {
		return nil, h.refuse(ctx, i, current, d)
	}
	all, err := h.g.source.History(ctx, i.Ref)
	if err != nil {
		return nil, fmt.Errorf("reading a history: %w", err)
	}
	shown := []*record.Stored{}
	for _, old := range all {
		allowed := old.Version == current.Version
		if allowed {
			h.decided[old] = d
		} else if allowed, err = h.permitOlder(ctx, current, old); err != nil {
			return nil, err
		}
		if allowed {
			shown = append(shown, old)
		}
	}
	entries, err := h.seen(i, shown)
	if err != nil {
		return nil, err
	}
	if shown, err = h.redactAll(ctx, shown); err != nil {
		return nil, err
	}
	if err := h.append(ctx, entries...); err != nil {
		return nil, err
	}
	return &Answer{Status: 200, Body: record.HistoryBundle(h.g.Base, i.Ref, shown)}, nil
}

// refuse writes the entry of a read that gives nothing and returns the one answer for it. What was absent is logged
// too, without a record it could belong to, so that asking costs the same.
func (h *hearing) refuse(ctx context.Context, i *record.Interaction, stored *record.Stored, d *policies.Decision) error {
	entry := h.newEntry(i, "")
	entry.Outcome = audit.Refused
	if stored != nil {
		entry.Patient, entry.Resources = stored.Patient, []string{stored.Ref.String()}
	}
	if d != nil && !d.Allow {
		entry = decided(entry, d)
	}
	if err := h.append(ctx, entry); err != nil {
		return err
	}
	return nothingHere()
}

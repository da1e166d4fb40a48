package gate

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
)

// carryOut is Do for one interaction, without the time that silence takes.
func (g *Gate) carryOut(ctx context.Context, grant *Grant, i *record.Interaction, page string) (*Answer, error) {
	h := g.hear(grant)
	h.page = page
	switch i.Kind {
	case record.KindSearch:
		h.query = &asking{i.Query.Dated()}
	case record.KindHistoryType, record.KindHistorySystem:
		h.listing = true
	}
	if err := h.admit(ctx, i); err != nil {
		return nil, err
	}
	switch i.Kind {
	case record.KindRead, record.KindVRead, record.KindDocument:
		return h.readOne(ctx, i)
	case record.KindHistoryInstance:
		return h.history(ctx, i)
	case record.KindHistoryType, record.KindHistorySystem:
		return h.histories(ctx, i)
	case record.KindSearch:
		return h.search(ctx, i)
	case record.KindEverything:
		return h.everything(ctx, i)
	case record.KindCreate:
		return h.deposit(ctx, i)
	case record.KindTransaction:
		return h.transact(ctx, i)
	case record.KindUpdate:
		return h.update(ctx, i)
	case record.KindPatch:
		return h.patch(ctx, i)
	case record.KindDelete:
		return h.remove(ctx, i)
	}
	return nil, refusal(http.StatusMethodNotAllowed, "not-supported", "Cette interaction n'est pas servie ici.", "This interaction is not served here.")
}

// admit holds what may be told: whether the grant may ask at all and, when it is bound to one record, whether that
// record is open to it. Neither depends on what the request would find, so telling tells nothing of a record's content.
func (h *hearing) admit(ctx context.Context, i *record.Interaction) error {
	if i.Writes() {
		return nil // a write is told its refusal with the write's own decision
	}
	asked := askedType(i)
	d, err := h.open(ctx, "", actionAsk, asked)
	if err != nil {
		return err
	}
	said, inRecord := d, false
	if d.Allow && h.grant.Patient != "" && !isDirectory(asked) {
		inRecord = true
		if d, said, err = h.admitTo(ctx, h.grant.Patient, asked); err != nil {
			return err
		}
		if !said.Tell {
			return nil // refused in silence: what follows finds nothing
		}
	}
	if said.Allow {
		return nil
	}
	entry := decided(h.newEntry(i, h.grant.Patient), d)
	if err := h.append(ctx, entry); err != nil {
		return err
	}
	if !said.Tell {
		return nothingHere()
	}
	if inRecord { // a record that is shut or absent would be told the same
		return silenced(told(said, entry.ID))
	}
	return told(said, entry.ID)
}

// askedType is the type that a request is decided by as a whole. The history of a record is asked of its Patient, as
// everything in it is; each of its versions is decided by its own type besides.
func askedType(i *record.Interaction) string {
	if i.Kind == record.KindHistorySystem {
		return "Patient"
	}
	return i.Ref.Type
}

// admitTo decides a type in the record that the grant is bound to, and what is said of it: of a refusal in silence, what
// an open record would say to a stranger. Else a type that nobody of that profession reads would be told of an open
// record, and not of one that is closed, blocked or absent.
func (h *hearing) admitTo(ctx context.Context, patient, resourceType string) (d, said *policies.Decision, err error) {
	if d, err = h.open(ctx, patient, actionSearch, resourceType); err != nil || d.Tell {
		return d, d, err
	}
	s, err := h.sessionOver(h.g.parts.strangersView(patient), actionSearch)
	if err != nil {
		return nil, nil, err
	}
	t, err := h.g.parts.ofType(resourceType)
	if err != nil {
		return nil, nil, err
	}
	said, err = s.Decide(ctx, t)
	if err != nil {
		return nil, nil, fmt.Errorf("deciding: %w", err)
	}
	if said.Allow {
		said = d
	}
	return d, said, nil
}

// readOne answers a read, a vread or the bytes of a document.
func (h *hearing) readOne(ctx context.Context, i *record.Interaction) (*Answer, error) {
	find := h.find
	if i.Kind == record.KindVRead {
		find = h.findEver
	}
	current, d, err := find(ctx, i.Ref)
	if err != nil {
		return nil, err
	}
	shown := current
	if current != nil && d.Allow && i.Kind == record.KindVRead {
		if shown, err = h.older(ctx, current, i.Version); err != nil {
			return nil, err
		}
	}
	if shown == nil || !d.Allow {
		return nil, h.refuse(ctx, i, current, d)
	}
	entries, err := h.seen(i, []*record.Stored{shown})
	if err != nil {
		return nil, err
	}
	redacted, err := h.redact(ctx, shown)
	if err != nil {
		return nil, err
	}
	if err := h.append(ctx, entries...); err != nil {
		return nil, err
	}
	if i.NotModified(shown) { // asked of what may be read alone, so it tells nothing else
		return &Answer{Status: http.StatusNotModified, Version: shown.Version, Updated: shown.Updated}, nil
	}
	if i.Raw {
		return rawBytes(shown)
	}
	return &Answer{Status: http.StatusOK, Version: shown.Version, Updated: shown.Updated, Body: record.Subset(redacted, i.Query)}, nil
}

// find reads the current version of a resource with its decision; nil when there is none. What is of another record
// than the one the grant is bound to is refused in silence.
func (h *hearing) find(ctx context.Context, ref record.Ref) (*record.Stored, *policies.Decision, error) {
	stored, err := h.source.Read(ctx, ref)
	if errors.Is(err, record.ErrNotFound) {
		return nil, nil, nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("reading %s: %w", ref, err)
	}
	if stored.Deleted {
		return nil, nil, nil
	}
	d, err := h.read(ctx, stored)
	if err != nil {
		return nil, nil, err
	}
	if h.elsewhere(stored) {
		d = shut(d)
	}
	return stored, d, nil
}

// elsewhere reports whether a resource is of another record than the one the grant is bound to.
func (h *hearing) elsewhere(stored *record.Stored) bool {
	return h.grant.Patient != "" && stored.Patient != "" && stored.Patient != h.grant.Patient
}

// refuse writes the entries of a read that gives nothing and returns the one answer for it. What was absent is logged
// too, so that asking costs the same; it is of the record that the grant is for, if of any.
func (h *hearing) refuse(ctx context.Context, i *record.Interaction, stored *record.Stored, d *policies.Decision) error {
	entries, err := h.refused(ctx, i, stored, d)
	if err != nil {
		return err
	}
	if err := h.append(ctx, entries...); err != nil {
		return err
	}
	return nothingHere()
}

// askedFrom is the detail of an entry that says that the grant was not bound to the record: an attempt
// at something absent would not be in its log.
const askedFrom = "asked-from"

// refused begins the entries of a read that gives nothing. Whoever reads the log may be the one who asked, so no label of
// what was found hides the entry; and what was found in another record is kept there and, as if it were absent, in the
// record that the grant is for.
func (h *hearing) refused(ctx context.Context, i *record.Interaction, stored *record.Stored, d *policies.Decision) ([]audit.Entry, error) {
	ref := i.Ref
	if stored != nil {
		ref = stored.Ref
	}
	ask, err := h.open(ctx, "", actionAsk, askedType(i))
	if err != nil {
		return nil, err
	}
	absent := decided(h.newEntry(i, h.grant.Patient), shut(ask))
	if ref.ID != "" {
		absent.Resources = []string{ref.String()}
	}
	if stored == nil {
		return []audit.Entry{absent}, nil
	}
	there := decided(h.newEntry(i, stored.Patient), shut(d))
	there.Labels, there.Resources = absent.Labels, absent.Resources
	if stored.Patient != "" && stored.Patient != h.grant.Patient {
		detail(&there, askedFrom, "beyond")
	}
	if h.elsewhere(stored) {
		return []audit.Entry{absent, there}, nil
	}
	return []audit.Entry{there}, nil
}

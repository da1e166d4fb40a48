package gate

import (
	"context"
	"fmt"
	"strings"

	"github.com/pontlevis/pontlevis/policies"
	"github.com/pontlevis/pontlevis/record"
)

func isBytes(resourceType string) bool { return resourceType == "Binary" || resourceType == "Bundle" }

// byVouchers decides the bytes of a document. Every document that names them must permit: else a new document that names
// the bytes of a masked one would open them. Bytes that no document names are nobody's to read, since nothing says what
// they are.
func (h *hearing) byVouchers(ctx context.Context, s *policies.Session, stored *record.Stored) (*policies.Decision, error) {
	vouchers, err := h.vouchers(ctx, stored)
	if err != nil {
		return nil, fmt.Errorf("finding the documents of some bytes: %w", err)
	}
	var last *policies.Decision
	for _, v := range vouchers {
		if last, err = h.read(ctx, v); err != nil || !last.Allow {
			return last, err
		}
	}
	if last != nil {
		return last, nil
	}
	d, err := h.decide(ctx, s, actionRead, stored.Attributes, stored)
	if err != nil {
		return nil, err
	}
	return shut(d), nil
}

// vouchers gives the documents that name some bytes. The second question in a record goes through its documents once
// for all that may follow: a page of everything has as many bytes as documents.
func (h *hearing) vouchers(ctx context.Context, stored *record.Stored) ([]*record.Stored, error) {
	known, asked := h.documents[stored.Patient]
	if !asked {
		if h.documents == nil {
			h.documents = map[string]map[record.Ref][]*record.Stored{}
		}
		h.documents[stored.Patient] = nil
		return record.Vouchers(ctx, h.g.Records, h.g.Base, stored.Patient, stored.Ref)
	}
	if known != nil {
		return known[stored.Ref], nil
	}
	known = map[record.Ref][]*record.Stored{}
	for doc, err := range h.g.Records.Compartment(ctx, stored.Patient, []string{"DocumentReference"}, nil) {
		if err != nil {
			return nil, err
		}
		r, err := doc.Resource()
		if err != nil {
			return nil, err
		}
		named := map[record.Ref]bool{}
		for _, a := range record.Attachments(r, h.g.Base) {
			if a.Ref != (record.Ref{}) && !named[a.Ref] {
				named[a.Ref] = true
				known[a.Ref] = append(known[a.Ref], doc)
			}
		}
	}
	h.documents[stored.Patient] = known
	return known[stored.Ref], nil
}

// envelopes are the types that say little but what they hold, and the element in which they say it. R4 gives a List no
// label of its own: the submission set of a hidden document would tell of it by its date, its author and its title.
var envelopes = map[string]string{"List": "entry", "DocumentManifest": "content", "Provenance": "target"}

// hollow reports whether a resource only points at what its reader may not know.
func (h *hearing) hollow(ctx context.Context, stored *record.Stored) (bool, error) {
	element, is := envelopes[stored.Type]
	if !is || stored.Patient == "" {
		return false, nil
	}
	if h.weighing[stored.Ref] {
		return true, nil // it holds itself, by way of others
	}
	h.weighing[stored.Ref] = true
	defer delete(h.weighing, stored.Ref)
	r, err := stored.Resource()
	if err != nil {
		return false, err
	}
	holds := false
	for k, ref := range r.Under(h.g.Base).References() {
		if k >= maxReferencesEach {
			break
		}
		if !strings.HasPrefix(ref.Path, element) {
			continue
		}
		known, err := h.mayFollow(ctx, stored, ref)
		if err != nil || known {
			return false, err
		}
		holds = true
	}
	return holds, nil
}

package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/record"
)

// maxReferences bounds how many references of one answer are followed; an answer with more is refused rather than
// shown unchecked.
const maxReferences = 20000

// redact returns the body of a permitted resource without the references to what its reader may not know: a list that
// names a masked document would tell of it (rules.md S1). Everything else is byte for byte as stored.
func (h *hearing) redact(ctx context.Context, stored *record.Stored) ([]byte, error) {
	if stored.Patient == "" || len(stored.Body) == 0 {
		return stored.Body, nil
	}
	r, err := stored.Resource()
	if err != nil {
		return nil, err
	}
	hidden := map[string]bool{}
	for _, ref := range r.References() {
		known, err := h.mayKnow(ctx, stored, ref)
		if err != nil {
			return nil, err
		}
		if !known {
			hidden[ref.URL] = true
		}
	}
	if len(hidden) == 0 {
		return stored.Body, nil
	}
	return without(r.Node(), hidden), nil
}

// redactAll redacts each resource of an answer.
func (h *hearing) redactAll(ctx context.Context, all []*record.Stored) ([]*record.Stored, error) {
	out := make([]*record.Stored, len(all))
	for i, stored := range all {
		body, err := h.redact(ctx, stored)
		if err != nil {
			return nil, err
		}
		if out[i] = stored; len(body) != len(stored.Body) {
			out[i] = &record.Stored{
				Ref: stored.Ref, Version: stored.Version, Updated: stored.Updated, Created: stored.Created,
				Patient: stored.Patient, Attributes: stored.Attributes, Body: body,
			}
		}
	}
	return out, nil
}

// mayKnow reports whether the reader of a resource may know of what one of its references leads to. What leads out of
// the record, or nowhere, tells nothing of what is hidden in it.
func (h *hearing) mayKnow(ctx context.Context, from *record.Stored, ref fhir.Reference) (bool, error) {
	if ref.Contained || ref.ID == "" || ref.Type == "Patient" || isDirectory(ref.Type) {
		return true, nil
	}
	if h.followed++; h.followed > maxReferences {
		return false, errors.New("an answer has more references than are followed")
	}
	target := record.Ref{Type: ref.Type, ID: ref.ID}
	if known, ok := h.knows[target]; ok {
		return known, nil
	}
	stored, err := h.g.source.Read(ctx, target)
	if errors.Is(err, record.ErrNotFound) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("following a reference: %w", err)
	}
	known := true
	if !stored.Deleted && stored.Patient == from.Patient {
		d, err := h.plainRead(ctx, stored)
		if err != nil {
			return false, err
		}
		known = d.Allow
	}
	h.knows[target] = known
	return known, nil
}

// without writes an object of a resource without the references in hidden: what holds one goes with it, up to the
// nearest element of a list or member of the resource, so that no empty shell of it stays.
func without(n *fhir.Node, hidden map[string]bool) []byte {
	out, _ := cut(n, hidden)
	return out
}

// cut returns the value without what is hidden, and whether the value itself must go.
func cut(n *fhir.Node, hidden map[string]bool) (out []byte, gone bool) {
	switch n.Kind() {
	case fhir.Object:
		return cutObject(n, hidden)
	case fhir.Array:
		return cutArray(n, hidden)
	}
	return n.Bytes(), false
}

func cutObject(n *fhir.Node, hidden map[string]bool) (out []byte, gone bool) {
	if hidden[n.Get("reference").Text()] {
		return nil, true
	}
	resource := n.Get("resourceType") != nil
	out = []byte{'{'}
	for name, value := range n.Fields() {
		written, gone := cut(value, hidden)
		if gone {
			if !resource {
				return nil, true
			}
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		quoted, _ := json.Marshal(name) // a string always marshals
		out = append(out, quoted...)
		out = append(append(out, ':'), written...)
	}
	return append(out, '}'), false
}

func cutArray(n *fhir.Node, hidden map[string]bool) (out []byte, gone bool) {
	out = []byte{'['}
	kept := 0
	for _, item := range n.Items() {
		written, gone := cut(item, hidden)
		if gone {
			continue
		}
		if kept++; kept > 1 {
			out = append(out, ',')
		}
		out = append(out, written...)
	}
	return append(out, ']'), kept == 0 && len(n.Items()) > 0
}

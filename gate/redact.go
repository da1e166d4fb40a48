package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// maxReferences bounds how many references of one answer are followed, maxReferencesEach how many of one resource. Those
// beyond are cut like what is hidden: to refuse the answer would let whoever deposits a list of many references shut the
// record to everybody, and one bound alone would let them hide what comes after it.
const (
	maxReferences     = 200_000
	maxReferencesEach = 5_000
)

// follows counts one more reference, and reports whether it is still followed.
func (h *hearing) follows() bool {
	h.followed++
	return h.followed <= maxReferences
}

// redact returns a permitted resource without the references to what its reader may not know: a list that names a
// masked document would tell of it (rules.md S1). Everything else is byte for byte as stored, but for the narrative of a
// resource that lost something: it says the same in words.
//
// A reference to a document that leads nowhere is cut like one to a hidden document; else whoever deposits a reference
// could read from it what is there. For the same reason every reference that leads nowhere is cut from what was deposited
// here, and from what governs a space, which people write themselves. Else those that lead to no document stay: loaded records are full of them, and the narrative of each such
// resource would go too. The bytes of a document are given whole: what is inside has ids of its own.
func (h *hearing) redact(ctx context.Context, stored *record.Stored) (*record.Stored, error) {
	if stored.Plain || stored.Patient == "" || len(stored.Body) == 0 || isBytes(stored.Type) {
		return stored, nil
	}
	if stored.Type == auditEvent {
		return h.redactEntry(ctx, stored)
	}
	r, err := stored.Resource()
	if err != nil {
		return nil, err
	}
	hidden := map[string]bool{}
	for k, ref := range r.Under(h.g.Base).References() {
		known, err := false, error(nil)
		if k < maxReferencesEach {
			known, err = h.mayFollow(ctx, stored, ref)
		}
		if err != nil {
			return nil, err
		}
		if !known {
			hidden[linkOf(ref.URL, ref.Identifier)] = true
		}
	}
	if len(hidden) == 0 {
		return stored, nil
	}
	return stored.WithBody(without(r.Node(), hidden)), nil
}

// mayFollow reports whether a reference stays in a resource: what was deposited here, or governs a space, loses those
// that lead nowhere too.
func (h *hearing) mayFollow(ctx context.Context, stored *record.Stored, ref fhir.Reference) (bool, error) {
	known, err := h.mayKnow(ctx, ref)
	if err != nil || !known {
		return false, err
	}
	written := space.Governs(stored.Type) || strings.HasPrefix(stored.Attributes.Source, clientSource(""))
	return !written || !h.nowhere[record.Ref{Type: ref.Type, ID: ref.ID}], nil
}

// linkOf names a reference: by its text, else by the identifier of a logical one.
func linkOf(url, identifier string) string {
	if url != "" {
		return url
	}
	return "\x00" + identifier
}

// redactAll redacts each resource of an answer.
func (h *hearing) redactAll(ctx context.Context, all []*record.Stored) ([]*record.Stored, error) {
	out := make([]*record.Stored, len(all))
	for i, stored := range all {
		var err error
		if out[i], err = h.redact(ctx, stored); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// mayKnow reports whether the asker may know of what a reference leads to. Patients are named everywhere, and the
// directory is open; what leads to another server tells nothing of this one.
func (h *hearing) mayKnow(ctx context.Context, ref fhir.Reference) (bool, error) {
	switch {
	case ref.Contained, ref.Type == "Patient", isDirectory(ref.Type):
		return true, nil
	case ref.ID != "":
		return h.mayKnowOf(ctx, record.Ref{Type: ref.Type, ID: ref.ID})
	case ref.Identifier != "":
		return h.mayKnowNamed(ctx, ref)
	}
	return true, nil
}

// mayKnowOf reports whether the asker may know of a resource, as if it were asked for by itself.
func (h *hearing) mayKnowOf(ctx context.Context, target record.Ref) (bool, error) {
	if known, ok := h.knows[target]; ok {
		return known, nil
	}
	if !h.follows() {
		return false, nil
	}
	stored, err := h.source.Read(ctx, target)
	if err != nil && !errors.Is(err, record.ErrNotFound) {
		return false, fmt.Errorf("following a reference: %w", err)
	}
	known := false
	switch {
	case err != nil || stored.Deleted:
		known = !slices.Contains(hideable, target.Type)
		h.nowhere[target] = true
	case h.elsewhere(stored):
	case stored.Patient == "":
		known = true // in nobody's record
	default:
		d, err := h.plainRead(ctx, stored)
		if err != nil {
			return false, err
		}
		known = d.Allow
	}
	h.knows[target] = known
	return known, nil
}

// hideable are the types that are hidden one by one, by a mask or an announcement that is pending: nobody may find out
// by a reference whether there is one.
var hideable = []string{"DocumentReference", "DocumentManifest", "List", "Binary", "Bundle", "Composition", "Patient"}

// logicalTypes are looked through for a reference by identifier alone that does not say its type.
var logicalTypes = []string{"DocumentReference", "DocumentManifest", "List"}

// mayKnowNamed judges a reference by identifier alone. One that names nothing here is a name of somewhere else, an order
// or an admission number; but what says that it is a document and leads nowhere is cut, like what leads to a hidden one.
func (h *hearing) mayKnowNamed(ctx context.Context, ref fhir.Reference) (bool, error) {
	types := logicalTypes
	if ref.Type != "" {
		types = []string{ref.Type}
	}
	known := !strings.HasPrefix(ref.Path, "relatesTo") && !slices.Contains(hideable, ref.Type)
	for _, t := range types {
		if !h.follows() {
			return false, nil
		}
		refs, err := h.source.Lookup(ctx, t, ref.Identifier)
		if err != nil {
			return false, fmt.Errorf("following a logical reference: %w", err)
		}
		for _, target := range refs {
			if known, err = h.mayKnowOf(ctx, target); err != nil || known {
				return known, err
			}
		}
	}
	return known, nil
}

// without writes a resource without the references in hidden. An element of a list that is about one goes whole; what
// becomes empty goes too, so that no shell of it stays.
func without(n *fhir.Node, hidden map[string]bool) []byte {
	var dropped []string
	body := n.Bytes()
	for name, value := range n.Fields() {
		switch c := cut(value, hidden, false); {
		case c.gone:
			dropped = append(dropped, name)
		case c.changed:
			body = replaced(body, name, c.text)
		}
	}
	if n.Get("text") != nil {
		dropped = append(dropped, "text")
	}
	return removed(body, dropped)
}

func replaced(body []byte, name string, value []byte) []byte {
	n, err := fhir.Parse(body, fhir.Limits{})
	if err != nil {
		return nil // an empty body fails whoever reads it; it was parsed before, so this does not happen
	}
	return n.With(name, value)
}

func removed(body []byte, names []string) []byte {
	n, err := fhir.Parse(body, fhir.Limits{})
	if err != nil {
		return nil
	}
	return n.Without(names...)
}

// A piece is a value without what is hidden.
type piece struct {
	text    []byte
	changed bool // text is not what was there
	gone    bool // the value itself must go
}

func cut(n *fhir.Node, hidden map[string]bool, inList bool) piece {
	switch n.Kind() {
	case fhir.Object:
		return cutObject(n, hidden, inList)
	case fhir.Array:
		return cutArray(n, hidden)
	}
	return piece{text: n.Bytes()}
}

func cutObject(n *fhir.Node, hidden map[string]bool, inList bool) piece {
	if leads(n, hidden) {
		return piece{gone: true}
	}
	resource := n.Get("resourceType") != nil
	type field struct {
		name string
		piece
	}
	var fields []field
	changed := false
	for name, value := range n.Fields() {
		p := cut(value, hidden, false)
		if p.gone && inList && !resource && value.Kind() == fhir.Object {
			return p
		}
		if changed = changed || p.changed || p.gone; !p.gone {
			fields = append(fields, field{name, p})
		}
	}
	if !changed {
		return piece{text: n.Bytes()}
	}
	out, says := []byte{'{'}, false
	for _, f := range fields {
		if f.name == "text" && n.Get("text").Get("div") != nil {
			continue // it says the same in words
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		says = says || f.name == "entry" || f.name == "section"
		quoted, _ := json.Marshal(f.name) // a string always marshals
		out = append(append(append(out, quoted...), ':'), f.text...)
	}
	section := inList && !resource && n.Get("entry").Kind() == fhir.Array
	if len(out) == 1 || section && !says { // a section's title alone would tell that something was in it
		return piece{gone: true}
	}
	return piece{text: append(out, '}'), changed: true}
}

func cutArray(n *fhir.Node, hidden map[string]bool) piece {
	out, changed := []byte{'['}, false
	for _, item := range n.Items() {
		p := cut(item, hidden, true)
		if changed = changed || p.changed || p.gone; p.gone {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(out, p.text...)
	}
	switch {
	case !changed:
		return piece{text: n.Bytes()}
	case len(out) == 1:
		return piece{gone: true}
	}
	return piece{text: append(out, ']'), changed: true}
}

// leads reports whether an object is a Reference to what is hidden.
func leads(n *fhir.Node, hidden map[string]bool) bool {
	if text := n.Get("reference").Text(); text != "" {
		return hidden[linkOf(text, "")]
	}
	id := n.Get("identifier")
	if id.Kind() != fhir.Object || id.Get("value").Text() == "" {
		return false
	}
	return hidden[linkOf("", id.Get("system").Text()+"|"+id.Get("value").Text())]
}

package record

import (
	"bytes"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/fhir/search"
)

// subsettedTag marks a resource that is not whole (FHIR R4 search.html#elements), so that nobody writes it back.
const subsettedTag = `{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}`

// Subset gives the body of s as the _summary or _elements of q asks: whole when neither does, otherwise with the
// SUBSETTED tag. q may be nil.
func Subset(s *Stored, q *search.Query) []byte { return subset(s, q, true) }

// subset leaves _elements out for what is only included: it is about the type searched.
func subset(s *Stored, q *search.Query, match bool) []byte {
	if q == nil || q.Summary == search.SummaryNone && (len(q.Elements) == 0 || !match) {
		return s.Body
	}
	r, err := s.Resource()
	if err != nil {
		return s.Body // it was read before: matched, or decided upon
	}
	var keep func(name string, m fhir.Member) bool
	deep := false
	switch {
	case q.Summary == search.SummaryData:
		return tagged(r.Node(), func(name string) bool { return name != "text" && name != "_text" }, nil)
	case q.Summary == search.SummaryText:
		keep = func(name string, m fhir.Member) bool { return name == "text" || m.Element.Min > 0 }
	case q.Summary == search.SummaryTrue:
		deep = true
		keep = func(_ string, m fhir.Member) bool { return m.Element.Summary || m.Element.Min > 0 }
	case len(q.Elements) > 0:
		keep = func(name string, m fhir.Member) bool {
			return m.Element.Min > 0 || m.Element.Modifier || slices.Contains(q.Elements, name) ||
				slices.Contains(q.Elements, m.Element.Name)
		}
	default:
		return s.Body
	}
	d := fhir.DefinitionOf(r.Type())
	if d == nil {
		return s.Body
	}
	wanted := func(name string) bool {
		plain := strings.TrimPrefix(name, "_")
		if plain == "resourceType" || plain == "id" || plain == "meta" {
			return true
		}
		m, known := d.Root.Member(plain)
		return known && keep(plain, m)
	}
	if !deep {
		return tagged(r.Node(), wanted, nil)
	}
	return tagged(r.Node(), wanted, func(name string, n *fhir.Node) []byte {
		m, known := d.Root.Member(strings.TrimPrefix(name, "_"))
		if !known {
			return n.Bytes()
		}
		return summarised(n, m)
	})
}

// tagged writes the wanted members of a resource, with the tag in its meta; inner writes their values, nil as they are.
// Contained resources come along when something that was kept refers into the resource: it would lead nowhere without.
func tagged(n *fhir.Node, wanted func(string) bool, inner func(string, *fhir.Node) []byte) []byte {
	out := make([]byte, 0, 512)
	out = append(out, '{')
	meta := false
	for name, value := range n.Fields() {
		if !wanted(name) {
			continue
		}
		text := value.Bytes()
		switch {
		case name == "meta":
			meta, text = true, withTag(value)
		case inner != nil:
			text = inner(name, value)
		}
		out = appendMember(out, name, text)
	}
	if contained := n.Get("contained"); contained != nil && !wanted("contained") && bytes.Contains(out, []byte(`"#`)) {
		out = appendMember(out, "contained", contained.Bytes())
	}
	if !meta {
		out = appendMember(out, "meta", []byte(`{"tag":[`+subsettedTag+`]}`))
	}
	return append(out, '}')
}

func appendMember(out []byte, name string, value []byte) []byte {
	if len(out) > 1 {
		out = append(out, ',')
	}
	return append(append(appendQuoted(out, name), ':'), value...)
}

func withTag(meta *fhir.Node) []byte {
	tags := []byte{'['}
	for _, t := range meta.Get("tag").Items() {
		tags = append(append(tags, t.Bytes()...), ',')
	}
	return meta.With("tag", append(append(tags, subsettedTag...), ']'))
}

// summarised keeps, below an element, what HL7's definitions mark as summary, all of a data type that marks nothing.
func summarised(n *fhir.Node, m fhir.Member) []byte {
	switch n.Kind() {
	case fhir.Array:
		out := []byte{'['}
		for i, item := range n.Items() {
			if i > 0 {
				out = append(out, ',')
			}
			out = append(out, summarised(item, m)...)
		}
		return append(out, ']')
	case fhir.Object:
	default:
		return n.Bytes()
	}
	container := m.Container()
	if container == nil || !slices.ContainsFunc(container.Children(), func(e *fhir.Element) bool { return e.Summary }) {
		return n.Bytes()
	}
	out := []byte{'{'}
	for name, value := range n.Fields() {
		inner, known := container.Member(strings.TrimPrefix(name, "_"))
		switch {
		case name == "id":
			out = appendMember(out, name, value.Bytes())
		case known && (inner.Element.Summary || inner.Element.Min > 0):
			out = appendMember(out, name, summarised(value, inner))
		}
	}
	if len(out) == 1 {
		return n.Bytes() // nothing marked is there, and FHIR allows no empty object
	}
	return append(out, '}')
}

package record

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// splice replaces the bytes [from, to) of a text.
type splice struct {
	from, to int
	with     []byte
}

// spliced applies splices, which are in ascending order and do not overlap. All other bytes stay as they were.
func spliced(src []byte, edits []splice) []byte {
	if len(edits) == 0 {
		return src
	}
	var out bytes.Buffer
	at := 0
	for _, e := range edits {
		out.Write(src[at:e.from])
		out.Write(e.with)
		at = e.to
	}
	out.Write(src[at:])
	return out.Bytes()
}

// eachLink calls visit for every string below n that points somewhere: Reference.reference and the url of an
// Attachment, in the order of the text. Canonicals, the urls of extensions and the resource's own url name
// definitions and are left out; so are identifiers, which may well spell the same URN as a fullUrl.
func eachLink(n *fhir.Node, visit func(link *fhir.Node)) { walkLinks(n, "", visit) }

func walkLinks(n *fhir.Node, holder string, visit func(*fhir.Node)) {
	switch n.Kind() {
	case fhir.Array:
		for c := range n.Each() {
			walkLinks(c, holder, visit)
		}
	case fhir.Object:
		for name, c := range n.Fields() {
			switch {
			case c.Kind() != fhir.String:
				walkLinks(c, name, visit)
			case name == "reference":
				visit(c)
			case name == "url" && isAttachment(holder):
				visit(c)
			}
		}
	}
}

// isAttachment reports whether elements of that name are Attachments in R4 (with those of a value[x]).
func isAttachment(name string) bool {
	switch name {
	case "attachment", "content", "photo", "presentedForm", "image":
		return true
	}
	return strings.HasSuffix(name, "Attachment")
}

// Relink rewrites the links of a resource (Reference.reference, Attachment.url) for which to gives another text, and
// returns the text of the resource otherwise unchanged.
func Relink(n *fhir.Node, to func(link string) (string, bool)) []byte {
	var edits []splice
	origin := n.Offset()
	eachLink(n, func(link *fhir.Node) {
		if s, ok := to(link.Text()); ok {
			from := link.Offset() - origin
			edits = append(edits, splice{from, from + len(link.Bytes()), quote(s)})
		}
	})
	return spliced(n.Bytes(), edits)
}

// quote writes a JSON string without the escapes that only HTML needs.
func quote(s string) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil { // a string always has a JSON form
		return []byte(`""`)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}

// Links says which resource each fullUrl of a Bundle becomes.
type Links map[string]Ref

// Add maps a fullUrl. A RESTful one is also what relative references of its own kind mean (FHIR R4 bundle.html#references).
func (m Links) Add(fullURL string, ref Ref) {
	m[fullURL] = ref
	if !strings.HasPrefix(fullURL, "http://") && !strings.HasPrefix(fullURL, "https://") {
		return
	}
	parts := strings.Split(fullURL, "/")
	if n := len(parts); n >= 2 && fhir.IsType(parts[n-2]) {
		m[parts[n-2]+"/"+parts[n-1]] = ref
	}
}

// Resolve rewrites one link, keeping a fragment behind it; it is made to be given to Relink.
func (m Links) Resolve(link string) (string, bool) {
	if ref, ok := m[link]; ok {
		return ref.String(), true
	}
	if at, fragment, found := strings.Cut(link, "#"); found && at != "" {
		if ref, ok := m[at]; ok {
			return ref.String() + "#" + fragment, true
		}
	}
	return "", false
}

// isURN reports whether a link can only be resolved inside the Bundle that carries it.
func isURN(link string) bool {
	return strings.HasPrefix(link, "urn:uuid:") || strings.HasPrefix(link, "urn:oid:")
}

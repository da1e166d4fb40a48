package fhir

import (
	"net/url"
	"strconv"
	"strings"
)

// Reference is where a Reference (or a canonical) of a resource points
// (http://hl7.org/fhir/R4/references.html).
type Reference struct {
	// Path leads to it in the resource, such as "context.encounter[0]". It is set
	// by References alone, and empty beyond 2 KiB.
	Path string
	// Type is the type it points to, from the URL, the element's type or the
	// contained resource; empty if none tells.
	Type string
	// ID is set for literal references to this server alone: "Type/id", or an
	// absolute URL under the base of the resource (see Resource.Under). For a
	// contained resource it is the id inside the container.
	ID string
	// Version is the version asked for by ".../_history/v", or by a canonical.
	Version string
	// URL is the reference as written, empty for a logical one.
	URL string
	// Identifier is "system|value" of a logical reference, of the contained
	// resource's first identifier or of a conditional reference
	// ("Patient?identifier=system|value").
	Identifier string
	// Contained tells that it points into the resource itself ("#id").
	Contained bool
	// Canonical tells that it names its target by the URL that the target says
	// of itself (references.html#canonical), rather than by where it is.
	Canonical bool
}

// Literal returns "Type/id" for a reference to this server, else nothing.
func (f Reference) Literal() string {
	if f.ID == "" || f.Contained {
		return ""
	}
	return f.Type + "/" + f.ID
}

// ParseReference reads the text of Reference.reference. The base, without final
// slash, is that of this server's own URLs; empty when unknown.
func ParseReference(base, text string) Reference {
	f := Reference{URL: text}
	if id, found := strings.CutPrefix(text, "#"); found {
		f.Contained, f.ID = true, id
		return f
	}
	local, own := text, true
	if colon := strings.IndexByte(text, ':'); colon >= 0 && !strings.Contains(text[:colon], "?") {
		if local, own = strings.CutPrefix(text, base+"/"); base == "" {
			own = false
		}
	}
	if t, query, found := strings.Cut(local, "?"); found {
		f.conditional(t, query, own)
		return f
	}
	if rest, version, found := strings.Cut(local, "/_history/"); found {
		if !IsID(version) {
			return f
		}
		local, f.Version = rest, version
	}
	rest, id := lastStep(local)
	_, t := lastStep(rest)
	if !IsType(t) || !IsID(id) || own && len(rest) != len(t) {
		f.Version = ""
		return f
	}
	f.Type = t
	if own {
		f.ID = id
	}
	return f
}

// lastStep cuts a path before its last slash.
func lastStep(path string) (before, last string) {
	i := strings.LastIndexByte(path, '/')
	if i < 0 {
		return "", path
	}
	return path[:i], path[i+1:]
}

// conditional reads a search URL (http://hl7.org/fhir/R4/http.html#trules):
// only one by identifier alone is understood.
func (f *Reference) conditional(t, query string, own bool) {
	if !own || !IsType(t) {
		return
	}
	f.Type = t
	values, err := url.ParseQuery(query)
	if err != nil || len(values) != 1 || len(values["identifier"]) != 1 {
		return
	}
	system, value, _ := strings.Cut(values.Get("identifier"), "|")
	if value != "" && !strings.Contains(value, ",") {
		f.Identifier = system + "|" + value
	}
}

// reference reads a Reference element of the resource whose root is given.
func (r *Resource) reference(n *Node) (Reference, bool) {
	if n.Kind() != Object {
		return Reference{}, false
	}
	text, identifier := n.Get("reference").str(), identifierOf(n.Get("identifier"))
	if text == "" && identifier == "" {
		return Reference{}, false
	}
	f := ParseReference(r.base, text)
	if f.Contained {
		c := r.contained(f.ID)
		f.Type = c.Get("resourceType").str()
		if first := c.Get("identifier"); first.Kind() == Array {
			f.Identifier = identifierOf(first.first())
		} else {
			f.Identifier = identifierOf(first)
		}
	}
	if f.Type == "" {
		if t := n.Get("type").str(); IsType(t) {
			f.Type = t
		}
	}
	if identifier != "" {
		f.Identifier = identifier
	}
	return f, true
}

// contained finds a contained resource by its id; "" is the container itself,
// which a contained resource may refer to as "#".
func (r *Resource) contained(id string) *Node {
	if id == "" {
		return r.node
	}
	list := r.node.Get("contained")
	if list.Len() > manySeen {
		return r.containedByID()[id]
	}
	for c := range list.Each() {
		if c.Get("id").str() == id {
			return c
		}
	}
	return nil
}

// indexContained maps the ids of many contained resources, so that as many
// references to them do not each look through all.
func (r *Resource) indexContained() map[string]*Node {
	index := map[string]*Node{}
	for c := range r.node.Get("contained").Each() {
		if id := c.Get("id").str(); index[id] == nil {
			index[id] = c
		}
	}
	return index
}

// identifierOf writes an Identifier as "system|value", empty without a value.
func identifierOf(n *Node) string {
	if n.Kind() != Object {
		return ""
	}
	value := n.Get("value").str()
	if value == "" {
		return ""
	}
	return n.Get("system").str() + "|" + value
}

// References returns every Reference of the resource, contained resources and
// extensions included, in the order of the text; a Reference with neither a
// reference nor an identifier is left out.
func (r *Resource) References() []Reference {
	var found []Reference
	r.walk(r.node, nil, func(n *Node, path []string) {
		if f, ok := r.reference(n); ok {
			f.Path = joined(path)
			found = append(found, f)
		}
	})
	return found
}

func (r *Resource) walk(n *Node, path []string, visit func(*Node, []string)) {
	switch n.Kind() {
	case Object:
		if looksLikeReference(n) {
			visit(n, path)
		}
		for name, c := range n.Fields() {
			if k := c.Kind(); k == Object || k == Array {
				r.walk(c, append(path, name), visit)
			}
		}
	case Array:
		i := 0
		for c := range n.Each() {
			r.walk(c, append(path, "["+strconv.Itoa(i)+"]"), visit)
			i++
		}
	}
}

// looksLikeReference tells a Reference by its members: no other R4 element has
// a text called reference, and none has one identifier beside these alone.
func looksLikeReference(n *Node) bool {
	if n.Get("reference").Kind() == String {
		return true
	}
	if n.Get("identifier").Kind() != Object {
		return false
	}
	for name := range n.Fields() {
		switch name {
		case "identifier", "type", "display", "id", "extension", "_type", "_display", "_reference":
		default:
			return false
		}
	}
	return true
}

// joined writes a path, empty when it is longer than any that R4 allows: names
// of a megabyte must not be repeated for each reference below them.
func joined(path []string) string {
	length := 0
	for _, step := range path {
		length += len(step) + 1
	}
	if length > 8*maxPath {
		return ""
	}
	var b strings.Builder
	for i, step := range path {
		if i > 0 && !strings.HasPrefix(step, "[") {
			b.WriteByte('.')
		}
		b.WriteString(step)
	}
	return b.String()
}

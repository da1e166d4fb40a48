package fhir

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// Resource is one FHIR R4 resource. It never changes; Stamp and Under return
// another one. It may be used from several goroutines.
type Resource struct {
	node    *Node
	typ     string
	id      string
	version string
	updated time.Time
	base    string // of the server's own absolute references, without final slash

	// Each is computed once, when first asked for.
	attributes    func() Attributes
	containedByID func() map[string]*Node
}

// Errors of ParseResource besides *SyntaxError.
var (
	// ErrNoResource says that the text is JSON but no R4 resource: no object, or
	// a resourceType that R4 does not define.
	ErrNoResource = errors.New("not a FHIR R4 resource")
	// ErrBadID says that the resource's id breaks FHIR's grammar of ids.
	ErrBadID = errors.New("bad resource id")
)

// ParseResource reads a resource within the default Limits. It checks that
// resourceType is an R4 type and that the id, if any, follows the grammar of
// ids; the rest of the structure is fhir/structure's to check. Errors are
// *SyntaxError, or wrap ErrNoResource or ErrBadID. The resource refers to b:
// the caller must not change b afterwards.
func ParseResource(b []byte) (*Resource, error) {
	n, err := Parse(b, Limits{})
	if err != nil {
		return nil, fmt.Errorf("reading a resource: %w", err)
	}
	return ResourceOf(n)
}

// ResourceOf makes a resource of a part of a tree, such as Bundle.entry.resource,
// with the checks and the errors of ParseResource.
func ResourceOf(n *Node) (*Resource, error) {
	t := n.Get("resourceType").str()
	if !IsType(t) {
		return nil, fmt.Errorf("reading a resource: %w", ErrNoResource)
	}
	r := &Resource{node: n, typ: t}
	if id := n.Get("id"); id != nil {
		r.id = id.str()
		if !IsID(r.id) {
			return nil, fmt.Errorf("reading a %s: %w", t, ErrBadID)
		}
	}
	meta := n.Get("meta")
	r.version = meta.Get("versionId").str()
	if at, err := time.Parse(time.RFC3339Nano, meta.Get("lastUpdated").str()); err == nil {
		r.updated = at
	}
	return r.prepare(), nil
}

// IsID tells whether a text follows FHIR's grammar of ids, [A-Za-z0-9\-\.]{1,64}
// (http://hl7.org/fhir/R4/datatypes.html#id).
func IsID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c|0x20-'a' >= 26 && c-'0' >= 10 && c != '-' && c != '.' {
			return false
		}
	}
	return true
}

// Type is the resourceType, such as "Observation".
func (r *Resource) Type() string { return r.typ }

// ID is the logical id, empty for a resource that has none yet.
func (r *Resource) ID() string { return r.id }

// Version is meta.versionId, empty if absent.
func (r *Resource) Version() string { return r.version }

// Updated is meta.lastUpdated, the zero time if absent or no instant.
func (r *Resource) Updated() time.Time { return r.updated }

// Node is the tree of the resource.
func (r *Resource) Node() *Node { return r.node }

// JSON is the text of the resource, byte for byte as it was read. The caller
// must not change it.
func (r *Resource) JSON() []byte { return r.node.Bytes() }

// Under returns the same resource with the base of the server's own URLs
// ("https://host/fhir"): absolute references below it then count as literal
// ones. Without it absolute references are to other servers.
func (r *Resource) Under(base string) *Resource {
	c := &Resource{node: r.node, typ: r.typ, id: r.id, version: r.version, updated: r.updated,
		base: strings.TrimSuffix(base, "/")}
	return c.prepare()
}

// prepare sets what is computed on demand.
func (r *Resource) prepare() *Resource {
	r.attributes = sync.OnceValue(r.gather)
	r.containedByID = sync.OnceValue(r.indexContained)
	return r
}

// instant is the form in which a server writes meta.lastUpdated: to the
// millisecond, in UTC.
const instant = "2006-01-02T15:04:05.000Z"

// Stamp returns the resource with its id, meta.versionId and meta.lastUpdated
// set as a server does when it stores it. Everything else stays byte for byte,
// the rest of meta included. An id or version that is no FHIR id is refused by
// the next ParseResource, not here: they are the server's own.
func (r *Resource) Stamp(id, version string, updated time.Time) *Resource {
	stamps := []member{
		{"versionId", quoted(version)},
		{"lastUpdated", quoted(updated.UTC().Format(instant))},
	}
	meta := emptyObject.set("", stamps)
	if m := r.node.Get("meta"); m.Kind() == Object {
		meta = m.set("", stamps)
	}
	text := r.node.set("resourceType", []member{{"id", quoted(id)}, {"meta", meta}})
	n, err := Parse(text, Limits{Depth: DefaultDepth + 2, Bytes: len(text), Nodes: len(text) + 1})
	if err != nil { // the parts were all parsed before
		n = r.node
	}
	s := &Resource{node: n, typ: r.typ, id: id, version: version, base: r.base,
		updated: updated.UTC().Truncate(time.Millisecond)}
	return s.prepare()
}

// Attributes are what a decision may be told of the resource, computed once.
// The slices are shared: the caller must not change them.
func (r *Resource) Attributes() Attributes { return r.attributes() }

// Labels are the security labels of the resource, as in Attributes.
func (r *Resource) Labels() []string { return slices.Clone(r.attributes().Labels) }

package search

import (
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// Bounds of one narrowing: each of its criteria is evaluated on each resource that its bearer reads.
const (
	MaxNarrowingBytes    = 1 << 10
	MaxNarrowingCriteria = 10
)

// Narrowing is a search that narrows what may be done with a type to the resources it matches (SMART App Launch 2.2,
// scopes.html, "Finer-grained resource constraints using search parameters"). It is immutable and safe to share.
type Narrowing struct {
	Type     string
	criteria []Criterion
}

// unnarrowed are types of which no search says all that decides them: bytes, which go by the documents that name them,
// and the access log, whose entries are shown as their reader may see them.
var unnarrowed = []string{"Binary", "Bundle", "AuditEvent"}

// ParseNarrowing reads the search of a scope: plain parameters of the type, all of which must hold. Everything that
// SMART calls experimental is an *Error (modifiers, chains, `_filter`), and so is what shapes an answer rather than
// choosing resources, what changes its meaning with the time (`ap`) or what the server writes itself, and what looks at a reference that may be cut from
// the resource for its reader: a resource that appears by what was cut from it would tell of it. References to persons
// and to the directory are never cut.
func ParseNarrowing(resourceType, raw string) (*Narrowing, error) {
	if len(raw) > MaxNarrowingBytes {
		return nil, fail("", codeTooLong, "La restriction dépasse %d octets.", "The narrowing is longer than %d bytes.", MaxNarrowingBytes)
	}
	if slices.Contains(unnarrowed, resourceType) {
		return nil, fail("", codeNotSupported, "%s ne se restreint pas par une recherche.", "%s is not narrowed by a search.", resourceType)
	}
	q, _, err := Parse(resourceType, raw, true)
	if err != nil {
		return nil, err
	}
	if n := len(q.Criteria); n == 0 || n > MaxNarrowingCriteria || n != strings.Count(raw, "&")+1 {
		return nil, fail("", codeInvalid, "Une restriction a de un à %d critères, et rien d'autre.",
			"A narrowing has one to %d criteria, and nothing else.", MaxNarrowingCriteria)
	}
	for i := range q.Criteria {
		if c := &q.Criteria[i]; !c.narrows() {
			return nil, fail(c.Name, codeNotSupported, "%s ne restreint pas une autorisation ainsi.", "%s does not narrow a scope in this way.", c.Name)
		}
	}
	return &Narrowing{resourceType, q.Criteria}, nil
}

// narrows reports whether a criterion is one that a scope may be narrowed by.
func (c *Criterion) narrows() bool {
	if !c.Plain() || c.Modifier != "" || c.Param == nil {
		return false
	}
	for _, v := range c.Values {
		if v.Prefix == Approximately {
			return false
		}
	}
	switch {
	case c.Param.Name == "patient":
		return true
	case c.Param.Name == "_lastUpdated", c.Param.Name == "_source": // the server's own, unknown before a write
		return false
	case c.Param.Type == "composite", c.Param.Nested():
		return false
	case c.Param.Type == "reference":
		return !slices.ContainsFunc(c.Values, func(v Operand) bool { return v.Type != "Patient" && !fhir.IsDirectory(v.Type) })
	}
	return true
}

// Match reports whether a resource is within the narrowing. A resource of another type is not.
func (n *Narrowing) Match(r *fhir.Resource) (bool, error) {
	if r.Type() != n.Type {
		return false, nil
	}
	for i := range n.criteria {
		if ok, err := n.criteria[i].Match(r); err != nil || !ok {
			return false, err
		}
	}
	return true, nil
}

// Criteria are the conditions in canonical words, sorted and each once: of two narrowings of one type, the one with all
// the criteria of the other is within it.
func (n *Narrowing) Criteria() []string {
	out := make([]string, len(n.criteria))
	for i := range n.criteria {
		out[i] = n.criteria[i].String()
	}
	slices.Sort(out)
	return slices.Compact(out)
}

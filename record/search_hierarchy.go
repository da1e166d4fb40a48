package record

import (
	"slices"

	"github.com/pontlevis/pontlevis/fhir/search"
)

// maxAncestors bounds a walk up a hierarchy, which whoever writes its resources may have closed into a ring.
const maxAncestors = 32

// lineage is what a search has found out for one criterion in a hierarchy: from a resource up, itself first.
type lineage map[Ref][]Ref

// related tells of each of list whether a reference in the criterion's parameter leads to what lies above, or below, one
// of its values. The way up goes by the literal references of permitted resources; a reference to the very resource that
// was asked about counts by itself, as in a search without modifier.
func (x *searcher) related(list []*Stored, c *search.Criterion) ([]bool, error) {
	known := x.lineage[c]
	if known == nil {
		known = lineage{}
		x.lineage[c] = known
	}
	out := make([]bool, len(list))
	for i, s := range list {
		refs, err := literals(s, c.Param)
		if err != nil {
			return nil, err
		}
		for _, ref := range refs {
			for _, o := range c.Values {
				from, to := ref, Ref{o.Type, o.ID}
				if c.Modifier == "above" {
					from, to = to, ref
				}
				up, err := x.upward(from, c, known)
				if err != nil {
					return nil, err
				}
				out[i] = out[i] || slices.Contains(up, to)
			}
		}
	}
	return out, nil
}

// upward lists a resource and all above it.
func (x *searcher) upward(from Ref, c *search.Criterion, known lineage) ([]Ref, error) {
	if up := known[from]; up != nil {
		return up, nil
	}
	up := []Ref{from}
	for i := 0; i < len(up) && len(up) < maxAncestors; i++ {
		p := c.Parent(up[i].Type)
		if p == nil {
			continue
		}
		s, err := x.see(up[i])
		if err != nil {
			return nil, err
		}
		if s == nil {
			continue
		}
		parents, err := literals(s, p)
		if err != nil {
			return nil, err
		}
		for _, parent := range parents {
			if !slices.Contains(up, parent) {
				up = append(up, parent)
			}
		}
	}
	known[from] = up
	return up, nil
}

package gate

import (
	"maps"
	"slices"
)

// VitalStatuses are the statuses in which resources of a type belong to the vital set (rules.md E3), as the policies in
// force list them: the active treatments and problems. Nil where all of the type do, or none by its status.
func (g *Gate) VitalStatuses(resourceType string) []string { return g.vital("status", resourceType) }

// VitalCodes are the codes, "system|code", by which resources of a type belong to the vital set: the blood group, the
// advance directives. Nil where all of the type do, or none by its code.
func (g *Gate) VitalCodes(resourceType string) []string { return g.vital("codes", resourceType) }

func (g *Gate) vital(path ...string) []string {
	v, _ := g.Policies.Current().Data(append([]string{"pontlevis", "emergency_codes", "vital"}, path...)...)
	all, _ := v.(map[string]any)
	return slices.Sorted(maps.Keys(all))
}

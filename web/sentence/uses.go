package sentence

import (
	"cmp"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
)

// Use is what somebody did with one type of things, as the access log says.
type Use struct {
	Type        string // FHIR type
	Read, Added int    // how often
	Last        time.Time
}

// Uses counts what the accesses of AuditEvents did, by type, and how many of them were refused. The events come newest first.
func Uses(events []*fhir.Resource) (uses []Use, refused int) {
	for _, event := range events {
		access, ok := Of(event)
		if !ok || access.Outcome != LetIn {
			refused++
			continue
		}
		for t := range access.Things {
			k := slices.IndexFunc(uses, func(u Use) bool { return u.Type == t })
			if k < 0 {
				uses, k = append(uses, Use{Type: t, Last: access.At}), len(uses)
			}
			if access.Does == Added || access.Does == Altered {
				uses[k].Added++
			} else {
				uses[k].Read++
			}
		}
	}
	slices.SortFunc(uses, func(a, b Use) int { return cmp.Compare(a.Type, b.Type) })
	return uses, refused
}

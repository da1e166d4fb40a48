package gate

import (
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/audit"
	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/record"
	"github.com/pontlevis/pontlevis/space"
)

// linkedDetail names in an entry who joins the circle by the change, references or identifiers apart by spaces.
const linkedDetail = "linked"

// joins writes into the entry of a change whom it lets in, so that the person can be told (rules.md P2).
func joins(e *audit.Entry, patient string, before, after *fhir.Resource) {
	var names []string
	if said := e.Details[linkedDetail]; said != "" {
		names = strings.Split(said, " ")
	}
	for _, name := range space.Joined(patient, before, after) {
		if !slices.Contains(names, name) && !strings.ContainsAny(name, " \n") {
			names = append(names, name)
		}
	}
	if len(names) > 0 {
		detail(e, linkedDetail, strings.Join(names, " "))
	}
}

// depositedIn finds a resource among what a deposit writes; nil when it makes nobody a member of the circle.
func depositedIn(d *record.Deposit, ref record.Ref) *fhir.Resource {
	if !slices.Contains(space.Types(), ref.Type) {
		return nil
	}
	for _, c := range d.Changes {
		if c.Ref != ref || c.Delete {
			continue
		}
		if r, err := fhir.ParseResource(c.Body); err == nil {
			return r
		}
	}
	return nil
}

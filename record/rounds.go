package record

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/pontlevis/pontlevis/fhir"
	"github.com/pontlevis/pontlevis/store"
)

// Rounds is a Source that finds the records in which somebody is named as who cares for the person, rather than by a
// number. It gives candidates: whoever asks looks at what each record says today.
type Rounds interface {
	// CaredForBy gives at most so many patients in whose record one of these names stands, each once, in the order of the
	// names and then of the ids: as a participant of a CareTeam, an Appointment or an Encounter, as who provides an
	// Encounter, or as an actor of a Consent. A name is a reference, "Type/id", or an identifier, "system|value". more says
	// that there are others.
	CaredForBy(ctx context.Context, names []string, most int) (patients []string, more bool, err error)
}

// roundsType stands where a type stands in the index by identifier. It is outside the grammar of types, so no identifier
// that a request names is ever looked for among these names.
const roundsType = "~Rounds"

// roundsAge is how long ago what names somebody may have ended when it is written, and still be worth finding them by: a
// lifetime of old visits would only make the index larger.
const roundsAge = 2 * 365 * 24 * time.Hour

// carersOf are the names by which a resource of a patient's record says who cares for the person. now is when it is
// written.
func carersOf(patient string, r *fhir.Resource, now time.Time) []string {
	if patient == "" || r == nil {
		return nil
	}
	n := r.Node()
	var said []*fhir.Node
	switch r.Type() {
	case "CareTeam":
		for _, p := range n.Get("participant").Items() {
			said = append(said, p.Get("member"))
		}
	case "Appointment":
		for _, p := range n.Get("participant").Items() {
			said = append(said, p.Get("actor"))
		}
	case "Encounter":
		said = append(said, n.Get("serviceProvider"))
		for _, p := range n.Get("participant").Items() {
			said = append(said, p.Get("individual"))
		}
	case "Consent":
		for _, a := range n.Get("provision").Get("actor").Items() {
			said = append(said, a.Get("reference"))
		}
	default:
		return nil
	}
	if longOver(n, now) {
		return nil
	}
	var out []string
	for _, reference := range said {
		out = append(out, namesIn(reference)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// longOver reports whether an appointment or an encounter ended long before now.
func longOver(n *fhir.Node, now time.Time) bool {
	end := n.Get("end").Text()
	if end == "" {
		end = n.Get("period").Get("end").Text()
	}
	return end != "" && len(end) >= len(time.DateOnly) && end[:len(time.DateOnly)] < now.Add(-roundsAge).UTC().Format(time.DateOnly)
}

// namesIn are the literal reference and the identifier of a Reference; a reference within the resource is nobody's name.
func namesIn(reference *fhir.Node) []string {
	var out []string
	if literal := reference.Get("reference").Text(); literal != "" && !strings.HasPrefix(literal, "#") && !strings.HasPrefix(literal, "Patient/") {
		out = append(out, literal)
	}
	if value := reference.Get("identifier").Get("value").Text(); value != "" {
		out = append(out, reference.Get("identifier").Get("system").Text()+"|"+value)
	}
	return out
}

// CaredForBy finds records by who cares for the person; see Rounds. A record that was last written before there was this
// index is found by it from its next write on. What a record no longer says is found all the same.
func (e *Embedded) CaredForBy(ctx context.Context, names []string, most int) (patients []string, more bool, err error) {
	seen := map[string]bool{}
	for _, name := range names {
		var found []string
		err := e.db.View(ctx, identifierPartition(roundsType, name), func(tx store.Tx) error {
			found = found[:0]
			for key := range tx.Scan(keyIdentifierOf(roundsType, name), nil) {
				if id := lastPart(key); !seen[id] {
					found = append(found, id)
				}
				if len(patients)+len(found) > most {
					break
				}
			}
			return ctx.Err()
		})
		if err != nil {
			return nil, false, fmt.Errorf("finding records by who cares: %w", err)
		}
		for _, id := range found {
			if len(patients) == most {
				return patients, true, nil
			}
			seen[id] = true
			patients = append(patients, id)
		}
	}
	return patients, false, nil
}

var _ Rounds = (*Embedded)(nil)

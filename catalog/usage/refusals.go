package usage

import (
	"cmp"
	"context"
	"strings"

	"github.com/pontlevis/pontlevis/audit"
)

// Kinds of refusal, by what their remedy is. Whatever of a record somebody may not see is one kind: that a person hides something
// is told to nobody, in numbers neither.
const (
	OutOfScope = "scope"   // the token does not cover it: ask for what is declared
	NoConsent  = "consent" // the person did not agree to it, or no more
	NoLabel    = "label"   // the label does not cover it, or the purpose
	NotOnAir   = "stopped" // the app is suspended, recalled, expired
	NotSeen    = "rights"  // not for whoever is in front, or nothing to be seen
)

// refusals is the direction under which refusals are counted; their kind stands in the place of the category.
const refusals = "refused"

// Refusal is how often an app was refused for one kind of reason within a month.
type Refusal struct {
	Kind    string
	Times   int // entries of the log
	Persons int // whose record it asked for, nearly
}

// PublicRefusal is a Refusal as others than the authority may read it.
type PublicRefusal struct {
	Kind           string
	Times, Persons Public
}

// PublicRefusals are those of a month in the steps of Month.Public.
func (m Month) PublicRefusals() (out []PublicRefusal) {
	for _, r := range m.Refusals {
		out = append(out, PublicRefusal{r.Kind, publish(r.Times, r.Persons), publish(r.Persons, r.Persons)})
	}
	return out
}

// kindOf is the kind of a refusal by the rule that decided it (rules.md, A1 to A5, L1, L2).
func kindOf(rule string) string {
	family, name, _ := strings.Cut(rule, ".")
	switch {
	case family == "A3":
		return NotOnAir
	case rule == "A1.scope":
		return OutOfScope
	case rule == "A1.consent", family == "A2":
		return NoConsent
	case family == "A1" && (name == "label" || name == "exchange"), family == "L1", family == "L2":
		return NoLabel
	}
	return NotSeen
}

// refused takes an entry for what an app was refused.
func (t *Tallies) refused(ctx context.Context, e *audit.Entry) (*access, error) {
	standing, err := t.Standing(ctx, e.Client, e.At)
	if err != nil || standing.Ours {
		return nil, err
	}
	month := MonthOf(e.At)
	s := spot{e.Client, month, place{kindOf(e.Rule), refusals}}
	return &access{sequence: e.Sequence, spots: map[spot]int{s: 0}, hash: hashOf(t.Key, e.Client, month, cmp.Or(e.Patient, e.Actor.ID))}, nil
}

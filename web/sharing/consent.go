package sharing

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/pontlevis/pontlevis/space"
)

type object = map[string]any
type list = []any

// step is one FHIR interaction of a change, as anybody would send it.
type step struct {
	method, target string
	header         http.Header
	body           []byte
}

// body is JSON of maps, slices and strings, which always marshals.
func body(v any) []byte {
	b, _ := json.Marshal(v)
	return b
}

// consent is a choice of the space as docs/fhir.md writes it, dated now.
func (r *room) consent(kind string, provision object) object {
	return space.Choice{Kind: kind, Patient: r.whose.Patient, By: r.grant.Actor.ID, At: r.Now(), Provision: provision}.Consent()
}

// give makes a choice, unless the same stands already: a form that is sent twice says it once. same are the criteria by
// which it is the same, beside its kind.
func (r *room) give(kind string, provision object, same string) step {
	criteria := "status=active&category=" + space.KindSystem + "|" + kind
	if same != "" {
		criteria += "&" + same
	}
	return step{http.MethodPost, "Consent", http.Header{"If-None-Exist": {criteria}}, body(r.consent(kind, provision))}
}

// rewrite changes a choice that stands.
func (c *Consent) rewrite(change func(resource object)) step {
	var resource object
	_ = json.Unmarshal(c.resource.JSON(), &resource) // what the gate answered parses
	change(resource)
	return step{http.MethodPut, "Consent/" + c.ID, http.Header{"If-Match": {`W/"` + c.Version + `"`}}, body(resource)}
}

// end takes a choice back.
func (c *Consent) end() step {
	return c.rewrite(func(resource object) { resource["status"] = "inactive" })
}

// endFor takes a choice back as far as it names somebody; others whom it names stay named.
func (c *Consent) endFor(m *Member) step {
	return c.rewrite(func(resource object) {
		provision, _ := resource["provision"].(object)
		actors, _ := provision["actor"].(list)
		left := slices.DeleteFunc(slices.Clone(actors), func(a any) bool { return m.isNamed(a) })
		if provision["actor"] = left; len(left) == 0 {
			provision["actor"], resource["status"] = actors, "inactive"
		}
	})
}

// isNamed tells whether an actor of a provision is the member.
func (m *Member) isNamed(actor any) bool {
	a, _ := actor.(object)
	reference, _ := a["reference"].(object)
	literal, _ := reference["reference"].(string)
	identifier, _ := reference["identifier"].(object)
	system, _ := identifier["system"].(string)
	value, _ := identifier["value"].(string)
	return slices.Contains(m.Identities, literal) || value != "" && slices.Contains(m.Identities, system+"|"+value)
}

// newest is the choice of a kind that was dated last, nil when there is none.
func (c *circle) newest(kind string) *Consent {
	var last *Consent
	for k := range c.choices {
		if o := &c.choices[k]; o.Kind == kind && (last == nil || o.Since.After(last.Since)) {
			last = o
		}
	}
	return last
}

// choice is the choice with an id that stands, nil when there is none.
func (c *circle) choice(id string) *Consent {
	for k := range c.choices {
		if c.choices[k].ID == id {
			return &c.choices[k]
		}
	}
	return nil
}

// settle makes the one choice of its kind say something else, or makes it.
func (r *room) settle(c *circle, kind string, provision object) step {
	last := c.newest(kind)
	if last == nil {
		return r.give(kind, provision, "")
	}
	return last.rewrite(func(resource object) {
		resource["provision"], resource["dateTime"] = provision, r.Now().UTC().Format(time.RFC3339)
		resource["performer"] = list{object{"reference": r.grant.Actor.ID}}
	})
}

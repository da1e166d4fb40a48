package structure

import (
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// targets checks that a Reference leads to a type its element allows, as far as the text tells: from `Type/id` at its
// end, from the contained resource, or from Reference.type.
func (c *checker) targets(n *fhir.Node, m fhir.Member, at *place) {
	allowed := targetsOf(m)
	if len(allowed) == 0 || slices.Contains(allowed, "Resource") {
		return
	}
	found := c.leadsTo(n)
	if found != "" && !slices.Contains(allowed, found) && !slices.Contains(errata[m.Element.Path], found) {
		c.say(at, "structure", "Cette référence ne peut pas désigner %s (permis : %s).",
			"This reference cannot lead to %s (allowed: %s).", found, strings.Join(allowed, ", "))
	}
}

// errata are targets that R4's definitions forget: HL7's own examples use them and R5 allows them.
var errata = map[string][]string{"DeviceUseStatement.reasonReference": {"Procedure"}}

// targetsOf are the types a Reference element may lead to.
func targetsOf(m fhir.Member) []string {
	for _, t := range m.Element.Types {
		if t.Code == "Reference" {
			return t.Targets
		}
	}
	return nil
}

// leadsTo is the resource type a Reference tells, "" when it tells none.
func (c *checker) leadsTo(n *fhir.Node) string {
	if reference := n.Get("reference"); reference.Kind() == fhir.String {
		f := fhir.ParseReference("", reference.Text())
		if f.Contained {
			if found := c.find(f.ID); found != nil {
				return found.Get("resourceType").Text()
			}
		}
		if f.Type != "" {
			return f.Type
		}
	}
	if t := n.Get("type"); t.Kind() == fhir.String && fhir.IsType(t.Text()) {
		return t.Text()
	}
	return ""
}

// local checks that a reference to a contained resource leads to one.
func (c *checker) local(text string, at *place) {
	if id, fragment := strings.CutPrefix(text, "#"); fragment && c.find(id) == nil {
		c.say(at.under("reference"), "not-found", "Aucune ressource incluse n'a l'id %q.",
			"No contained resource has the id %q.", short(id))
	}
}

// find returns the contained resource of that id in the resource being walked; "" is that resource itself
// (R4 references.html#contained).
func (c *checker) find(id string) *fhir.Node {
	if id == "" {
		return c.root
	}
	for item := range c.root.Get("contained").Each() {
		if item.Get("id").Kind() == fhir.String && item.Get("id").Text() == id {
			return item
		}
	}
	return nil
}

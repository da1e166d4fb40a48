package structure

import (
	"slices"
	"strconv"

	"github.com/pontlevis/pontlevis/fhir"
)

// MaxIssues bounds what Check tells of one resource: an attacker who sends a million faults gets fifty sentences.
const MaxIssues = 50

// Check compares a resource with the definition of its type and of the data types within
// (https://hl7.org/fhir/R4/json.html for the shape, datatypes.html for primitives). It returns nil when nothing is
// wrong, else at most MaxIssues issues of severity error in the order of the text; each has the FHIRPath of the element.
func Check(r *fhir.Resource) []fhir.Issue {
	c := &checker{}
	c.resource(r.Node(), &place{name: r.Type(), index: -1}, false)
	return c.issues
}

// checker is one resource being checked.
type checker struct {
	root   *fhir.Node // the resource in which "#id" is looked up
	issues []fhir.Issue
}

// place is where the walk stands; its text is made only when there is something to say.
type place struct {
	above *place
	name  string
	index int // in a list, -1 outside
}

func (p *place) under(name string) *place { return &place{above: p, name: name, index: -1} }
func (p *place) at(i int) *place          { return &place{above: p.above, name: p.name, index: i} }

// String is the FHIRPath, such as Patient.contact[0].name.
func (p *place) String() string {
	s := p.name
	if p.index >= 0 {
		s += "[" + strconv.Itoa(p.index) + "]"
	}
	if p.above == nil {
		return s
	}
	return p.above.String() + "." + s
}

// full reports whether enough has been said.
func (c *checker) full() bool { return len(c.issues) >= MaxIssues }

// resource checks a whole resource: the root, a contained one, or one within a Bundle or Parameters.
func (c *checker) resource(n *fhir.Node, at *place, contained bool) {
	if n.Kind() != fhir.Object {
		c.shape(at, "une ressource", "a resource", n)
		return
	}
	name := n.Get("resourceType")
	if name.Kind() != fhir.String || !fhir.IsType(name.Text()) {
		c.say(at.under("resourceType"), "structure", "Il manque un type de ressource de FHIR R4.",
			"A resource type of FHIR R4 is missing.")
		return
	}
	if contained {
		c.contained(n, at)
	} else {
		defer func(outer *fhir.Node) { c.root = outer }(c.root)
		c.root = n
	}
	c.object(n, fhir.DefinitionOf(name.Text()).Root, at, true)
}

// contained checks what R4 references.html#contained asks of a contained resource besides its shape.
func (c *checker) contained(n *fhir.Node, at *place) {
	if n.Get("id") == nil {
		c.say(at, "required", "Une ressource incluse doit avoir un id.", "A contained resource must have an id.")
	}
	if n.Get("contained") != nil {
		c.say(at.under("contained"), "structure", "Une ressource incluse ne peut pas en inclure une autre.",
			"A contained resource cannot contain another.")
	}
}

// object checks the members of an object against those its element may have.
func (c *checker) object(n *fhir.Node, e *fhir.Element, at *place, resource bool) {
	if n.Kind() != fhir.Object {
		c.shape(at, "un objet", "an object", n)
		return
	}
	if n.Len() == 0 {
		c.say(at, "structure", "Un objet vide n'est pas permis.", "An empty object is not allowed.")
		return
	}
	var seen presence
	for name, value := range n.Fields() {
		if c.full() {
			return
		}
		if name == "resourceType" && resource {
			continue
		}
		c.member(n, e, name, value, at, &seen)
	}
	for _, child := range e.Children() {
		if child.Min > 0 && !seen.has(child) && !c.full() {
			c.say(at.under(child.Name), "required", "Cet élément est obligatoire.", "This element is required.")
		}
	}
	if reference := n.Get("reference"); e.Path == "Reference" && reference.Kind() == fhir.String {
		c.local(reference.Text(), at)
	}
}

// member checks one member of an object.
func (c *checker) member(parent *fhir.Node, e *fhir.Element, name string, value *fhir.Node, at *place, seen *presence) {
	bare, companion := name, false
	if len(name) > 1 && name[0] == '_' {
		bare, companion = name[1:], true
	}
	m, known := e.Member(bare)
	if !known || (companion && !primitive(m)) {
		c.say(at.under(short(name)), "structure", "Cet élément n'existe pas dans %s.", "There is no such element in %s.", e.Path)
		return
	}
	here := at.under(name)
	if other := seen.add(m.Element, bare); other != "" {
		c.say(here, "structure", "%s est déjà donné : un seul type est permis.", "%s is given already: only one type is allowed.", other)
	}
	if !m.Element.Many() {
		if value.Kind() == fhir.Array {
			c.shape(here, "une seule valeur", "a single value", value)
			return
		}
		c.value(value, m, companion, here)
		return
	}
	c.list(parent, value, m, bare, companion, here)
}

// list checks an element that may repeat: an array, never empty, of a length within the cardinality, and as long as
// its companion for primitives (R4 json.html#primitive).
func (c *checker) list(parent, value *fhir.Node, m fhir.Member, bare string, companion bool, at *place) {
	if value.Kind() != fhir.Array {
		c.shape(at, "une liste", "a list", value)
		return
	}
	if value.Len() == 0 {
		c.say(at, "structure", "Une liste vide n'est pas permise.", "An empty list is not allowed.")
		return
	}
	if m.Element.Max > 1 && value.Len() > m.Element.Max {
		c.say(at, "structure", "Il y a plus de %d éléments.", "There are more than %d elements.", m.Element.Max)
	}
	var twin *fhir.Node
	if companion {
		twin = parent.Get(bare)
	} else if primitive(m) {
		twin = parent.Get("_" + bare)
	}
	if companion && twin.Kind() == fhir.Array && twin.Len() != value.Len() {
		c.say(at, "structure", "Cette liste et %s n'ont pas la même longueur.", "This list and %s differ in length.", bare)
		return
	}
	twins := twin.Items()
	i := 0
	for item := range value.Each() {
		if c.full() {
			return
		}
		if item.Kind() == fhir.Null && primitive(m) && i < len(twins) && twins[i].Kind() != fhir.Null {
			i++
			continue // the other list has this place
		}
		c.value(item, m, companion, at.at(i))
		i++
	}
}

// value checks one value of an element.
func (c *checker) value(n *fhir.Node, m fhir.Member, companion bool, at *place) {
	switch {
	case n.Kind() == fhir.Null:
		c.say(at, "structure", "null n'est pas permis ici.", "null is not allowed here.")
	case companion:
		c.object(n, fhir.DefinitionOf("Element").Root, at, false)
	case mayBeEmpty(n, m):
	case primitive(m):
		c.primitive(n, m.Type, at)
	case m.Type == "Resource":
		c.resource(n, at, m.Element.Name == "contained")
	default:
		c.object(n, m.Container(), at, false)
		if m.Type == "Reference" {
			c.targets(n, m, at)
		}
	}
}

// primitive reports whether a member holds a primitive type.
func primitive(m fhir.Member) bool {
	d := fhir.DefinitionOf(m.Type)
	return d != nil && d.Kind == "primitive-type"
}

// presence notes which elements of an object were met and, for choices, under which name. Objects have few members, so
// a list beats a map.
type presence struct{ met []met }

type met struct {
	element *fhir.Element
	name    string
}

// add notes an element; it returns the other name under which a choice was met before, or "".
func (p *presence) add(e *fhir.Element, name string) string {
	for _, m := range p.met {
		if m.element == e && m.name != name {
			return m.name
		}
	}
	p.met = append(p.met, met{e, name})
	return ""
}

func (p *presence) has(e *fhir.Element) bool {
	return slices.ContainsFunc(p.met, func(m met) bool { return m.element == e })
}

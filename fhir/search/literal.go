package search

import "github.com/pontlevis/pontlevis/fhir"

// Literal is all that a criterion asks which a reference to one resource of this server satisfies: two criteria with
// equal ones match the same resources, so that an answer may be kept beside a version. It is comparable.
type Literal struct {
	Type string // "" when only an id was written: then any type the parameter may lead to
	ID   string // the logical id

	param *fhir.Param
	base  string
}

// Literal gives what a criterion of a single reference asks; false for all other criteria, those with a modifier, a
// version or a URL included.
func (c *Criterion) Literal() (Literal, bool) {
	if !c.Plain() || c.Param.Type != "reference" || c.Modifier != "" || len(c.Values) != 1 {
		return Literal{}, false
	}
	o := &c.Values[0]
	if o.ID == "" || o.URL != "" || o.Version != "" {
		return Literal{}, false
	}
	return Literal{Type: o.Type, ID: o.ID, param: c.Param, base: c.base}, true
}

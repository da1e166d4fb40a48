package search

import (
	"errors"
	"slices"
	"strings"

	"github.com/pontlevis/pontlevis/fhir"
)

// ErrNotPlain is returned by [Criterion.Match] for a criterion that needs other resources than the one it is about.
var ErrNotPlain = errors.New("search: the criterion is matched by looking at other resources")

// Plain reports whether [Criterion.Match] can answer.
func (c *Criterion) Plain() bool {
	return c.Param != nil && len(c.Chain) == 0 && c.Has == nil && !c.Codes() && !c.Hierarchy()
}

// Match reports whether r satisfies a plain criterion: whether any of its values matches any of those the parameter
// takes in r. `:missing` and `:not` look at all of them (R4 search §3.1.1.4.4). A criterion of another resource type
// never matches, `:not` and `:missing` included.
func (c *Criterion) Match(r *fhir.Resource) (bool, error) {
	if !c.Plain() {
		return false, ErrNotPlain
	}
	if c.Param.Resource != r.Type() {
		return false, nil
	}
	values := c.Param.Values(r)
	c = c.ofVersion(r)
	switch c.Modifier {
	case "missing":
		return slices.ContainsFunc(c.Values, func(o Operand) bool { return o.Missing == (len(values) == 0) }), nil
	case "not":
		return !c.any(values), nil
	}
	return c.any(values), nil
}

// any reports whether some operand matches some value.
func (c *Criterion) any(values []fhir.Value) bool {
	for i := range values {
		for j := range c.Values {
			if c.matches(&c.Values[j], &values[i]) {
				return true
			}
		}
	}
	return false
}

// matches compares one operand with one value, both of the criterion's type.
func (c *Criterion) matches(o *Operand, v *fhir.Value) bool {
	switch c.Param.Type {
	case "string":
		return c.matchString(o, v)
	case "uri":
		return c.matchURI(o, v)
	case "token":
		return c.matchToken(o, v)
	case "reference":
		return c.matchReference(o, v)
	case "date":
		return v.Kind == fhir.DateValue && o.matchDate(v.Low, v.High)
	case "number":
		return o.matchNumber(v)
	case "quantity":
		return o.matchUnit(v) && o.matchNumber(v)
	case "composite":
		return c.matchComposite(o, v)
	}
	return false
}

// matchString: case, accents, punctuation and spacing aside, the value begins with the text, or one of the words of a
// person's name does; `:contains` anywhere; `:exact` the same characters (R4 search §3.1.1.4.8).
func (c *Criterion) matchString(o *Operand, v *fhir.Value) bool {
	if c.Modifier == "exact" {
		return v.Text == o.Text
	}
	text := words(v.Folded)
	switch {
	case c.Modifier == "contains":
		return strings.Contains(text, o.folded)
	case ofPeople(c.Param):
		return beginsAWord(text, o.folded)
	}
	return strings.HasPrefix(text, o.folded)
}

// matchURI: the same characters; `:below` the value lies under the operand in whole segments; `:above` the reverse
// (R4 search §3.1.1.4.9). Of a canonical with a version, url|1 is above url|1.2.
func (c *Criterion) matchURI(o *Operand, v *fhir.Value) bool {
	switch c.Modifier {
	case "below":
		return under(v.Code, o.Text)
	case "above":
		return under(o.Text, v.Code)
	}
	return v.Code == o.Text
}

// under reports whether uri is parent or lies below it.
func under(uri, parent string) bool {
	rest, ok := strings.CutPrefix(uri, parent)
	if !ok || parent == "" || rest == "" {
		return ok && parent != ""
	}
	if strings.Contains(parent, "|") {
		return rest[0] == '.'
	}
	return rest[0] == '/' || strings.HasSuffix(parent, "/")
}

// matchToken follows R4 search §3.1.1.4.10. Codes are compared without regard to case, as R4 advises when in doubt
// ("including undesired data has less safety implications than excluding desired"), but logical ids exactly.
func (c *Criterion) matchToken(o *Operand, v *fhir.Value) bool {
	switch c.Modifier {
	case "text":
		return v.Text != "" && strings.HasPrefix(words(fhir.Folded(v.Text)), o.folded)
	case "of-type":
		return matchOfType(o, v)
	case "below":
		return underMedia(v.Code, o.Text)
	}
	if c.Name == "_id" {
		return v.Code == o.Code && (o.System == "")
	}
	return o.matchSystem(v.System, v.Bare) && (o.Code == "" || (v.Code != "" && lower(v.Code) == o.folded))
}

// matchSystem compares a token's system when one was asked for, "" asking for none.
func (o *Operand) matchSystem(system string, bare bool) bool {
	return !o.HasSystem || o.System == system || (bare && system == "" && implied(o.System))
}

// implied reports whether system may be the one that the definition of a bare element (a FHIR code) implies. The value
// itself does not say which; those of FHIR's own codes all lie here.
func implied(system string) bool {
	return strings.HasPrefix(system, "http://hl7.org/fhir/") || strings.HasPrefix(system, "urn:ietf:bcp:") ||
		strings.HasPrefix(system, "http://terminology.hl7.org/")
}

// matchOfType compares `system|code|value` with an Identifier's type and value.
func matchOfType(o *Operand, v *fhir.Value) bool {
	if lower(v.Code) != lower(o.OfType) {
		return false
	}
	return slices.ContainsFunc(v.TypeCodes, func(t string) bool {
		system, code, _ := strings.Cut(t, "|")
		return lower(code) == o.folded && (!o.HasSystem || system == o.System)
	})
}

// matchReference follows R4 search §3.1.1.4.12. A bare id means a resource of any type the parameter may lead to.
func (c *Criterion) matchReference(o *Operand, v *fhir.Value) bool {
	ref := v.Reference
	switch {
	case c.Modifier == "identifier":
		return o.matchIdentifier(ref)
	case c.Modifier == "below":
		return o.matchVersions(ref)
	case o.URL != "":
		return matchURL(o.URL, ref)
	}
	resourceType, id := c.local(ref)
	if id == "" || id != o.ID || (o.Version != "" && o.Version != ref.Version) {
		return false
	}
	if o.Type != "" {
		return o.Type == resourceType
	}
	return targets(c.Param, resourceType)
}

// MatchIdentifier reports whether this alternative of a chain ends in `identifier` and the reference itself carries such
// an identifier: `patient.identifier=system|value` then holds without a resource to look into. IHE MHD documents may name
// their patient by a logical reference alone.
func (s ChainStep) MatchIdentifier(ref fhir.Reference) bool {
	c := s.Then
	if c.Param == nil || c.Name != "identifier" || c.Modifier != "" || len(c.Chain) > 0 || ref.Identifier == "" ||
		(ref.Type != "" && ref.Type != s.Type) {
		return false
	}
	return slices.ContainsFunc(c.Values, func(o Operand) bool { return o.matchIdentifier(ref) })
}

// matchIdentifier compares `system|value` with the identifier of a logical reference.
func (o *Operand) matchIdentifier(ref fhir.Reference) bool {
	system, value, _ := strings.Cut(ref.Identifier, "|")
	return ref.Identifier != "" && o.matchSystem(system, false) && (o.Code == "" || lower(value) == o.folded)
}

// matchURL compares an absolute URL or URN; a canonical may carry |version.
func matchURL(url string, ref fhir.Reference) bool {
	if ref.URL == "" {
		return false
	}
	if plain, version, ok := strings.Cut(url, "|"); ok {
		return ref.URL == plain && ref.Version == version
	}
	return ref.URL == url || unversioned(ref.URL) == url
}

// local gives the type and id of a literal reference to a resource of this server, written relative or under its base.
func (c *Criterion) local(ref fhir.Reference) (resourceType, id string) {
	if !ref.Contained && ref.ID == "" && c.base != "" {
		ref = fhir.ParseReference(c.base, ref.URL)
	}
	if ref.Contained {
		return "", ""
	}
	return ref.Type, ref.ID
}

// matchComposite: each part matches a value of its component in the same element (R4 search §3.1.1.4.17).
func (c *Criterion) matchComposite(o *Operand, v *fhir.Value) bool {
	if len(v.Parts) != len(o.Parts) || len(o.Parts) == 0 {
		return false
	}
	for i := range o.Parts {
		part := c.component(i)
		part.Values = o.Parts[i : i+1]
		if !part.any(v.Parts[i]) {
			return false
		}
	}
	return true
}

// component is the plain criterion for one part of a composite.
func (c *Criterion) component(i int) *Criterion {
	part := c.Param.Components[i]
	return &Criterion{Name: c.Name, Param: &fhir.Param{Name: part.Name, Type: part.Type}, base: c.base}
}

// lower folds the case of a code.
func lower(s string) string { return strings.ToLower(s) }
